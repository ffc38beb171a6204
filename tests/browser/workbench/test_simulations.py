"""The list of simulations: table, filters, sort, what happens meanwhile, and the first steps where there is none."""

import re

import pytest
from playwright.sync_api import Page, Route, expect

from tests.browser.workbench.conftest import BASE, Tenant, expect_to_fit, go, scroll_to, sign_in
from tests.browser.workbench.test_run_page import HOSTILE
from tests.running_service import Live

PLAN = {"start_date": "2026-01-05", "end_date": "2026-02-01"}


def expect_rows(page: Page, *names: str) -> None:
    """These are the simulations in the table, from top to bottom."""
    expect(page.get_by_role("table", name="Simulations").locator("tbody th[scope=row]")).to_have_text(names)


def test_the_empty_page_teaches(workbench: Page, tenant: Tenant) -> None:
    expect(workbench.get_by_role("heading", name="Record your first simulation")).to_be_visible()
    expect(workbench.get_by_text('gf run -s "Wing flutter"')).to_be_visible()
    expect(workbench.get_by_text("import goatfish")).to_be_visible()
    expect(workbench.get_by_text('curl "$GOATFISH_URL/api/v1/simulations"')).to_be_visible()
    assert tenant.key not in workbench.content()
    tenant.simulation("First of all")
    expect(workbench.get_by_role("link", name="First of all")).to_be_visible()


def test_follows_what_happens(workbench: Page, tenant: Tenant) -> None:
    made = tenant.simulation("Wing")
    expect(workbench.get_by_role("link", name="Wing")).to_be_visible()
    workbench.get_by_role("link", name="Wing").focus()
    tenant.call("PATCH", f"/simulations/{made['id']}", {"name": "Rotor"})
    expect(workbench.get_by_role("link", name="Rotor")).to_be_focused()
    expect(workbench.get_by_role("link", name="Wing")).to_have_count(0)
    tenant.run(made, status="failed")
    expect(workbench.get_by_role("img", name="1 failed")).to_be_visible()
    expect(workbench.get_by_role("row", name="Rotor").get_by_role("link", name="failed")).to_be_visible()
    other = tenant.simulation("Hull")
    expect(workbench.get_by_role("link", name="Hull")).to_be_visible()
    expect_rows(workbench, "Hull", "Rotor")
    tenant.call("DELETE", f"/simulations/{other['id']}")
    expect(workbench.get_by_role("link", name="Hull")).to_have_count(0)


def test_filters_and_sort_are_in_the_address(workbench: Page, tenant: Tenant) -> None:
    tenant.simulation("Wing 1", labels={"project": "wing"})
    tenant.simulation("wing 2", labels={"project": "rotor"}, start_date="2026-03-01", end_date="2026-03-02")
    tenant.simulation("Hull", labels={"project": "wing"})
    expect(workbench.get_by_role("link", name="Hull")).to_be_visible()
    workbench.get_by_label("Name contains").fill("WING")
    workbench.get_by_label("Name contains").press("Enter")
    expect(workbench.get_by_role("link", name="Hull")).to_have_count(0)
    workbench.get_by_role("button", name="Name").click()
    expect(workbench.get_by_role("columnheader", name="Name")).to_have_attribute("aria-sort", "ascending")
    expect_rows(workbench, "Wing 1", "wing 2")
    expect(workbench.get_by_role("button", name="Name")).to_be_focused()
    workbench.keyboard.press("Enter")
    expect(workbench.get_by_role("columnheader", name="Name")).to_have_attribute("aria-sort", "descending")
    expect_rows(workbench, "wing 2", "Wing 1")
    workbench.get_by_role("button", name="project rotor").click()
    expect(workbench.get_by_role("link", name="Wing 1")).to_have_count(0)
    assert "name=WING" in workbench.url
    assert "sort=-name" in workbench.url
    assert "label=project%3Arotor" in workbench.url
    workbench.reload()
    expect(workbench.get_by_role("link", name="wing 2")).to_be_visible()
    expect_rows(workbench, "wing 2")
    workbench.get_by_role("button", name="Remove the filter project:rotor").click()
    expect(workbench.get_by_role("link", name="Wing 1")).to_be_visible()
    workbench.get_by_label("Active on").fill("2026-03-01")
    workbench.get_by_label("Active on").press("Enter")
    expect(workbench.get_by_role("link", name="Wing 1")).to_have_count(0)
    workbench.get_by_label("Name contains").fill("nothing is called so")
    workbench.get_by_label("Name contains").press("Enter")
    expect(workbench.get_by_role("heading", name="No simulation fulfils these filters")).to_be_visible()
    workbench.get_by_role("button", name="Clear the filters").click()
    expect(workbench.get_by_role("link", name="Hull")).to_be_visible()


def test_the_first_rows_wait_for_one_request_alone(page: Page, service: Live, tenant: Tenant) -> None:
    items = [{"name": f"Number {number}", **PLAN} for number in range(300)]
    tenant.call("POST", "/simulations/batch", {"items": items})
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url.partition("/api/v1")[2]))
    page.route("**/summary", lambda _: None)  # never answered
    page.route("**/runs?*", lambda _: None)
    sign_in(page, service, tenant.key)
    expect(page.get_by_role("link", name="Number 299")).to_be_visible()
    api = [each for each in asked if each and not each.startswith("/changes")]
    assert api[:2] == ["/me", "/simulations?sort=-created_at&limit=100"]
    assert len([each for each in api if each.startswith("/simulations?")]) <= 2


def test_rows_that_are_scrolled_past_ask_for_nothing(page: Page, service: Live, tenant: Tenant) -> None:
    items = [{"name": f"Number {number}", **PLAN} for number in range(900)]
    tenant.call("POST", "/simulations/batch", {"items": items})
    held: list[Route] = []
    asked: list[str] = []
    is_held = True

    def hold(route: Route) -> None:
        asked.append(route.request.url)
        if is_held:
            held.append(route)
        else:
            route.continue_()

    page.route(re.compile("/summary$|/runs[?].*limit=1$"), hold)
    sign_in(page, service, tenant.key)
    table = page.get_by_role("region", name="Simulations, scrollable")
    expect(page.get_by_role("row", name="Number 899").locator("[aria-busy=true]")).to_have_count(2)
    for number in range(0, 900, 50):
        expect(page.get_by_role("link", name=f"Number {899 - number}", exact=True)).to_be_attached()
        table.evaluate("(each, rows) => { each.scrollTop = rows * 34 }", number + 50)
    is_held = False
    for route in held:
        route.continue_()
    expect(page.get_by_role("row", name="Number 0 ").get_by_text("none")).to_be_visible()
    expect(page.locator("[aria-busy=true]")).to_have_count(0)
    assert len(held) == 4
    assert len(asked) < 200  # two for each row in sight


def test_what_happens_under_filters_comes_and_goes_in_its_place(workbench: Page, tenant: Tenant) -> None:
    tenant.simulation("Wing b", labels={"project": "wing"})
    leaves = tenant.simulation("Wing d", labels={"project": "wing"})
    go(workbench, "#/simulations?sort=name&label=project:wing&name=wing")
    expect(workbench.get_by_role("link", name="Wing d")).to_be_visible()
    tenant.simulation("Wing a, another project", labels={"project": "rotor"})
    tenant.simulation("WING c", labels={"project": "wing"})
    expect(workbench.get_by_role("link", name="WING c")).to_be_visible()
    expect_rows(workbench, "Wing b", "WING c", "Wing d")
    tenant.call("PATCH", f"/simulations/{leaves['id']}", {"labels": {"project": "rotor"}})
    expect(workbench.get_by_role("link", name="Wing d")).to_have_count(0)
    tenant.call("PATCH", f"/simulations/{leaves['id']}", {"labels": {"project": "wing"}, "name": "A wing"})
    expect(workbench.get_by_role("link", name="A wing")).to_be_visible()
    expect_rows(workbench, "A wing", "Wing b", "WING c")


def test_how_long_ago_goes_with_the_time(workbench: Page, tenant: Tenant) -> None:
    workbench.clock.install()
    workbench.reload()
    tenant.simulation("Wing")
    created = workbench.get_by_role("row", name="Wing").locator("time")
    expect(created).to_have_text("just now")
    workbench.clock.fast_forward("05:00")
    expect(created).to_have_text("5 minutes ago")


def test_changes_at_the_end_of_what_is_loaded(workbench: Page) -> None:
    left = workbench.evaluate(
        f"""async () => {{
            const {{ takeOver }} = await import({BASE} + "views/simulation_filters.js");
            let updated_at = 0;
            const made = (name) => ({{ id: name, name, labels: {{}}, updated_at: (updated_at += 1) }});
            const loaded = ["a", "c", "e"].map(made);
            const list = {{ ended: false, last: made("e") }};
            const revision = ([action, name, id = name]) => ({{ action, id, after: {{ ...made(name), id }} }});
            const after = (...revisions) =>
                takeOver(loaded, revisions.map(revision), {{ sort: "name" }}, list).map((each) => each.name).join("");
            const same = [{{ action: "updated", id: "c", after: {{ ...loaded[1] }} }}];
            return [
                String(takeOver(loaded, same, {{ sort: "name" }}, list)[1] === loaded[1]),
                after(["updated", "e"]),
                after(["deleted", "e"], ["created", "d"]),
                after(["created", "f"]),
                after(["updated", "f", "a"]),
                after(["updated", "b", "z"], ["updated", "B", "z"]),
            ];
        }}"""
    )
    assert left == ["true", "ace", "acd", "ace", "ce", "aBce"]


def test_a_filter_that_is_refused_is_told_and_cleared(workbench: Page, tenant: Tenant) -> None:
    tenant.simulation("Wing")
    workbench.get_by_label("Label, like project:wing").fill("-:-")
    workbench.get_by_role("button", name="Add label").click()
    expect(workbench.get_by_role("alert")).to_contain_text("label")
    workbench.get_by_role("button", name="Clear the filters").click()
    expect(workbench.get_by_role("link", name="Wing")).to_be_visible()


def test_a_simulation_is_made_and_what_is_wrong_stands_at_its_field(workbench: Page, tenant: Tenant) -> None:
    workbench.get_by_role("button", name="New simulation").click()
    form = workbench.get_by_role("dialog")
    form.get_by_label("Planned from").fill("2026-05-02")
    form.get_by_label("Planned to").fill("2026-05-01")
    form.get_by_role("button", name="Create").click()
    expect(form.get_by_label("Name")).to_have_attribute("aria-invalid", "true")
    form.get_by_label("Name").fill("By hand")
    form.get_by_role("button", name="Create").click()
    expect(form.get_by_label("Planned to")).to_have_attribute("aria-invalid", "true")
    form.get_by_label("Planned to").fill("2026-06-01")
    form.get_by_label("Labels").fill("project=wing\nphase=2")
    form.get_by_role("button", name="Create").click()
    expect(workbench.get_by_role("heading", name="By hand")).to_be_visible()
    (made,) = tenant.call("GET", "/simulations")["items"]
    assert made["labels"] == {"project": "wing", "phase": "2"}
    assert (made["start_date"], made["end_date"]) == ("2026-05-02", "2026-06-01")


def test_five_thousand_are_scrolled_with_few_elements(workbench: Page, tenant: Tenant) -> None:
    for batch in range(5):
        items = [{"name": f"Number {batch * 1000 + number:04}", **PLAN} for number in range(1000)]
        tenant.call("POST", "/simulations/batch", {"items": items})
    go(workbench, "#/simulations?sort=name")
    expect(workbench.get_by_role("link", name="Number 0000")).to_be_visible()
    scroll_to(workbench, "Simulations", "Number 4999")
    assert workbench.locator("tbody tr").count() < 80
    expect(workbench.get_by_role("table", name="Simulations")).to_have_attribute("aria-rowcount", "5001")


@pytest.mark.parametrize("view", ["", "?view=timeline"])
def test_hostile_names_are_text(workbench: Page, tenant: Tenant, view: str) -> None:
    for text in HOSTILE:
        tenant.simulation(text[:300], labels={"a": text[:255]})
    go(workbench, f"#/simulations{view}")
    for text in HOSTILE:
        expect(workbench.get_by_role("link", name=text[:300].strip(), exact=True)).to_have_count(1)
    assert workbench.locator("main img:not([role]), main script").count() == 0
    for width in (390, 1280, 2560):
        workbench.set_viewport_size({"width": width, "height": 900})
        expect_to_fit(workbench)
    assert re.fullmatch("Simulations · Goatfish", workbench.title())
