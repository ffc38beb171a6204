"""Runs side by side: what differs is marked."""

import csv
import io
import re

from playwright.sync_api import Page, expect

from tests.browser.workbench.conftest import Tenant, expect_to_fit, go


def open_comparison(page: Page, *runs: dict[str, str]) -> None:
    go(page, f"#/compare?runs={','.join(each['id'] for each in runs)}")
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
    expect(workbench.get_by_role("row", name=re.compile("^cl differs 1.00000001 1.00000002"))).to_be_visible()


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
    expect_to_fit(workbench)
    with workbench.expect_download() as saved:
        workbench.get_by_role("button", name="Save as CSV").click()
    rows = list(csv.reader(io.StringIO(saved.value.path().read_text())))
    assert len(rows[0]) == 20


def test_a_comparison_stays_where_it_is_while_a_run_changes(workbench: Page, tenant: Tenant) -> None:
    wing = tenant.simulation()
    runs = [tenant.run(wing, name=f"run {number:02}", parameters={"n": number}) for number in range(12)]
    open_comparison(workbench, *runs)
    region = workbench.get_by_role("region", name="Comparison")
    region.evaluate("each => { each.scrollLeft = 500 }")
    workbench.get_by_role("button", name="Remove run 07").focus()
    tenant.call("PATCH", f"/runs/{runs[3]['id']}", {"parameters": {"n": 40}, "status": "running"})
    expect(region.get_by_role("cell", name="40")).to_be_visible()
    expect(workbench.get_by_role("button", name="Remove run 07")).to_be_focused()
    assert region.evaluate("each => each.scrollLeft") == 500


def test_what_cannot_be_compared_is_explained(workbench: Page, tenant: Tenant) -> None:
    run = tenant.run(tenant.simulation(), name="alone")
    open_comparison(workbench, run)
    expect(workbench.get_by_text("Comparing takes two to 20 runs; there is 1 here.")).to_be_visible()
    open_comparison(workbench, run, {"id": "0199f3c2-7a10-7000-8000-000000000001"})
    expect(workbench.get_by_role("alert")).to_contain_text("There is no run 0199f3c2")
    expect(workbench.get_by_role("link", name="alone")).to_be_visible()


def test_a_run_can_be_added(workbench: Page, tenant: Tenant) -> None:
    wing = tenant.simulation()
    first, second, _ = [tenant.run(wing, name=name) for name in ("a", "b", "<i>c</i>")]
    open_comparison(workbench, first, second)
    workbench.get_by_label("Add a run").select_option("<i>c</i>")
    workbench.get_by_role("button", name="Add", exact=True).click()
    expect(workbench.get_by_role("columnheader").filter(has_text="<i>c</i>")).to_be_visible()
    expect(workbench.get_by_label("Add a run")).to_have_count(0)  # there are no others


def test_a_run_that_is_deleted_leaves_too_few(workbench: Page, tenant: Tenant) -> None:
    wing = tenant.simulation()
    first, second = tenant.run(wing, name="a"), tenant.run(wing, name="b")
    open_comparison(workbench, first, second)
    expect(workbench.get_by_role("columnheader", name="b")).to_be_visible()
    tenant.call("DELETE", f"/runs/{second['id']}")
    expect(workbench.get_by_text("there is 1 here")).to_be_visible()
    expect(workbench.get_by_role("link", name="a", exact=True)).to_be_visible()


def test_digests_are_compared_wholly(workbench: Page, tenant: Tenant) -> None:
    wing = tenant.simulation()
    runs = [
        tenant.run(wing, artifacts=[{"name": "mesh", "uri": "s3://a/b", "sha256": f"{'ab' * 31}{end}"}])
        for end in ("00", "01")
    ]
    open_comparison(workbench, *runs)
    expect(workbench.get_by_role("row", name=re.compile("^mesh differs"))).to_be_visible()


def test_saved_cells_are_no_formulas(workbench: Page, tenant: Tenant) -> None:
    wing = tenant.simulation()
    runs = [tenant.run(wing, name=name, labels={"a": name}, parameters={"x": -5}) for name in ("=1+1", "a; -2")]
    open_comparison(workbench, *runs)
    with workbench.expect_download() as saved:
        workbench.get_by_role("button", name="Save as CSV").click()
    rows = list(csv.reader(io.StringIO(saved.value.path().read_text(), newline="")))
    assert rows[0] == ["", "'=1+1", "a;' -2"]
    assert ["Parameters: x", "-5", "-5"] in rows


def test_names_with_numbers_stand_in_their_order(workbench: Page, tenant: Tenant) -> None:
    wing = tenant.simulation()
    runs = [tenant.run(wing, results={"p10": value, "p2": 1}) for value in (1, 2)]
    open_comparison(workbench, *runs)
    expect(workbench.get_by_role("row", name=re.compile("^p"))).to_have_text([re.compile("^p2"), re.compile("^p10")])
    go(workbench, f"#/simulations/{wing['id']}")
    workbench.get_by_text("Results in numbers").click()
    numbers = workbench.get_by_role("region", name="Results in numbers")
    expect(numbers.get_by_role("rowheader")).to_have_text(["p2", "p10"])
