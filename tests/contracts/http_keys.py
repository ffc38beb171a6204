"""API keys over HTTP."""

from typing import Any
from uuid import UUID

import pytest

from domain.access.scopes import Scope
from tests.contracts.http_service import KEYS, ME, STAMP, Service, Tenant, before_storage, expect_problem, violations
from tests.contracts.tags import version_of


class KeysContract:
    """Creating, reading, listing and revoking keys."""

    def test_secret_of_a_key_is_shown_once(self, service: Service) -> None:
        tenant = service.tenant()
        sent = {"name": " Nightly ", "scopes": ["simulations:write", "simulations:read"], "expires_at": None}
        answer = tenant.send("POST", KEYS, json=sent)
        body = answer.json()
        assert answer.status_code == 201
        assert body["name"] == "Nightly"
        assert body["key"].startswith(body["prefix"] + "_")
        assert body["scopes"] == ["simulations:read", "simulations:write"]
        again = tenant.send("GET", answer.headers["location"])
        secret = body.pop("key")
        assert again.json() == body
        assert again.headers["etag"] == answer.headers["etag"]
        listed = tenant.send("GET", KEYS)
        assert [item["id"] for item in listed.json()["items"]] == [body["id"], str(tenant.key_id)]
        assert secret not in again.text + listed.text
        made = Tenant(service.http, tenant.owner, UUID(body["id"]), secret)
        assert made.send("GET", ME).status_code == 200

    def test_expiry_is_stored_in_utc(self, service: Service) -> None:
        tenant = service.tenant()
        for spelt in ("2099-01-01T02:00:00.5+02:00", "2099-01-01t00:00:00.5z", "2099-01-01T00:00:00.500000999Z"):
            sent = {"name": "n", "scopes": ["simulations:read"], "expires_at": spelt}
            body = tenant.send("POST", KEYS, json=sent).json()
            assert body["expires_at"] == "2099-01-01T00:00:00.500000Z"

    @before_storage
    @pytest.mark.parametrize(
        ("members", "expected"),
        [
            ({"name": ""}, {"#/name": "too_short"}),
            ({"name": "x" * 101}, {"#/name": "too_long"}),
            ({"scopes": []}, {"#/scopes": "too_short"}),
            ({"scopes": ["all"]}, {"#/scopes/0": "scope"}),
            ({"scopes": "simulations:read"}, {"#/scopes": "wrong_type"}),
            ({"expires_at": "2020-01-01T00:00:00Z"}, {"#/expires_at": "in_the_past"}),
            ({"expires_at": "2099-01-01T00:00:00"}, {"#/expires_at": "date_time"}),
            ({"expires_at": "9999-12-31T23:59:59-01:00"}, {"#/expires_at": "date_time"}),
            ({"expires_at": 4070908800}, {"#/expires_at": "date_time"}),
            ({"key": "gf_x"}, {"#/key": "unknown"}),
        ],
    )
    def test_invalid_member_of_a_key_is_named(self, service: Service, members: Any, expected: Any) -> None:
        sent = {"name": "n", "scopes": ["simulations:read"]} | members
        assert violations(service.tenant().send("POST", KEYS, json=sent)) == expected

    def test_key_cannot_grant_scopes_that_it_lacks(self, service: Service) -> None:
        manager = service.tenant(Scope.KEYS_MANAGE)
        sent = {"name": "n", "scopes": ["simulations:read"]}
        expect_problem(manager.send("POST", KEYS, json=sent), 403, "missing_scope")
        assert manager.send("POST", KEYS, json=sent | {"scopes": ["keys:manage"]}).status_code == 201

    def test_revoked_key_stays_readable_and_can_be_revoked_again(self, service: Service) -> None:
        tenant = service.tenant()
        made = tenant.send("POST", KEYS, json={"name": "n", "scopes": ["simulations:read"]}).json()
        path = f"{KEYS}/{made['id']}"
        assert made["revoked_at"] is None
        for _ in range(2):
            answer = tenant.send("DELETE", path)
            assert (answer.status_code, answer.content) == (204, b"")
        assert STAMP.fullmatch(tenant.send("GET", path).json()["revoked_at"])
        revoked = Tenant(service.http, tenant.owner, UUID(made["id"]), made["key"])
        expect_problem(revoked.send("GET", ME), 401, "unauthenticated")

    def test_key_cannot_revoke_itself(self, service: Service) -> None:
        tenant = service.tenant()
        expect_problem(tenant.send("DELETE", f"{KEYS}/{tenant.key_id}"), 409, "key_in_use")
        assert tenant.send("GET", ME).status_code == 200

    def test_last_use_of_a_key_is_recorded_in_the_background(self, service: Service) -> None:
        tenant = service.tenant()
        made = tenant.send("POST", KEYS, json={"name": "n", "scopes": ["simulations:read"]}).json()
        user, path = Tenant(service.http, tenant.owner, UUID(made["id"]), made["key"]), f"{KEYS}/{made['id']}"
        before = tenant.send("GET", path)
        assert before.json()["last_used_at"] is None
        for _ in range(3):
            assert user.send("GET", ME).status_code == 200
        service.call(service.container.background().drain)
        after = tenant.send("GET", path)
        assert STAMP.fullmatch(after.json()["last_used_at"])
        assert version_of(after) == version_of(before) + 1

    def test_keys_of_other_owners_are_not_found(self, service: Service) -> None:
        mine, other = service.tenant(), service.tenant()
        for method in ("GET", "DELETE"):
            expect_problem(mine.send(method, f"{KEYS}/{other.key_id}"), 404, "key_not_found")
        assert other.send("GET", ME).status_code == 200
