"""The admin in a browser: a key is issued, shown once, used, and rejected once its owner is deactivated."""

import subprocess
import time
from pathlib import Path
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import Recorded
from tests.running_service import Live
from tests.warm_start import goatfish

OPERATOR, PASSWORD = "clerk", "correct horse battery"
OWNERS, KEYS = "/admin/goatfish/ownerrow/", "/admin/goatfish/apikeyrow/"


@pytest.fixture(scope="module")
def operator(service: Live) -> None:
    """An operator with all permissions."""
    command = goatfish("operator", "create", OPERATOR, "--password-stdin")
    subprocess.run(command, input=PASSWORD, capture_output=True, text=True, check=True, timeout=60)


@pytest.mark.usefixtures("operator")
def test_key_is_issued_shown_once_and_rejected_after_deactivation(
    service: Live, page: Page, recorded: Recorded, tmp_path: Path
) -> None:
    sign_in(page, service)

    page.get_by_role("link", name="Owners", exact=True).first.click()
    page.get_by_role("link", name="Add owner").first.click()
    page.get_by_label("Name").fill("Acme")
    page.get_by_role("button", name="Add").click()
    expect(page.get_by_text("Acme is created.")).to_be_visible()

    page.get_by_role("link", name="Issue a key").click()
    page.get_by_label("Name").fill("Nightly runs")
    page.get_by_role("button", name="Issue").click()
    key = page.locator("#key-text").inner_text()
    assert status(service, key) == 200
    page.screenshot(path=tmp_path / "issued.png", full_page=True)

    page.reload()  # submits the form again
    expect(page.get_by_text("This form has already issued its key")).to_be_visible()
    assert key not in page.content()
    page.go_back()
    assert key not in page.content()
    page.goto(f"{service.url}{KEYS}")
    expect(page.get_by_role("link", name="Nightly runs")).to_have_count(1)
    assert key not in page.content()

    page.goto(f"{service.url}{OWNERS}")
    page.get_by_role("link", name="Acme").click()
    page.get_by_role("link", name="Deactivate").click()
    page.screenshot(path=tmp_path / "confirm.png", full_page=True)
    page.get_by_role("button", name="Deactivate").click()
    told = time.monotonic()
    expect(page.get_by_text("Acme is deactivated")).to_be_visible()
    while status(service, key) != 401:
        assert time.monotonic() < told + 1
    assert status(service, service.key) == 200

    page.get_by_role("link", name="History").click()
    expect(page.get_by_role("cell", name=f"operator:{OPERATOR}")).to_have_count(2)
    page.screenshot(path=tmp_path / "revisions.png", full_page=True)
    assert recorded == Recorded()


def sign_in(page: Page, service: Live) -> None:
    page.goto(f"{service.url}/admin/")
    page.get_by_label("Username").fill(OPERATOR)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Log in").click()
    expect(page.get_by_role("heading", name="Operators")).to_be_visible()


def status(service: Live, key: str) -> int:
    """The status with which the API responds to this key."""
    try:
        with urlopen(Request(f"{service.url}/api/v1/simulations", headers={"X-API-Key": key}), timeout=10) as answer:
            return int(answer.status)
    except HTTPError as error:
        return error.code
