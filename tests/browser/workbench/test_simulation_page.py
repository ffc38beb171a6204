"""One simulation: its runs live, with conditions, columns, counts and CSV; its plan, edited and deleted."""

import csv
import io
import re
from typing import Any

import pytest
from playwright.sync_api import APIResponse, Page, Route, expect

from tests.browser.conftest import Recorded
from tests.browser.workbench.conftest import Tenant, expect_to_fit, go, scroll_to, sign_in
from tests.browser.workbench.test_run_page import HOSTILE
from tests.running_service import Live


def open_simulation(page: Page, simulation: Any, query: str = "") -> None:
    go(page, f"#/simulations/{simulation['id']}{query}")
    expect(page.get_by_role("heading", level=1, name=simulation["name"])).to_be_visible()


def expect_runs(page: Page, *names: str) -> None:
    """These are the runs in the table, from top to bottom."""
    expect(page.get_by_role("table", name="Runs").locator("tbody th[scope=row]")).to_have_text(names)


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
    expect_runs(workbench, "run 3", "run 2", "run 1")
    workbench.get_by_role("button", name="succeeded 2").click()
    expect(workbench.get_by_role("link", name="run 2")).to_have_count(0)
    expect_runs(workbench, "run 1")
    workbench.reload()
    expect(workbench.get_by_role("link", name="run 1")).to_be_visible()
    expect_runs(workbench, "run 1")
    workbench.get_by_role("button", name="Remove the condition parameters.alpha>=11").click()
    expect(workbench.get_by_role("link", name="run 0")).to_be_visible()


def test_a_condition_that_is_refused_stays_to_be_mended(workbench: Page, study: Any) -> None:
    open_simulation(workbench, study)
    where = workbench.get_by_role("combobox", name="Where")
    for wrong in ("parameters.alpha>>1", "parameters.model=SST", "nothing"):
        where.fill(wrong)
        where.press("Enter")
        expect(where).to_have_attribute("aria-invalid", "true")
        expect(where).to_have_accessible_description(re.compile("[a-z]{3}"))
        expect(where).to_have_value(wrong)
        expect(workbench.get_by_role("button", name="Remove the condition")).to_have_count(0)
        expect_runs(workbench, "run 3", "run 2", "run 1", "run 0")
        assert "where" not in workbench.url
    where.fill('parameters.model="SST"')
    expect(where).not_to_have_attribute("aria-invalid", "true")
    where.press("Enter")
    expect(workbench.get_by_role("button", name='Remove the condition parameters.model="SST"')).to_be_visible()
    where.fill("parameters.alpha<12")
    where.press("Enter")
    expect(workbench.get_by_role("link", name="run 3")).to_have_count(0)
    expect_runs(workbench, "run 1", "run 0")
    assert workbench.url.count("where=") == 2


def test_completion_offers_texts_that_there_are(workbench: Page, study: Any) -> None:
    open_simulation(workbench, study)
    where = workbench.get_by_role("combobox", name="Where")
    where.fill("parameters.model=")
    expect(workbench.get_by_role("option")).to_have_text(['parameters.model="SST"'])
    workbench.get_by_role("option").click()
    where.press("Enter")
    expect(workbench.get_by_role("button", name='Remove the condition parameters.model="SST"')).to_be_visible()
    expect_runs(workbench, "run 3", "run 2", "run 1", "run 0")


def test_sorts_by_a_result(workbench: Page, study: Any) -> None:
    open_simulation(workbench, study)
    workbench.get_by_role("button", name="cl").click()
    expect(workbench.get_by_role("columnheader", name="cl")).to_have_attribute("aria-sort", "ascending")
    expect_runs(workbench, "run 2", "run 1", "run 0", "run 3")
    assert "sort=results.cl" in workbench.url


def test_columns_are_chosen_ordered_and_remembered(workbench: Page, study: Any) -> None:
    open_simulation(workbench, study)
    headers = workbench.get_by_role("table", name="Runs").get_by_role("columnheader")
    expect(headers).to_have_text(
        ["Select", "Name", "Status", "Started", "alpha [deg]", "model", "steady", "cl", "Labels"]
    )
    workbench.get_by_role("button", name="Columns").click()
    dialog = workbench.get_by_role("dialog")
    dialog.get_by_label("Started", exact=True).uncheck()
    dialog.get_by_label("Labels", exact=True).uncheck()
    dialog.get_by_label("mesh (labels)", exact=True).check()
    dialog.get_by_role("button", name="Move cl (results) up").click()
    expect(dialog.get_by_role("button", name="Move cl (results) up")).to_be_focused()
    dialog.get_by_role("button", name="Show these").click()
    expect(headers).to_have_text(["Select", "Name", "Status", "alpha [deg]", "model", "cl", "steady", "mesh"])
    workbench.reload()
    expect(headers).to_have_text(["Select", "Name", "Status", "alpha [deg]", "model", "cl", "steady", "mesh"])


def test_selected_runs_are_compared(workbench: Page, study: Any) -> None:
    open_simulation(workbench, study)
    workbench.get_by_label("Select run 0").check()
    assert workbench.get_by_role("link", name=re.compile("Compare")).count() == 0
    workbench.get_by_role("button", name="Clear the selection").click()
    expect(workbench.get_by_role("button", name="Columns")).to_be_focused()
    workbench.get_by_label("Select run 0").check()
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
    scroll_to(workbench, "Runs", "run 4999")
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
    expect(form).to_be_visible()
    theirs = {"description": "by somebody else", "labels": {"project": None, "mesh": "fine"}}
    tenant.call("PATCH", f"/simulations/{wing['id']}", theirs)
    form.get_by_label("Name").fill("Rotor, mended")
    form.get_by_role("button", name="Save").click()
    expect(form.get_by_role("alert")).to_contain_text("Somebody has changed this simulation")
    expect(form.get_by_label("Description")).to_have_accessible_description("Changed meanwhile: by somebody else")
    expect(form.get_by_label("Labels")).to_have_accessible_description(re.compile("project removed, mesh=fine"))
    assert tenant.call("GET", f"/simulations/{wing['id']}")["name"] == "Rotor"
    form.get_by_role("button", name="Save").click()
    expect(workbench.get_by_role("heading", name="Rotor, mended")).to_be_visible()
    now = tenant.call("GET", f"/simulations/{wing['id']}")
    assert (now["name"], now["description"], now["labels"]) == (
        "Rotor, mended",
        "by somebody else",
        {"mesh": "fine"},
    )


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
    go(workbench, f"#/simulations/{empty['id']}")
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
        expect_to_fit(workbench)
    assert workbench.locator("main img, main script").count() == 0
    assert workbench.title() == "Wing · Goatfish"


def test_a_wide_window_is_filled_with_columns(workbench: Page, tenant: Tenant) -> None:
    wing = tenant.simulation("Wing")
    tenant.run(wing, parameters={f"a_parameter_{number}": number for number in range(11)})
    workbench.set_viewport_size({"width": 2560, "height": 900})
    open_simulation(workbench, wing)
    expect(workbench.get_by_role("columnheader", name="a_parameter_10")).to_be_in_viewport(ratio=1)


def test_changes_are_shown_as_the_conditions_let_them(workbench: Page, tenant: Tenant, study: Any) -> None:
    open_simulation(
        workbench, study, "?where=parameters.alpha>=11&label=mesh&name=run&sort=results.cl&status=succeeded,failed"
    )
    expect(workbench.get_by_role("link", name="run 1")).to_be_visible()
    expect_runs(workbench, "run 2", "run 1")
    members = {"labels": {"mesh": "fine"}, "status": "succeeded"}
    tenant.run(study, name="other", parameters={"alpha": 20}, results={"cl": 1.35}, **members)
    tenant.run(study, name="run 4", parameters={"alpha": 2}, results={"cl": 1.35}, **members)
    tenant.run(study, name="run 5", parameters={"alpha": "20"}, results={"cl": 1.35}, **members)
    tenant.run(study, name="run 6", parameters={"alpha": 20}, **members)
    between = tenant.run(study, name="Run 7", parameters={"alpha": 20}, results={"cl": 1.35}, **members)
    expect(workbench.get_by_role("link", name="Run 7")).to_be_visible()
    expect_runs(workbench, "run 2", "Run 7", "run 1", "run 6")
    tenant.call("PATCH", f"/runs/{between['id']}", {"results": {"cl": 9}})
    expect(workbench.get_by_role("row").filter(has_text="Run 7")).to_contain_text("9")
    expect_runs(workbench, "run 2", "run 1", "Run 7", "run 6")
    tenant.call("PATCH", f"/runs/{between['id']}", {"labels": {"mesh": None}})
    expect(workbench.get_by_role("link", name="Run 7")).to_have_count(0)
    expect_runs(workbench, "run 2", "run 1", "run 6")


def test_what_changes_while_rows_are_loaded_is_not_missed(workbench: Page, tenant: Tenant, study: Any) -> None:
    open_simulation(workbench, study)
    answers: list[tuple[Route, APIResponse]] = []
    workbench.route(re.compile("/runs[?].*name=run"), lambda route: answers.append((route, route.fetch())))
    workbench.get_by_label("Name contains").fill("run")
    workbench.get_by_label("Name contains").press("Enter")
    expect(workbench.get_by_role("button", name="queued 1")).to_be_visible()
    while not answers:
        workbench.evaluate("() => new Promise(requestAnimationFrame)")
    tenant.run(study, name="run 4")
    expect(workbench.get_by_role("button", name="queued 2")).to_be_visible()
    route, answer = answers[0]
    route.fulfill(response=answer)
    expect(workbench.get_by_role("link", name="run 4")).to_be_visible()
    expect_runs(workbench, "run 4", "run 3", "run 2", "run 1", "run 0")


def test_a_later_filter_is_not_overtaken_by_an_earlier_one(workbench: Page, tenant: Tenant, study: Any) -> None:
    open_simulation(workbench, study)
    held: list[Route] = []

    def hold(route: Route) -> None:
        held.append(route)

    workbench.route(re.compile("/runs[?].*name=run"), hold)
    search = workbench.get_by_label("Name contains")
    search.fill("run")
    search.press("Enter")
    search.fill("2")
    search.press("Enter")
    expect(workbench.get_by_role("link", name="run 3")).to_have_count(0)
    for route in held:
        route.continue_()
    tenant.run(study, name="run 22")
    expect(workbench.get_by_role("link", name="run 22")).to_be_visible()
    expect_runs(workbench, "run 22", "run 2")


def test_units_that_differ_stand_beside_the_values(workbench: Page, tenant: Tenant, study: Any) -> None:
    open_simulation(workbench, study)
    expect(workbench.get_by_role("columnheader", name="alpha [deg]")).to_be_visible()
    tenant.run(study, name="run 4", parameters={"alpha": {"value": 0.2, "unit": "rad"}})
    row = workbench.get_by_role("row").filter(has_text="run 4")
    expect(row.get_by_role("cell", name="0.2 rad")).to_be_visible()
    expect(workbench.get_by_role("columnheader", name="alpha", exact=True)).to_be_visible()
    expect(workbench.get_by_role("cell", name="10 deg")).to_be_visible()


def test_every_heading_that_sorts_is_one_the_service_sorts_by(workbench: Page, study: Any) -> None:
    open_simulation(workbench, study)
    workbench.get_by_role("button", name="Columns").click()
    expect(workbench.get_by_role("dialog")).to_be_visible()
    for box in workbench.get_by_role("dialog").get_by_role("checkbox").all():
        box.check()
    workbench.get_by_role("button", name="Show these").click()
    headings = workbench.get_by_role("columnheader").filter(has=workbench.get_by_role("button"))
    texts = ["Name", "alpha [deg]", "cl", "Recorded", "Changed"]
    expect(headings).to_have_text([re.compile(re.escape(text)) for text in texts])
    for text in texts:
        button = headings.get_by_role("button", name=text, exact=True)
        button.click()
        expect(workbench.get_by_role("columnheader", name=text, exact=True)).to_have_attribute("aria-sort", "ascending")
        expect(button).to_be_focused()
    expect(workbench.get_by_role("alert").filter(has_text=re.compile("."))).to_have_count(0)


def test_labels_filter_and_statuses_are_switched_by_keyboard(workbench: Page, study: Any) -> None:
    open_simulation(workbench, study)
    workbench.get_by_role("row").filter(has_text="run 2").get_by_role("button", name="mesh coarse").click()
    expect(workbench.get_by_role("link", name="run 3")).to_have_count(0)
    expect_runs(workbench, "run 2", "run 0")
    failed = workbench.get_by_role("button", name="failed 1")
    failed.press("Enter")
    expect(failed).to_have_attribute("aria-pressed", "true")
    expect(failed).to_be_focused()
    expect(workbench.get_by_role("link", name="run 0")).to_have_count(0)
    expect_runs(workbench, "run 2")
    workbench.get_by_role("button", name="running 0").press("Enter")
    expect(workbench).to_have_url(re.compile("status=running%2Cfailed"))
    failed.press("Enter")
    workbench.get_by_role("button", name="Clear them").click()
    expect(workbench.get_by_role("link", name="run 3")).to_be_visible()
    expect_runs(workbench, "run 3", "run 2", "run 1", "run 0")


def test_a_deleted_run_is_no_longer_selected(workbench: Page, tenant: Tenant, study: Any) -> None:
    gone = tenant.run(study, name="gone")
    open_simulation(workbench, study)
    for name in ("gone", "run 0", "run 1"):
        workbench.get_by_label(f"Select {name}").check()
    expect(workbench.get_by_role("link", name="Compare 3")).to_be_visible()
    tenant.call("DELETE", f"/runs/{gone['id']}")
    expect(workbench.get_by_role("link", name="Compare 2")).to_be_visible()
    workbench.get_by_role("button", name="Clear the selection").click()
    expect(workbench.get_by_label("Select run 0")).not_to_be_checked()
    expect(workbench.get_by_role("link", name=re.compile("Compare"))).to_have_count(0)


def test_columns_are_dragged_and_set_back(workbench: Page, study: Any) -> None:
    open_simulation(workbench, study)
    headers = workbench.get_by_role("table", name="Runs").get_by_role("columnheader")
    first = ["Select", "Name", "Status", "Started", "alpha [deg]", "model", "steady", "cl", "Labels"]
    expect(headers).to_have_text(first)
    workbench.get_by_role("button", name="Columns").click()
    dialog = workbench.get_by_role("dialog")
    entry = dialog.get_by_role("listitem")
    entry.filter(has_text="cl (results)").drag_to(entry.filter(has_text="Status"))
    up = dialog.get_by_role("button", name="Move cl (results) up")
    up.press("Enter")
    expect(dialog.get_by_role("button", name="Move cl (results) down")).to_be_focused()
    dialog.get_by_role("button", name="Show these").click()
    expect(headers).to_have_text(
        ["Select", "cl", "Name", "Status", "Started", "alpha [deg]", "model", "steady", "Labels"]
    )
    workbench.get_by_role("button", name="Columns").click()
    dialog.get_by_role("button", name="As at first").click()
    dialog.get_by_role("button", name="Show these").click()
    expect(headers).to_have_text(first)


def test_figures_stay_open_while_they_change(workbench: Page, tenant: Tenant, study: Any) -> None:
    open_simulation(workbench, study)
    workbench.get_by_text("Results in numbers").click()
    tenant.run(study, status="succeeded", results={"cl": 2.5})
    expect(workbench.get_by_role("row", name="cl 4 1.3 1.675 2.5")).to_be_visible()


def test_completions_are_those_of_a_combobox(workbench: Page, tenant: Tenant, study: Any) -> None:
    tenant.run(study, parameters={"a": 1})
    open_simulation(workbench, study)
    where = workbench.get_by_role("combobox", name="Where")
    where.fill("parameters.a")
    options = workbench.get_by_role("option")
    expect(options).to_have_text(
        [*(f"parameters.a{sign}" for sign in ("=", "!=", "<", "<=", ">", ">=")), "parameters.alpha"]
    )
    expect(where).to_have_attribute("aria-expanded", "true")
    where.press("ArrowUp")
    expect(options.last).to_have_attribute("aria-selected", "true")
    expect(where).to_have_attribute("aria-activedescendant", options.last.get_attribute("id") or "")
    where.press("ArrowDown")
    expect(options.first).to_have_attribute("aria-selected", "true")
    where.press("Escape")
    expect(options).to_have_count(0)
    expect(where).to_have_attribute("aria-expanded", "false")
    expect(where).to_have_value("parameters.a")
    where.fill("parameters.model=S")
    expect(options).to_have_text(['parameters.model="SST"'])


def test_a_key_that_may_not_read_runs_is_told_so(
    page: Page, service: Live, tenant: Tenant, study: Any, recorded: Recorded
) -> None:
    sign_in(page, service, tenant.call("POST", "/keys", {"name": "plans", "scopes": ["simulations:read"]})["key"])
    for tab in ("runs", "plots"):
        open_simulation(page, study, f"?tab={tab}")
        expect(page.get_by_text("it lacks the scope runs:read")).to_be_visible()
    open_simulation(page, study)
    expect(page.get_by_role("link", name="Runs", exact=True)).to_have_count(0)
    expect(page.get_by_text("2026-01-05 to 2026-02-01").first).to_be_visible()
    expect(page.get_by_role("button", name="Edit")).to_have_count(0)
    assert recorded.console_errors == []


def test_the_first_lines_are_those_of_this_simulation(workbench: Page, tenant: Tenant) -> None:
    open_simulation(workbench, tenant.simulation("-O2 'n' more", description="why\nand how"))
    expect(workbench.get_by_text("gf run --simulation='-O2 '\\''n'\\'' more'")).to_be_visible()
    expect(workbench.get_by_text("with goatfish.Client().run(\"-O2 'n' more\"")).to_be_visible()
    expect(workbench.get_by_role("paragraph").filter(has_text="why and how")).to_be_visible()
