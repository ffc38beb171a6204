"""The timeline: plans as bars, runs as marks, today's line, zoom and drag."""

import re
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from tests.browser.conftest import PLACE
from tests.browser.workbench.conftest import BASE, Tenant, sign_in
from tests.running_service import Live


def window(page: Page) -> tuple[datetime, datetime]:
    """The time that is in sight."""
    first, last = page.get_by_role("group", name="Timeline").evaluate("each => [each.dataset.from, each.dataset.to]")
    return datetime.fromisoformat(first), datetime.fromisoformat(last)


def open_timeline(page: Page) -> Locator:
    page.get_by_role("link", name="Timeline").click()
    area = page.get_by_role("group", name="Timeline")
    expect(area).to_be_visible()
    return area


def day(moment: datetime) -> str:
    return moment.date().isoformat()


def test_plans_runs_and_today(workbench: Page, tenant: Tenant) -> None:
    now = datetime.now(UTC)
    plan = {"start_date": day(now - timedelta(days=10)), "end_date": day(now + timedelta(days=10))}
    wing, _ = tenant.simulation("Wing", **plan), tenant.simulation("Hull", **plan)
    for status in ("running", "succeeded", "failed"):
        tenant.run(wing, status=status, started_at=(now - timedelta(days=1)).isoformat())
    area = open_timeline(workbench)
    expect(area.locator(".plan")).to_have_count(2)
    expect(area.locator(".mark")).to_have_count(3)
    expect(area.locator(".mark[data-status=failed]")).to_have_count(1)
    share = area.evaluate(
        """each => {
            const [bar, line] = [".plan", ".today"].map(name => each.querySelector(name).getBoundingClientRect());
            return (line.x - bar.x) / bar.width;
        }"""
    )
    assert 0.44 < share < 0.56  # today is in the middle of the plan
    tenant.run(wing, name="one more", status="cancelled", started_at=now.isoformat())
    expect(area.locator(".mark[data-status=cancelled]")).to_have_count(1)
    tenant.call("DELETE", f"/runs/{tenant.call('GET', '/runs?status=failed')['items'][0]['id']}")
    expect(area.locator(".mark[data-status=failed]")).to_have_count(0)
    width = area.locator(".plan").first.evaluate("each => each.getBoundingClientRect().width")
    shorter = {"start_date": plan["start_date"], "end_date": day(now + timedelta(days=1))}
    tenant.call("PATCH", f"/simulations/{wing['id']}", shorter)
    workbench.wait_for_function(
        "width => document.querySelector('.timeline-area .plan').getBoundingClientRect().width < width", arg=width * 0.7
    )
    area.locator("a[aria-label^='one more']").click()
    expect(workbench.get_by_role("heading", name="one more")).to_be_visible()


def test_zoom_drag_and_keys_change_what_is_in_sight(workbench: Page, tenant: Tenant) -> None:
    tenant.simulation(start_date="2026-01-01", end_date="2026-12-31")
    area = open_timeline(workbench)
    expect(area.locator(".plan")).to_have_count(1)
    first, last = window(workbench)
    assert first < datetime(2026, 1, 1, tzinfo=UTC) < datetime(2026, 12, 31, tzinfo=UTC) < last
    workbench.get_by_role("button", name="Zoom in").click()
    zoomed = window(workbench)
    assert zoomed[1] - zoomed[0] < (last - first) * 0.7
    area.focus()
    workbench.keyboard.press("ArrowRight")
    moved = window(workbench)
    assert moved[0] > zoomed[0]
    workbench.keyboard.press("-")
    assert window(workbench)[1] - window(workbench)[0] > zoomed[1] - zoomed[0]
    box = area.bounding_box()
    assert box is not None
    before = window(workbench)
    workbench.mouse.move(box["x"] + 700, box["y"] + 50)
    workbench.mouse.down()
    workbench.mouse.move(box["x"] + 500, box["y"] + 50, steps=4)
    workbench.mouse.up()
    dragged = window(workbench)
    assert dragged[0] > before[0]
    assert abs((dragged[1] - dragged[0]) - (before[1] - before[0])) < timedelta(seconds=1)
    workbench.keyboard.down("Control")
    workbench.mouse.wheel(0, -300)
    workbench.keyboard.up("Control")
    workbench.wait_for_function(
        "length => { const {from, to} = document.querySelector('.timeline-area').dataset;"
        " return new Date(to) - new Date(from) < length * 900 }",
        arg=(dragged[1] - dragged[0]).total_seconds(),
    )
    workbench.get_by_role("button", name="Today").click()
    assert window(workbench)[0] < datetime.now(UTC) < window(workbench)[1]
    workbench.get_by_role("button", name="Fit all").click()
    assert abs(window(workbench)[0] - first) < timedelta(seconds=1)


def test_the_first_and_the_last_year_are_drawn(workbench: Page, tenant: Tenant) -> None:
    tenant.simulation("Long", start_date="0001-01-01", end_date="9999-12-31")
    area = open_timeline(workbench)
    expect(area.locator(".plan")).to_have_count(1)
    expect(area.locator(".axis text").nth(3)).to_be_attached()
    assert area.evaluate("each => each.querySelector('.plan').getBoundingClientRect().width") > 500


def with_runs(tenant: Tenant, count: int) -> Any:
    """A simulation of January with runs that are evenly spread over its days."""
    wing = tenant.simulation("Wing", start_date="2026-01-01", end_date="2026-01-31")
    items = [
        {
            "simulation_id": wing["id"],
            "name": f"run {number}",
            "status": "failed" if number % 10 == 0 else "succeeded",
            "started_at": f"2026-01-{number % 28 + 1:02}T{number // 28:02}:00:00Z",
            "finished_at": f"2026-01-{number % 28 + 1:02}T{number // 28:02}:30:00Z",
        }
        for number in range(count)
    ]
    tenant.call("POST", "/runs/batch", {"items": items})
    return wing


def test_many_runs_are_drawn_as_their_density_until_one_zooms_in(workbench: Page, tenant: Tenant) -> None:
    with_runs(tenant, 300)
    area = open_timeline(workbench)
    expect(area.get_by_role("img", name="300 runs")).to_be_visible()
    expect(area.locator(".dense path[d^=M]")).to_have_count(2)  # the statuses that there are
    expect(area.locator("a .mark")).to_have_count(0)
    shown = area.locator(".dense .catch").bounding_box()
    assert shown is not None
    workbench.mouse.move(shown["x"] + shown["width"] / 2, shown["y"] + shown["height"] - 5)
    expect(workbench.locator(".card")).to_contain_text(re.compile("(\\b1 run begins|[0-9]+ runs begin) from"))
    for _ in range(6):
        workbench.get_by_role("button", name="Zoom in").click()
    expect(area.locator("a .mark").first).to_be_attached()
    assert 5 < area.locator("a .mark").count() <= 100
    expect(area.locator(".dense")).to_be_hidden()


def test_density_counts_every_run(workbench: Page) -> None:
    parts, paths = workbench.evaluate(
        f"""async () => {{
            const {{ density, total }} = await import({BASE} + "ui/timeline/density.js");
            const {{ TimeWindow }} = await import({BASE} + "ui/timeline/window.js");
            const time = new TimeWindow(() => {{}});
            time.width = 600;
            time.show(0, 600e6);
            const runs = Array.from({{length: 4000}}, (_, n) => (
                {{begin: n * 150e3, status: n % 2 ? "failed" : "succeeded"}}));
            const {{ parts, paths }} = density(runs, time, 28);
            return [[...parts.values()].map(total), Object.keys(paths)];
        }}"""
    )
    assert sum(parts) == 4000
    assert len(parts) == 100  # of 6 px each
    assert sorted(paths) == ["failed", "succeeded"]


def test_more_runs_than_are_loaded_is_said(workbench: Page, tenant: Tenant) -> None:
    wing = with_runs(tenant, 300)
    notes = workbench.evaluate(
        f"""async ([key, id]) => {{
            const {{ Api }} = await import({BASE} + "lib/api.js");
            const {{ timelineRuns }} = await import({BASE} + "ui/timeline/runs.js");
            const context = {{ api: new Api(key), signal: new AbortController().signal, can: () => true }};
            let drawn = () => {{}};
            const runs = timelineRuns({{ context, most: 150, changed: () => drawn() }});
            const next = (what) => new Promise((done) => (drawn = () => what() && done()));
            const said = next(() => runs.of(id).note);
            runs.ask(id);
            await said;
            const first = [runs.of(id).runs.length, runs.of(id).note];
            const early = next(() => !runs.of(id).note);
            runs.askTime(id, Date.parse("2026-01-01T00:00:00Z"), Date.parse("2026-01-03T00:00:00Z"));
            await early;
            return [...first, runs.of(id).runs.filter((run) => run.begin < Date.parse("2026-01-03T00:00:00Z")).length];
        }}""",
        [tenant.key, wing["id"]],
    )
    assert notes == [150, "150 runs drawn, there are more", 22]


def test_runs_are_reached_by_keyboard(workbench: Page, tenant: Tenant) -> None:
    wing = with_runs(tenant, 5)
    area = open_timeline(workbench)
    expect(area.locator("a .mark")).to_have_count(5)
    area.get_by_role("link", name="Wing").focus()
    tenant.call("PATCH", f"/simulations/{wing['id']}", {"name": "Renamed"})
    expect(area.get_by_role("link", name="Renamed")).to_be_focused()
    card = workbench.locator(".card")
    expect(card).to_contain_text("Planned from 2026-01-01 to 2026-01-31")
    workbench.keyboard.press("Tab")
    expect(card).to_contain_text("run 4")
    before = window(workbench)
    workbench.keyboard.press("ArrowLeft")
    expect(card).to_contain_text("run 3")
    expect(card).to_contain_text("30 min")
    assert window(workbench) == before
    workbench.keyboard.press("Enter")
    expect(workbench.get_by_role("heading", name="run 3")).to_be_visible()


def test_two_fingers_zoom_and_one_moves(browser: Browser, service: Live, tenant: Tenant) -> None:
    tenant.simulation(start_date="2026-01-01", end_date="2026-12-31")
    context = browser.new_context(has_touch=True, viewport={"width": 390, "height": 844}, **PLACE)
    page = context.new_page()
    sign_in(page, service, tenant.key)
    area = open_timeline(page)
    expect(area.locator(".plan")).to_have_count(1)
    box = area.bounding_box()
    assert box is not None
    touches = context.new_cdp_session(page)

    def touch(kind: str, *places: int) -> None:
        points = [{"x": place, "y": box["y"] + 50, "id": index} for index, place in enumerate(places)]
        touches.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})

    first = window(page)
    touch("touchStart", 250)
    for place in (240, 225, 210, 200):
        touch("touchMove", place)
    touch("touchEnd")
    page.wait_for_function("from => document.querySelector('.timeline-area').dataset.from > from", arg=text(first[0]))
    moved = window(page)
    assert abs((moved[1] - moved[0]) - (first[1] - first[0])) < timedelta(seconds=1)
    touch("touchStart", 230, 270)
    for by in (10, 20, 30, 40):
        touch("touchMove", 230 - by, 270 + by)
    touch("touchEnd")
    page.wait_for_function(
        "length => { const {from, to} = document.querySelector('.timeline-area').dataset;"
        " return new Date(to) - new Date(from) < length * 500 }",
        arg=(moved[1] - moved[0]).total_seconds(),
    )
    context.close()


def text(moment: datetime) -> str:
    """A moment as the page has it."""
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{moment.microsecond // 1000:03}Z"


def test_what_is_in_sight_is_in_the_address(workbench: Page, tenant: Tenant) -> None:
    tenant.simulation(start_date="2026-01-01", end_date="2026-12-31")
    open_timeline(workbench)
    assert "from=" not in workbench.url
    workbench.get_by_role("button", name="Zoom in").click()
    workbench.wait_for_url(re.compile("from=.*to="))
    zoomed = window(workbench)
    workbench.reload()
    expect(workbench.get_by_role("group", name="Timeline")).to_be_visible()
    assert window(workbench) == zoomed
    workbench.get_by_label("Order of the rows").select_option("name")
    workbench.wait_for_url(re.compile("sort=name"))
    expect(workbench.get_by_role("group", name="Timeline")).to_be_visible()
    assert window(workbench) == zoomed


def test_without_the_right_to_read_runs_the_plans_are_shown(page: Page, service: Live, tenant: Tenant) -> None:
    tenant.simulation("Wing")
    key = tenant.call("POST", "/keys", {"name": "plans", "scopes": ["simulations:read"], "expires_at": None})
    sign_in(page, service, key["key"])
    expect(page.get_by_role("columnheader", name="Runs")).to_have_count(0)
    area = open_timeline(page)
    expect(area.locator(".plan")).to_have_count(1)
    expect(page.get_by_text("lacks the scope runs:read")).to_be_visible()


@pytest.mark.parametrize("zone", ["America/Santiago", "Pacific/Apia", "Europe/Berlin"])
def test_days_are_plain_and_ticks_stand_still(browser: Browser, service: Live, zone: str) -> None:
    context = browser.new_context(**PLACE | {"timezone_id": zone})
    page = context.new_page()
    page.goto(service.url)
    wrong = page.evaluate(
        f"""async () => {{
            const {{ dayStart, dayEnd, ticks, DAY }} = await import({BASE} + "lib/days.js");
            const wrong = [];
            const text = (year, month, day) => [String(year).padStart(4, "0"), ...[month, day].map(
                each => String(each).padStart(2, "0"))].join("-");
            for (const year of [1, 99, 1900, 2026, 9999])
                for (let month = 1; month <= 12; month += 1)
                    for (let day = 1; day < 28; day += 1) {{
                        const [one, two] = [text(year, month, day), text(year, month, day + 1)];
                        if (dayEnd(one) !== dayStart(two)) wrong.push(one);
                        if (new Date(dayStart(one)).getDate() !== day) wrong.push(one);
                        if (new Date(dayStart(one)).getFullYear() !== year) wrong.push(one);
                    }}
            for (const length of [1/96, 1, 10, 40, 400, 4000, 3e6])
                for (let place = 0; place < 1; place += 0.01) {{
                    const from = length > 1e6 ? dayStart("0001-01-01") : dayStart("2026-03-20") + place * length * DAY;
                    const all = ticks(from, from + 2 * length * DAY, 8).map(({{at}}) => at);
                    const right = ticks(from + length * DAY, from + 3 * length * DAY, 8).map(({{at}}) => at);
                    const both = (at) => at >= from + length * DAY && at <= from + 2 * length * DAY;
                    if (String(all.filter(both)) !== String(right.filter(both))) wrong.push([length, place]);
                    if (all.length > 10) wrong.push([length, all.length]);
                    if (all.some((at, index) => at <= all[index - 1])) wrong.push([length, place, all]);
                }}
            return wrong;
        }}"""
    )
    context.close()
    assert wrong == []


HOLD_REQUESTS = """() => {
    const asked = (window.asked = {begun: 0, now: 0, most: 0});
    const held = new Promise((release) => { asked.release = release; });
    const {fetch} = window;
    window.fetch = async (address, options) => {
        if (!/\\/runs(\\.csv|\\?.*limit=100)/.test(address)) return fetch(address, options);
        asked.begun += 1;
        asked.now += 1;
        asked.most = Math.max(asked.most, asked.now);
        try {
            await held;
            return await fetch(address, options);
        } finally {
            asked.now -= 1;
        }
    };
}"""
"""
Holds the timeline's requests for runs until ``asked.release()``, and counts how many are begun, and under way at once.
Those of the table of simulations, which is left for the timeline, ask for a single run.
"""


def test_five_thousand_simulations_are_readable(workbench: Page, tenant: Tenant) -> None:
    for batch in range(5):
        items = [
            {
                "name": f"Number {batch * 1000 + number:04}",
                "start_date": f"2026-{batch + 1:02}-{number % 28 + 1:02}",
                "end_date": f"2026-{batch + 2:02}-{number % 28 + 1:02}",
            }
            for number in range(1000)
        ]
        tenant.call("POST", "/simulations/batch", {"items": items})
    workbench.evaluate(HOLD_REQUESTS)
    area = open_timeline(workbench)
    expect(workbench.get_by_text("5000 simulations")).to_be_visible()
    for part in range(1, 21):
        area.evaluate("(each, part) => { each.scrollTop = (each.scrollHeight * part) / 20 }", part)
        workbench.evaluate("() => new Promise(requestAnimationFrame)")
    assert area.locator(".timeline-row").count() < 60
    area.evaluate("each => { each.scrollTop = each.scrollHeight }")
    expect(area.get_by_role("link", name="Number 4979")).to_be_visible()
    assert area.locator(".timeline-row").count() < 60
    assert area.locator(".plan").count() > 5
    assert workbench.locator("main *").count() < 2000
    assert workbench.evaluate("() => window.asked.begun") == 3
    workbench.evaluate("() => window.asked.release()")
    workbench.wait_for_function("() => window.asked.begun > 3 && window.asked.now === 0")
    begun, most = workbench.evaluate("() => [window.asked.begun, window.asked.most]")
    assert most <= 3
    assert begun < 100  # of those that were scrolled past, none
