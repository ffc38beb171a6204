"""The timeline: plans as bars, runs as marks, today's line, zoom and drag."""

from datetime import UTC, datetime, timedelta

from playwright.sync_api import Locator, Page, expect

from tests.browser.workbench.conftest import Tenant


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
    assert area.locator(".axis text").count() > 3
    assert area.evaluate("each => each.querySelector('.plan').getBoundingClientRect().width") > 500


def test_more_runs_than_are_drawn_is_said(workbench: Page, tenant: Tenant) -> None:
    wing = tenant.simulation("Wing", start_date="2026-01-01", end_date="2026-01-31")
    items = [
        {
            "simulation_id": wing["id"],
            "status": "succeeded",
            "started_at": f"2026-01-{number % 28 + 1:02}T{number // 28:02}:00:00Z",
            "finished_at": f"2026-01-{number % 28 + 1:02}T{number // 28:02}:30:00Z",
        }
        for number in range(300)
    ]
    tenant.call("POST", "/runs/batch", {"items": items})
    area = open_timeline(workbench)
    expect(area.locator(".mark").first).to_be_visible()
    assert area.locator(".mark").count() >= 100
    expect(area.get_by_text("more runs than drawn")).to_be_visible()
    for _ in range(6):
        workbench.get_by_role("button", name="Zoom in").click()
    expect(area.get_by_text("more runs than drawn")).to_have_count(0)


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
    area = open_timeline(workbench)
    expect(workbench.get_by_text("5000 simulations")).to_be_visible(timeout=30_000)
    assert area.locator(".timeline-row").count() < 60
    area.evaluate("each => { each.scrollTop = each.scrollHeight }")
    expect(area.get_by_role("link", name="Number 4979")).to_be_visible()
    assert area.locator(".timeline-row").count() < 60
    assert area.locator(".plan").count() > 5
