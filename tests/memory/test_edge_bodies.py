"""Bodies are counted before anybody stores them, and all together have a bound."""

from collections.abc import Iterator
from contextlib import suppress

import pytest

from adapters.http_fastapi.kit.body_budget import BodyBudget
from adapters.http_fastapi.kit.problems import ProblemException
from tests.contracts.hostile_requests import TYPED, Hostile
from tests.contracts.http_api import SIMULATIONS, UNKNOWN, WING, Service
from tests.contracts.http_hostile import ask
from tests.memory.edges import END, GONE, MIB, Slow, Stores

CHUNK = b" " * (64 << 10)


@pytest.fixture(autouse=True)
def nothing_is_held_afterwards(service: Service) -> Iterator[None]:
    yield
    bodies = service.container.bodies()
    assert (bodies._left, bodies._held) == (8 * MIB, {})


class TestBodies:
    @pytest.mark.parametrize("path", [b"/admin/", b"/admin", b"/admin/x/y"])
    @pytest.mark.parametrize("method", ["GET", "POST", "PUT", "FOO"])
    def test_no_more_than_a_mebibyte_is_stored_by_anybody(
        self, service: Service, admin: Stores, path: bytes, method: str
    ) -> None:
        before = admin.stored
        endless = Hostile("", 413, "body_too_large", path, method, (), (CHUNK, 10_000), key=False)
        answer = ask(service, endless)
        assert (answer.status, answer.chunks_read) == (413, 17)
        assert admin.stored - before == MIB

    @pytest.mark.parametrize("length", [b"1048577", b"9" * 30, b"9" * 5000, b"-1", b"x", b"\xb2", b""])
    def test_a_length_that_is_too_large_is_refused_at_once(
        self, service: Service, admin: Stores, length: bytes
    ) -> None:
        before = admin.asked
        for path in (b"/admin/", b"/openapi.json", b"/docs/assets/swagger-ui.css"):
            headers = ((b"content-length", length),)
            answer = ask(service, Hostile("", 413, None, path, "GET", headers, (CHUNK, 10_000), key=False))
            assert (answer.status, answer.chunks_read) == (413, 0)
        assert admin.asked == before

    def test_a_whole_mebibyte_is_let_through(self, service: Service, admin: Stores) -> None:
        before = admin.stored
        answer = ask(service, Hostile("", 200, None, b"/admin/", "POST", (), (CHUNK, 16), key=False))
        assert (answer.status, admin.stored - before) == (200, MIB)

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
    def test_a_body_that_nobody_reads_is_left_where_it_is(
        self, service: Service, method: str, target: str, key: bool, status: int
    ) -> None:
        answer = ask(service, Hostile("", status, None, target.encode(), method, TYPED, (CHUNK, 10_000), key=key))
        assert (answer.status, answer.chunks_read) == (status, 0)


class TestBodiesTogether:
    def test_each_may_hold_a_quarter_of_what_is_left_and_all_is_given_back(self, service: Service) -> None:
        hog, other, third = (service.tenant() for _ in range(3))
        slow = [Slow(service, hog, MIB) for _ in range(4)]
        assert [each.status for each in slow] == [0, 0, 503, 503]
        assert [each.headers[b"retry-after"] for each in slow[2:]] == [b"1", b"1"]
        assert other.make()["name"] == WING["name"]
        more = [Slow(service, other, MIB), Slow(service, other, MIB), Slow(service, None, MIB)]
        assert [each.status for each in more] == [0, 503, 0]
        third.make()
        slow[0].goes_on(END)
        assert slow[0].status == 400
        slow[1].goes_on(GONE)
        more[0].is_cut()
        more[2].goes_on(END)
        assert more[2].status == 200

    def test_many_who_send_little_hold_little(self, service: Service) -> None:
        slow = [Slow(service, None, 1, f"192.0.2.{n}") for n in range(200)]
        assert [each.status for each in slow] == [0] * 200
        service.tenant().make()
        for each in slow:
            each.goes_on(END)
            assert each.status == 200

    def test_addresses_without_a_key_are_told_apart_as_networks(self, service: Service) -> None:
        slow = [Slow(service, None, MIB, f"2001:db8::{n}") for n in range(3)]
        assert [each.status for each in slow] == [0, 0, 503]
        other = Slow(service, None, MIB, "2001:db8:0:1::1")
        assert other.status == 0
        for each in (*slow[:2], other):
            each.goes_on(GONE)

    def test_however_many_hold_all_they_can_something_is_left(self) -> None:
        bodies = BodyBudget(32 * MIB)
        for sender in range(20):
            with suppress(ProblemException):
                while True:
                    bodies.reserve(sender, 4096)
        assert bodies._held[0] == 8 * MIB
        bodies.reserve("a newcomer", 16_000)
