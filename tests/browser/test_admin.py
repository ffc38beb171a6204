"""The admin in a browser: a key is issued, shown once, used, and rejected once its owner is deactivated."""

import json
import subprocess
from pathlib import Path
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import Recorded
from tests.restartable import wait_until
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
    page.get_by_label("Name").fill("Nightly runs of Acme")
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
    expect(page.get_by_role("link", name="Nightly runs of Acme")).to_have_count(1)
    assert key not in page.content()

    page.goto(f"{service.url}{OWNERS}")
    page.get_by_role("link", name="Acme").click()
    page.get_by_role("link", name="Deactivate").click()
    page.screenshot(path=tmp_path / "confirm.png", full_page=True)
    page.get_by_role("button", name="Deactivate").click()
    expect(page.get_by_text("Acme is deactivated")).to_be_visible()
    wait_until(lambda: status(service, key) == 401, "the key is refused")
    assert status(service, service.key) == 200

    page.get_by_role("link", name="History").click()
    expect(page.get_by_role("cell", name=f"operator:{OPERATOR}")).to_have_count(2)
    page.screenshot(path=tmp_path / "revisions.png", full_page=True)
    assert recorded == Recorded()


@pytest.mark.usefixtures("operator")
def test_a_key_is_rolled_and_its_owner_exported_and_erased(service: Live, page: Page, recorded: Recorded) -> None:
    name = 'Tear <b>"off"</b> \u202e\u05d0'
    service.goatfish("owner", "create", name)
    old = service.goatfish("key", "create", name, "--name", "Nightly runs").stdout.strip()
    sign_in(page, service)

    page.goto(f"{service.url}{OWNERS}")
    page.get_by_role("link", name=name).click()
    owner = page.url
    page.get_by_role("link", name="Keys", exact=True).last.click()
    page.get_by_role("link", name="Nightly runs").click()
    page.get_by_role("link", name="Roll").click()
    page.get_by_label("Old key").select_option("ends at once")
    page.get_by_role("button", name="Roll").click()
    key = page.locator("#key-text").inner_text()
    assert status(service, key) == 200
    wait_until(lambda: status(service, old) == 401, "the old key is refused")
    page.goto(owner)
    assert key not in page.content()
    kept = page.evaluate("() => JSON.stringify([document.cookie, {...sessionStorage}, {...localStorage}])")
    assert key.rsplit("_", 1)[1] not in kept + str(page.context.cookies())

    page.get_by_role("link", name="Export").click()
    with page.expect_download() as download:
        page.get_by_role("button", name="Export").click()
    lines = Path(download.value.path()).read_text().splitlines()
    assert json.loads(lines[0])["name"] == name
    assert key not in "".join(lines)

    page.goto(owner)
    page.get_by_role("link", name="Erase").click()
    expect(page.get_by_text(f"The owner {name} is active. Deactivate it first, then erase it.")).to_be_visible()
    page.get_by_role("link", name="Deactivate").click()
    page.get_by_role("button", name="Deactivate").click()
    page.get_by_role("link", name="Erase").click()
    page.get_by_label("Owner's name").fill("Tear off")
    page.get_by_role("button", name="Erase").click()
    expect(page.get_by_text("That is not its name.")).to_be_visible()
    page.get_by_label("Owner's name").fill(name)
    page.get_by_role("button", name="Erase").click()
    expect(page.get_by_text("is erased: 1 owner, 2 keys")).to_be_visible()
    expect(page.get_by_role("link", name=name)).to_have_count(0)
    assert recorded == Recorded()


@pytest.mark.usefixtures("operator")
def test_the_first_page_draws_a_bar_for_each_day_that_leads_to_its_list(
    service: Live, page: Page, recorded: Recorded
) -> None:
    service.goatfish("owner", "create", "Busy")
    service.goatfish("seed", "--owner", "Busy", "--each", "60")
    sign_in(page, service)
    bars = page.get_by_role("group", name="Simulations by day").get_by_role("link")
    sizes = bars.evaluate_all(
        "bars => bars.map(bar => [bar.getAttribute('aria-label').split(': ')[1], bar.querySelector('.made')])"
        ".map(([number, made]) => [Number(number.replace(',', '')), made.getBoundingClientRect().height])"
    )
    peak = max(number for number, _ in sizes)
    for number, height in sizes:
        assert abs(height - 100 * number / peak) < 1
    first = sizes[0][0]
    bars.first.focus()
    page.keyboard.press("Enter")
    expect(page.locator(".paginator")).to_contain_text(f"{first} simulation")
    assert recorded == Recorded()


def sign_in(page: Page, service: Live) -> None:
    page.goto(f"{service.url}/admin/")
    page.get_by_label("Username").fill(OPERATOR)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Log in").click()
    expect(page.get_by_role("heading", name="Overview")).to_be_visible()
    page.wait_for_load_state()


def status(service: Live, key: str) -> int:
    """The status with which the API responds to this key."""
    try:
        with urlopen(Request(f"{service.url}/api/v1/simulations", headers={"X-API-Key": key}), timeout=10) as answer:
            return int(answer.status)
    except HTTPError as error:
        return error.code
