"""Runs side by side: what differs is marked."""

import csv
import io
import re

from playwright.sync_api import Page, expect

from tests.browser.workbench.conftest import Tenant


def open_comparison(page: Page, *runs: dict[str, str]) -> None:
    page.evaluate("address => { location.hash = address }", f"#/compare?runs={','.join(each['id'] for each in runs)}")
    expect(page.get_by_role("heading", name="Compare runs")).to_be_visible()


def test_differences_are_marked_and_measured(workbench: Page, tenant: Tenant) -> None:
    wing = tenant.simulation()
    parameters = {"alpha": {"value": 8, "unit": "deg"}, "model": "SST"}
    first = tenant.run(wing, name="a", parameters=parameters, results={"cl": 1.0})
    second = tenant.run(wing, name="b", parameters={**parameters, "alpha": {"value": 10, "unit": "deg"}})
    open_comparison(workbench, first, second)
    expect(workbench.get_by_role("row", name="alpha differs 8 deg 10 deg +25 %")).to_be_visible()
    expect(workbench.get_by_role("row", name="model SST SST")).to_be_visible()
    expect(workbench.get_by_role("row", name="cl differs 1 none")).to_be_visible()
    expect(workbench.get_by_text("2 of 4 lines differ")).to_be_visible()
    workbench.get_by_label("Only differences").check()
    expect(workbench.get_by_role("row", name="model SST SST")).to_have_count(0)
    workbench.reload()
    expect(workbench.get_by_role("row", name="alpha differs 8 deg 10 deg +25 %")).to_be_visible()
    expect(workbench.get_by_role("row", name="model SST SST")).to_have_count(0)
    tenant.call("PATCH", f"/runs/{second['id']}", {"results": {"cl": 1}})
    expect(workbench.get_by_role("row", name=re.compile("^cl"))).to_have_count(0)


def test_a_difference_that_rounding_hides_is_one(workbench: Page, tenant: Tenant) -> None:
    wing = tenant.simulation()
    runs = [tenant.run(wing, results={"cl": value}) for value in (1.00000001, 1.00000002)]
    open_comparison(workbench, *runs)
    expect(workbench.get_by_role("row", name=re.compile("^cl differs"))).to_be_visible()


def test_units_that_differ_are_not_put_in_proportion(workbench: Page, tenant: Tenant) -> None:
    wing = tenant.simulation()
    runs = [tenant.run(wing, parameters={"h": {"value": 1, "unit": unit}}) for unit in ("mm", "m")]
    open_comparison(workbench, *runs)
    expect(workbench.get_by_role("row", name="h differs 1 mm 1 m", exact=True)).to_be_visible()


def test_twenty_runs_fit_and_one_can_be_removed(workbench: Page, tenant: Tenant) -> None:
    wing = tenant.simulation()
    runs = [tenant.run(wing, name=f"run {number:02}", parameters={"n": number}) for number in range(20)]
    open_comparison(workbench, *runs)
    expect(workbench.get_by_role("columnheader")).to_have_count(20 + 2)  # and two groups of lines
    workbench.get_by_role("button", name="Remove run 07").click()
    expect(workbench.get_by_role("link", name="run 07")).to_have_count(0)
    assert workbench.evaluate("() => document.documentElement.scrollWidth <= innerWidth")
    with workbench.expect_download() as saved:
        workbench.get_by_role("button", name="Save as CSV").click()
    rows = list(csv.reader(io.StringIO(saved.value.path().read_text())))
    assert len(rows[0]) == 20


def test_what_cannot_be_compared_is_explained(workbench: Page, tenant: Tenant) -> None:
    run = tenant.run(tenant.simulation(), name="alone")
    open_comparison(workbench, run)
    expect(workbench.get_by_text("Comparing takes two to 20 runs; this address names 1")).to_be_visible()
    open_comparison(workbench, run, {"id": "0199f3c2-7a10-7000-8000-000000000001"})
    expect(workbench.get_by_role("alert")).to_contain_text("There is no run 0199f3c2")
    expect(workbench.get_by_role("link", name="alone")).to_be_visible()
