"""Keys: issued once, rolled, revoked, by whoever may manage them."""

import re

from playwright.sync_api import Page, expect

from domain.access.scopes import Scope
from tests.browser.workbench.conftest import Tenant, sign_in
from tests.restartable import wait_until
from tests.running_service import Live


def open_keys(page: Page) -> None:
    page.get_by_role("link", name="Keys").click()
    expect(page.get_by_role("heading", name="Keys")).to_be_visible()


def shown_key(page: Page) -> str:
    return page.get_by_role("dialog").locator("pre").inner_text()


def may(tenant: Tenant, key: str) -> int:
    return tenant.http.get("/api/v1/me", headers={"X-API-Key": key}).status_code


def wait_until_refused(tenant: Tenant, key: str) -> None:
    wait_until(lambda: may(tenant, key) == 401, "the key is refused")


def test_a_key_is_issued_shown_once_and_revoked(workbench: Page, tenant: Tenant) -> None:
    open_keys(workbench)
    workbench.get_by_role("button", name="New key").click()
    workbench.get_by_label("Name").fill("Nightly <b>runs</b>")
    workbench.get_by_label("runs:write").check()
    workbench.get_by_role("button", name="Issue").click()
    expect(workbench.get_by_text("it is shown only once")).to_be_visible()
    key = shown_key(workbench)
    assert may(tenant, key) == 200
    workbench.get_by_role("button", name="Done").click()
    expect(workbench.get_by_role("row", name="Nightly <b>runs</b>")).to_be_visible()
    assert key not in workbench.content()
    workbench.get_by_role("button", name="Revoke Nightly").click()
    workbench.get_by_role("dialog").get_by_role("button", name="Revoke").click()
    expect(workbench.get_by_role("row", name=re.compile("Nightly.*revoked"))).to_be_visible()
    wait_until_refused(tenant, key)


def test_the_key_in_use_is_rolled_and_the_page_goes_on(workbench: Page, tenant: Tenant) -> None:
    open_keys(workbench)
    own = workbench.get_by_role("row", name=re.compile("in use here"))
    expect(own).to_be_visible()
    assert own.get_by_role("button", name=re.compile("Revoke")).count() == 0
    own.get_by_role("button", name=re.compile("Roll")).click()
    workbench.get_by_label("The old key ends").select_option(label="at once")
    workbench.get_by_role("dialog").get_by_role("button", name="Roll").click()
    expect(workbench.get_by_text("it is shown only once")).to_be_visible()
    key = shown_key(workbench)
    assert key != tenant.key
    workbench.get_by_role("button", name="Done").click()
    expect(workbench.get_by_role("row", name=re.compile("in use here"))).to_be_visible()
    workbench.reload()
    expect(workbench.get_by_role("row", name=re.compile("in use here"))).to_be_visible()
    assert may(tenant, key) == 200
    wait_until_refused(tenant, tenant.key)


def test_only_a_key_with_all_scopes_may_do_everything(workbench: Page, tenant: Tenant) -> None:
    for lacking in Scope:
        tenant.call("POST", "/keys", {"name": f"not {lacking}", "scopes": [each for each in Scope if each != lacking]})
    open_keys(workbench)
    expect(workbench.get_by_role("row", name=re.compile("in use here.* everything"))).to_have_count(1)
    expect(workbench.get_by_role("row", name=re.compile("everything"))).to_have_count(1)


def test_a_key_is_revoked_on_a_narrow_screen_whatever_its_name(workbench: Page, tenant: Tenant) -> None:
    tenant.call("POST", "/keys", {"name": "n" * 100, "scopes": list(Scope)})
    workbench.set_viewport_size({"width": 390, "height": 844})
    open_keys(workbench)
    expect(workbench.get_by_role("button", name="Revoke nnn")).to_be_in_viewport(ratio=1)


def test_what_is_refused_is_said_in_the_dialog(workbench: Page) -> None:
    open_keys(workbench)
    workbench.get_by_role("button", name="New key").click()
    workbench.get_by_label("Name").fill("no scopes")
    for box in workbench.get_by_role("checkbox").all():
        box.uncheck()
    workbench.get_by_role("button", name="Issue").click()
    expect(workbench.get_by_role("dialog").get_by_role("alert")).to_contain_text("#/scopes")


def test_who_may_not_manage_keys_sees_only_the_own(page: Page, service: Live, tenant: Tenant) -> None:
    reader = tenant.call("POST", "/keys", {"name": "reader", "scopes": ["runs:read"], "expires_at": None})
    sign_in(page, service, reader["key"])
    open_keys(page)
    expect(page.get_by_text("lacks the scope keys:manage")).to_be_visible()
    expect(page.get_by_text("reader")).to_be_visible()
    assert page.get_by_role("button", name="New key").count() == 0
