"""The interactive page, `/docs`: it works in a browser, with a key, and asks nothing of another host."""

import os
import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Page, Route, expect, sync_playwright

from tests.live import Live, live

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
FLAGS = [  # nothing but the page is of interest, and a sandbox of its own cannot be had by root
    "--no-sandbox",
    "--disable-gpu",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


@pytest.fixture(scope="module")
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


def test_operations_can_be_tried_out_with_a_key(service: Live, page: Page, tmp_path: Path) -> None:
    own, elsewhere, complaints = urlsplit(service.url).netloc, list[str](), list[str]()

    def keep_here(route: Route) -> None:
        parts = urlsplit(route.request.url)
        if parts.scheme in {"data", "blob"} or parts.netloc == own:
            route.continue_()
        else:
            elsewhere.append(route.request.url)
            route.abort()

    page.route("**/*", keep_here)
    page.on("console", lambda message: complaints.append(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.goto(f"{service.url}/docs")
    expect(page.locator("#operations-simulations-list_simulations")).to_be_visible()

    page.get_by_role("button", name="Authorize").first.click()
    entry = page.locator(".auth-container", has_text="X-API-Key")
    entry.locator("input").fill(service.key)
    entry.get_by_role("button", name=re.compile("Apply credentials|Authorize")).click()
    page.get_by_role("button", name="Close").first.click()

    assert tried_out(page, "create_simulation") == "201"
    assert tried_out(page, "list_simulations") == "200"
    assert (
        "Wing flutter, run 3"
        in page.locator("#operations-simulations-list_simulations .live-responses-table").inner_text()
    )
    page.screenshot(path=tmp_path / "docs.png", full_page=True)
    assert elsewhere == []
    assert complaints == []


def tried_out(page: Page, operation: str) -> str:
    """The status of the answer to what the page proposes to send."""
    block = page.locator(f"#operations-simulations-{operation}")
    block.locator(".opblock-summary-control").click()
    block.get_by_role("button", name="Try it out").click()
    block.get_by_role("button", name="Execute").click()
    status = block.locator(".live-responses-table .response-col_status").nth(1)
    expect(status).to_be_visible()
    return status.inner_text().split()[0]
