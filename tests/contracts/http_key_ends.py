"""Expiry and creator of keys that are created or rolled by keys, and caching of responses with a secret."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from httpx2 import Response

from domain.access.api_key import ApiKey
from domain.access.token import ApiKeyToken
from tests.contracts.http_api import (
    CONTEXT,
    KEYS,
    Service,
    Tenant,
    expect_problem,
    violations,
)
from tests.contracts.http_roll import keys, lifetime, made, roll
from tests.contracts.http_service import before_storage

HOURS = timedelta(hours=4)
DAY = timedelta(days=1)
TICK = timedelta(microseconds=1)
NEVER = None
ALL = ["keys:manage", "simulations:read", "simulations:write"]
LAST = "9999-12-31T23:59:59.999999Z"


def moment(text: str) -> datetime:
    return datetime.fromisoformat(text)


def iso(at: datetime) -> str:
    return at.isoformat().replace("+00:00", "Z")


def tenant_with(tenant: Tenant, key: Any) -> Tenant:
    """The tenant with this one of its keys."""
    return Tenant(tenant.http, tenant.owner, UUID(key["id"]), key["key"])


def short_lived_key(service: Service, tenant: Tenant, life: timedelta = HOURS) -> tuple[Any, Tenant]:
    """A short-lived key that may manage keys, and a tenant that uses it."""
    key = made(tenant, scopes=ALL, expires_at=iso(service.clock() + life))
    return key, tenant_with(tenant, key)


def key_body(**members: Any) -> Any:
    return {"name": "n", "scopes": ["simulations:read"]} | members


def detail_of(answer: Response) -> Any:
    return answer.json()["errors"][0]["detail"]


class KeyEndsContract:
    """A key expires no later than the key that created it; a rolled key lives at most as long as its predecessor."""

    @pytest.mark.parametrize("members", [{}, {"expires_at": None}], ids=["left-out", "null"])
    def test_key_without_expiry_expires_with_its_creator(self, service: Service, members: Any) -> None:
        tenant = service.tenant()
        maker, short_lived = short_lived_key(service, tenant)
        assert made(short_lived, **members)["expires_at"] == maker["expires_at"]
        assert made(tenant, **members)["expires_at"] is None

    def test_expiry_after_the_creators_is_refused(self, service: Service) -> None:
        tenant = service.tenant()
        maker, short_lived = short_lived_key(service, tenant)
        end = moment(maker["expires_at"])
        for wanted in (end, end - TICK):
            assert moment(made(short_lived, expires_at=iso(wanted))["expires_at"]) == wanted
        count = len(keys(tenant))
        for late in (iso(end + TICK), "2099-01-01T00:00:00Z", LAST):
            answer = short_lived.send("POST", KEYS, json=key_body(expires_at=late))
            assert violations(answer) == {"#/expires_at": "outlives_maker"}
            assert maker["expires_at"][:19] in detail_of(answer)
        assert len(keys(tenant)) == count

    def test_descendants_of_a_key_do_not_outlive_it(self, service: Service) -> None:
        tenant = service.tenant()
        maker, short_lived = short_lived_key(service, tenant)
        child = made(short_lived, scopes=ALL)
        grandchild = made(tenant_with(tenant, child), scopes=ALL)
        rolled = roll(tenant_with(tenant, child), grandchild["id"]).json()
        assert {each["expires_at"] for each in (child, grandchild, rolled)} == {maker["expires_at"]}

    @pytest.mark.parametrize("body", [{}, {"expires_at": None}], ids=["left-out", "null"])
    def test_key_that_rolls_itself_gets_its_original_lifetime(self, service: Service, body: Any) -> None:
        tenant = service.tenant()
        key, short_lived = short_lived_key(service, tenant)
        service.clock.passes(timedelta(hours=2))
        new = roll(short_lived, key["id"], body).json()
        assert lifetime(new, new) == lifetime(key, key)
        assert moment(new["expires_at"]) > moment(key["expires_at"])
        again = roll(tenant_with(tenant, new), new["id"], body).json()
        assert lifetime(again, again) == lifetime(key, key)

    @pytest.mark.parametrize("late", ["2099-01-01T00:00:00Z", LAST])
    def test_rolled_key_cannot_get_a_longer_lifetime(self, service: Service, late: str) -> None:
        tenant = service.tenant()
        key, short_lived = short_lived_key(service, tenant)
        count = len(keys(tenant))
        for roller in (short_lived, tenant):
            answer = roll(roller, key["id"], {"expires_at": late})
            assert violations(answer) == {"#/expires_at": "outlives_predecessor"}
        assert len(keys(tenant)) == count
        assert tenant.send("GET", f"{KEYS}/{key['id']}").json()["expires_at"] == key["expires_at"]
        sooner = iso(moment(key["expires_at"]))  # shorter than its full lifetime from now
        assert moment(roll(tenant, key["id"], {"expires_at": sooner}).json()["expires_at"]) == moment(sooner)

    @pytest.mark.parametrize("body", [{}, {"expires_at": None}], ids=["left-out", "null"])
    def test_key_rolled_by_another_does_not_outlive_it(self, service: Service, body: Any) -> None:
        tenant = service.tenant()
        maker, short_lived = short_lived_key(service, tenant)
        immortal, shorter = made(tenant), made(tenant, expires_at=iso(service.clock() + HOURS / 4))
        assert roll(short_lived, immortal["id"], body).json()["expires_at"] == maker["expires_at"]
        new = roll(short_lived, shorter["id"], body).json()
        assert lifetime(new, new) == lifetime(shorter, shorter)

    def test_rolled_key_with_expiry_after_the_rollers_is_refused(self, service: Service) -> None:
        tenant = service.tenant()
        maker, short_lived = short_lived_key(service, tenant)
        immortal, end = made(tenant), moment(maker["expires_at"])
        for late in (iso(end + TICK), LAST):
            answer = roll(short_lived, immortal["id"], {"expires_at": late})
            assert violations(answer) == {"#/expires_at": "outlives_maker"}
        assert tenant.send("GET", f"{KEYS}/{immortal['id']}").json()["expires_at"] is None
        assert moment(roll(short_lived, immortal["id"], {"expires_at": iso(end)}).json()["expires_at"]) == end

    def test_overlap_does_not_shorten_the_lifetime_of_successors(self, service: Service) -> None:
        tenant = service.tenant()
        old = made(tenant, expires_at=iso(service.clock() + 90 * DAY))
        for _ in range(3):
            new = roll(tenant, old["id"], {"overlap_seconds": 3600}).json()
            assert lifetime(new, new) == lifetime(old, old)
            service.clock.passes(timedelta(minutes=5))
        late = iso(service.clock() + 90 * DAY + timedelta(hours=1))
        assert violations(roll(tenant, old["id"], {"expires_at": late})) == {"#/expires_at": "outlives_predecessor"}

    def test_overlap_keeps_successors_of_unlimited_keys_unlimited(self, service: Service) -> None:
        tenant = service.tenant()
        old = made(tenant)
        for body in (
            {"overlap_seconds": 3600},
            {"overlap_seconds": 1800, "expires_at": None},
            {"overlap_seconds": 600},
        ):
            assert roll(tenant, old["id"], body).json()["expires_at"] is None
        assert tenant.send("GET", f"{KEYS}/{old['id']}").json()["expires_at"] is not None

    def test_key_created_during_an_overlap_expires_with_it(self, service: Service) -> None:
        tenant = service.tenant()
        old = made(tenant, scopes=ALL)
        assert roll(tenant, old["id"], {"overlap_seconds": 600}).status_code == 201
        end = tenant.send("GET", f"{KEYS}/{old['id']}").json()["expires_at"]
        assert made(tenant_with(tenant, old))["expires_at"] == end

    def test_expiry_at_the_maximum_time_is_not_unlimited(self, service: Service) -> None:
        tenant = service.tenant()
        old = made(tenant, expires_at=LAST)
        for _ in range(2):
            service.clock.passes(HOURS)
            assert roll(tenant, old["id"], {}).json()["expires_at"] == LAST

    def test_operator_can_set_any_expiry(self, service: Service) -> None:
        tenant = service.tenant()
        key, _ = short_lived_key(service, tenant, DAY)

        async def rolled(**end: Any) -> ApiKey:
            context = CONTEXT.__class__(actor="operator:tests", request_id="", at=service.clock())
            new: tuple[ApiKey, ApiKeyToken] = await service.container.use_cases.keys().roll(
                tenant.owner, UUID(key["id"]), context, overlap=DAY, **end
            )
            return new[0]

        assert service.call(lambda: rolled(expires_at=NEVER)).expires_at is None
        assert service.call(lambda: rolled(expires_at=moment(LAST))).expires_at == moment(LAST)
        new = service.call(rolled)
        assert new.expires_at
        assert new.expires_at - new.created_at == lifetime(key, key)

    def test_other_errors_come_before_an_expiry_that_is_too_late(self, service: Service) -> None:
        tenant = service.tenant()
        key, short_lived = short_lived_key(service, tenant)
        late, revoked = {"expires_at": LAST}, made(tenant)
        tenant.send("DELETE", f"{KEYS}/{revoked['id']}")
        expect_problem(roll(short_lived, "x", late), 404, "key_not_found")
        expect_problem(roll(short_lived, key["id"], late, if_match='"99"'), 412, "precondition_failed")
        expect_problem(roll(short_lived, revoked["id"], late), 409, "key_ended")
        assert violations(short_lived.send("POST", KEYS, json=key_body(name="", **late))) == {"#/name": "too_short"}
        weak = made(short_lived, scopes=["keys:manage"])
        expect_problem(tenant_with(tenant, weak).send("POST", KEYS, json=key_body(**late)), 403, "missing_scope")

    @pytest.mark.parametrize("path", [KEYS, "roll"])
    def test_reused_idempotency_key_comes_before_an_expiry_that_is_too_late(self, service: Service, path: str) -> None:
        tenant = service.tenant()
        key, short_lived = short_lived_key(service, tenant)

        def ask(**members: Any) -> Response:
            if path == KEYS:
                return short_lived.send("POST", KEYS, json=key_body(**members), headers={"Idempotency-Key": "k"})
            return roll(short_lived, key["id"], members, idempotency_key="k")

        assert violations(ask(expires_at=LAST)).keys() == {"#/expires_at"}
        assert ask().status_code == 201
        expect_problem(ask(expires_at=LAST), 422, "idempotency_key_reused")
        assert ask().headers["idempotency-replayed"] == "true"

    @pytest.mark.parametrize("end", [None, "named"])
    def test_repeated_request_with_another_key_is_replayed(self, service: Service, end: str | None) -> None:
        tenant = service.tenant()
        old, (_, short_lived) = made(tenant), short_lived_key(service, tenant, DAY)
        named = end and iso(service.clock() + 30 * DAY)
        asked: list[Callable[[Tenant], Response]] = [
            lambda by: by.send("POST", KEYS, json=key_body(expires_at=named), headers={"Idempotency-Key": "k"}),
            lambda by: roll(by, old["id"], {"expires_at": named, "overlap_seconds": 600}, idempotency_key="k"),
        ]
        for ask in asked:
            first = ask(tenant)
            assert first.status_code == 201
            for by in (tenant, short_lived):
                again = ask(by)
                assert (again.status_code, again.json()) == (201, first.json() | {"key": None}), again.text
                assert again.headers["idempotency-replayed"] == "true"

    def test_creator_of_a_key_is_shown_in_every_response(self, service: Service) -> None:
        tenant = service.tenant()
        assert tenant.send("GET", "/api/v1/me").json()["key"]["created_by"] == "operator"
        child = made(tenant)
        new = roll(tenant, child["id"]).json()
        by_child = made(tenant_with(tenant, made(tenant, scopes=ALL)), name="last")
        actor = f"key:{tenant.key_id}"
        assert (child["created_by"], new["created_by"]) == (actor, actor)
        assert by_child["created_by"] not in {actor, "operator"}
        listed = {key["id"]: key["created_by"] for key in keys(tenant)}
        for key in (child, new, by_child):
            assert listed[key["id"]] == key["created_by"]
            assert tenant.send("GET", f"{KEYS}/{key['id']}").json()["created_by"] == key["created_by"]

    @before_storage
    @pytest.mark.parametrize("member", ["created_by", "original_expires_at", "created_at"])
    def test_server_side_member_is_refused(self, service: Service, member: str) -> None:
        tenant = service.tenant()
        for answer in (
            tenant.send("POST", KEYS, json=key_body(**{member: "operator"})),
            roll(tenant, tenant.key_id, {member: "operator"}),
        ):
            assert violations(answer) == {f"#/{member}": "unknown"}

    def test_response_with_a_secret_is_not_stored_by_caches(self, service: Service) -> None:
        tenant = service.tenant()
        id = made(tenant)["id"]
        once = {"Idempotency-Key": "k"}
        for _ in range(2):
            for answer in (
                tenant.send("POST", KEYS, json=key_body(), headers=once),
                roll(tenant, id, idempotency_key="k"),
            ):
                assert answer.status_code == 201
                assert answer.headers.get_list("cache-control") == ["private, no-cache, no-store"]
                assert answer.headers["vary"] == "X-API-Key, Authorization"
        assert tenant.send("GET", KEYS).headers.get_list("cache-control") == ["private, no-cache"]

    @pytest.mark.parametrize("how", ["rolled", "revoked"])
    def test_ended_key_cannot_create_keys_while_still_cached(self, service: Service, how: str) -> None:
        """For half a second another process may still accept the key. A key created in this time would outlive it."""
        tenant = service.tenant()
        other = made(tenant)["id"]
        key = made(tenant, scopes=ALL)
        ended = tenant_with(tenant, key)
        assert ended.send("GET", "/api/v1/me").status_code == 200
        if how == "rolled":
            assert roll(ended, key["id"], {"overlap_seconds": 0}).status_code == 201
        else:
            assert tenant.send("DELETE", f"{KEYS}/{key['id']}").status_code == 204
        before = len(keys(tenant))
        for answer in (ended.send("POST", KEYS, json=key_body()), roll(ended, other), roll(ended, key["id"])):
            assert answer.status_code in {401, 409}, answer.text
            if answer.status_code == 409:
                expect_problem(answer, 409, "key_ended")
        assert len(keys(tenant)) == before
