"""A tenant with a key, and the workbench signed in with it."""

import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from time import monotonic
from typing import Any

import httpx2
import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import Recorded
from tests.running_service import Live

SCROLLED = 60
"""Seconds in which a long table is scrolled to its end, on a slow machine."""


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


@pytest.fixture(scope="session")
def unused_tenants(service: Live) -> Iterator[tuple[str, str]]:
    """Names and keys of owners that have nothing yet; made all at once, as a command for each takes its time."""
    made = subprocess.run(
        [sys.executable, "-m", "tests.browser.workbench.tenants", "300"],
        env=service.env,
        capture_output=True,
        text=True,
        check=True,
        timeout=120,
    )
    return iter([(name, key) for name, key in (line.split("\t") for line in made.stdout.splitlines())])


def new_tenant(service: Live, unused: Iterator[tuple[str, str]]) -> Tenant:
    """An owner that has nothing yet, and its API."""
    name, key = next(unused)
    return Tenant(name, key, httpx2.Client(base_url=service.url, headers={"X-API-Key": key}, timeout=60))


@pytest.fixture
def tenant(service: Live, unused_tenants: Iterator[tuple[str, str]]) -> Iterator[Tenant]:
    made = new_tenant(service, unused_tenants)
    with made.http:
        yield made


BASE = "document.querySelector('link[rel=modulepreload]').href.replace('first.js', '')"
"""Where the page has its modules from, in JavaScript."""


def sign_in(page: Page, service: Live, key: str) -> None:
    """Signs in with a key, as a user does."""
    page.goto(f"{service.url}/")
    page.get_by_label("API key").fill(key)
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("button", name="Sign out")).to_be_visible()


def go(page: Page, address: str) -> None:
    """Goes to an address within the page, like ``#/keys``, and waits until its view is complete."""
    page.evaluate(
        """async (address) => {
            const before = location.href;
            const gone = new Promise((done) => addEventListener("hashchange", done, { once: true }));
            location.hash = address;
            if (location.href !== before) await gone;
        }""",
        address,
    )
    expect(page.locator("main[aria-busy=true], main [aria-busy=true]")).to_have_count(0)


def expect_to_fit(page: Page) -> None:
    """The page is no wider than its window, at the latest once it has been drawn for this width."""
    page.wait_for_function("() => document.documentElement.scrollWidth <= innerWidth")


def scroll_to(page: Page, table: str, last: str) -> None:
    """Scrolls a long table to its end, where the link of this name is."""
    region = page.get_by_role("region", name=f"{table}, scrollable")
    until = monotonic() + SCROLLED
    while not page.get_by_role("link", name=last).count():
        assert monotonic() < until, f"the end was not reached in {SCROLLED} seconds"
        region.evaluate("each => { each.scrollTop = each.scrollHeight }")
        page.wait_for_function("() => document.querySelector('.table-foot').textContent === ''")
    expect(page.get_by_role("link", name=last)).to_be_visible()


@pytest.fixture
def workbench(service: Live, page: Page, tenant: Tenant, recorded: Recorded) -> Iterator[Page]:
    """The workbench of the tenant. There must be no error of a script or the policy, nor a request elsewhere."""
    sign_in(page, service, tenant.key)
    expect(page.locator("main")).not_to_have_attribute("aria-busy", "true")
    yield page
    refused = "Failed to load resource: the server responded with a status of "
    assert [text for text in recorded.console_errors if not text.startswith(refused)] == []
    assert recorded.other_hosts == []
