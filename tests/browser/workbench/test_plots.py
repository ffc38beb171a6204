"""Plots: which marks there are, what they say, and the files that are saved."""

import csv
import io
import re
from typing import Any
from xml.etree import ElementTree

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.workbench.conftest import BASE, Tenant, expect_to_fit
from tests.browser.workbench.test_run_page import HOSTILE
from tests.browser.workbench.test_simulation_page import open_simulation
from tests.running_service import Live

SVG = "{http://www.w3.org/2000/svg}"


@pytest.fixture
def study(tenant: Tenant) -> Any:
    """Twelve runs of two meshes, the last without a result."""
    wing = tenant.simulation("Wing")
    items = [
        {
            "simulation_id": wing["id"],
            "name": f"run {number}",
            "status": "succeeded",
            "started_at": f"2026-01-{number + 1:02}T08:00:00Z",
            "labels": {"mesh": "fine" if number % 2 else "coarse"},
            "parameters": {"alpha": {"value": number, "unit": "deg"}, "mach": 0.3},
            "results": {"cl": number**2} if number < 11 else {},
        }
        for number in range(12)
    ]
    tenant.call("POST", "/runs/batch", {"items": items})
    return wing


@pytest.fixture
def plots(workbench: Page, study: Any) -> Page:
    open_simulation(workbench, study, "?tab=plots")
    expect(plot(workbench)).to_be_visible()
    return workbench


def plot(page: Page) -> Locator:
    return page.locator("svg.plot")


def test_marks_are_the_runs_with_both_values(plots: Page) -> None:
    expect(plots.get_by_label("X", exact=True)).to_have_value("parameters.alpha")
    expect(plots.get_by_label("Y", exact=True)).to_have_value("results.cl")
    expect(plots.locator(".mark")).to_have_count(11)
    expect(plots.get_by_text("11 of 12 runs are shown; 1 lacks a value.")).to_be_visible()
    plots.get_by_label("Log Y").check()
    expect(plots.locator(".mark")).to_have_count(10)  # nought has no logarithm
    expect(plots.get_by_text("1 has none above 0, which a logarithmic axis needs")).to_be_visible()
    assert "logy=1" in plots.url


def test_hover_and_keys_show_the_run_and_open_it(plots: Page) -> None:
    mark = plots.locator(".mark").last
    mark.hover()
    tip = plots.locator(".tip")
    expect(tip).to_contain_text("cl:")
    name = tip.locator("b").inner_text()
    plot(plots).focus()
    plots.keyboard.press("ArrowRight")
    expect(tip).to_be_visible()
    assert re.fullmatch(r"run \d+", name)
    plots.keyboard.press("Enter")
    expect(plots.get_by_role("heading", name=re.compile(r"run \d+"))).to_be_visible()


def test_colours_by_label_and_by_number(plots: Page) -> None:
    plots.get_by_label("Colour").select_option("labels.mesh")
    expect(plots.locator(".plot-legend .key")).to_have_text(["coarse", "fine"])
    assert len(set(plots.locator(".mark").evaluate_all("all => all.map(each => each.getAttribute('fill'))"))) == 2
    plots.get_by_label("Colour").select_option("parameters.alpha")
    expect(plots.locator(".plot-legend .ramp")).to_be_visible()
    assert len(set(plots.locator(".mark").evaluate_all("all => all.map(each => each.getAttribute('fill'))"))) == 11


def test_box_by_label(plots: Page) -> None:
    plots.get_by_label("Plot", exact=True).select_option("box")
    plots.get_by_label("Group by").select_option("labels.mesh")
    expect(plots.locator(".box")).to_have_count(2)
    # coarse: 0, 4, 16, 36, 64, 100, and fine: 1, 9, 25, 49, 81
    expect(plots.locator(".group title")).to_have_text(
        ["coarse: 6 runs, median 26, quartiles 7 and 57", "fine: 5 runs, median 25, quartiles 9 and 49"]
    )


def test_over_time(plots: Page) -> None:
    plots.get_by_label("Plot", exact=True).select_option("time")
    expect(plots.locator(".trend")).to_have_count(1)
    expect(plots.locator(".mark")).to_have_count(11)
    places = plots.locator(".mark").evaluate_all("all => all.map(each => each.transform.baseVal[0].matrix.e)")
    assert sorted(places) == places or sorted(places, reverse=True) == places


def test_conditions_hold_for_plots(workbench: Page, study: Any) -> None:
    open_simulation(workbench, study, "?tab=plots&where=parameters.alpha<5")
    expect(workbench.locator(".mark")).to_have_count(5)


def test_conditions_are_said_and_given_up(workbench: Page, study: Any) -> None:
    open_simulation(workbench, study, "?tab=plots&where=parameters.alpha<5&label=mesh:fine&status=succeeded,failed")
    expect(workbench.locator(".mark")).to_have_count(2)
    for text in ("Only runs with", "parameters.alpha<5", "label mesh:fine", "succeeded or failed"):
        expect(workbench.get_by_text(text)).to_be_visible()
    workbench.get_by_role("button", name="Plot all runs").click()
    expect(workbench.locator(".mark")).to_have_count(11)
    expect(workbench.get_by_text("Only runs with")).to_have_count(0)
    assert "alpha<5" not in workbench.url


def test_new_runs_appear(plots: Page, tenant: Tenant, study: Any) -> None:
    tenant.run(study, parameters={"alpha": {"value": 40, "unit": "deg"}}, results={"cl": 3})
    expect(plots.locator(".mark")).to_have_count(12)


def test_a_press_on_a_mark_is_not_lost_when_new_runs_come(plots: Page, tenant: Tenant, study: Any) -> None:
    plots.locator(".mark").last.hover()
    expect(plots.locator(".tip")).to_be_visible()
    plots.mouse.down()
    with plots.expect_response(lambda answer: "/runs.csv" in answer.url and "another" in answer.text()):
        tenant.run(study, name="another", parameters={"alpha": {"value": 40, "unit": "deg"}}, results={"cl": 3})
    plots.evaluate("() => new Promise(requestAnimationFrame)")
    plots.mouse.up()
    expect(plots.get_by_role("heading", name=re.compile(r"run \d+"))).to_be_visible()


def test_saved_files(plots: Page) -> None:
    with plots.expect_download() as saved:
        plots.get_by_role("button", name="Save as SVG").click()
    picture = ElementTree.fromstring(saved.value.path().read_text())
    paths = [each for each in picture.iter(f"{SVG}path") if each.get("fill") == "rgb(0, 114, 178)"]
    assert len(paths) == 11
    assert "rgba" not in saved.value.path().read_text()
    assert not [each for each in picture.iter() if each.get("class") or each.get("style")]
    with plots.expect_download() as saved:
        plots.get_by_role("button", name="Save as PNG").click()
    png = saved.value.path().read_bytes()
    assert png.startswith(b"\x89PNG\r\n")
    width = int.from_bytes(png[16:20], "big")
    assert width == 2 * plots.evaluate("() => document.querySelector('svg.plot').clientWidth")
    with plots.expect_download() as saved:
        plots.get_by_role("button", name="Save the data as CSV").click()
    rows = list(csv.DictReader(io.StringIO(saved.value.path().read_text())))
    assert sorted(float(row["alpha [deg]"]) for row in rows) == list(range(11))


def test_nothing_to_plot_is_said(workbench: Page, tenant: Tenant) -> None:
    wing = tenant.simulation("Wing")
    tenant.run(wing, parameters={"model": "SST"})
    open_simulation(workbench, wing, "?tab=plots")
    expect(workbench.get_by_role("heading", name="Nothing to plot yet")).to_be_visible()


def test_hostile_texts_are_text(workbench: Page, tenant: Tenant) -> None:
    wing = tenant.simulation("Wing")
    for number, text in enumerate(HOSTILE):
        tenant.run(wing, name=text[:300], labels={"a": text[:255]}, parameters={"x": number}, results={"y": number})
    open_simulation(workbench, wing, "?tab=plots&colour=labels.a")
    expect(workbench.locator(".mark")).to_have_count(len(HOSTILE))
    expect(workbench.locator(".plot-legend .key")).to_have_count(len(HOSTILE))
    for width in (390, 2560):
        workbench.set_viewport_size({"width": width, "height": 900})
        expect(workbench.locator(".mark")).to_have_count(len(HOSTILE))
        expect_to_fit(workbench)
    assert workbench.locator("main img, main script").count() == 0


def test_five_thousand_marks(workbench: Page, tenant: Tenant) -> None:
    wing = tenant.simulation("Wing")
    for batch in range(5):
        items = [
            {"simulation_id": wing["id"], "parameters": {"x": number}, "results": {"y": number * batch}}
            for number in range(1000)
        ]
        tenant.call("POST", "/runs/batch", {"items": items})
    open_simulation(workbench, wing, "?tab=plots")
    expect(workbench.locator(".mark")).to_have_count(5000)


def test_the_saved_picture_has_its_legend(plots: Page) -> None:
    plots.get_by_label("Colour").select_option("labels.mesh")
    expect(plots.locator(".plot-legend .key")).to_have_count(2)
    with plots.expect_download() as saved:
        plots.get_by_role("button", name="Save as SVG").click()
    texts = [each.text for each in ElementTree.fromstring(saved.value.path().read_text()).iter(f"{SVG}text")]
    assert texts[-3:] == ["mesh", "coarse", "fine"]


def test_a_saved_picture_is_xml_whatever_the_labels(workbench: Page, tenant: Tenant) -> None:
    wing = tenant.simulation()
    tenant.run(wing, parameters={"x": 1}, results={"y": 1}, labels={"m": "a\ufffe<b>"})
    open_simulation(workbench, wing, "?tab=plots&colour=labels.m")
    with workbench.expect_download() as saved:
        workbench.get_by_role("button", name="Save as SVG").click()
    assert "a\ufffd<b>" in "".join(ElementTree.parse(saved.value.path()).getroot().itertext())


def test_runs_without_the_label_have_a_colour_of_their_own(plots: Page, tenant: Tenant, study: Any) -> None:
    plots.get_by_label("Colour").select_option("labels.mesh")
    tenant.run(study, parameters={"alpha": {"value": 3, "unit": "deg"}}, results={"cl": 3})
    expect(plots.locator(".plot-legend .key")).to_have_text(["coarse", "fine", "none"])


def test_eight_texts_have_a_colour_each_and_more_share_one(workbench: Page, tenant: Tenant) -> None:
    wing = tenant.simulation()
    for number in range(8):
        tenant.run(wing, labels={"a": str(number)}, parameters={"x": number}, results={"y": number})
    open_simulation(workbench, wing, "?tab=plots&colour=labels.a")
    keys = workbench.locator(".plot-legend .key")
    expect(keys).to_have_text([str(number) for number in range(8)])
    tenant.run(wing, labels={"a": "8"}, parameters={"x": 8}, results={"y": 8})
    expect(keys.last).to_have_text("all others")
    expect(keys).to_have_count(8)


def test_choosing_and_changes_keep_the_focus(plots: Page, tenant: Tenant, study: Any) -> None:
    kind = plots.get_by_label("Plot", exact=True)
    kind.focus()
    kind.select_option("time")
    expect(kind).to_be_focused()
    plot(plots).focus()
    plots.keyboard.press("ArrowRight")
    shown = plots.locator(".tip").inner_text()
    tenant.run(
        study,
        status="running",
        started_at="2026-01-20T08:00:00Z",
        parameters={"alpha": {"value": 1, "unit": "deg"}},
        results={"cl": 3},
    )
    expect(plots.locator(".mark")).to_have_count(12)
    expect(plot(plots)).to_be_focused()
    expect(plots.locator(".tip")).to_have_text(shown, use_inner_text=True)


def test_groups_whose_names_begin_alike_are_told_apart(workbench: Page, tenant: Tenant) -> None:
    wing = tenant.simulation()
    for number in range(110, 130):
        tenant.run(wing, results={"y": number}, labels={"case": f"a case with a long name {number}"})
    open_simulation(workbench, wing, "?tab=plots&kind=box&group=labels.case")
    names = plot(workbench).locator(".axes text[text-anchor=middle]:not(.axis-label)")
    expect(names).to_have_text([f"…{number}" for number in range(110, 130)])


def test_numbers_of_boxes(workbench: Page, tenant: Tenant) -> None:
    wing = tenant.simulation()
    for number in [1, 2, 3, 4, 5, 6, 7, 8, 30]:
        tenant.run(wing, labels={"a": "<b>x</b>"}, results={"y": number})
    open_simulation(workbench, wing, "?tab=plots&kind=box&group=labels.a")
    # Quartiles 3 and 7, so whiskers reach no further than -3 and 13.
    row = workbench.get_by_role("region", name="Numbers of the boxes").get_by_role("row").last
    expect(row.locator("th, td")).to_have_text(["<b>x</b>", "9", "1", "3", "5", "7", "8", "1"])
    expect(workbench.locator(".mark")).to_have_count(1)


def test_units_that_differ_are_said(workbench: Page, tenant: Tenant) -> None:
    wing = tenant.simulation()
    for number, unit in enumerate(("mm", "m")):
        tenant.run(wing, parameters={"h": {"value": number, "unit": unit}}, results={"y": number})
    open_simulation(workbench, wing, "?tab=plots")
    expect(plot(workbench).get_by_text("h (units differ)")).to_be_visible()
    workbench.locator(".mark").first.hover()
    expect(workbench.locator(".tip")).to_contain_text("h: 1 m")


@pytest.mark.parametrize(
    "numbers", [(1e16, 1e16 + 2), (-1.7e308, 1.7e308), (0, 5e-324), (1e20, 1e20), (1000000.1, 1000000.3)]
)
def test_extreme_numbers_are_drawn(workbench: Page, tenant: Tenant, numbers: tuple[float, float]) -> None:
    wing = tenant.simulation()
    for each in numbers:
        tenant.run(wing, parameters={"x": each}, results={"y": each})
    open_simulation(workbench, wing, "?tab=plots")
    expect(workbench.locator(".mark")).to_have_count(2)
    places = workbench.locator(".mark").evaluate_all("all => all.map(each => each.transform.baseVal[0].matrix.e)")
    assert all(0 < place < 2000 for place in places)
    labels = plot(workbench).locator(".axes text[text-anchor=end]").all_text_contents()
    assert len(set(labels)) == len(labels)


def test_minutes_apart_have_ticks(workbench: Page, tenant: Tenant) -> None:
    wing = tenant.simulation()
    for minute in range(0, 30, 5):
        tenant.run(wing, status="running", started_at=f"2026-01-05T08:{minute:02}:00Z", results={"y": minute})
    open_simulation(workbench, wing, "?tab=plots&kind=time")
    expect(workbench.locator(".mark")).to_have_count(6)
    texts = plot(workbench).locator(".axes text[text-anchor=middle]")
    expect(texts.nth(4)).to_be_attached()  # with the names of both axes


SCALES: list[tuple[str, list[float], list[str]]] = [
    ("linear", [3, 9], ["4", "6", "8"]),
    ("linear", [0, 1e9], ["0", "1e+9"]),
    ("linear", [0, 5e-324], ["0", "5e-324"]),
    ("log", [1, 1e8], ["1e+0", "1e+2", "1e+4", "1e+6", "1e+8"]),
    ("log", [5e-324, 1.7e308], ["1e-258", "1e-172", "1e-86", "1e+0", "1e+86", "1e+172", "1e+258"]),
    ("time", [1767600000000] * 2, ["Jan 5, 12:00 AM", "Jan 5, 12:00 PM"]),
]


def test_axes_have_ticks_that_tell_their_scale(page: Page, service: Live) -> None:
    page.goto(service.url)
    code = f"""async ([kind, numbers]) => {{
        const made = (await import({BASE} + 'ui/plot/scales.js')).scale(kind, numbers, 0, 300, 2);
        return {{ places: numbers.map(made.at), labels: made.ticks.map(each => each.label) }};
    }}"""
    made = {(kind, *numbers): page.evaluate(code, [kind, numbers]) for kind, numbers, _ in SCALES}
    assert {each: found["labels"] for each, found in made.items()} == {
        (kind, *numbers): labels for kind, numbers, labels in SCALES
    }
    assert all(8 < place < 292 for (kind, *_), found in made.items() if kind == "log" for place in found["places"])
