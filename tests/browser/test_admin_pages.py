"""Every page of the admin has no serious fault by axe's rules, and is no wider than the window."""

import json
import re
from collections import defaultdict
from collections.abc import Iterator
from typing import Literal, TypeAlias
from urllib.parse import urlsplit
from urllib.request import Request, urlopen

import pytest
from playwright.sync_api import Page, expect

from tests.browser.axe import serious_faults
from tests.browser.test_policy import sign_in
from tests.running_service import Live

Look: TypeAlias = tuple[Literal["light", "dark"], int]
LOOKS: tuple[Look, ...] = (("light", 1280), ("dark", 1280), ("light", 390), ("dark", 390))
"""Colour schemes and widths in pixels."""
PAGES_PER_KIND = 2
FITS = """() => {
    const edge = each => each.getBoundingClientRect().right + 1;
    const fits = each => each.scrollWidth <= each.clientWidth + 1
        && edge(each) <= edge(each.closest(".results, .readonly, #content")) + 1;
    const place = each => each.getBoundingClientRect();
    const [name, tools] = ["#content > h2", ".object-tools"].map(each => document.querySelector(each));
    const apart = !name || !tools || place(tools).top >= place(name).bottom;  // a long name is not under the buttons
    const narrow = innerWidth < 768;  // there, Django has lists scroll within their place
    return apart && [document.documentElement, document.body].every(each => each.scrollWidth <= innerWidth)
        && [...document.querySelectorAll(narrow ? "pre" : "table, pre")].every(fits);
}"""
LONG, GONE = "W" * 100, "M" * 100


def kind_of(url: str) -> str:
    """What pages have in common that show another object, or a list by other filters."""
    return re.sub(r"/([0-9a-f-]{36}|\d+)(?=/)", "/ID", urlsplit(url).path)


def pages(page: Page, service: Live) -> Iterator[str]:
    """Goes to some pages of each kind that links lead to."""
    found: dict[str, set[str]] = defaultdict(set)
    waiting = [f"{service.url}/admin/"]
    while waiting:
        page.goto(waiting.pop())
        yield page.url
        for link in page.evaluate("() => [...document.links].map(link => link.href.split('#')[0])"):
            others = found[kind_of(link)]
            if urlsplit(link).path.startswith("/admin/") and link not in others and len(others) < PAGES_PER_KIND:
                others.add(link)
                waiting.append(link)


def faults(page: Page) -> list[str]:
    """What is wrong with the page, in each look."""
    found = []
    for scheme, width in LOOKS:
        page.emulate_media(color_scheme=scheme)
        page.set_viewport_size({"width": width, "height": 1600})
        # The colours of links fade; what ends early is rejected.
        page.evaluate("() => Promise.allSettled(document.getAnimations().map(each => each.finished))")
        fits = [] if page.evaluate(FITS) else ["The page or a table is too wide, or its buttons cover its name."]
        found += [f"{scheme}, {width} pixels: {fault}" for fault in (*fits, *serious_faults(page))]
    return found


@pytest.fixture(scope="module")
def filled(service: Live) -> None:
    """Rows of each kind, with texts as long as they may be and without a place to break them."""
    service.goatfish("seed", "--owners", "2", "--each", "8", "--runs", "20")
    service.goatfish("owner", "create", LONG)
    key = service.goatfish("key", "create", LONG, "--name", LONG, "--expires-in", "9d").stdout.strip()
    service.goatfish("owner", "create", GONE)
    service.goatfish("owner", "deactivate", GONE)

    def post(path: str, **members: object) -> str:
        headers = {"X-API-Key": key, "Content-Type": "application/json"}
        with urlopen(Request(f"{service.url}/api/v1/{path}", json.dumps(members).encode(), headers)) as answer:
            return str(json.load(answer)["id"])

    labels, dates = {"k" * 63: "W" * 255}, {"start_date": "2026-01-05", "end_date": "2026-02-01"}
    simulation = post("simulations", name=LONG * 3, description=LONG * 40, labels=labels, **dates)
    quantities = {f"{'q' * 99}{number}": {"value": LONG * 10, "unit": "W" * 32} for number in range(3)}
    post(
        "runs",
        simulation_id=simulation,
        name=LONG * 3,
        solver=LONG,
        solver_version=LONG,
        external_id="W" * 255,
        labels=labels,
        parameters=quantities,
        results=quantities,
        artifacts=[{"name": "W" * 255, "uri": f"s3:{LONG * 20}", "sha256": "0" * 64}],
    )


@pytest.mark.usefixtures("filled")
def test_no_page_has_a_serious_fault_or_is_too_wide(service: Live, page: Page) -> None:
    page.goto(f"{service.url}/admin/")
    wrong = {page.url: faults(page)}
    sign_in(service, page)
    for url in pages(page, service):
        wrong[url] = faults(page)
    erase = next(url for url in wrong if kind_of(url).endswith("/ID/erase/"))
    for form in (erase, *(f"{service.url}/admin/goatfish/{model}/add/" for model in ("ownerrow", "apikeyrow"))):
        page.goto(form)
        page.locator("#content-main input[type=submit]").click()
        expect(page.get_by_text("Nothing was changed.")).to_be_visible()
        wrong[f"errors in {page.url}"] = faults(page)
    page.get_by_label("Owner").fill(LONG)
    page.get_by_label("Name").fill("Nightly runs")
    page.get_by_role("button", name="Issue").click()
    wrong["the issued key"] = faults(page)
    page.get_by_role("button", name="Log out").click()
    wrong["logged out"] = faults(page)
    assert {url: found for url, found in wrong.items() if found} == {}
    assert len(wrong) > 30


@pytest.mark.usefixtures("filled")
def test_pages_of_an_operator_without_rights_have_no_serious_fault(service: Live, page: Page) -> None:
    sign_in(service, page)
    page.goto(f"{service.url}/admin/goatfish/ownerrow/")
    owner = page.locator("#result_list tbody th a").first.get_attribute("href") or ""
    set_rights = "from adapters.django_orm.models import Operator as o; o.objects.update(is_superuser={})"
    service.goatfish("django", "shell", "-c", set_rights.format(False))
    try:
        page.goto(f"{service.url}/admin/")
        assert faults(page) == []
        page.goto(f"{service.url}{owner.replace('/change/', '/erase/')}")
        expect(page.get_by_text("Erasing an owner needs the permission to delete owners.")).to_be_visible()
        assert faults(page) == []
    finally:
        service.goatfish("django", "shell", "-c", set_rights.format(True))


@pytest.mark.usefixtures("filled")
@pytest.mark.parametrize("clipboard", [True, False], ids=["with-clipboard", "as-without-https"])
def test_an_issued_key_is_copied_by_keyboard(service: Live, page: Page, clipboard: bool) -> None:
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    if not clipboard:
        page.add_init_script("Object.defineProperty(navigator, 'clipboard', {value: undefined})")
    sign_in(service, page)
    page.goto(f"{service.url}/admin/goatfish/apikeyrow/add/")
    page.get_by_label("Owner").fill(LONG)
    page.get_by_label("Name").fill("Nightly runs")
    page.get_by_role("button", name="Issue").click()
    button = page.get_by_role("button", name="Copy the key")
    for _ in range(20):
        page.keyboard.press("Tab")
        if button.evaluate("button => button === document.activeElement"):
            break
    page.keyboard.press("Enter")
    expect(page.get_by_role("status")).to_have_text("Copied.")
    key = page.locator("#key-text").inner_text()
    page.goto(f"{service.url}/admin/goatfish/simulationrow/")
    page.get_by_label("Search").press("Control+v")
    expect(page.get_by_label("Search")).to_have_value(key)
