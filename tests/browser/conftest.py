"""A running service, and a browser page whose console errors and requests to other hosts are recorded."""

import os
import shutil
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, Page, Request, expect, sync_playwright

from tests.running_service import Live, live

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
FLAGS = [  # Chromium has no sandbox for root; the other flags turn background traffic off, and find no other host
    "--no-sandbox",
    "--disable-gpu",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
]
PLACE: dict[str, Any] = {"locale": "en-US", "timezone_id": "UTC"}
"""Where the browser is, for its contexts: what pages show does not depend on the machine."""
PATIENCE = 60_000
"""Milliseconds for what takes a few: the machine may be busy."""
expect.set_options(timeout=PATIENCE)


@dataclass
class Recorded:
    """Console errors, violations of the content security policy among them, and requests to other hosts."""

    console_errors: list[str] = field(default_factory=list)
    other_hosts: list[str] = field(default_factory=list)


@pytest.fixture(scope="session")
def service() -> Iterator[Live]:
    with live(os.environ["GOATFISH_DATABASE_URL"], os.environ["GOATFISH_OPERATOR_DATABASE_URL"]) as running:
        yield running


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    browser_path = next(filter(None, map(shutil.which, NAMES)), None)
    if browser_path is None:
        pytest.fail(f"none of {', '.join(NAMES)} is on PATH. On Debian: apt install chromium", pytrace=False)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=browser_path, args=FLAGS)
        try:
            yield browser
        finally:
            browser.close()


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    """A page of its own context: nothing is stored from the tests before."""
    with browser.new_context(viewport={"width": 1280, "height": 1600}, **PLACE) as context:
        context.set_default_timeout(PATIENCE)
        page = context.new_page()
        yield page
        page.unroute_all(behavior="ignoreErrors")  # a request may end with the page


@pytest.fixture
def recorded(service: Live, page: Page) -> Recorded:
    """Records errors, and requests to other hosts, from the start of the test."""
    recorded, own = Recorded(), urlsplit(service.url).netloc

    def record_other_hosts(request: Request) -> None:
        parts = urlsplit(request.url)
        if parts.scheme not in {"data", "blob"} and parts.netloc != own:
            recorded.other_hosts.append(request.url)

    page.on("request", record_other_hosts)
    page.on(
        "console", lambda message: recorded.console_errors.append(message.text) if message.type == "error" else None
    )
    page.on("pageerror", lambda error: recorded.console_errors.append(str(error)))
    return recorded
