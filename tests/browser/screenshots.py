"""``./run screenshots [FOLDER]``: pictures of every view in light, dark and on a phone, of the running product."""

import os
import shutil
import sys
from pathlib import Path
from typing import Any

import httpx2
from playwright.sync_api import Browser, Page, expect, sync_playwright

from tests.browser.conftest import FLAGS, NAMES
from tests.browser.workbench.conftest import go, sign_in
from tests.running_service import Live, live

ROOT = Path(__file__).parents[2]
KEPT = ROOT / "docs" / "images"
"""The pictures that the README shows."""
WINDOWS: dict[str, dict[str, Any]] = {
    "light": {"viewport": {"width": 1280, "height": 800}, "color_scheme": "light"},
    "dark": {"viewport": {"width": 1280, "height": 800}, "color_scheme": "dark"},
    "phone": {"viewport": {"width": 390, "height": 844}, "color_scheme": "light"},
}
SETTLE = 700
"""Milliseconds for what is asked for row by row."""
IN_README = {"timeline-light", "runs-light", "plot-dark", "compare-phone"}


def views(http: httpx2.Client) -> dict[str, tuple[str, str]]:
    """By the names of their pictures, the addresses of all views, and what is there when a view is complete."""

    def found(path: str, **params: Any) -> list[Any]:
        items: list[Any] = http.get(f"/api/v1{path}", params=params).json()["items"]
        return items

    failed = found("/runs", status="failed", limit=1)[0]
    simulation = f"simulations/{failed['simulation_id']}"
    compared = ",".join(
        run["id"] for run in found("/runs", simulation_id=failed["simulation_id"], status="succeeded", limit=3)
    )
    return {
        "simulations": ("simulations", ".counts .number"),
        "timeline": ("simulations?view=timeline", ".timeline-row .mark"),
        "nothing": ("simulations?name=nothing", ".empty"),
        "runs": (simulation, ".status-filter .button"),
        "plot": (f"{simulation}?tab=plots&colour=labels.mesh", "svg.plot .mark"),
        "box": (f"{simulation}?tab=plots&kind=box", "svg.plot .box"),
        "over-time": (f"{simulation}?tab=plots&kind=time", "svg.plot .trend"),
        "simulation-history": (f"{simulation}?tab=history", ".revisions li"),
        "about": (f"{simulation}?tab=about", ".facts"),
        "run": (f"runs/{failed['id']}", ".facts"),
        "run-history": (f"runs/{failed['id']}?tab=history", ".revisions li"),
        "run-code": (f"runs/{failed['id']}?tab=code", ".code"),
        "compare": (f"compare?runs={compared}", ".compare td"),
        "keys": ("keys", "table.plain td"),
    }


def take(browser: Browser, service: Live, key: str, folder: Path) -> None:
    """Writes a picture of each view in each window."""
    with httpx2.Client(base_url=service.url, headers={"X-API-Key": key}) as http:
        addresses = views(http)
    for window, settings in WINDOWS.items():
        with browser.new_context(**settings) as context:
            page = context.new_page()
            page.goto(service.url)
            expect(page.get_by_label("API key")).to_be_visible()
            save(page, folder, f"sign-in-{window}")
            sign_in(page, service, key)
            for name, (address, complete) in addresses.items():
                go(page, f"#/{address}")
                expect(page.locator("main").locator(complete).first).to_be_visible()
                page.wait_for_timeout(SETTLE)
                save(page, folder, f"{name}-{window}")


def save(page: Page, folder: Path, name: str) -> None:
    page.mouse.move(0, 0)
    page.screenshot(path=folder / f"{name}.png", animations="disabled")
    if name in IN_README:
        shutil.copy(folder / f"{name}.png", KEPT)


def main(folder: Path) -> None:
    """Raises where there is no Chromium."""
    folder.mkdir(parents=True, exist_ok=True)
    KEPT.mkdir(exist_ok=True)
    path = next(filter(None, map(shutil.which, NAMES)), None)
    with (
        live(os.environ["GOATFISH_DATABASE_URL"], os.environ["GOATFISH_OPERATOR_DATABASE_URL"]) as service,
        sync_playwright() as playwright,
    ):
        service.goatfish("owner", "create", "demo")
        service.goatfish("seed", "--owner", "demo", "--each", "24", "--runs", "600")
        key = service.goatfish("key", "create", "demo").stdout.strip()
        browser = playwright.chromium.launch(executable_path=path, args=FLAGS)
        try:
            take(browser, service, key, folder)
        finally:
            browser.close()


if __name__ == "__main__":
    main(Path(sys.argv[1] if len(sys.argv) > 1 else "var/screenshots"))
