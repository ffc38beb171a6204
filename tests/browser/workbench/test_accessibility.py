"""Every view, by axe's rules, in light and dark and at the width of a phone; and by keyboard alone."""

import re
from typing import Any, Literal

import pytest
from playwright.sync_api import Page, expect

from tests.browser.axe import serious_faults
from tests.browser.workbench.conftest import Tenant, go, sign_in
from tests.running_service import Live

WIDTHS = (390, 1280, 2560)


def faults(page: Page) -> list[str]:
    """What axe calls serious or critical, and a page that is wider than its window."""
    wide = page.evaluate("() => document.documentElement.scrollWidth > innerWidth")
    return [*(["too wide"] if wide else []), *serious_faults(page)]


@pytest.fixture
def filled(tenant: Tenant) -> dict[str, Any]:
    """A simulation with some runs that have everything."""
    wing = tenant.simulation("Wing", labels={"project": "wing"}, description="two\nlines")
    tenant.simulation("Hull")
    runs: list[Any] = []
    for number, status in enumerate(("succeeded", "failed", "running", "queued", "cancelled")):
        runs.append(
            tenant.run(
                wing,
                name=f"run {number}",
                status=status,
                status_reason="diverged" if status == "failed" else None,
                parent_id=runs[0]["id"] if runs else None,
                labels={"mesh": "fine" if number % 2 else "coarse"},
                parameters={"alpha": {"value": number, "unit": "deg"}},
                results={"cl": number},
                artifacts=[{"name": "log", "uri": "s3://bucket/log", "sha256": "a" * 64, "bytes": 12345}],
            )
        )
    tenant.call("PATCH", f"/runs/{runs[0]['id']}", {"name": "renamed"})
    return {
        "simulation": wing["id"],
        "run": runs[0]["id"],
        "failed": runs[1]["id"],
        "runs": ",".join(each["id"] for each in runs),
    }


VIEWS = [
    "#/simulations",
    "#/simulations?view=timeline",
    "#/simulations?name=nothing",
    "#/simulations/{simulation}",
    "#/simulations/{simulation}?tab=plots&colour=labels.mesh",
    "#/simulations/{simulation}?tab=plots&kind=box",
    "#/simulations/{simulation}?tab=plots&kind=time&colour=parameters.alpha",
    "#/simulations/{simulation}?tab=history",
    "#/simulations/{simulation}?tab=about",
    "#/runs/{run}",
    "#/runs/{failed}",
    "#/runs/{run}?tab=history",
    "#/runs/{run}?tab=code",
    "#/compare?runs={runs}",
    "#/compare",
    "#/keys",
    "#/nowhere",
]


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_no_view_has_a_serious_fault(workbench: Page, filled: dict[str, Any], scheme: Literal["light", "dark"]) -> None:
    workbench.emulate_media(color_scheme=scheme)
    wrong = {}
    for view in VIEWS:
        go(workbench, view.format(**filled))
        expect(workbench.locator("main h1")).to_be_visible()
        for width in WIDTHS:
            workbench.set_viewport_size({"width": width, "height": 900})
            if found := faults(workbench):
                wrong[f"{view} at {width}"] = found
    assert not wrong


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_no_dialog_has_a_serious_fault(
    workbench: Page, filled: dict[str, Any], scheme: Literal["light", "dark"]
) -> None:
    workbench.emulate_media(color_scheme=scheme)
    for view, name in (
        ("#/simulations", "New simulation"),
        ("#/simulations/{simulation}", "Columns"),
        ("#/simulations/{simulation}?tab=about", "Edit"),
        ("#/runs/{run}", "Delete this run"),
        ("#/keys", "New key"),
    ):
        go(workbench, view.format(**filled))
        workbench.get_by_role("button", name=name).click()
        expect(workbench.get_by_role("dialog")).to_be_visible()
        assert faults(workbench) == [], name
        workbench.keyboard.press("Escape")
        expect(workbench.get_by_role("dialog")).to_have_count(0)


def test_sign_in_has_no_serious_fault(page: Page, service: Live) -> None:
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme=scheme)
        page.goto(service.url)
        expect(page.get_by_label("API key")).to_be_focused()
        assert faults(page) == []


def test_a_run_is_found_by_keyboard_alone(page: Page, service: Live, tenant: Tenant, filled: dict[str, Any]) -> None:
    sign_in(page, service, tenant.key)
    expect(page.get_by_role("link", name="Wing")).to_be_visible()

    def tab_to(name: str) -> None:
        for _ in range(60):
            page.keyboard.press("Tab")
            text = page.evaluate("() => document.activeElement.innerText || document.activeElement.ariaLabel || ''")
            if re.search(name, text):
                return
        pytest.fail(f"{name} is not reached by Tab")

    tab_to("^Wing$")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Wing")).to_be_visible()
    tab_to("^run 3$")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="run 3")).to_be_visible()
    tab_to("^History$")
    page.keyboard.press("Enter")
    expect(page.get_by_text("Version 1")).to_be_visible()
