"""The limit of failed authentications per address, which must not lock out valid keys from the same address."""

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
"""The failure limit of the service under test, per minute."""
ME = "/api/v1/me"


def unknown_key() -> str:
    return ApiKeyToken.new(os.urandom).reveal()


async def _get_me(http: AsyncClient, key: str) -> Response:
    return await http.get(ME, headers={"X-API-Key": key})


def send_keys(service: Service, address: str, *keys: str) -> list[Response]:
    """Sends one request with each of these keys at once from this address."""
    return service.together([partial(_get_me, key=key) for key in keys], address=address)


def statuses(answers: list[Response]) -> list[int]:
    return sorted(answer.status_code for answer in answers)


def use_up_the_limit(service: Service, address: str) -> None:
    assert statuses(send_keys(service, address, *(unknown_key() for _ in range(LIMIT)))) == [401] * LIMIT


class FailuresContract:
    """A service that allows ``LIMIT`` failed authentications per minute and address; each test has addresses of its
    own."""

    @pytest.fixture
    def looked_up(self, service: Service, monkeypatch: pytest.MonkeyPatch) -> list[str]:
        """The public ids that the directory has looked up."""
        asked: list[str] = []
        directory = service.container.storage().owners
        holder = directory.holder

        async def watched(public_id: str, *noted: Any) -> Any:
            asked.append(public_id)
            return await holder(public_id, *noted)

        monkeypatch.setattr(directory, "holder", watched)
        return asked

    def test_over_the_limit_no_key_is_looked_up(self, service: Service, looked_up: list[str]) -> None:
        use_up_the_limit(service, "192.0.2.1")
        assert len(looked_up) == LIMIT
        looked_up.clear()
        answers = send_keys(service, "192.0.2.1", *(unknown_key() for _ in range(20)))
        for answer in answers:
            expect_problem(answer, 429, "too_many_failures")
            assert 1 <= int(answer.headers["retry-after"]) <= 60 / LIMIT
            assert "ratelimit" not in answer.headers
        assert looked_up == []

    def test_concurrent_failures_over_the_limit_lengthen_the_wait(
        self, service: Service, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        directory, together = service.container.storage().owners, asyncio.Barrier(20)
        holder = directory.holder

        async def wait_for_all(public_id: str, *noted: Any) -> Any:
            await together.wait()
            return await holder(public_id, *noted)

        with monkeypatch.context() as crowd:
            crowd.setattr(directory, "holder", wait_for_all)
            assert statuses(send_keys(service, "192.0.2.9", *(unknown_key() for _ in range(20)))) == [401] * 20
        (answer,) = send_keys(service, "192.0.2.9", unknown_key())
        expect_problem(answer, 429, "too_many_failures")
        assert 60 < int(answer.headers["retry-after"]) <= 60 + 60 / LIMIT

    def test_concurrent_valid_keys_are_accepted(self, service: Service) -> None:
        keys = [service.tenant().key for _ in range(LIMIT + 2)]
        assert statuses(send_keys(service, "192.0.2.10", *keys * 3)) == [200] * len(keys) * 3

    def test_every_invalid_key_counts_as_a_failure(self, service: Service) -> None:
        wrong = ["", "gf_x", service.tenant().key[:-1]]
        assert statuses(send_keys(service, "192.0.2.2", *wrong)) == [401] * LIMIT
        assert statuses(send_keys(service, "192.0.2.2", unknown_key(), *wrong)) == [429] * (LIMIT + 1)

    def test_recently_accepted_key_still_works_over_the_limit(self, service: Service) -> None:
        seen, other = service.tenant(), service.tenant()
        assert statuses(send_keys(service, "192.0.2.3", seen.key)) == [200]
        use_up_the_limit(service, "192.0.2.3")
        assert statuses(send_keys(service, "192.0.2.3", seen.key, seen.key, unknown_key(), other.key)) == [
            200,
            200,
            429,
            429,
        ]
        assert statuses(send_keys(service, "192.0.2.4", other.key, unknown_key())) == [200, 401]

    def test_valid_keys_do_not_count_as_failures(self, service: Service) -> None:
        keys = [service.tenant().key for _ in range(2)]
        for _ in range(LIMIT):
            assert statuses(send_keys(service, "192.0.2.5", *keys)) == [200, 200]
        for _ in range(LIMIT + 1):
            assert statuses(send_keys(service, "192.0.2.5", service.tenant().key)) == [200]
        use_up_the_limit(service, "192.0.2.5")

    def test_missing_key_is_401_and_does_not_count(self, service: Service) -> None:
        without_key = [lambda http: http.get(ME)] * (LIMIT + 1)
        assert statuses(service.together(without_key, address="192.0.2.6")) == [401] * (LIMIT + 1)
        use_up_the_limit(service, "192.0.2.6")
        assert statuses(service.together(without_key, address="192.0.2.6")) == [401] * (LIMIT + 1)

    def test_revoked_key_counts_as_a_failure(self, service: Service) -> None:
        tenant = service.tenant()
        assert statuses(send_keys(service, "192.0.2.7", tenant.key)) == [200]

        async def revoke() -> None:
            await service.container.use_cases.keys().revoke(tenant.owner, tenant.key_id, CONTEXT)
            authentication = service.container.use_cases.authentication()
            for cache in (authentication._holders, authentication._valid):
                cache.clear()  # as after half a second, when the entries expire

        service.call(revoke)
        assert [statuses(send_keys(service, "192.0.2.7", tenant.key)) for _ in range(LIMIT + 2)] == [
            *[[401]] * LIMIT,
            *[[429]] * 2,
        ]

    def test_failed_lookup_does_not_count_as_a_failure(self, service: Service, monkeypatch: pytest.MonkeyPatch) -> None:
        async def gone(*_: object) -> None:
            raise Unavailable("gone")

        tenant = service.tenant()
        with monkeypatch.context() as outage:
            outage.setattr(service.container.storage().owners, "holder", gone)
            for _ in range(2):
                assert statuses(send_keys(service, "192.0.2.8", *([tenant.key] * LIMIT))) == [503] * LIMIT
        use_up_the_limit(service, "192.0.2.8")

    def test_ipv6_network_counts_as_one_client(self, service: Service) -> None:
        use_up_the_limit(service, "2001:db8:0:1::1")
        assert statuses(send_keys(service, "2001:db8:0:1:ffff::2", unknown_key())) == [429]
        assert statuses(send_keys(service, "2001:db8:0:2::1", unknown_key())) == [401]
