"""The workbench in a browser, by the browser's own clock: bytes and time to the first data, scrolling, plots."""

import shutil
from collections.abc import Callable, Mapping
from statistics import median
from typing import Any

import httpx2
from playwright.sync_api import Browser, Page, sync_playwright

from benchmarks.report import columns
from tests.browser.conftest import FLAGS, NAMES
from tests.embedded_postgres import Server
from tests.running_service import Live, live

RUNS, SIMULATIONS, LONG = 100_000, 2_000, 5_000
"""Runs and simulations of the tenant, and runs of the simulation that is scrolled and plotted."""
ROUNDS = 7
STEPS, STEP = 240, 120
"""How often and by how many pixels the table is scrolled, once a frame."""
WATCH = """
addEventListener("DOMContentLoaded", () => new MutationObserver(() => {
    for (const [name, selector] of [["row", "tbody th[scope=row]"], ["mark", "svg.plot .mark"]])
        if (!(name in (window.seen ??= {})) && document.querySelector(selector)) window.seen[name] = performance.now();
}).observe(document, {childList: true, subtree: true}));
"""
SENT = """() => [...performance.getEntriesByType("navigation"), ...performance.getEntriesByType("resource")]
    .reduce((sum, each) => sum + each.transferSize, 0)"""
SCROLL = """([steps, step]) => new Promise(resolve => {
    const place = document.querySelector(".table-scroll"), frames = [];
    let last = performance.now();
    const next = () => {
        const now = performance.now();
        frames.push(now - last);
        last = now;
        place.scrollTop += step;
        frames.length < steps ? requestAnimationFrame(next) : resolve(frames.slice(1));
    };
    requestAnimationFrame(next);
})"""


def run(say: Callable[[str], None]) -> dict[str, Any]:
    """The first view, scrolling and a plot, on PostgreSQL. Raises ``RuntimeError`` where there is no Chromium."""
    path = next(filter(None, map(shutil.which, NAMES)), None)
    if path is None:
        raise RuntimeError("The figures of the workbench need Chromium. On Debian: apt install chromium")
    with Server(in_memory=True) as server, live(server.url, server.operator_url) as service:
        say(f"seeding {RUNS} runs")
        service.goatfish("seed", "--owner", "tests", "--each", str(SIMULATIONS), "--runs", str(RUNS), "--no-revisions")
        simulation = _long_simulation(service)
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=path, args=FLAGS)
            try:
                found: dict[str, Any] = {"chromium": browser.version, "first": [], "scroll": [], "plot": []}
                for number in range(ROUNDS):
                    say(f"round {number + 1} of {ROUNDS}")
                    found["first"].append(_first(browser, service))
                    found["scroll"].append(_scroll(browser, service, simulation))
                    found["plot"].append(_plot(browser, service, simulation))
                return found
            finally:
                browser.close()


def _long_simulation(service: Live) -> str:
    """The id of a new simulation with many runs."""
    with httpx2.Client(base_url=f"{service.url}/api/v1", headers={"X-API-Key": service.key}, timeout=60) as http:
        plan = {"name": "Long", "start_date": "2026-01-05", "end_date": "2026-02-01"}
        simulation: str = http.post("/simulations", json=plan).json()["id"]
        for start in range(0, LONG, 1000):
            items = [
                {
                    "simulation_id": simulation,
                    "name": f"run {number}",
                    "status": "succeeded",
                    "parameters": {f"p{each}": number % (each + 7) for each in range(8)},
                    "results": {f"r{each}": number * each / 7 for each in range(4)},
                }
                for number in range(start, start + 1000)
            ]
            http.post("/runs/batch", json={"items": items}).raise_for_status()
    return simulation


def _opened(browser: Browser, service: Live, address: str) -> Page:
    """A page of a new context, whose cache is empty, that is signed in when it loads."""
    page = browser.new_context(viewport={"width": 1280, "height": 900}).new_page()
    page.add_init_script(f"sessionStorage.setItem('goatfish.key', '{service.key}');{WATCH}")
    page.goto(f"{service.url}/#/{address}")
    return page


def _first(browser: Browser, service: Live) -> dict[str, float]:
    page = _opened(browser, service, "simulations")
    page.wait_for_function("() => window.seen?.row")
    found = {"ms": page.evaluate("() => window.seen.row"), "bytes": page.evaluate(SENT)}
    page.wait_for_function("() => document.querySelectorAll('.counts .number, .counts .muted').length > 10")
    found["bytes, with counts"] = page.evaluate(SENT)
    page.context.close()
    return found


def _scroll(browser: Browser, service: Live, simulation: str) -> dict[str, float]:
    page = _opened(browser, service, f"simulations/{simulation}")
    page.wait_for_function("() => window.seen?.row")
    frames = sorted(page.evaluate(SCROLL, [STEPS, STEP]))
    page.context.close()
    return {"median": median(frames), "p99": frames[int(len(frames) * 0.99)], "longest": frames[-1]}


def _plot(browser: Browser, service: Live, simulation: str) -> dict[str, float]:
    page = _opened(browser, service, f"simulations/{simulation}?tab=plots")
    page.wait_for_function("() => window.seen?.mark")
    found = {"ms": page.evaluate("() => window.seen.mark"), "marks": page.locator(".mark").count()}
    page.context.close()
    return found


def text(report: Mapping[str, Any]) -> str:
    """Nothing where it has not been measured."""
    if "workbench" not in report:
        return ""
    found = report["workbench"]

    def spread(part: str, name: str, form: str = "{:.0f}") -> str:
        values = [each[name] for each in found[part]]
        return f"{form.format(median(values))} ({form.format(min(values))}-{form.format(max(values))})"

    rows = [
        ["", "median (least-greatest)"],
        ["first view: ms to the first row", spread("first", "ms")],
        ["first view: bytes sent until then", spread("first", "bytes")],
        ["first view: bytes sent with the counts of the rows", spread("first", "bytes, with counts")],
        [f"scrolling {LONG} runs: ms a frame, median", spread("scroll", "median", "{:.1f}")],
        [f"scrolling {LONG} runs: ms a frame, 99th percentile", spread("scroll", "p99", "{:.1f}")],
        [f"scrolling {LONG} runs: longest frame, ms", spread("scroll", "longest", "{:.1f}")],
        [f"plot of {LONG} runs: ms to its marks, loading included", spread("plot", "ms")],
    ]
    return f"\n══ The workbench with {RUNS:,} runs, in Chromium {found['chromium']} ══\n\n{columns(rows)}"
