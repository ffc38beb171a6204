"""What axe finds wrong with the accessibility of a page in the browser."""

from axe_playwright_python.sync_playwright import Axe  # type: ignore[import-untyped]  # -- it has no types
from playwright.sync_api import Page


def serious_faults(page: Page) -> list[str]:
    """A line for each serious or critical fault: the rule, and the first element that breaks it."""
    found = Axe().run(page).response["violations"]
    serious = [each for each in found if each["impact"] in {"serious", "critical"}]
    return [f"{each['id']}: {each['nodes'][0]['html']}" for each in serious]
