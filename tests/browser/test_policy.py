"""The content security policy: the admin works under it, and injected scripts do not run."""

import re

from playwright.sync_api import Page, expect

from tests.browser.conftest import Recorded
from tests.running_service import Live

OPERATOR, PASSWORD = "boss", "correct horse battery"


def sign_in(service: Live, page: Page) -> None:
    if OPERATOR not in service.goatfish("django", "dumpdata", "goatfish.operator").stdout:
        service.goatfish("operator", "create", OPERATOR, "--password-stdin", stdin=f"{PASSWORD}\n")
    page.goto(f"{service.url}/admin/")
    page.get_by_label("Username").fill(OPERATOR)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Log in").click()
    expect(page.locator("#user-tools")).to_be_visible()
    page.wait_for_load_state()


def test_admin_works_under_its_content_security_policy(service: Live, page: Page, recorded: Recorded) -> None:
    sign_in(service, page)
    links = page.locator("#content-main th a").evaluate_all("links => links.map(link => link.href)")
    assert len(links) >= 3
    for link in links:
        page.goto(link)
        expect(page.locator("#content h1")).to_be_visible()
        first = page.locator("#result_list tbody th a").first
        if first.count():
            first.click()
            expect(page).not_to_have_url(link)
            expect(page.locator("#content h1")).to_be_visible()
    page.get_by_role("button", name="Toggle theme").first.click()
    assert page.locator("html").get_attribute("data-theme") in {"light", "dark", "auto"}
    assert recorded == Recorded()


def test_injected_script_and_style_have_no_effect(service: Live, page: Page, recorded: Recorded) -> None:
    sign_in(service, page)
    for path in ("/admin/", "/docs"):
        page.goto(service.url + path)
        page.evaluate(
            """() => {
                for (const [name, text] of [["script", "window.planted = true"], ["style", "body { opacity: 0 }"]]) {
                    const element = document.createElement(name);
                    element.textContent = text;
                    document.head.append(element);
                }
            }"""
        )
        assert page.evaluate("() => [window.planted, getComputedStyle(document.body).opacity]") == [None, "1"]
    assert len([text for text in recorded.console_errors if "Content Security Policy" in text]) == 4


def test_no_page_can_be_framed(service: Live, page: Page, recorded: Recorded) -> None:
    page.goto(f"{service.url}/docs/assets/favicon.png")
    for path in ("/docs", "/admin/login/", "/livez"):
        page.goto("data:text/html,<title>elsewhere</title>")
        page.set_content(f"<iframe src='{service.url}{path}'></iframe>")
        page.frames[1].wait_for_url(re.compile("^chrome-error:"))
