"""Request bodies: the size limit, and the memory that all requests share."""

from collections.abc import Iterator
from contextlib import suppress

import pytest

from adapters.http_fastapi.kit.layers.body_budget import BodyBudget
from adapters.http_fastapi.kit.problems import ProblemException
from tests.contracts.hostile_requests import TYPED, Hostile
from tests.contracts.http_api import SIMULATIONS, UNKNOWN, WING, Service
from tests.contracts.http_hostile import ask
from tests.memory.edges import DISCONNECTED, END_OF_BODY, MIB, BufferingApp, SlowClient

CHUNK = b" " * (64 << 10)


@pytest.fixture(autouse=True)
def all_memory_is_released(service: Service) -> Iterator[None]:
    yield
    bodies = service.container.bodies()
    assert (bodies.left, bodies._held) == (8 * MIB, {})


class TestBodies:
    @pytest.mark.parametrize("path", [b"/admin/", b"/admin", b"/admin/x/y"])
    @pytest.mark.parametrize("method", ["GET", "POST", "PUT", "FOO"])
    def test_a_body_is_cut_off_after_one_mebibyte(
        self, service: Service, admin: BufferingApp, path: bytes, method: str
    ) -> None:
        before = admin.bytes_read
        endless = Hostile("", 413, "body_too_large", path, method, (), (CHUNK, 10_000), key=False)
        answer = ask(service, endless)
        assert (answer.status, answer.chunks_read) == (413, 17)
        assert admin.bytes_read - before == MIB

    @pytest.mark.parametrize("length", [b"1048577", b"9" * 30, b"9" * 5000, b"-1", b"x", b"\xb2", b""])
    def test_a_too_large_or_invalid_content_length_is_rejected_before_reading(
        self, service: Service, admin: BufferingApp, length: bytes
    ) -> None:
        before = admin.requests
        for path in (b"/admin/", b"/openapi.json", b"/docs/assets/swagger-ui.css"):
            headers = ((b"content-length", length),)
            answer = ask(service, Hostile("", 413, None, path, "GET", headers, (CHUNK, 10_000), key=False))
            assert (answer.status, answer.chunks_read) == (413, 0)
        assert admin.requests == before

    def test_a_body_of_one_mebibyte_is_accepted(self, service: Service, admin: BufferingApp) -> None:
        before = admin.bytes_read
        answer = ask(service, Hostile("", 200, None, b"/admin/", "POST", (), (CHUNK, 16), key=False))
        assert (answer.status, admin.bytes_read - before) == (200, MIB)

    @pytest.mark.parametrize(
        ("method", "target", "key", "status"),
        [
            ("POST", SIMULATIONS, False, 401),
            ("GET", SIMULATIONS, True, 200),
            ("DELETE", UNKNOWN, True, 404),
            ("PUT", SIMULATIONS, True, 405),
            ("POST", "/api/v1/x", True, 404),
            ("POST", "/x", False, 404),
        ],
    )
    def test_an_unneeded_body_is_not_read(
        self, service: Service, method: str, target: str, key: bool, status: int
    ) -> None:
        answer = ask(service, Hostile("", status, None, target.encode(), method, TYPED, (CHUNK, 10_000), key=key))
        assert (answer.status, answer.chunks_read) == (status, 0)


class TestSharedBudget:
    def test_a_client_may_reserve_a_quarter_of_what_is_left_and_all_is_released(self, service: Service) -> None:
        first, other, third = (service.tenant() for _ in range(3))
        clients = [SlowClient(service, first, MIB) for _ in range(4)]
        assert [each.status for each in clients] == [0, 0, 503, 503]
        assert [each.headers[b"retry-after"] for each in clients[2:]] == [b"1", b"1"]
        assert other.make()["name"] == WING["name"]
        more = [SlowClient(service, other, MIB), SlowClient(service, other, MIB), SlowClient(service, None, MIB)]
        assert [each.status for each in more] == [0, 503, 0]
        third.make()
        clients[0].send(END_OF_BODY)
        assert clients[0].status == 400
        clients[1].send(DISCONNECTED)
        more[0].disconnect()
        more[2].send(END_OF_BODY)
        assert more[2].status == 200

    def test_many_small_bodies_fit_into_the_budget(self, service: Service) -> None:
        clients = [SlowClient(service, None, 1, f"192.0.2.{n}") for n in range(200)]
        assert [each.status for each in clients] == [0] * 200
        service.tenant().make()
        for each in clients:
            each.send(END_OF_BODY)
            assert each.status == 200

    def test_ipv6_addresses_of_one_network_share_a_limit(self, service: Service) -> None:
        clients = [SlowClient(service, None, MIB, f"2001:db8::{n}") for n in range(3)]
        assert [each.status for each in clients] == [0, 0, 503]
        other = SlowClient(service, None, MIB, "2001:db8:0:1::1")
        assert other.status == 0
        for each in (*clients[:2], other):
            each.send(DISCONNECTED)

    def test_the_budget_is_never_exhausted_by_many_clients(self) -> None:
        bodies = BodyBudget(32 * MIB)
        for sender in range(20):
            with suppress(ProblemException):
                while True:
                    bodies.reserve(sender, 4096)
        assert bodies._held[0] == 8 * MIB
        bodies.reserve("a newcomer", 16_000)
