"""Signing in and out: where the key is kept, one-time links, and the end of a key."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import httpx2
from playwright.sync_api import Page, expect

from tests.browser.conftest import Recorded
from tests.browser.workbench.conftest import BASE, Tenant, sign_in
from tests.running_service import Live

STORED = "() => [{...sessionStorage}, {...localStorage}].map((each) => JSON.stringify(each))"


def test_the_key_is_kept_in_the_tab_alone(workbench: Page, tenant: Tenant, service: Live) -> None:
    of_tab, of_browser = workbench.evaluate(STORED)
    assert json.loads(of_tab) == {"goatfish.key": tenant.key}
    assert tenant.key not in of_browser
    assert tenant.key not in workbench.url
    workbench.reload()
    expect(workbench.get_by_role("button", name="Sign out")).to_be_visible()
    other = workbench.context.new_page()
    other.goto(service.url)
    expect(other.get_by_label("API key")).to_be_visible()
    assert tenant.key not in service.heard.getvalue()


def test_remember_me_keeps_the_key_until_sign_out(page: Page, service: Live, tenant: Tenant) -> None:
    page.goto(service.url)
    page.get_by_label("API key").fill(tenant.key)
    page.get_by_label("Remember me").check()
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("button", name="Sign out")).to_be_visible()
    other = page.context.new_page()
    other.goto(service.url)
    other.get_by_role("button", name="Sign out").click()
    expect(other.get_by_text("You have signed out.")).to_be_visible()
    assert tenant.key not in "".join(other.evaluate(STORED))


def test_a_wrong_key_is_told_in_a_sentence(page: Page, service: Live) -> None:
    page.goto(service.url)
    page.get_by_label("API key").fill("gf_wrong")
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_text("The key is no longer valid")).to_be_visible()
    page.get_by_label("API key").fill("gf_two words")
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_text("That is no API key")).to_be_visible()


def test_a_revoked_key_ends_the_page_within_two_seconds(page: Page, service: Live, tenant: Tenant) -> None:
    """The service refuses it within half a second, as a unit test shows, and the page asks every second."""
    manager = tenant.call("POST", "/keys", {"name": "other", "scopes": ["simulations:read"], "expires_at": None})
    sign_in(page, service, manager["key"])
    expect(page.get_by_role("heading", level=1)).to_be_visible()
    tenant.call("DELETE", f"/keys/{manager['id']}")
    expect(page.get_by_text("it was revoked or has expired")).to_be_visible()
    assert page.evaluate(STORED) == ["{}", page.evaluate(STORED)[1]]
    assert manager["key"] not in page.content()
    page.clock.install()
    page.clock.pause_at(datetime.now(UTC) + timedelta(days=1))
    page.evaluate(
        f"""async () => {{
            const {{ Live }} = await import({BASE} + "lib/live.js");
            window.asked = 0;
            new Live({{ get: async () => ((window.asked += 1), {{ items: [] }}) }}).start();
        }}"""
    )
    page.clock.run_for(10_000)
    assert page.evaluate("() => window.asked") == 11


def test_a_used_link_leads_to_the_form(page: Page, service: Live, recorded: Recorded) -> None:
    page.goto(f"{service.url}/#/sign-in/used-long-ago")
    expect(page.get_by_text("has been used or has expired")).to_be_visible()
    assert "used-long-ago" not in page.url
    assert recorded.other_hosts == []


def test_a_second_tenant_sees_nothing(
    workbench: Page, tenant: Tenant, service: Live, unused_tenants: Iterator[tuple[str, str]]
) -> None:
    made = tenant.simulation("Only mine")
    expect(workbench.get_by_text("Only mine").first).to_be_visible()
    other = workbench.context.new_page()
    sign_in(other, service, next(unused_tenants)[1])
    other.goto(f"{service.url}/#/simulations/{made['id']}")
    expect(other.get_by_role("alert")).to_be_visible()
    assert "Only mine" not in other.content()


def test_policy_of_the_page(service: Live) -> None:
    policy = httpx2.get(service.url).headers["content-security-policy"]
    assert "unsafe" not in policy
    assert "require-trusted-types-for 'script'" in policy
