"""One simulation: its runs live, with conditions, columns, counts and CSV; its plan, edited and deleted."""

import csv
import io
import re
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.browser.workbench.conftest import Tenant
from tests.browser.workbench.test_run_page import HOSTILE


def open_simulation(page: Page, simulation: Any, query: str = "") -> None:
    page.evaluate("address => { location.hash = address }", f"#/simulations/{simulation['id']}{query}")
    expect(page.get_by_role("heading", level=1, name=simulation["name"])).to_be_visible()


def names(page: Page) -> list[str]:
    """The runs in the table, from top to bottom."""
    return page.get_by_role("table", name="Runs").locator("tbody th[scope=row]").all_inner_texts()


@pytest.fixture
def study(tenant: Tenant) -> Any:
    """A simulation with four runs of three statuses."""
    wing = tenant.simulation("Wing")
    for number, status in enumerate(("succeeded", "succeeded", "failed", "queued")):
        tenant.run(
            wing,
            name=f"run {number}",
            status=status,
            labels={"mesh": "fine" if number % 2 else "coarse"},
            parameters={"alpha": {"value": 10 + number, "unit": "deg"}, "model": "SST", "steady": number == 0},
            results={} if status == "queued" else {"cl": 1.5 - number / 10},
        )
    return wing


def test_a_life_of_runs_is_followed(workbench: Page, tenant: Tenant) -> None:
    wing = tenant.simulation("Wing")
    open_simulation(workbench, wing)
    expect(workbench.get_by_role("heading", name="Record the first run")).to_be_visible()
    run = tenant.run(wing, name="first", parameters={"alpha": 12})
    row = workbench.get_by_role("row").filter(has_text="first")
    expect(row).to_contain_text("queued")
    tenant.call("PATCH", f"/runs/{run['id']}", {"status": "running"})
    expect(row).to_contain_text("running")
    expect(workbench.get_by_role("button", name="running 1")).to_be_visible()
    tenant.call("PATCH", f"/runs/{run['id']}", {"status": "succeeded", "results": {"cl": 1.25}})
    expect(row).to_contain_text("succeeded")
    expect(workbench.get_by_role("button", name="succeeded 1")).to_be_visible()
    tenant.run(wing, name="second")
    expect(workbench.get_by_role("row").filter(has_text="second")).to_be_visible()
    tenant.call("DELETE", f"/runs/{run['id']}")
    expect(row).to_have_count(0)


def test_conditions_are_completed_and_kept_in_the_address(workbench: Page, study: Any) -> None:
    open_simulation(workbench, study)
    where = workbench.get_by_role("combobox", name="Where")
    where.fill("alp")
    expect(workbench.get_by_role("option")).to_have_text(["parameters.alpha"])
    where.press("ArrowDown")
    where.press("Enter")
    expect(where).to_have_value("parameters.alpha")
    expect(workbench.get_by_role("option", name="parameters.alpha>=")).to_be_visible()
    where.fill("parameters.alpha>=11")
    where.press("Enter")
    expect(workbench.get_by_role("link", name="run 0")).to_have_count(0)
    assert names(workbench) == ["run 3", "run 2", "run 1"]
    workbench.get_by_role("button", name="succeeded 2").click()
    expect(workbench.get_by_role("link", name="run 2")).to_have_count(0)
    assert names(workbench) == ["run 1"]
    workbench.reload()
    expect(workbench.get_by_role("link", name="run 1")).to_be_visible()
    assert names(workbench) == ["run 1"]
    workbench.get_by_role("button", name="Remove the condition parameters.alpha>=11").click()
    expect(workbench.get_by_role("link", name="run 0")).to_be_visible()
    where.fill("parameters.alpha>>1")
    where.press("Enter")
    expect(workbench.get_by_role("alert")).to_contain_text("where")


def test_completion_offers_texts_that_there_are(workbench: Page, study: Any) -> None:
    open_simulation(workbench, study)
    where = workbench.get_by_role("combobox", name="Where")
    where.fill("parameters.model=")
    expect(workbench.get_by_role("option")).to_have_text(['parameters.model="SST"'])
    workbench.get_by_role("option").click()
    where.press("Enter")
    expect(workbench.get_by_role("button", name='Remove the condition parameters.model="SST"')).to_be_visible()
    assert len(names(workbench)) == 4


def test_sorts_by_a_result(workbench: Page, study: Any) -> None:
    open_simulation(workbench, study)
    workbench.get_by_role("button", name="cl").click()
    expect(workbench.get_by_role("columnheader", name="cl")).to_have_attribute("aria-sort", "ascending")
    assert names(workbench)[:3] == ["run 2", "run 1", "run 0"]
    assert "sort=results.cl" in workbench.url


def test_columns_are_chosen_ordered_and_remembered(workbench: Page, study: Any) -> None:
    open_simulation(workbench, study)
    headers = workbench.get_by_role("table", name="Runs").get_by_role("columnheader")
    expect(headers).to_have_text(["Select", "Name", "Status", "Started", "alpha [deg]", "steady", "cl"])
    workbench.get_by_role("button", name="Columns").click()
    dialog = workbench.get_by_role("dialog")
    dialog.get_by_label("Started", exact=True).uncheck()
    dialog.get_by_label("mesh (labels)", exact=True).check()
    dialog.get_by_role("button", name="Move cl (results) up").click()
    expect(dialog.get_by_role("button", name="Move cl (results) up")).to_be_focused()
    dialog.get_by_role("button", name="Show these").click()
    expect(headers).to_have_text(["Select", "Name", "Status", "alpha [deg]", "cl", "steady", "mesh"])
    workbench.reload()
    expect(headers).to_have_text(["Select", "Name", "Status", "alpha [deg]", "cl", "steady", "mesh"])


def test_selected_runs_are_compared(workbench: Page, study: Any) -> None:
    open_simulation(workbench, study)
    workbench.get_by_label("Select run 0").check()
    assert workbench.get_by_role("link", name=re.compile("Compare")).count() == 0
    workbench.get_by_label("Select run 2").check()
    workbench.get_by_role("link", name="Compare 2").click()
    expect(workbench.get_by_role("heading", name="Compare runs")).to_be_visible()
    expect(workbench.get_by_role("row", name=re.compile("alpha differs 10 deg 12 deg"))).to_be_visible()


def test_csv_has_the_runs_that_fulfil_the_conditions(workbench: Page, study: Any) -> None:
    open_simulation(workbench, study, "?where=parameters.alpha>11")
    with workbench.expect_download() as saved:
        workbench.get_by_role("button", name="Save as CSV").click()
    assert saved.value.suggested_filename == "Wing.csv"
    rows = list(csv.DictReader(io.StringIO(saved.value.path().read_text())))
    assert sorted(row["name"] for row in rows) == ["run 2", "run 3"]


def test_figures_are_shown(workbench: Page, study: Any) -> None:
    open_simulation(workbench, study)
    workbench.get_by_text("Results in numbers").click()
    expect(workbench.get_by_role("row", name="cl 3 1.3 1.4 1.5")).to_be_visible()


def test_five_thousand_runs_are_scrolled_with_few_elements(workbench: Page, tenant: Tenant) -> None:
    wing = tenant.simulation("Wing")
    for batch in range(5):
        items = [
            {"simulation_id": wing["id"], "name": f"run {batch * 1000 + number:04}", "parameters": {"alpha": number}}
            for number in range(1000)
        ]
        tenant.call("POST", "/runs/batch", {"items": items})
    open_simulation(workbench, wing, "?sort=name")
    table = workbench.get_by_role("region", name="Runs, scrollable")
    for _ in range(60):
        table.evaluate("each => { each.scrollTop = each.scrollHeight }")
        if workbench.get_by_role("link", name="run 4999").count():
            break
        workbench.wait_for_function("() => document.querySelector('.table-foot').textContent === ''")
    expect(workbench.get_by_role("link", name="run 4999")).to_be_visible()
    assert workbench.get_by_role("table", name="Runs").locator("tbody tr").count() < 80


def test_plan_is_edited_unless_it_was_changed_meanwhile(workbench: Page, tenant: Tenant) -> None:
    wing = tenant.simulation("Wing", labels={"project": "wing", "phase": "1"})
    open_simulation(workbench, wing, "?tab=about")
    workbench.get_by_role("button", name="Edit").click()
    form = workbench.get_by_role("dialog")
    form.get_by_label("Name").fill("Rotor")
    form.get_by_label("Labels").fill("project=rotor")
    form.get_by_role("button", name="Save").click()
    expect(workbench.get_by_role("heading", name="Rotor")).to_be_visible()
    assert tenant.call("GET", f"/simulations/{wing['id']}")["labels"] == {"project": "rotor"}
    workbench.get_by_role("button", name="Edit").click()
    tenant.call("PATCH", f"/simulations/{wing['id']}", {"description": "by somebody else"})
    form.get_by_label("Name").fill("Too late")
    form.get_by_role("button", name="Save").click()
    expect(form.get_by_role("alert")).to_contain_text("Somebody has changed this simulation")
    assert tenant.call("GET", f"/simulations/{wing['id']}")["name"] == "Rotor"


def test_a_simulation_with_runs_is_not_deleted(workbench: Page, tenant: Tenant, study: Any) -> None:
    open_simulation(workbench, study, "?tab=about")
    workbench.get_by_role("button", name="Delete this simulation").click()
    workbench.get_by_role("dialog").get_by_role("button", name="Delete").click()
    expect(workbench.get_by_role("dialog").get_by_role("alert")).to_contain_text("a run refers to it")
    workbench.get_by_role("button", name="Cancel").click()
    empty = tenant.simulation("Empty")
    open_simulation(workbench, empty, "?tab=about")
    workbench.get_by_role("button", name="Delete this simulation").click()
    workbench.get_by_role("dialog").get_by_role("button", name="Delete").click()
    expect(workbench.get_by_role("heading", name="Simulations")).to_be_visible()
    workbench.evaluate("address => { location.hash = address }", f"#/simulations/{empty['id']}")
    expect(workbench.get_by_role("heading", name="This simulation was deleted")).to_be_visible()
    workbench.get_by_role("button", name="Restore version 1").click()
    workbench.get_by_role("dialog").get_by_role("button", name="Restore").click()
    expect(workbench.get_by_role("listitem").filter(has_text="Version 3")).to_be_visible()
    assert tenant.call("GET", f"/simulations/{empty['id']}")["name"] == "Empty"


def test_hostile_texts_are_text(workbench: Page, tenant: Tenant) -> None:
    wing = tenant.simulation("Wing", description="".join(HOSTILE)[:4000])
    for text in HOSTILE:
        values = {"a": text, "b": len(text)}
        tenant.run(wing, name=text[:300], labels={"a": text[:255]}, parameters=values, solver=text[:100])
    open_simulation(workbench, wing)
    for text in HOSTILE:
        expect(workbench.get_by_role("link", name=text[:300].strip(), exact=True)).to_have_count(1)
    for width in (390, 1280, 2560):
        workbench.set_viewport_size({"width": width, "height": 900})
        assert workbench.evaluate("() => document.documentElement.scrollWidth <= innerWidth")
    assert workbench.locator("main img, main script").count() == 0
    assert workbench.title() == "Wing · Goatfish"
