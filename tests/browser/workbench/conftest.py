"""A tenant with a key, and the workbench signed in with it."""

import itertools
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import httpx2
import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import Recorded
from tests.running_service import Live

_numbers = itertools.count(1)


@dataclass(frozen=True)
class Tenant:
    """An owner of its own, and its API."""

    name: str
    key: str
    http: httpx2.Client

    def call(self, method: str, path: str, body: Any = None) -> Any:
        """The JSON of a successful answer under ``/api/v1``, None where it is empty."""
        response = self.http.request(method, f"/api/v1{path}", json=body)
        assert response.is_success, response.text
        return response.json() if response.content else None

    def simulation(self, name: str = "Wing flutter", **members: Any) -> Any:
        """Makes a simulation."""
        return self.call(
            "POST", "/simulations", {"name": name, "start_date": "2026-01-05", "end_date": "2026-02-01", **members}
        )

    def run(self, simulation: Any, **members: Any) -> Any:
        """Makes a run of a simulation."""
        return self.call("POST", "/runs", {"simulation_id": simulation["id"], **members})


def new_tenant(service: Live) -> Tenant:
    """An owner that has nothing yet, and its key."""
    name = f"tenant {next(_numbers)}"
    service.goatfish("owner", "create", name)
    key = service.goatfish("key", "create", name).stdout.strip()
    return Tenant(name, key, httpx2.Client(base_url=service.url, headers={"X-API-Key": key}))


@pytest.fixture
def tenant(service: Live) -> Iterator[Tenant]:
    made = new_tenant(service)
    with made.http:
        yield made


def sign_in(page: Page, service: Live, key: str) -> None:
    """Signs in with a key, as a user does."""
    page.goto(f"{service.url}/")
    page.get_by_label("API key").fill(key)
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("button", name="Sign out")).to_be_visible()


@pytest.fixture
def workbench(service: Live, page: Page, tenant: Tenant, recorded: Recorded) -> Iterator[Page]:
    """The workbench of the tenant. There must be no error of a script or the policy, nor a request elsewhere."""
    sign_in(page, service, tenant.key)
    yield page
    refused = "Failed to load resource: the server responded with a status of "
    assert [text for text in recorded.console_errors if not text.startswith(refused)] == []
    assert recorded.other_hosts == []
