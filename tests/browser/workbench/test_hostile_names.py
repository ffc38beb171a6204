"""Members and labels that are named like what every object of JavaScript has, and values at the edges."""

import re
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.browser.workbench.conftest import BASE, Tenant, go

NAMES = ["constructor", "toString", "hasOwnProperty"]


@pytest.fixture
def runs(tenant: Tenant) -> list[Any]:
    """One run that has members of these names, and one that has none of them."""
    wing = tenant.simulation(labels=dict.fromkeys(NAMES, "wing"))
    members = {name: index for index, name in enumerate(NAMES)}
    named = tenant.run(wing, name="named", parameters=members, results=members, labels=dict.fromkeys(NAMES, "x"))
    return [named, tenant.run(wing, name="plain", parameters={"alpha": 1})]


def test_a_table_shows_nothing_for_who_has_none(workbench: Page, runs: list[Any]) -> None:
    go(workbench, f"#/simulations/{runs[0]['simulation_id']}")
    expect(workbench.get_by_role("columnheader", name="toString")).to_have_count(2)
    plain = workbench.get_by_role("row", name="plain")
    expect(plain).to_be_visible()
    assert "undefined" not in plain.inner_text()
    assert "native code" not in plain.inner_text()


def test_runs_are_compared(workbench: Page, runs: list[Any]) -> None:
    go(workbench, f"#/compare?runs={runs[0]['id']},{runs[1]['id']}")
    expect(workbench.get_by_role("row", name="constructor differs 0 none")).to_have_count(2)
    expect(workbench.get_by_role("row", name="toString differs x none")).to_have_count(1)


def test_history_tells_what_was_added(workbench: Page, tenant: Tenant, runs: list[Any]) -> None:
    tenant.call("PATCH", f"/runs/{runs[1]['id']}", {"parameters": {"toString": 5}})
    go(workbench, f"#/runs/{runs[1]['id']}?tab=history")
    expect(workbench.get_by_role("row", name="parameters.toString none 5")).to_be_visible()


def test_a_filter_by_label_wants_the_label(workbench: Page, tenant: Tenant, runs: list[Any]) -> None:
    go(workbench, "#/simulations?label=constructor")
    expect(workbench.get_by_role("link", name="Wing flutter")).to_be_visible()
    tenant.simulation("Without")
    tenant.simulation("With", labels={"constructor": ""})
    expect(workbench.get_by_role("link", name="With", exact=True)).to_be_visible()
    expect(workbench.get_by_role("link", name="Without")).to_have_count(0)


def test_labels_are_removed(workbench: Page, tenant: Tenant, runs: list[Any]) -> None:
    go(workbench, f"#/simulations/{runs[0]['simulation_id']}?tab=about")
    workbench.get_by_role("button", name="Edit").click()
    workbench.get_by_label("Labels").fill("toString=wing")
    workbench.get_by_role("button", name="Save").click()
    expect(workbench.get_by_text("Saved.")).to_be_visible()
    assert tenant.call("GET", f"/simulations/{runs[0]['simulation_id']}")["labels"] == {"toString": "wing"}


def test_quartiles_of_the_greatest_numbers_are_numbers(workbench: Page) -> None:
    code = f"async () => (await import({BASE} + 'ui/plot/statistics.js')).box([-1.7e308, 1.7e308])"
    made = workbench.evaluate(code)
    assert [made["low"], made["median"], made["high"]] == pytest.approx([-8.5e307, 0, 8.5e307])


def test_values_at_the_edges_are_readable(workbench: Page, tenant: Tenant) -> None:
    wing = tenant.simulation()
    low = tenant.run(wing, name="low" * 100, parameters={"cl": -1e308, "p2": 1, "p10": 1, "note": "", "zero": -0.0})
    high = tenant.run(wing, name="high", parameters={"cl": 1e308, "p2": 2, "p10": 2, "note": "NaN", "zero": 0})
    go(workbench, f"#/compare?runs={low['id']},{high['id']}")
    expect(workbench.get_by_role("row", name="cl differs -1e+308 1e+308")).to_be_visible()
    expect(workbench.get_by_role("row", name='note differs "" NaN')).to_be_visible()
    assert "Infinity" not in workbench.inner_text("main")
    heading = workbench.get_by_role("columnheader", name="low").bounding_box()
    assert heading is not None
    assert heading["height"] < 140
    go(workbench, f"#/simulations/{wing['id']}")
    expect(workbench.get_by_role("columnheader", name="p10")).to_be_visible()
    expect(workbench.get_by_role("columnheader", name=re.compile("^p"))).to_have_text(["p2", "p10"])


def test_an_axis_of_less_than_a_second_has_a_tick(workbench: Page) -> None:
    code = f"async () => (await import({BASE} + 'lib/days.js')).ticks(1700000000100, 1700000000300, 6)"
    assert [each["at"] for each in workbench.evaluate(code)] == [1700000000200]
