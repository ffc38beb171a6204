"""One run: everything about it, live; its history and the way back; code to copy; what a key may not."""

import re

from playwright.sync_api import Page, expect

from tests.browser.workbench.conftest import Tenant, expect_to_fit, go, sign_in
from tests.running_service import Live

HOSTILE = [
    "<img src=x onerror=document.title='hacked'>",
    "\u202egnp.exe\u202c \u05e9\u05dc\u05d5\u05dd",
    "🚀" * 300,
    "'\"><script>document.title='hacked'</script>",
]


def open_run(page: Page, run: dict[str, str], **query: str) -> None:
    options = "&".join(f"{name}={value}" for name, value in query.items())
    go(page, f"#/runs/{run['id']}{options and '?' + options}")


def test_shows_everything_and_follows(workbench: Page, tenant: Tenant) -> None:
    simulation = tenant.simulation()
    parent = tenant.run(simulation, name="coarse")
    run = tenant.run(
        simulation,
        name="mesh 3",
        status="running",
        solver="OpenFOAM",
        solver_version="v2606",
        external_id="slurm-7",
        parent_id=parent["id"],
        labels={"mesh": "fine"},
        parameters={"alpha": {"value": 12, "unit": "deg"}, "model": "SST"},
        artifacts=[
            {"name": "log", "uri": "https://files.example/log", "bytes": 18211},
            {"name": "case", "uri": "s3://bucket/case", "sha256": "a" * 64},
            {"name": "script", "uri": "javascript:alert(1)"},
        ],
    )
    open_run(workbench, run)
    expect(workbench.get_by_role("heading", name="mesh 3")).to_be_visible()
    expect(workbench.get_by_role("row", name=re.compile("alpha 12 deg"))).to_be_visible()
    for text in ("OpenFOAM v2606", "slurm-7", "18.2 kB", "running"):
        expect(workbench.get_by_text(text).first).to_be_visible()
    assert workbench.locator("main a[href^='https:']").evaluate_all("links => links.map(each => each.href)") == [
        "https://files.example/log"
    ]
    assert workbench.locator("a[href^='javascript']").count() == 0
    child = tenant.run(simulation, name="finer", parent_id=run["id"])
    expect(workbench.get_by_role("link", name="finer")).to_be_visible()
    tenant.call(
        "PATCH", f"/runs/{run['id']}", {"status": "failed", "status_reason": "diverged", "results": {"cl": 1.25}}
    )
    expect(workbench.get_by_text("diverged")).to_be_visible()
    expect(workbench.get_by_role("row", name=re.compile("cl 1.25"))).to_be_visible()
    workbench.get_by_role("link", name="finer").click()
    expect(workbench).to_have_url(re.compile(child["id"]))


def test_history_shows_differences_and_restores(workbench: Page, tenant: Tenant) -> None:
    run = tenant.run(tenant.simulation(), name="first", parameters={"alpha": 12})
    tenant.call("PATCH", f"/runs/{run['id']}", {"name": "second", "parameters": {"alpha": 14, "beta": 1}})
    open_run(workbench, run, tab="history")
    latest = workbench.get_by_role("listitem").filter(has_text="Version 2")
    expect(latest.get_by_role("row", name="name first second")).to_be_visible()
    expect(latest.get_by_role("row", name="parameters.alpha 12 14")).to_be_visible()
    expect(latest.get_by_role("row", name="parameters.beta none 1")).to_be_visible()
    workbench.get_by_role("button", name="Restore version 1").click()
    workbench.get_by_role("dialog").get_by_role("button", name="Restore").click()
    expect(workbench.get_by_role("listitem").filter(has_text="Version 3")).to_be_visible()
    assert tenant.call("GET", f"/runs/{run['id']}")["name"] == "first"
    expect(workbench.get_by_role("heading", name="first")).to_be_visible()


def test_what_stays_the_same_is_left_alone_while_a_run_changes(workbench: Page, tenant: Tenant) -> None:
    simulation = tenant.simulation()
    run = tenant.run(simulation, status="running", results={"cl": 1, "cd": 2})
    child = tenant.run(simulation, name="finer", parent_id=run["id"])
    open_run(workbench, run)
    for kept in (workbench.get_by_role("link", name="By code"), workbench.get_by_role("link", name="finer")):
        kept.focus()
        changed = tenant.call("PATCH", f"/runs/{run['id']}", {"results": {"cl": run["results"]["cl"]["value"] + 1}})
        expect(workbench.get_by_role("row", name=f"cl {changed['results']['cl']['value']}")).to_be_visible()
        expect(kept).to_be_focused()
        run = changed
    tenant.call("DELETE", f"/runs/{child['id']}")
    expect(workbench.get_by_text("Continued by")).to_have_count(0)
    open_run(workbench, run, tab="history")
    first = workbench.get_by_role("listitem").filter(has_text="Version 1")
    first.get_by_text("What it was created with").click()
    tenant.call("PATCH", f"/runs/{run['id']}", {"name": "renamed"})
    expect(workbench.get_by_role("listitem").filter(has_text="Version 4")).to_be_visible()
    expect(first.get_by_role("row", name="results.cd")).to_be_visible()


def test_more_of_a_history_is_shown_once(workbench: Page, tenant: Tenant) -> None:
    run = tenant.run(tenant.simulation())
    for number in range(24):
        tenant.call("PATCH", f"/runs/{run['id']}", {"name": f"name {number}"})
    open_run(workbench, run, tab="history")
    workbench.get_by_role("button", name="Show more").dblclick()
    expect(workbench.locator("li[data-version='1']")).to_be_visible()
    expect(workbench.locator("li[data-version]")).to_have_count(25)


def test_history_tells_what_rounding_and_minutes_hide(workbench: Page, tenant: Tenant) -> None:
    file = {"name": "mesh", "uri": "s3://a/mesh", "bytes": 1}
    members = {"p": {"value": 1.00000001, "unit": "m"}, "n": 12}
    started = {"status": "running", "started_at": "2026-01-05T08:00:01Z"}
    run = tenant.run(tenant.simulation(), parameters=members, artifacts=[file], **started)
    members = {"p": {"value": 1.00000002, "unit": "m"}, "n": "12"}
    changed = {"parameters": members, "artifacts": [file | {"bytes": 2}], "started_at": "2026-01-05T08:00:02Z"}
    tenant.call("PATCH", f"/runs/{run['id']}", changed)
    open_run(workbench, run, tab="history")
    expect(workbench.get_by_role("row", name="parameters.p 1.00000001 m 1.00000002 m")).to_be_visible()
    expect(workbench.get_by_role("row", name='parameters.n 12 "12"')).to_be_visible()
    expect(workbench.get_by_role("row", name="artifacts.mesh s3://a/mesh, 1 B s3://a/mesh, 2 B")).to_be_visible()
    expect(workbench.get_by_role("row", name=re.compile("^started_at .*08:00:01Z .*08:00:02Z"))).to_be_visible()


def test_a_long_address_of_an_artifact_takes_a_few_lines(workbench: Page, tenant: Tenant) -> None:
    uri = f"https://example.com/{'x' * 900}"
    run = tenant.run(tenant.simulation(), artifacts=[{"name": "mesh", "uri": uri}])
    workbench.set_viewport_size({"width": 390, "height": 844})
    open_run(workbench, run)
    link = workbench.get_by_role("link", name=uri)
    expect(link).to_have_attribute("href", uri)
    box = link.bounding_box()
    assert box is not None
    assert box["height"] < 80


def test_a_deleted_run_is_brought_back(workbench: Page, tenant: Tenant) -> None:
    run = tenant.run(tenant.simulation(), name="gone")
    open_run(workbench, run)
    workbench.get_by_role("button", name="Delete this run").click()
    workbench.get_by_role("dialog").get_by_role("button", name="Delete").click()
    expect(workbench).to_have_url(re.compile("simulations"))
    open_run(workbench, run)
    expect(workbench.get_by_role("heading", name="This run was deleted")).to_be_visible()
    workbench.get_by_role("button", name="Restore version 1").click()
    workbench.get_by_role("dialog").get_by_role("button", name="Restore").click()
    expect(workbench.get_by_role("heading", name="gone")).to_be_visible()
    assert tenant.call("GET", f"/runs/{run['id']}")["name"] == "gone"


def test_a_run_that_is_deleted_and_restored_elsewhere_is_shown_again(workbench: Page, tenant: Tenant) -> None:
    run = tenant.run(tenant.simulation(), name="gone")
    open_run(workbench, run)
    expect(workbench.get_by_role("heading", name="gone")).to_be_visible()
    tenant.call("DELETE", f"/runs/{run['id']}")
    expect(workbench.get_by_text("This run has just been deleted.")).to_be_visible()
    tenant.call("POST", f"/runs/{run['id']}/restore", {"version": 1})
    expect(workbench.get_by_role("heading", name="gone")).to_be_visible()


def test_code_to_copy_has_no_key(workbench: Page, tenant: Tenant) -> None:
    run = tenant.run(tenant.simulation())
    open_run(workbench, run, tab="code")
    expect(workbench.get_by_text(f'client.runs.get("{run["id"]}")')).to_be_visible()
    expect(workbench.get_by_text(f"/api/v1/runs/{run['id']}")).to_be_visible()
    assert tenant.key not in workbench.content()


def test_an_unknown_run_is_said_to_be_missing(workbench: Page) -> None:
    open_run(workbench, {"id": "0199f3c2-7a10-7000-8000-000000000001"})
    expect(workbench.get_by_role("alert")).to_be_visible()


def test_hostile_texts_are_text(workbench: Page, tenant: Tenant) -> None:
    for text in HOSTILE:
        run = tenant.run(
            tenant.simulation(text[:300]),
            name=text[:300],
            status="failed",
            status_reason=text,
            labels={"a": text[:255]},
            parameters={"a": text},
            artifacts=[{"name": text[:255], "uri": "https://files.example/%3Cb%3E"}],
        )
        open_run(workbench, run)
        expect(workbench.get_by_role("heading", level=1)).to_have_text(text[:300].strip())
        expect_to_fit(workbench)
        assert "hacked" not in workbench.title().removeprefix(text[:300])
        assert workbench.locator("main img, main script").count() == 0


def test_a_key_that_only_reads_is_offered_no_changes(page: Page, service: Live, tenant: Tenant) -> None:
    run = tenant.run(tenant.simulation(), name="kept")
    tenant.call("PATCH", f"/runs/{run['id']}", {"name": "changed"})
    reader = tenant.call("POST", "/keys", {"name": "reader", "scopes": ["runs:read"], "expires_at": None})
    sign_in(page, service, reader["key"])
    open_run(page, run)
    expect(page.get_by_role("heading", name="changed")).to_be_visible()
    assert page.get_by_role("button", name="Delete this run").count() == 0
    open_run(page, run, tab="history")
    expect(page.get_by_text("Version 1")).to_be_visible()
    assert page.get_by_role("button", name=re.compile("Restore")).count() == 0


def test_a_view_that_was_left_does_not_change_the_address(workbench: Page, tenant: Tenant) -> None:
    run = tenant.run(tenant.simulation())
    for _ in range(5):  # while the list still loads
        workbench.evaluate("() => { location.hash = '#/simulations?name=wing' }")
        open_run(workbench, run, tab="code")
        expect(workbench.get_by_text(f'client.runs.get("{run["id"]}")')).to_be_visible()
        assert workbench.url.endswith("?tab=code")
