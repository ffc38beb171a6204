"""How late keys end that keys make and roll, who made them, and that nobody on the way keeps an answer with a key."""

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

HOURS = timedelta(hours=4)
DAY = timedelta(days=1)
TICK = timedelta(microseconds=1)
NEVER = None
ALL = ["keys:manage", "simulations:read", "simulations:write"]
LAST = "9999-12-31T23:59:59.999999Z"


def moment(text: str) -> datetime:
    return datetime.fromisoformat(text)


def spelt(at: datetime) -> str:
    return at.isoformat().replace("+00:00", "Z")


def holder(tenant: Tenant, key: Any) -> Tenant:
    """Whoever holds this key of the tenant's."""
    return Tenant(tenant.http, tenant.owner, UUID(key["id"]), key["key"])


def short(service: Service, tenant: Tenant, life: timedelta = HOURS) -> tuple[Any, Tenant]:
    """A key that manages keys and soon ends, and its holder."""
    key = made(tenant, scopes=ALL, expires_at=spelt(service.clock() + life))
    return key, holder(tenant, key)


def sent(**members: Any) -> Any:
    return {"name": "n", "scopes": ["simulations:read"]} | members


def text_of(answer: Response) -> Any:
    return answer.json()["errors"][0]["detail"]


class KeyEndsContract:
    """A key made by a key ends no later than its maker; a roll gives at most the life of the old one, anew."""

    @pytest.mark.parametrize("members", [{}, {"expires_at": None}], ids=["left-out", "null"])
    def test_a_key_that_names_no_end_ends_with_its_maker(self, service: Service, members: Any) -> None:
        tenant = service.tenant()
        maker, short_lived = short(service, tenant)
        assert made(short_lived, **members)["expires_at"] == maker["expires_at"]
        assert made(tenant, **members)["expires_at"] is None

    def test_no_named_end_is_later_than_the_makers(self, service: Service) -> None:
        tenant = service.tenant()
        maker, short_lived = short(service, tenant)
        end = moment(maker["expires_at"])
        for wanted in (end, end - TICK):
            assert moment(made(short_lived, expires_at=spelt(wanted))["expires_at"]) == wanted
        count = len(keys(tenant))
        for late in (spelt(end + TICK), "2099-01-01T00:00:00Z", LAST):
            answer = short_lived.send("POST", KEYS, json=sent(expires_at=late))
            assert violations(answer) == {"#/expires_at": "outlives_maker"}
            assert maker["expires_at"][:19] in text_of(answer)
        assert len(keys(tenant)) == count

    def test_nothing_that_a_short_lived_key_makes_leads_past_its_end(self, service: Service) -> None:
        tenant = service.tenant()
        maker, short_lived = short(service, tenant)
        child = made(short_lived, scopes=ALL)
        grandchild = made(holder(tenant, child), scopes=ALL)
        rolled = roll(holder(tenant, child), grandchild["id"]).json()
        assert {each["expires_at"] for each in (child, grandchild, rolled)} == {maker["expires_at"]}

    @pytest.mark.parametrize("body", [{}, {"expires_at": None}], ids=["left-out", "null"])
    def test_a_key_that_rolls_itself_gets_the_life_it_was_made_with(self, service: Service, body: Any) -> None:
        tenant = service.tenant()
        key, short_lived = short(service, tenant)
        service.clock.passes(timedelta(hours=2))
        new = roll(short_lived, key["id"], body).json()
        assert lifetime(new, new) == lifetime(key, key)
        assert moment(new["expires_at"]) > moment(key["expires_at"])
        again = roll(holder(tenant, new), new["id"], body).json()
        assert lifetime(again, again) == lifetime(key, key)

    @pytest.mark.parametrize("late", ["2099-01-01T00:00:00Z", LAST])
    def test_a_key_rolls_itself_and_others_to_no_longer_a_life(self, service: Service, late: str) -> None:
        tenant = service.tenant()
        key, short_lived = short(service, tenant)
        count = len(keys(tenant))
        for roller in (short_lived, tenant):
            answer = roll(roller, key["id"], {"expires_at": late})
            assert violations(answer) == {"#/expires_at": "outlives_predecessor"}
        assert len(keys(tenant)) == count
        assert tenant.send("GET", f"{KEYS}/{key['id']}").json()["expires_at"] == key["expires_at"]
        sooner = spelt(moment(key["expires_at"]))  # less than its whole life from now on
        assert moment(roll(tenant, key["id"], {"expires_at": sooner}).json()["expires_at"]) == moment(sooner)

    @pytest.mark.parametrize("body", [{}, {"expires_at": None}], ids=["left-out", "null"])
    def test_a_key_that_rolls_another_is_not_outlived_by_the_new_one(self, service: Service, body: Any) -> None:
        tenant = service.tenant()
        maker, short_lived = short(service, tenant)
        immortal, shorter = made(tenant), made(tenant, expires_at=spelt(service.clock() + HOURS / 4))
        assert roll(short_lived, immortal["id"], body).json()["expires_at"] == maker["expires_at"]
        new = roll(short_lived, shorter["id"], body).json()
        assert lifetime(new, new) == lifetime(shorter, shorter)

    def test_nor_by_one_whose_end_is_named(self, service: Service) -> None:
        tenant = service.tenant()
        maker, short_lived = short(service, tenant)
        immortal, end = made(tenant), moment(maker["expires_at"])
        for late in (spelt(end + TICK), LAST):
            answer = roll(short_lived, immortal["id"], {"expires_at": late})
            assert violations(answer) == {"#/expires_at": "outlives_maker"}
        assert tenant.send("GET", f"{KEYS}/{immortal['id']}").json()["expires_at"] is None
        assert moment(roll(short_lived, immortal["id"], {"expires_at": spelt(end)}).json()["expires_at"]) == end

    def test_the_overlap_takes_nothing_from_the_life_that_a_key_was_made_with(self, service: Service) -> None:
        tenant = service.tenant()
        old = made(tenant, expires_at=spelt(service.clock() + 90 * DAY))
        for _ in range(3):
            new = roll(tenant, old["id"], {"overlap_seconds": 3600}).json()
            assert lifetime(new, new) == lifetime(old, old)
            service.clock.passes(timedelta(minutes=5))
        late = spelt(service.clock() + 90 * DAY + timedelta(hours=1))
        assert violations(roll(tenant, old["id"], {"expires_at": late})) == {"#/expires_at": "outlives_predecessor"}

    def test_nor_does_it_make_one_that_never_ends_end(self, service: Service) -> None:
        tenant = service.tenant()
        old = made(tenant)
        for body in (
            {"overlap_seconds": 3600},
            {"overlap_seconds": 1800, "expires_at": None},
            {"overlap_seconds": 600},
        ):
            assert roll(tenant, old["id"], body).json()["expires_at"] is None
        assert tenant.send("GET", f"{KEYS}/{old['id']}").json()["expires_at"] is not None

    def test_a_key_in_its_overlap_makes_none_that_opens_longer(self, service: Service) -> None:
        tenant = service.tenant()
        old = made(tenant, scopes=ALL)
        assert roll(tenant, old["id"], {"overlap_seconds": 600}).status_code == 201
        end = tenant.send("GET", f"{KEYS}/{old['id']}").json()["expires_at"]
        assert made(holder(tenant, old))["expires_at"] == end

    def test_an_end_in_the_last_moment_is_not_never(self, service: Service) -> None:
        tenant = service.tenant()
        old = made(tenant, expires_at=LAST)
        for _ in range(2):
            service.clock.passes(HOURS)
            assert roll(tenant, old["id"], {}).json()["expires_at"] == LAST

    def test_an_operator_is_not_bounded(self, service: Service) -> None:
        tenant = service.tenant()
        key, _ = short(service, tenant, DAY)

        async def rolled(**end: Any) -> ApiKey:
            context = CONTEXT.__class__(actor="operator:tests", request_id="", at=service.clock())
            new: tuple[ApiKey, ApiKeyToken] = await service.container.use_cases.keys().rotate(
                tenant.owner, UUID(key["id"]), context, overlap=DAY, **end
            )
            return new[0]

        assert service.call(lambda: rolled(expires_at=NEVER)).expires_at is None
        assert service.call(lambda: rolled(expires_at=moment(LAST))).expires_at == moment(LAST)
        new = service.call(rolled)
        assert new.expires_at - new.created_at == lifetime(key, key)

    def test_what_is_wrong_otherwise_is_said_before_an_end_that_does_not_fit(self, service: Service) -> None:
        tenant = service.tenant()
        key, short_lived = short(service, tenant)
        late, revoked = {"expires_at": LAST}, made(tenant)
        tenant.send("DELETE", f"{KEYS}/{revoked['id']}")
        expect_problem(roll(short_lived, "x", late), 404, "key_not_found")
        expect_problem(roll(short_lived, key["id"], late, if_match='"99"'), 412, "precondition_failed")
        expect_problem(roll(short_lived, revoked["id"], late), 409, "key_ended")
        assert violations(short_lived.send("POST", KEYS, json=sent(name="", **late))) == {"#/name": "too_short"}
        weak = made(short_lived, scopes=["keys:manage"])
        expect_problem(holder(tenant, weak).send("POST", KEYS, json=sent(**late)), 403, "missing_scope")

    @pytest.mark.parametrize("path", [KEYS, "roll"])
    def test_a_promise_of_another_request_is_refused_before_an_end_that_does_not_fit(
        self, service: Service, path: str
    ) -> None:
        tenant = service.tenant()
        key, short_lived = short(service, tenant)

        def ask(**members: Any) -> Response:
            if path == KEYS:
                return short_lived.send("POST", KEYS, json=sent(**members), headers={"Idempotency-Key": "k"})
            return roll(short_lived, key["id"], members, idempotency_key="k")

        assert violations(ask(expires_at=LAST)).keys() == {"#/expires_at"}
        assert ask().status_code == 201
        expect_problem(ask(expires_at=LAST), 422, "idempotency_key_reused")
        assert ask().headers["idempotency-replayed"] == "true"

    @pytest.mark.parametrize("end", [None, "named"])
    def test_a_repeated_request_is_answered_alike_whoever_repeats_it(self, service: Service, end: str | None) -> None:
        tenant = service.tenant()
        old, (_, short_lived) = made(tenant), short(service, tenant, DAY)
        named = end and spelt(service.clock() + 30 * DAY)
        asked: list[Callable[[Tenant], Response]] = [
            lambda by: by.send("POST", KEYS, json=sent(expires_at=named), headers={"Idempotency-Key": "k"}),
            lambda by: roll(by, old["id"], {"expires_at": named, "overlap_seconds": 600}, idempotency_key="k"),
        ]
        for ask in asked:
            first = ask(tenant)
            assert first.status_code == 201
            for by in (tenant, short_lived):
                again = ask(by)
                assert (again.status_code, again.json()) == (201, first.json() | {"key": None}), again.text
                assert again.headers["idempotency-replayed"] == "true"

    def test_a_key_says_who_made_it_wherever_it_is_shown(self, service: Service) -> None:
        tenant = service.tenant()
        assert tenant.send("GET", "/api/v1/me").json()["key"]["created_by"] == "operator"
        child = made(tenant)
        new = roll(tenant, child["id"]).json()
        by_child = made(holder(tenant, made(tenant, scopes=ALL)), name="last")
        actor = f"key:{tenant.key_id}"
        assert (child["created_by"], new["created_by"]) == (actor, actor)
        assert by_child["created_by"] not in {actor, "operator"}
        listed = {key["id"]: key["created_by"] for key in keys(tenant)}
        for key in (child, new, by_child):
            assert listed[key["id"]] == key["created_by"]
            assert tenant.send("GET", f"{KEYS}/{key['id']}").json()["created_by"] == key["created_by"]

    @pytest.mark.parametrize("member", ["created_by", "original_expires_at", "created_at"])
    def test_what_the_service_fills_in_is_not_taken(self, service: Service, member: str) -> None:
        tenant = service.tenant()
        for answer in (
            tenant.send("POST", KEYS, json=sent(**{member: "operator"})),
            roll(tenant, tenant.key_id, {member: "operator"}),
        ):
            assert violations(answer) == {f"#/{member}": "unknown"}

    def test_nobody_on_the_way_keeps_an_answer_with_a_key(self, service: Service) -> None:
        tenant = service.tenant()
        id = made(tenant)["id"]
        once = {"Idempotency-Key": "k"}
        for _ in range(2):
            for answer in (
                tenant.send("POST", KEYS, json=sent(), headers=once),
                roll(tenant, id, idempotency_key="k"),
            ):
                assert answer.status_code == 201
                assert answer.headers.get_list("cache-control") == ["private, no-cache, no-store"]
                assert answer.headers["vary"] == "X-API-Key, Authorization"
        assert tenant.send("GET", KEYS).headers.get_list("cache-control") == ["private, no-cache"]

    @pytest.mark.parametrize("how", ["rolled", "revoked"])
    def test_a_key_that_has_ended_makes_no_other_while_it_still_opens(self, service: Service, how: str) -> None:
        """For half a second a process may not know of the end; what is made meanwhile would last for ever."""
        tenant = service.tenant()
        other = made(tenant)["id"]
        key = made(tenant, scopes=ALL)
        ended = holder(tenant, key)
        assert ended.send("GET", "/api/v1/me").status_code == 200
        if how == "rolled":
            assert roll(ended, key["id"], {"overlap_seconds": 0}).status_code == 201
        else:
            assert tenant.send("DELETE", f"{KEYS}/{key['id']}").status_code == 204
        before = len(keys(tenant))
        for answer in (ended.send("POST", KEYS, json=sent()), roll(ended, other), roll(ended, key["id"])):
            assert answer.status_code in {401, 409}, answer.text
            if answer.status_code == 409:
                expect_problem(answer, 409, "key_ended")
        assert len(keys(tenant)) == before
