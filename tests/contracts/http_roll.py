"""Rolling a key: both keys are valid for an overlap, and a failure between the two writes is repaired by a retry."""

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from httpx2 import Response

from domain.access.scopes import Scope
from domain.access.use_cases import ApiKeys
from domain.errors import Unavailable
from tests.contracts.http_api import (
    KEYS,
    SIMULATIONS,
    Service,
    Tenant,
    expect_problem,
    violations,
)
from tests.contracts.http_service import before_storage

HOUR = {"overlap_seconds": 3600}


def roll(tenant: Tenant, id: Any, sent: Any = HOUR, **headers: str) -> Response:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return tenant.send("POST", f"{KEYS}/{id}/roll", json=sent, headers=named)


def made(tenant: Tenant, **members: Any) -> Any:
    answer = tenant.send("POST", KEYS, json={"name": "n", "scopes": ["simulations:read"]} | members)
    assert answer.status_code == 201, answer.text
    return answer.json()


def keys(tenant: Tenant) -> list[Any]:
    items: list[Any] = tenant.send("GET", KEYS).json()["items"]
    return items


def is_valid(tenant: Tenant, key: str) -> bool:
    return tenant.http.get(SIMULATIONS, headers={"X-API-Key": key}).status_code == 200


def lifetime(new: Any, old: Any) -> timedelta:
    """How long the old key stays valid after the new one is created."""
    return datetime.fromisoformat(old["expires_at"]) - datetime.fromisoformat(new["created_at"])


class RollContract:
    """``POST /api/v1/keys/{id}/roll``."""

    def test_both_keys_are_valid_during_the_overlap(self, service: Service) -> None:
        tenant = service.tenant()
        old = made(tenant, name="Nightly")
        answer = roll(tenant, old["id"], {"overlap_seconds": 3600, "expires_at": "2099-01-01T00:00:00Z"})
        new = answer.json()
        assert answer.status_code == 201
        assert new.keys() == old.keys()
        assert (new["name"], new["scopes"], new["expires_at"]) == (old["name"], old["scopes"], "2099-01-01T00:00:00Z")
        assert new["key"].startswith(new["prefix"] + "_")
        assert answer.headers["location"] == f"{KEYS}/{new['id']}"
        read = tenant.send("GET", answer.headers["location"])
        assert read.json() | {"key": new["key"]} == new
        assert read.headers["etag"] == answer.headers["etag"]
        assert lifetime(new, tenant.send("GET", f"{KEYS}/{old['id']}").json()) == timedelta(hours=1)
        assert is_valid(tenant, old["key"])
        assert is_valid(tenant, new["key"])
        service.clock.passes(timedelta(hours=1))
        assert not is_valid(tenant, old["key"])
        assert is_valid(tenant, new["key"])

    def test_default_overlap_is_a_day(self, service: Service) -> None:
        tenant = service.tenant()
        old = made(tenant)
        new = roll(tenant, old["id"], {}).json()
        assert new["expires_at"] is None
        assert lifetime(new, tenant.send("GET", f"{KEYS}/{old['id']}").json()) == timedelta(days=1)

    def test_old_key_is_invalid_without_an_overlap(self, service: Service) -> None:
        tenant = service.tenant()
        old = made(tenant)
        assert roll(tenant, old["id"], {"overlap_seconds": 0}).status_code == 201
        assert not is_valid(tenant, old["key"])

    def test_roll_does_not_extend_the_old_key(self, service: Service) -> None:
        tenant = service.tenant()
        end = (service.clock() + timedelta(minutes=1)).replace(microsecond=0)
        old = made(tenant, expires_at=end.isoformat())
        assert roll(tenant, old["id"]).status_code == 201
        stored = tenant.send("GET", f"{KEYS}/{old['id']}").json()
        assert datetime.fromisoformat(stored["expires_at"]) == end

    def test_new_key_has_the_lifetime_of_the_old_one_by_default(self, service: Service) -> None:
        tenant = service.tenant()
        old = made(tenant, expires_at=(service.clock() + timedelta(days=90)).isoformat())
        service.clock.passes(timedelta(days=30))
        lived = datetime.fromisoformat(old["expires_at"]) - datetime.fromisoformat(old["created_at"])
        new = roll(tenant, old["id"], {}).json()
        assert lifetime(new, new) == lived
        sooner = (service.clock() + timedelta(days=1)).isoformat().replace("+00:00", "Z")
        assert roll(tenant, new["id"], {"expires_at": sooner}).json()["expires_at"] == sooner

    def test_key_that_expires_at_the_maximum_time_can_be_rolled(self, service: Service) -> None:
        tenant = service.tenant()
        old = made(tenant, expires_at="9999-12-31T23:59:59Z")
        service.clock.passes(timedelta(days=1))
        new = roll(tenant, old["id"], {}).json()
        assert new["expires_at"] == "9999-12-31T23:59:59.999999Z"
        assert tenant.send("GET", f"{KEYS}/{new['id']}").json()["expires_at"] == new["expires_at"]

    def test_key_can_roll_itself(self, service: Service) -> None:
        tenant = service.tenant()
        new = roll(tenant, tenant.key_id).json()
        assert is_valid(tenant, tenant.key)
        assert roll(Tenant(service.http, tenant.owner, UUID(new["id"]), new["key"]), tenant.key_id).status_code == 201

    @before_storage
    @pytest.mark.parametrize(
        ("sent", "expected"),
        [
            ({"overlap_seconds": -1}, {"#/overlap_seconds": "overlap"}),
            ({"overlap_seconds": 30 * 86400 + 1}, {"#/overlap_seconds": "overlap"}),
            ({"overlap_seconds": 1e300}, {"#/overlap_seconds": "overlap"}),
            ({"overlap_seconds": 1.5}, {"#/overlap_seconds": "overlap"}),
            ({"overlap_seconds": True}, {"#/overlap_seconds": "overlap"}),
            ({"overlap_seconds": "60"}, {"#/overlap_seconds": "overlap"}),
            ({"overlap_seconds": None}, {"#/overlap_seconds": "overlap"}),
            ({"expires_at": "2020-01-01T00:00:00Z"}, {"#/expires_at": "in_the_past"}),
            ({"expires_at": "soon"}, {"#/expires_at": "date_time"}),
            ({"name": "n"}, {"#/name": "unknown"}),
        ],
    )
    def test_invalid_member_is_named_before_the_key_is_looked_up(
        self, service: Service, sent: Any, expected: Any
    ) -> None:
        assert violations(roll(service.tenant(), "x", sent)) == expected

    @pytest.mark.parametrize("longest", [30 * 86400, 30 * 86400.0], ids=["whole", "with-a-point"])
    def test_the_longest_overlap_is_thirty_days(self, service: Service, longest: float) -> None:
        tenant = service.tenant()
        old = made(tenant)
        new = roll(tenant, old["id"], {"overlap_seconds": longest}).json()
        assert lifetime(new, tenant.send("GET", f"{KEYS}/{old['id']}").json()) == timedelta(days=30)

    def test_refused_roll_creates_no_key(self, service: Service) -> None:
        tenant, other = service.tenant(), service.tenant()
        revoked, manager = made(tenant), made(tenant, scopes=["keys:manage"])
        tenant.send("DELETE", f"{KEYS}/{revoked['id']}")
        weak = Tenant(service.http, tenant.owner, UUID(manager["id"]), manager["key"])
        for answer, status, code in (
            (roll(tenant, other.key_id), 404, "key_not_found"),
            (roll(tenant, "x", if_match='"x"'), 404, "key_not_found"),
            (roll(weak, tenant.key_id, if_match='"x"'), 403, "missing_scope"),
            (roll(tenant, revoked["id"], if_match='"x"'), 412, "precondition_failed"),
            (roll(tenant, revoked["id"]), 409, "key_ended"),
            (roll(service.tenant(Scope.SIMULATIONS_READ), "x"), 403, "missing_scope"),
        ):
            expect_problem(answer, status, code)
        assert len(keys(tenant)) == 3
        assert [key["expires_at"] for key in keys(tenant)] == [None] * 3

    def test_condition_is_checked_against_the_old_key(self, service: Service) -> None:
        tenant = service.tenant()
        old = made(tenant)
        tag = tenant.send("GET", f"{KEYS}/{old['id']}").headers["etag"]
        assert roll(tenant, old["id"], if_match=tag).status_code == 201
        expect_problem(roll(tenant, old["id"], if_match=tag), 412, "precondition_failed")

    @pytest.mark.parametrize("overlap", [0, 3600])
    def test_repeated_roll_is_replayed_without_the_secret(self, service: Service, overlap: int) -> None:
        tenant = service.tenant()
        old, sent = made(tenant), {"overlap_seconds": overlap}
        tag = tenant.send("GET", f"{KEYS}/{old['id']}").headers["etag"]
        first = roll(tenant, old["id"], sent, idempotency_key="k", if_match=tag)
        again = roll(tenant, old["id"], sent, idempotency_key="k", if_match=tag)
        assert (again.status_code, again.json()) == (201, first.json() | {"key": None}), again.text
        assert again.headers["location"] == first.headers["location"]
        assert again.headers["idempotency-replayed"] == "true"
        assert len(keys(tenant)) == 3

    def test_idempotency_key_is_bound_to_one_key_and_body(self, service: Service) -> None:
        tenant = service.tenant()
        one, two = made(tenant), made(tenant)
        assert roll(tenant, one["id"], idempotency_key="k").status_code == 201
        for id, sent in ((two["id"], HOUR), ("x", HOUR), (one["id"], {})):
            expect_problem(roll(tenant, id, sent, idempotency_key="k"), 422, "idempotency_key_reused")
        assert len(keys(tenant)) == 4

    def test_failed_second_write_is_completed_by_a_retry(
        self, service: Service, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        tenant = service.tenant()
        old = made(tenant)

        async def lost(*_: Any, **__: Any) -> None:
            raise Unavailable("gone")

        with monkeypatch.context() as crash:
            crash.setattr(ApiKeys, "expire_previous", lost)
            expect_problem(roll(tenant, old["id"], idempotency_key="k"), 503, "unavailable")
        assert tenant.send("GET", f"{KEYS}/{old['id']}").json()["expires_at"] is None
        service.clock.passes(timedelta(minutes=5))
        new = roll(tenant, old["id"], idempotency_key="k")
        assert (new.status_code, new.headers["idempotency-replayed"]) == (201, "true")
        assert lifetime(new.json(), tenant.send("GET", f"{KEYS}/{old['id']}").json()) == timedelta(hours=1)
        assert len(keys(tenant)) == 3
