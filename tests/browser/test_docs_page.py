"""The interactive page `/docs` works in a browser with an API key, and loads nothing from other hosts."""

import re
from pathlib import Path

from playwright.sync_api import Page, expect

from tests.browser.conftest import Recorded
from tests.running_service import Live


def test_operations_can_be_sent_with_a_key(service: Live, page: Page, recorded: Recorded, tmp_path: Path) -> None:
    page.goto(f"{service.url}/docs")
    expect(page.locator("#operations-simulations-list_simulations")).to_be_visible()

    page.get_by_role("button", name="Authorize").first.click()
    entry = page.locator(".auth-container", has_text="X-API-Key")
    entry.locator("input").fill(service.key)
    entry.get_by_role("button", name=re.compile("Apply credentials|Authorize")).click()
    page.get_by_role("button", name="Close").first.click()

    assert try_out(page, "create_simulation") == "201"
    assert try_out(page, "list_simulations") == "200"
    assert (
        "Wing flutter, run 3"
        in page.locator("#operations-simulations-list_simulations .live-responses-table").inner_text()
    )
    page.screenshot(path=tmp_path / "docs.png", full_page=True)
    assert recorded == Recorded()


def try_out(page: Page, operation: str) -> str:
    """Sends the example request of the page, and returns the status of the response."""
    block = page.locator(f"#operations-simulations-{operation}")
    block.locator(".opblock-summary-control").click()
    block.get_by_role("button", name="Try it out").click()
    block.get_by_role("button", name="Execute").click()
    status = block.locator(".live-responses-table .response-col_status").nth(1)
    expect(status).to_be_visible()
    return status.inner_text().split()[0]
