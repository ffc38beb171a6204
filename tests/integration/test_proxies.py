"""Whose word is taken for where a request comes from: a proxy's that is named, and nobody else's."""

import os
from pathlib import Path

import httpx2
import pytest

from domain.access.token import ApiKeyToken
from tests.running_service import Live, live

LIMIT = 3


def fail(service: Live, forwarded_for: str, *, times: int = 1) -> list[int]:
    """The answers to keys that open nothing, from a client that says that it passes them on."""
    headers = {"X-Forwarded-For": forwarded_for, "X-Forwarded-Proto": "https"}
    wrong = [ApiKeyToken.new(os.urandom).reveal() for _ in range(times)]
    return [httpx2.get(f"{service.url}/api/v1/me", headers=headers | {"X-API-Key": key}).status_code for key in wrong]


@pytest.mark.parametrize("options", [(), ("--proxy", "192.0.2.7")], ids=["none-named", "another-named"])
def test_forwarded_headers_of_unnamed_proxies_are_ignored(tmp_path: Path, options: tuple[str, ...]) -> None:
    with live(*[f"sqlite:///{tmp_path}/db.sqlite3"] * 2, *options, FAILURE_LIMIT=str(LIMIT)) as service:
        assert [fail(service, f"198.51.100.{n}")[0] for n in range(LIMIT + 2)] == [401] * LIMIT + [429] * 2
        answer = httpx2.get(f"{service.url}/livez", headers={"X-Forwarded-Proto": "https"})
        assert "strict-transport-security" not in answer.headers
        assert httpx2.get(f"{service.url}/api/v1/me", headers={"X-API-Key": service.key}).status_code == 429


def test_a_named_proxy_determines_the_client_address(tmp_path: Path) -> None:
    proxies = ("--proxy", "127.0.0.1", "--proxy", "192.0.2.7,192.0.2.8")
    with live(*[f"sqlite:///{tmp_path}/db.sqlite3"] * 2, *proxies, FAILURE_LIMIT=str(LIMIT)) as service:
        assert fail(service, "198.51.100.1", times=LIMIT + 1) == [401] * LIMIT + [429]
        assert fail(service, "198.51.100.2", times=LIMIT) == [401] * LIMIT
        # What stands before the last address is the client's own word.
        assert fail(service, "203.0.113.9, 198.51.100.1") == [429]
        answer = httpx2.get(f"{service.url}/livez", headers={"X-Forwarded-Proto": "https"})
        assert "strict-transport-security" in answer.headers
