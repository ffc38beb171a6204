"""What happens while the service cannot be asked, while a view loads, and while the key changes elsewhere."""

import json
import re

import pytest
from playwright.sync_api import APIResponse, Page, Route, expect

from tests.browser.workbench.conftest import BASE, Tenant, go, sign_in
from tests.running_service import Live

LIMITED = {
    "type": "about:blank",
    "title": "Too Many Requests",
    "status": 429,
    "code": "rate_limited",
    "detail": "Too many requests. Try again in 1 second.",
}
FORGOTTEN = json.dumps({"title": "Gone", "status": 410, "code": "changes_forgotten", "detail": "They were purged."})


@pytest.mark.parametrize("answer", ["away", "forgotten"])
def test_what_was_missed_appears(workbench: Page, tenant: Tenant, answer: str) -> None:
    tenant.simulation("Before")
    expect(workbench.get_by_role("link", name="Before")).to_be_visible()
    workbench.route("**/changes?*", lambda route: route.fulfill(status=503))
    expect(workbench.get_by_text("Reconnecting …")).to_be_visible()
    tenant.simulation("Meanwhile")
    if answer == "forgotten":
        gone = re.compile("/changes[?](?!.*after=latest)")
        workbench.route(
            gone,
            lambda route: route.fulfill(status=410, content_type="application/problem+json", body=FORGOTTEN),
            times=1,
        )
        workbench.wait_for_event("response", lambda response: response.status == 410)
    workbench.unroute("**/changes?*")
    expect(workbench.get_by_role("link", name="Meanwhile")).to_be_visible()
    expect(workbench.get_by_text("Live", exact=True)).to_be_visible()


def test_too_many_requests_are_waited_for(workbench: Page, tenant: Tenant) -> None:
    tenant.simulation("Wing")
    expect(workbench.get_by_role("link", name="Wing")).to_be_visible()
    refused: list[Route] = []

    def refuse(route: Route) -> None:
        refused.append(route)
        route.fulfill(
            status=429,
            content_type="application/problem+json",
            headers={"Retry-After": "1"},
            body=json.dumps(LIMITED),
        )

    workbench.route("**/api/v1/**", refuse)
    expect(workbench.get_by_text("Reconnecting …")).to_be_visible()
    go(workbench, "#/keys")
    expect(workbench.get_by_role("alert").filter(has_text="Too many requests.")).to_be_visible()
    while len(refused) < 4:
        workbench.wait_for_event("response", lambda response: response.status == 429)
    workbench.route("**/changes?*", refuse)  # until the button has been pressed: when the feed is back, it goes
    workbench.unroute("**/api/v1/**")
    workbench.get_by_role("button", name="Try again").click()
    expect(workbench.get_by_role("row", name="in use here")).to_be_visible()
    workbench.unroute("**/changes?*")
    expect(workbench.get_by_text("Live", exact=True)).to_be_visible()


def test_what_failed_while_the_service_was_away_is_shown_when_it_is_back(workbench: Page, tenant: Tenant) -> None:
    run = tenant.run(tenant.simulation(), name="later")
    expect(workbench.get_by_role("link", name="Wing flutter")).to_be_visible()
    workbench.route("**/api/v1/**", lambda route: route.fulfill(status=503))
    expect(workbench.get_by_text("Reconnecting …")).to_be_visible()
    for address, shown in ((f"runs/{run['id']}", "later"), ("keys", "Keys")):
        workbench.route("**/api/v1/**", lambda route: route.fulfill(status=503))
        go(workbench, f"#/{address}")
        expect(workbench.get_by_role("button", name="Try again")).to_be_visible()
        expect(workbench.get_by_text("Reconnecting …")).to_be_visible()
        workbench.unroute("**/api/v1/**")
        expect(workbench.get_by_role("button", name="Try again")).to_have_count(0)
        expect(workbench.get_by_role("heading", name=shown)).to_be_visible()


def test_a_service_that_does_not_answer_at_the_start_can_be_left(workbench: Page) -> None:
    workbench.route("**/api/v1/**", lambda route: route.fulfill(status=503))
    workbench.reload()
    expect(workbench.get_by_role("main").get_by_role("alert")).to_be_visible()
    expect(workbench.get_by_role("heading", name="Goatfish")).to_be_visible()
    workbench.get_by_role("button", name="Sign out").click()
    expect(workbench.get_by_label("API key")).to_be_visible()
    assert workbench.evaluate("sessionStorage.length") == 0


def test_a_part_of_the_page_that_cannot_be_loaded_is_loaded_again(page: Page, service: Live, tenant: Tenant) -> None:
    for part in ("keys", "timeline"):  # each until it has been looked at: all are loaded after a second
        page.route(f"**/views/{part}.js", lambda route: route.abort())
    sign_in(page, service, tenant.key)
    for part, address, shown in (
        ("keys", "#/keys", "in use here"),
        ("timeline", "#/simulations?view=timeline", "Record your first simulation"),
    ):
        go(page, address)
        expect(page.get_by_text("This part of the page could not be loaded.")).to_be_visible()
        page.unroute(f"**/views/{part}.js")
        page.get_by_role("button", name="Try again").click()
        expect(page.get_by_text(shown)).to_be_visible()


def test_the_theme_that_was_chosen_holds_before_one_signs_in(workbench: Page) -> None:
    workbench.get_by_role("button", name="Theme: auto").click()
    workbench.get_by_role("button", name="Sign out").click()
    workbench.reload()
    expect(workbench.get_by_label("API key")).to_be_visible()
    assert workbench.evaluate("document.documentElement.dataset.theme") == "light"


def test_the_focus_stays_in_the_view_when_another_is_shown(workbench: Page, tenant: Tenant) -> None:
    tenant.simulation("Focus")
    workbench.get_by_role("link", name="Focus").press("Enter")
    expect(workbench.get_by_role("heading", name="Focus")).to_be_visible()
    expect(workbench.get_by_role("main")).to_be_focused()
    workbench.get_by_role("link", name="History").press("Enter")
    expect(workbench.get_by_text("Version 1")).to_be_visible()
    expect(workbench.get_by_role("link", name="History")).to_be_focused()


def test_a_key_that_expires_ends_the_page(page: Page, service: Live, tenant: Tenant) -> None:
    short = tenant.call("POST", "/keys", {"name": "short", "scopes": ["simulations:read"]})
    tenant.simulation("Wing")
    sign_in(page, service, short["key"])
    expect(page.get_by_role("link", name="Wing")).to_be_visible()
    tenant.call("POST", f"/keys/{short['id']}/roll", {"overlap_seconds": 1})  # after which the old one expires
    expect(page.get_by_text("it was revoked or has expired")).to_be_visible()
    expect(page.get_by_role("link", name="Wing")).to_have_count(0)
    assert short["key"] not in page.content()


def test_what_was_missed_before_the_feed_began_appears(page: Page, service: Live, tenant: Tenant) -> None:
    tenant.simulation("Before")
    page.route("**/changes?*", lambda route: route.abort())
    sign_in(page, service, tenant.key)
    expect(page.get_by_role("link", name="Before")).to_be_visible()
    tenant.simulation("Meanwhile")
    page.unroute("**/changes?*")
    expect(page.get_by_role("link", name="Meanwhile")).to_be_visible()


@pytest.mark.parametrize("view", ["table", "timeline"])
def test_what_happens_while_simulations_are_loaded_is_not_missed(workbench: Page, tenant: Tenant, view: str) -> None:
    tenant.simulation("Wing")
    expect(workbench.get_by_role("link", name="Wing")).to_be_visible()
    answers: list[tuple[Route, APIResponse]] = []

    def hold_first(route: Route) -> None:
        if answers:
            route.continue_()
        else:
            answers.append((route, route.fetch()))

    workbench.route("**/simulations?*", hold_first)
    workbench.evaluate("view => { location.hash = `#/simulations?view=${view}&sort=name` }", view)
    while not answers:
        workbench.evaluate("() => new Promise(requestAnimationFrame)")
    with workbench.expect_response(lambda answer: "/changes?" in answer.url and bool(answer.json()["items"])):
        tenant.simulation("Wing of meanwhile")
    route, answer = answers[0]
    route.fulfill(response=answer)
    expect(workbench.get_by_role("link", name="Wing of meanwhile")).to_be_visible()


@pytest.fixture
def two_tabs(page: Page, service: Live, tenant: Tenant) -> tuple[Page, Page]:
    """Two tabs of a browser that remembers the key."""
    page.goto(service.url)
    page.get_by_label("API key").fill(tenant.key)
    page.get_by_label("Remember me").check()
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("button", name="Sign out")).to_be_visible()
    other = page.context.new_page()
    other.goto(service.url)
    expect(other.get_by_role("button", name="Sign out")).to_be_visible()
    return page, other


def test_signing_out_ends_all_tabs_that_share_the_key(two_tabs: tuple[Page, Page], tenant: Tenant) -> None:
    page, other = two_tabs
    other.get_by_role("button", name="Sign out").click()
    expect(page.get_by_text("You have signed out in another tab")).to_be_visible()
    assert tenant.key not in page.content()


def test_a_key_that_is_rolled_in_one_tab_is_used_in_the_other(
    two_tabs: tuple[Page, Page], service: Live, tenant: Tenant
) -> None:
    page, other = two_tabs
    other.goto(f"{service.url}/#/keys")
    other.get_by_role("button", name="Roll workbench").click()
    other.get_by_label("The old key ends").select_option("at once")
    other.get_by_role("dialog").get_by_role("button", name="Roll").click()
    other.get_by_role("button", name="Done").click()
    with page.expect_response(lambda answer: "/changes?" in answer.url and answer.ok):
        pass
    expect(page.get_by_role("button", name="Sign out")).to_be_visible()
    page.reload()
    expect(page.get_by_role("button", name="Sign out")).to_be_visible()


def test_the_end_of_a_key_of_the_tab_leaves_the_remembered_one(
    two_tabs: tuple[Page, Page], service: Live, tenant: Tenant
) -> None:
    page, other = two_tabs
    short = tenant.call("POST", "/keys", {"name": "short", "scopes": ["simulations:read"], "expires_at": None})
    other.evaluate("key => sessionStorage.setItem('goatfish.key', key)", short["key"])
    other.reload()
    expect(other.get_by_role("button", name="Sign out")).to_be_visible()
    tenant.call("DELETE", f"/keys/{short['id']}")
    expect(other.get_by_text("it was revoked or has expired")).to_be_visible()
    page.reload()
    expect(page.get_by_role("button", name="Sign out")).to_be_visible()


ADDRESSES = [
    "#/simulations/.",
    "#/simulations/..",
    "#/runs/.",
    "#/runs/..%2Fme",
    "#/runs/%2E%2E%2Fme",
    "#/runs/a/b",
    "#/__proto__",
]


@pytest.mark.parametrize("address", ADDRESSES)
def test_an_address_that_has_no_id_asks_for_nothing(workbench: Page, address: str) -> None:
    expect(workbench.get_by_role("heading", name="Record your first simulation")).to_be_visible()
    asked: list[str] = []
    workbench.on("request", lambda request: asked.append(request.url))
    go(workbench, address)
    expect(workbench.get_by_role("heading", name="There is no such page")).to_be_visible()
    assert [each for each in asked if "/changes?" not in each and "/api/" in each] == []


def test_a_comparison_of_what_is_no_id_says_so(workbench: Page) -> None:
    go(workbench, "#/compare?runs=.,..")
    expect(workbench.get_by_role("alert")).to_have_count(2)


def test_an_address_with_unknown_and_repeated_parameters_is_shown(workbench: Page, tenant: Tenant) -> None:
    made = tenant.simulation()
    go(workbench, "#/simulations?sort=name&sort=-name&constructor=a&__proto__=b&toString=c")
    expect(workbench.get_by_role("link", name="Wing flutter")).to_be_visible()
    go(workbench, f"#/simulations/{made['id']}?tab=toString&sort=name&sort=-name")
    expect(workbench.get_by_role("link", name="Runs", exact=True)).to_have_attribute("aria-current", "page")
    expect(workbench.get_by_role("heading", name="Record the first run")).to_be_visible()


def test_menus_close_as_menus_do(workbench: Page) -> None:
    menu = workbench.locator("details.menu")
    for leave in ("Escape", "press", "tab"):
        menu.locator("summary").click()
        expect(workbench.get_by_label("Starts from")).to_be_visible()
        if leave == "Escape":
            workbench.get_by_label("Starts from").focus()
            workbench.keyboard.press("Escape")
            expect(menu.locator("summary")).to_be_focused()
        elif leave == "press":
            workbench.get_by_role("heading", level=1).click()
        else:
            workbench.get_by_label("Name contains").focus()
        expect(workbench.get_by_label("Starts from")).to_be_hidden()


def test_a_dialog_goes_with_its_view(workbench: Page) -> None:
    go(workbench, "#/keys")
    expect(workbench.get_by_role("heading", name="Keys")).to_be_visible()
    workbench.get_by_role("button", name="New key").click()
    expect(workbench.get_by_role("dialog")).to_be_visible()
    workbench.go_back()
    expect(workbench.get_by_role("dialog")).to_have_count(0)


def test_the_focus_stays_when_a_list_is_made_anew(workbench: Page) -> None:
    go(workbench, "#/keys")
    workbench.get_by_role("button", name="Roll workbench").click()
    workbench.get_by_role("dialog").get_by_role("button", name="Roll").click()
    workbench.get_by_role("button", name="Done").click()
    expect(workbench.get_by_role("row", name="in use here")).to_be_visible()
    expect(workbench.get_by_role("button", name="Roll workbench").first).to_be_focused()


def test_an_action_that_fails_says_why(workbench: Page, tenant: Tenant) -> None:
    made = tenant.simulation()
    go(workbench, f"#/simulations/{made['id']}?tab=about")
    expect(workbench.get_by_role("button", name="Edit")).to_be_visible()
    workbench.route(f"**/simulations/{made['id']}", lambda route: route.fulfill(status=503))
    workbench.get_by_role("button", name="Edit").click()
    expect(workbench.get_by_text("The service answered with status 503.")).to_be_visible()


@pytest.mark.parametrize("query", ["status=bogus", "sort=bogus", "label=%20", "where=parameters.x%3D%22a%22b%22"])
def test_conditions_of_an_address_that_are_refused_are_cleared(workbench: Page, tenant: Tenant, query: str) -> None:
    made = tenant.simulation()
    tenant.run(made, name="run 1")
    go(workbench, f"#/simulations/{made['id']}?{query}")
    clear = workbench.get_by_role("button", name="Clear the conditions")
    expect(clear).to_be_visible()
    expect(workbench.get_by_role("alert").filter(has_text="not valid")).to_be_visible()
    for text in ("Cannot read", "Loading more"):
        expect(workbench.get_by_text(text)).to_have_count(0)
    clear.click()
    expect(workbench.get_by_role("link", name="run 1")).to_be_visible()


def test_files_have_names_of_any_script(workbench: Page) -> None:
    code = f"async () => (await import({BASE} + 'ui/pieces.js')).fileName('مرحبا 123/..\\\\x')"
    assert workbench.evaluate(code) == "مرحبا 123_x"
    assert workbench.evaluate(code.replace("مرحبا 123/..\\\\x", "a🏳️‍🌈b")) == "a_b"
    assert workbench.evaluate(code.replace("مرحبا 123/..\\\\x", "🏳️‍🌈")) == "goatfish"


@pytest.mark.parametrize("width", [390, 640, 1280])
def test_numbers_of_results_are_on_one_line_and_within_the_window(workbench: Page, tenant: Tenant, width: int) -> None:
    made = tenant.simulation()
    results = {f"a_result_with_a_long_name_{number}": {"value": 12345.6, "unit": "kN"} for number in range(40)}
    tenant.run(made, status="succeeded", results=results)
    workbench.set_viewport_size({"width": width, "height": 800})
    go(workbench, f"#/simulations/{made['id']}")
    workbench.get_by_text("Results in numbers").click()
    numbers = workbench.get_by_role("region", name="Results in numbers")
    expect(numbers).to_be_visible()
    box, cell = numbers.bounding_box(), numbers.get_by_role("cell", name="12345.6 kN").first.bounding_box()
    assert box is not None
    assert cell is not None
    assert cell["height"] < 50
    assert box["x"] >= 0
    assert box["x"] + box["width"] <= width
    assert box["height"] <= 500
