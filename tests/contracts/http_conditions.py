"""Conditional requests over HTTP (RFC 9110, section 13)."""

import json
from collections.abc import Mapping
from functools import partial
from typing import Any

import pytest
from httpx2 import AsyncClient, Response

from tests.contracts.http_service import (
    KEYS,
    NEW_KEY,
    Service,
    Tenant,
    before_storage,
    expect_problem,
    of_the_request,
    violations,
)
from tests.contracts.resources import Json, ResourceCase, ResourceFixtures

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
    """One object of a tenant, with a body for each method that would change it."""

    def __init__(self, tenant: Tenant, path: str, bodies: Mapping[str, Json]) -> None:
        self.tenant, self.path, self.bodies = tenant, path, bodies
        self.before = self.get()
        self.tag = self.before.headers["etag"]

    def get(self) -> Response:
        return self.tenant.send("GET", self.path)

    def write(self, method: str, *lines: tuple[str, str]) -> Response:
        headers = [("X-API-Key", self.tenant.key), ("Content-Type", "application/json"), *lines]
        encoded = [(name.encode(), value.encode()) for name, value in headers]
        content = json.dumps(self.bodies[method]) if method in self.bodies else None
        return self.tenant.http.request(method, self.path, headers=encoded, content=content)

    def is_untouched(self) -> bool:
        now = self.get()
        return (now.json(), now.headers["etag"]) == (self.before.json(), self.tag)


def bodies(resource: ResourceCase) -> dict[str, Json]:
    """The request body for each method, which changes any object."""
    return {"PUT": resource.body | resource.named("new"), **dict.fromkeys(("PATCH", "POST"), resource.named("new"))}


def new_object(service: Service, resource: ResourceCase) -> Target:
    # What has unique members would be refused beside what other tests made.
    name = f"tenant with {resource.kind} under conditions"
    tenant = service.tenant() if resource.unique else service.once(name, service.tenant)
    return Target(tenant, resource.path_of(tenant.make(resource)), bodies(resource))


def kept_object(service: Service, resource: ResourceCase) -> Target:
    """One object for all tests that do not change it."""
    return service.once(f"{resource.kind} under conditions", partial(new_object, service, resource))


def kept_key(service: Service) -> Target:
    return service.once("key under conditions", partial(new_key, service))


def new_key(service: Service) -> Target:
    tenant = service.tenant()
    shown = tenant.send("POST", KEYS, json=NEW_KEY).json()
    return Target(tenant, f"{KEYS}/{shown['id']}", {})


class ConditionsContract(ResourceFixtures):
    """``If-Match`` and ``If-None-Match``, on reads and on writes."""

    @of_the_request
    @every_write
    @pytest.mark.parametrize(
        "condition",
        ["*", "{}", '"other", {}', '{},"other"', ' "a",,  {} ,', ", {}", 'W/"x", {}', '"", {}', '"a,b", {}', '"é",{}'],
    )
    def test_write_succeeds_if_if_match_lists_the_tag(
        self, service: Service, resource: ResourceCase, method: str, condition: str
    ) -> None:
        target = new_object(service, resource)
        answer = target.write(method, ("If-Match", condition.replace("{}", target.tag)))
        assert answer.status_code == (204 if method == "DELETE" else 200), answer.text

    @of_the_request
    @every_write
    @pytest.mark.parametrize("condition", ['"other"', "W/{}", 'W/{}, "other"', '""', '"other,1"'])
    def test_write_fails_if_if_match_lists_other_tags(
        self, service: Service, resource: ResourceCase, method: str, condition: str
    ) -> None:
        target = kept_object(service, resource)
        answer = target.write(method, ("If-Match", condition.replace("{}", target.tag)))
        expect_problem(answer, 412, "precondition_failed")
        assert target.is_untouched()

    @every_write
    def test_tag_from_before_a_change_is_stale(self, service: Service, resource: ResourceCase, method: str) -> None:
        target = new_object(service, resource)
        target.tenant.send("PATCH", target.path, json=resource.named("in between"))
        changed = target.get()
        expect_problem(target.write(method, ("If-Match", target.tag)), 412, "precondition_failed")
        assert target.get().json() == changed.json()

    @every_write
    def test_repeated_header_lines_form_one_list(self, service: Service, resource: ResourceCase, method: str) -> None:
        target = new_object(service, resource)
        refused = target.write(method, ("If-Match", '"a"'), ("If-Match", f"W/{target.tag}"))
        expect_problem(refused, 412, "precondition_failed")
        answer = target.write(method, ("If-Match", '"a"'), ("If-Match", f'"b", {target.tag}'))
        assert answer.status_code in {200, 204}

    @before_storage
    @every_write
    @pytest.mark.parametrize("header", ["If-Match", "If-None-Match"])
    def test_malformed_condition_of_a_write_is_refused(
        self, service: Service, resource: ResourceCase, method: str, header: str
    ) -> None:
        target = kept_object(service, resource)
        for condition in MALFORMED:
            assert violations(target.write(method, (header, condition))) == {header: "entity_tag"}, condition
        assert target.is_untouched()

    @every_write
    @pytest.mark.parametrize("condition", ["*", "{}", "W/{}", '"other", {}'])
    def test_write_fails_if_if_none_match_lists_the_tag(
        self, service: Service, resource: ResourceCase, method: str, condition: str
    ) -> None:
        target = kept_object(service, resource)
        answer = target.write(method, ("If-None-Match", condition.replace("{}", target.tag)))
        expect_problem(answer, 412, "precondition_failed")
        assert target.is_untouched()

    @every_write
    def test_write_succeeds_if_if_none_match_lists_another_tag(
        self, service: Service, resource: ResourceCase, method: str
    ) -> None:
        assert new_object(service, resource).write(method, ("If-None-Match", '"other"')).status_code in {200, 204}

    @every_write
    @pytest.mark.parametrize("header", ["If-Match", "If-None-Match"])
    def test_write_to_an_unknown_object_is_404_despite_a_condition(
        self, service: Service, resource: ResourceCase, method: str, header: str
    ) -> None:
        tenant = service.tenant()
        for condition in ("*", '"1"'):
            answer = tenant.send(
                method, resource.unknown, headers={header: condition}, json=bodies(resource).get(method)
            )
            expect_problem(answer, 404, resource.not_found)

    @pytest.mark.parametrize("condition", ["*", "{}", "W/{}", '"other", {}', 'W/"x",{}', ",{},"])
    def test_read_with_a_matching_tag_is_304(self, service: Service, resource: ResourceCase, condition: str) -> None:
        for target in (kept_object(service, resource), kept_key(service)):
            headers = {"If-None-Match": condition.replace("{}", target.tag)}
            for method in ("GET", "HEAD"):
                answer = target.tenant.send(method, target.path, headers=headers)
                assert (answer.status_code, answer.content) == (304, b"")
                assert answer.headers["etag"] == target.tag
                assert answer.headers["cache-control"] == "private, no-cache"
                assert answer.headers["vary"] == "X-API-Key, Authorization"
                assert "content-type" not in answer.headers

    @pytest.mark.parametrize("condition", ['"other"', 'W/"other"', '""'])
    def test_read_with_another_tag_returns_the_object(
        self, service: Service, resource: ResourceCase, condition: str
    ) -> None:
        target = kept_object(service, resource)
        answer = target.tenant.send("GET", target.path, headers={"If-None-Match": condition})
        assert (answer.status_code, answer.json()) == (200, target.before.json())

    @before_storage
    @pytest.mark.parametrize("condition", MALFORMED)
    def test_malformed_condition_of_a_read_is_refused(
        self, service: Service, resource: ResourceCase, condition: str
    ) -> None:
        target = kept_object(service, resource)
        answer = target.tenant.send("GET", target.path, headers={"If-None-Match": condition})
        assert violations(answer) == {"If-None-Match": "entity_tag"}

    def test_read_of_an_unknown_object_is_404_despite_a_condition(
        self, service: Service, resource: ResourceCase
    ) -> None:
        answer = service.tenant().send("GET", resource.unknown, headers={"If-None-Match": "*"})
        expect_problem(answer, 404, resource.not_found)

    def test_tag_does_not_depend_on_key_or_method(self, service: Service, resource: ResourceCase) -> None:
        target = new_object(service, resource)
        reader = target.tenant.send("POST", KEYS, json={"name": "n", "scopes": [resource.reads]}).json()
        other = Tenant(service.http, target.tenant.owner, target.tenant.key_id, reader["key"])
        assert other.send("GET", target.path).headers["etag"] == target.tag
        assert other.send("HEAD", target.path).headers["etag"] == target.tag

    def test_update_without_changes_still_checks_its_condition(self, service: Service, resource: ResourceCase) -> None:
        target = new_object(service, resource)
        for body in ({}, resource.no_change):
            answer = target.tenant.send("PATCH", target.path, json=body, headers={"If-Match": '"other"'})
            expect_problem(answer, 412, "precondition_failed")

    def test_revocation_of_a_key_checks_its_condition(self, service: Service) -> None:
        target = new_key(service)
        expect_problem(target.write("DELETE", ("If-Match", '"other"')), 412, "precondition_failed")
        expect_problem(target.write("DELETE", ("If-None-Match", target.tag)), 412, "precondition_failed")
        assert target.get().json()["revoked_at"] is None
        assert target.write("DELETE", ("If-Match", target.tag)).status_code == 204
        assert target.get().headers["etag"] != target.tag
        expect_problem(target.write("DELETE", ("If-Match", target.tag)), 412, "precondition_failed")

    @pytest.mark.parametrize("method", ["PUT", "PATCH"])
    def test_concurrent_writes_with_one_tag_succeed_once(
        self, service: Service, resource: ResourceCase, method: str
    ) -> None:
        target = new_object(service, resource)
        headers = {"X-API-Key": target.tenant.key, "If-Match": target.tag}

        async def writes(http: AsyncClient, body: Any) -> Response:
            return await http.request(method, target.path, headers=headers, json=body)

        answers = service.together(
            partial(writes, body=bodies(resource)[method] | resource.named(str(n))) for n in range(RACERS)
        )
        assert sorted(answer.status_code for answer in answers) == [200] + [412] * (RACERS - 1)
        (won,) = (answer for answer in answers if answer.status_code == 200)
        assert target.get().json() == won.json()

    def test_concurrent_deletes_succeed_once(self, service: Service, resource: ResourceCase) -> None:
        target = new_object(service, resource)
        headers = {"X-API-Key": target.tenant.key, "If-Match": target.tag}
        answers = service.together([lambda http: http.delete(target.path, headers=headers)] * 8)
        assert sorted(answer.status_code for answer in answers) == [204] + [404] * 7

    def test_concurrent_changes_of_different_members_are_all_kept(
        self, service: Service, resource: ResourceCase
    ) -> None:
        target = new_object(service, resource)
        headers = {"X-API-Key": target.tenant.key}

        async def patch(http: AsyncClient, change: Any) -> Response:
            return await http.patch(target.path, headers=headers, json=change)

        answers = service.together(partial(patch, change=change) for change in resource.changes)
        assert [answer.status_code for answer in answers] == [200] * len(resource.changes)
        assert len({answer.headers["etag"] for answer in answers} | {target.tag}) == 1 + len(resource.changes)
        after = target.get().json()
        for change in resource.changes:
            assert after.items() >= change.items()

    @pytest.mark.parametrize("many", [False, True], ids=["one", "batch"])
    def test_conditions_of_a_creation_are_those_of_the_list(
        self, service: Service, resource: ResourceCase, many: bool
    ) -> None:
        tenant = service.tenant()
        path = f"{resource.path}/batch" if many else resource.path

        def post(body: Json, **headers: str) -> Response:
            named = {name.replace("_", "-"): value for name, value in headers.items()}
            return tenant.send("POST", path, json={"items": [body]} if many else body, headers=named)

        for refused in ({"If_Match": '"1"'}, {"If_Match": 'W/"1", "2"'}, {"If_None_Match": "*"}):
            expect_problem(post(resource.body, **refused), 412, "precondition_failed")
            expect_problem(post(resource.body | {resource.label: ""}, **refused), 422, "validation_failed")
        for name in ("If-Match", "If-None-Match"):
            assert violations(post(resource.body, **{name: "1"})) == {name: "entity_tag"}
        assert tenant.send("GET", resource.path).json()["items"] == []
        for number, held in enumerate(({"If_Match": "*"}, {"If_None_Match": '"1"'})):
            assert post(resource.body | resource.distinct(number), **held).status_code == 201

    def test_conditions_of_a_new_key_are_those_of_the_list(self, service: Service) -> None:
        tenant = service.tenant()
        for refused in ({"If-Match": '"1"'}, {"If-None-Match": "*"}):
            expect_problem(tenant.send("POST", KEYS, json=NEW_KEY, headers=refused), 412, "precondition_failed")
        assert len(tenant.send("GET", KEYS).json()["items"]) == 1
        assert tenant.send("POST", KEYS, json=NEW_KEY, headers={"If-Match": "*"}).status_code == 201
