"""Keys that open nothing: an address may try so many, and whoever shares it is not locked out."""

import asyncio
import os
from functools import partial
from typing import Any

import pytest
from httpx2 import AsyncClient, Response

from domain.access.token import ApiKeyToken
from domain.errors import Unavailable
from tests.contracts.http_api import CONTEXT, Service, expect_problem

LIMIT = 3
"""What the service under test is set to."""
ME = "/api/v1/me"


def invented() -> str:
    return ApiKeyToken.new(os.urandom).reveal()


async def _who(http: AsyncClient, key: str) -> Response:
    return await http.get(ME, headers={"X-API-Key": key})


def ask(service: Service, address: str, *keys: str) -> list[Response]:
    """Who the holders of these keys are, asked at once from this address."""
    return service.together([partial(_who, key=key) for key in keys], address=address)


def statuses(answers: list[Response]) -> list[int]:
    return sorted(answer.status_code for answer in answers)


def fail_as_often_as_possible(service: Service, address: str) -> None:
    assert statuses(ask(service, address, *(invented() for _ in range(LIMIT)))) == [401] * LIMIT


class FailuresContract:
    """A service that lets ``LIMIT`` keys a minute fail from one address."""

    @pytest.fixture
    def looked_up(self, service: Service, monkeypatch: pytest.MonkeyPatch) -> list[str]:
        """What the directory is asked for."""
        asked: list[str] = []
        directory = service.container.storage().owners
        holder = directory.holder

        async def watched(public_id: str, *noted: Any) -> Any:
            asked.append(public_id)
            return await holder(public_id, *noted)

        monkeypatch.setattr(directory, "holder", watched)
        return asked

    def test_once_too_many_have_failed_nothing_is_looked_up(self, service: Service, looked_up: list[str]) -> None:
        fail_as_often_as_possible(service, "192.0.2.1")
        assert len(looked_up) == LIMIT
        looked_up.clear()
        answers = ask(service, "192.0.2.1", *(invented() for _ in range(20)))
        for answer in answers:
            expect_problem(answer, 429, "too_many_failures")
            assert 1 <= int(answer.headers["retry-after"]) <= 60 / LIMIT
            assert "ratelimit" not in answer.headers
        assert looked_up == []

    def test_guesses_that_came_at_once_are_made_up_for(self, service: Service, monkeypatch: pytest.MonkeyPatch) -> None:
        directory, together = service.container.storage().owners, asyncio.Barrier(20)
        holder = directory.holder

        async def once_all_are_here(public_id: str, *noted: Any) -> Any:
            await together.wait()
            return await holder(public_id, *noted)

        with monkeypatch.context() as crowd:
            crowd.setattr(directory, "holder", once_all_are_here)
            assert statuses(ask(service, "192.0.2.9", *(invented() for _ in range(20)))) == [401] * 20
        (answer,) = ask(service, "192.0.2.9", invented())
        expect_problem(answer, 429, "too_many_failures")
        assert 60 < int(answer.headers["retry-after"]) <= 60 + 60 / LIMIT

    def test_a_crowd_of_good_keys_may_come_at_once(self, service: Service) -> None:
        keys = [service.tenant().key for _ in range(LIMIT + 2)]
        assert statuses(ask(service, "192.0.2.10", *keys * 3)) == [200] * len(keys) * 3

    def test_whatever_is_wrong_with_a_key_counts_and_is_refused_alike(self, service: Service) -> None:
        wrong = ["", "gf_x", service.tenant().key[:-1]]
        assert statuses(ask(service, "192.0.2.2", *wrong)) == [401] * LIMIT
        assert statuses(ask(service, "192.0.2.2", invented(), *wrong)) == [429] * (LIMIT + 1)

    def test_a_key_that_has_opened_opens_whoever_guesses_beside_it(self, service: Service) -> None:
        seen, other = service.tenant(), service.tenant()
        assert statuses(ask(service, "192.0.2.3", seen.key)) == [200]
        fail_as_often_as_possible(service, "192.0.2.3")
        assert statuses(ask(service, "192.0.2.3", seen.key, seen.key, invented(), other.key)) == [200, 200, 429, 429]
        assert statuses(ask(service, "192.0.2.4", other.key, invented())) == [200, 401]

    def test_keys_that_open_are_no_failures(self, service: Service) -> None:
        keys = [service.tenant().key for _ in range(2)]
        for _ in range(LIMIT):
            assert statuses(ask(service, "192.0.2.5", *keys)) == [200, 200]
        for _ in range(LIMIT + 1):
            assert statuses(ask(service, "192.0.2.5", service.tenant().key)) == [200]
        fail_as_often_as_possible(service, "192.0.2.5")

    def test_no_key_at_all_is_told_so_and_does_not_count(self, service: Service) -> None:
        nameless = [lambda http: http.get(ME)] * (LIMIT + 1)
        assert statuses(service.together(nameless, address="192.0.2.6")) == [401] * (LIMIT + 1)
        fail_as_often_as_possible(service, "192.0.2.6")
        assert statuses(service.together(nameless, address="192.0.2.6")) == [401] * (LIMIT + 1)

    def test_a_key_that_has_died_counts_again(self, service: Service) -> None:
        tenant = service.tenant()
        assert statuses(ask(service, "192.0.2.7", tenant.key)) == [200]

        async def revoke() -> None:
            await service.container.use_cases.keys().revoke(tenant.owner, tenant.key_id, CONTEXT)
            authentication = service.container.use_cases.authentication()
            for cache in (authentication._holders, authentication._valid):
                cache.clear()  # half a second passes

        service.call(revoke)
        assert [statuses(ask(service, "192.0.2.7", tenant.key)) for _ in range(LIMIT + 2)] == [
            *[[401]] * LIMIT,
            *[[429]] * 2,
        ]

    def test_what_nobody_could_look_up_is_no_failure(self, service: Service, monkeypatch: pytest.MonkeyPatch) -> None:
        async def gone(*_: object) -> None:
            raise Unavailable("gone")

        tenant = service.tenant()
        with monkeypatch.context() as outage:
            outage.setattr(service.container.storage().owners, "holder", gone)
            for _ in range(2):
                assert statuses(ask(service, "192.0.2.8", *([tenant.key] * LIMIT))) == [503] * LIMIT
        fail_as_often_as_possible(service, "192.0.2.8")

    def test_a_network_of_ipv6_is_one_client(self, service: Service) -> None:
        fail_as_often_as_possible(service, "2001:db8:0:1::1")
        assert statuses(ask(service, "2001:db8:0:1:ffff::2", invented())) == [429]
        assert statuses(ask(service, "2001:db8:0:2::1", invented())) == [401]
