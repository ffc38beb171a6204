"""Conditional requests over HTTP, as RFC 9110 (section 13) has them."""

import json
from functools import partial
from typing import Any

import pytest
from httpx2 import AsyncClient, Response

from domain.access.scopes import Scope
from tests.contracts.http_api import (
    KEYS,
    SIMULATIONS,
    UNKNOWN,
    WING,
    Service,
    Tenant,
    expect_problem,
    violations,
)

BODIES: dict[str, Any] = {"PUT": WING | {"name": "new"}, "PATCH": {"name": "new"}, "POST": {"name": "new"}}
WRITES = ("PUT", "PATCH", "POST", "DELETE")
RACERS = 32
every_write = pytest.mark.parametrize("method", WRITES)
MALFORMED = (
    "",
    "abc",
    '"abc',
    'abc"',
    "'1'",
    '"1" "2"',
    "*, *",
    '*, "1"',
    '"1", *',
    'w/"1"',
    'W/ "1"',
    '"a b"',
    '"1";x',
)


class Target:
    """One object of a tenant, which every write would change."""

    def __init__(self, tenant: Tenant, path: str) -> None:
        self.tenant, self.path = tenant, path
        self.before = self.get()
        self.tag = self.before.headers["etag"]

    def get(self) -> Response:
        return self.tenant.send("GET", self.path)

    def write(self, method: str, *lines: tuple[str, str]) -> Response:
        headers = [("X-API-Key", self.tenant.key), ("Content-Type", "application/json"), *lines]
        encoded = [(name.encode(), value.encode()) for name, value in headers]
        body = BODIES.get(method)
        content = None if body is None or self.path.startswith(KEYS) else json.dumps(body)
        return self.tenant.http.request(method, self.path, headers=encoded, content=content)

    def is_untouched(self) -> bool:
        now = self.get()
        return (now.json(), now.headers["etag"]) == (self.before.json(), self.tag)


def simulation(service: Service) -> Target:
    tenant = service.tenant()
    return Target(tenant, f"{SIMULATIONS}/{tenant.make()['id']}")


def key(service: Service) -> Target:
    tenant = service.tenant()
    made = tenant.send("POST", KEYS, json={"name": "n", "scopes": [Scope.KEYS_MANAGE]}).json()
    return Target(tenant, f"{KEYS}/{made['id']}")


class ConditionsContract:
    """``If-Match`` and ``If-None-Match``, on reads and on writes."""

    @every_write
    @pytest.mark.parametrize(
        "condition",
        ["*", "{}", '"other", {}', '{},"other"', ' "a",,  {} ,', ", {}", 'W/"x", {}', '"", {}', '"a,b", {}', '"é",{}'],
    )
    def test_a_write_happens_where_if_match_names_the_tag(self, service: Service, method: str, condition: str) -> None:
        target = simulation(service)
        answer = target.write(method, ("If-Match", condition.replace("{}", target.tag)))
        assert answer.status_code == (204 if method == "DELETE" else 200), answer.text

    @every_write
    @pytest.mark.parametrize("condition", ['"other"', "W/{}", 'W/{}, "other"', '""', '"other,1"'])
    def test_a_write_does_not_happen_where_it_does_not(self, service: Service, method: str, condition: str) -> None:
        target = simulation(service)
        answer = target.write(method, ("If-Match", condition.replace("{}", target.tag)))
        expect_problem(answer, 412, "precondition_failed")
        assert target.is_untouched()

    @every_write
    def test_the_tag_before_a_change_is_stale(self, service: Service, method: str) -> None:
        target = simulation(service)
        target.tenant.send("PATCH", target.path, json={"name": "in between"})
        changed = target.get()
        expect_problem(target.write(method, ("If-Match", target.tag)), 412, "precondition_failed")
        assert target.get().json() == changed.json()

    @every_write
    def test_several_lines_are_one_list(self, service: Service, method: str) -> None:
        target = simulation(service)
        refused = target.write(method, ("If-Match", '"a"'), ("If-Match", f"W/{target.tag}"))
        expect_problem(refused, 412, "precondition_failed")
        answer = target.write(method, ("If-Match", '"a"'), ("If-Match", f'"b", {target.tag}'))
        assert answer.status_code in {200, 204}

    @every_write
    @pytest.mark.parametrize("header", ["If-Match", "If-None-Match"])
    def test_what_is_no_list_of_tags_is_refused(self, service: Service, method: str, header: str) -> None:
        target = simulation(service)
        for condition in MALFORMED:
            assert violations(target.write(method, (header, condition))) == {header: "entity_tag"}, condition
        assert target.is_untouched()

    @every_write
    @pytest.mark.parametrize("condition", ["*", "{}", "W/{}", '"other", {}'])
    def test_a_write_does_not_happen_where_if_none_match_names_the_tag(
        self, service: Service, method: str, condition: str
    ) -> None:
        target = simulation(service)
        answer = target.write(method, ("If-None-Match", condition.replace("{}", target.tag)))
        expect_problem(answer, 412, "precondition_failed")
        assert target.is_untouched()

    @every_write
    def test_a_write_happens_where_it_names_another(self, service: Service, method: str) -> None:
        assert simulation(service).write(method, ("If-None-Match", '"other"')).status_code in {200, 204}

    @every_write
    @pytest.mark.parametrize("header", ["If-Match", "If-None-Match"])
    def test_what_is_not_there_is_not_found_whatever_the_condition(
        self, service: Service, method: str, header: str
    ) -> None:
        tenant = service.tenant()
        for condition in ("*", '"1"'):
            answer = tenant.send(method, UNKNOWN, headers={header: condition}, json=BODIES.get(method))
            expect_problem(answer, 404, "simulation_not_found")

    @pytest.mark.parametrize("condition", ["*", "{}", "W/{}", '"other", {}', 'W/"x",{}', ",{},"])
    def test_a_reader_who_has_the_version_is_told_so(self, service: Service, condition: str) -> None:
        for target in (simulation(service), key(service)):
            headers = {"If-None-Match": condition.replace("{}", target.tag)}
            for method in ("GET", "HEAD"):
                answer = target.tenant.send(method, target.path, headers=headers)
                assert (answer.status_code, answer.content) == (304, b"")
                assert answer.headers["etag"] == target.tag
                assert answer.headers["cache-control"] == "private, no-cache"
                assert answer.headers["vary"] == "X-API-Key, Authorization"
                assert "content-type" not in answer.headers

    @pytest.mark.parametrize("condition", ['"other"', 'W/"other"', '""'])
    def test_a_reader_who_has_another_version_gets_this_one(self, service: Service, condition: str) -> None:
        target = simulation(service)
        answer = target.tenant.send("GET", target.path, headers={"If-None-Match": condition})
        assert (answer.status_code, answer.json()) == (200, target.before.json())

    @pytest.mark.parametrize("condition", MALFORMED)
    def test_a_malformed_condition_of_a_reader_is_refused(self, service: Service, condition: str) -> None:
        target = simulation(service)
        answer = target.tenant.send("GET", target.path, headers={"If-None-Match": condition})
        assert violations(answer) == {"If-None-Match": "entity_tag"}

    def test_the_reader_of_nothing_gets_404(self, service: Service) -> None:
        answer = service.tenant().send("GET", UNKNOWN, headers={"If-None-Match": "*"})
        expect_problem(answer, 404, "simulation_not_found")

    def test_the_tag_is_the_same_for_every_key_and_every_read(self, service: Service) -> None:
        target = simulation(service)
        made = target.tenant.send("POST", KEYS, json={"name": "n", "scopes": [Scope.SIMULATIONS_READ]}).json()
        other = Tenant(service.http, target.tenant.owner, target.tenant.key_id, made["key"])
        assert other.send("GET", target.path).headers["etag"] == target.tag
        assert other.send("HEAD", target.path).headers["etag"] == target.tag

    def test_an_update_that_changes_nothing_still_asks_for_its_condition(self, service: Service) -> None:
        target = simulation(service)
        for body in ({}, {"name": WING["name"]}):
            answer = target.tenant.send("PATCH", target.path, json=body, headers={"If-Match": '"other"'})
            expect_problem(answer, 412, "precondition_failed")

    def test_a_key_is_revoked_only_as_the_caller_has_seen_it(self, service: Service) -> None:
        target = key(service)
        expect_problem(target.write("DELETE", ("If-Match", '"other"')), 412, "precondition_failed")
        expect_problem(target.write("DELETE", ("If-None-Match", target.tag)), 412, "precondition_failed")
        assert target.get().json()["revoked_at"] is None
        assert target.write("DELETE", ("If-Match", target.tag)).status_code == 204
        assert target.get().headers["etag"] != target.tag
        expect_problem(target.write("DELETE", ("If-Match", target.tag)), 412, "precondition_failed")

    @pytest.mark.parametrize("method", ["PUT", "PATCH"])
    def test_of_many_who_have_seen_one_version_one_writes(self, service: Service, method: str) -> None:
        target = simulation(service)
        headers = {"X-API-Key": target.tenant.key, "If-Match": target.tag}

        async def writes(http: AsyncClient, body: Any) -> Response:
            return await http.request(method, target.path, headers=headers, json=body)

        answers = service.together(partial(writes, body=BODIES["PUT"] | {"name": str(n)}) for n in range(RACERS))
        assert sorted(answer.status_code for answer in answers) == [200] + [412] * (RACERS - 1)
        (won,) = (answer for answer in answers if answer.status_code == 200)
        assert target.get().json() == won.json()

    def test_of_many_who_delete_one_version_one_does(self, service: Service) -> None:
        target = simulation(service)
        headers = {"X-API-Key": target.tenant.key, "If-Match": target.tag}
        answers = service.together([lambda http: http.delete(target.path, headers=headers)] * 8)
        assert sorted(answer.status_code for answer in answers) == [204] + [404] * 7

    def test_two_changes_of_different_members_both_survive(self, service: Service) -> None:
        target = simulation(service)
        headers = {"X-API-Key": target.tenant.key}
        changes: list[dict[str, str]] = [{"name": "new"}, {"start_date": "2026-01-01"}, {"end_date": "2026-12-31"}]

        async def patch(http: AsyncClient, change: Any) -> Response:
            return await http.patch(target.path, headers=headers, json=change)

        answers = service.together(partial(patch, change=change) for change in changes)
        assert [answer.status_code for answer in answers] == [200] * 3
        assert len({answer.headers["etag"] for answer in answers} | {target.tag}) == 4
        after = target.get().json()
        for change in changes:
            assert after.items() >= change.items()
