"""A running service, and a browser that notes what a page complains of and what it asks of another host."""

import os
import shutil
from collections.abc import Iterator
from dataclasses import dataclass, field
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Page, Route, sync_playwright

from tests.running_service import Live, live

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
FLAGS = [  # nothing but the page is of interest, and a sandbox of its own cannot be had by root
    "--no-sandbox",
    "--disable-gpu",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


@dataclass
class Seen:
    """What went on beside what a page shows: a policy that is broken is complained of."""

    complaints: list[str] = field(default_factory=list)
    elsewhere: list[str] = field(default_factory=list)


@pytest.fixture(scope="session")
def service() -> Iterator[Live]:
    with live(os.environ["GOATFISH_DATABASE_URL"], os.environ["GOATFISH_OPERATOR_DATABASE_URL"]) as running:
        yield running


@pytest.fixture
def page() -> Iterator[Page]:
    browser_path = next(filter(None, map(shutil.which, NAMES)), None)
    if browser_path is None:
        pytest.fail(
            f"No browser: none of {', '.join(NAMES)} is on PATH. On Debian: apt install chromium", pytrace=False
        )
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=browser_path, args=FLAGS)
        try:
            yield browser.new_page(viewport={"width": 1280, "height": 1600})
        finally:
            browser.close()


@pytest.fixture
def seen(service: Live, page: Page) -> Seen:
    """What is noted from now on; nothing is fetched from another host."""
    seen, own = Seen(), urlsplit(service.url).netloc

    def keep_here(route: Route) -> None:
        parts = urlsplit(route.request.url)
        if parts.scheme in {"data", "blob"} or parts.netloc == own:
            route.continue_()
        else:
            seen.elsewhere.append(route.request.url)
            route.abort()

    page.route("**/*", keep_here)
    page.on("console", lambda message: seen.complaints.append(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda error: seen.complaints.append(str(error)))
    return seen
