"""Repeated requests with an Idempotency-Key: executed once, and replayed for a day."""

import json
import re
from collections.abc import Callable
from datetime import timedelta
from functools import partial
from typing import Any

import pytest
from httpx2 import AsyncClient, Response
from uuid_utils.compat import uuid7

from domain.access.scopes import Scope
from domain.idempotency import IDEMPOTENCY_TTL
from tests.contracts.http_service import (
    KEYS,
    Service,
    Tenant,
    before_storage,
    expect_problem,
    expect_violations,
    violations,
)
from tests.contracts.resources import Json, ResourceCase, ResourceFixtures, Violations, every_contradiction

RACERS = 50


def _escaped(first: re.Match[str]) -> str:
    return f'"\\u{ord(first[1]):04x}'


SPELLINGS: dict[str, Callable[[Json], str]] = {
    "indented": lambda body: json.dumps(body, indent=4),
    "reversed": lambda body: json.dumps(dict(reversed(body.items()))),
    "compact": lambda body: json.dumps(body, separators=(",", ":")),
    "escaped": lambda body: re.sub('"([A-Za-z])', _escaped, json.dumps(body)).replace("/", "\\/"),
}
NEW_KEY = {"name": "Nightly", "scopes": ["simulations:read"]}
SAME = ("location", "etag", "content-type")


def post(tenant: Tenant, resource: ResourceCase, key: str = "k", **members: Any) -> Response:
    """Creates an object with this Idempotency-Key; ``members`` replace those of the resource's body."""
    headers = {"Idempotency-Key": key, "Content-Type": "application/json"}
    return tenant.send("POST", resource.path, content=json.dumps(resource.body | members), headers=headers)


def post_key(tenant: Tenant, body: Json) -> Response:
    return tenant.send("POST", KEYS, json=body, headers={"Idempotency-Key": "k"})


def listed(tenant: Tenant, resource: ResourceCase) -> list[Any]:
    items: list[Any] = tenant.send("GET", resource.path).json()["items"]
    return items


def assert_replayed(again: Response, first: Response) -> None:
    assert (again.status_code, again.json()) == (201, first.json())
    assert [again.headers[name] for name in SAME] == [first.headers[name] for name in SAME]
    assert again.headers["idempotency-replayed"] == "true"
    assert "idempotency-replayed" not in first.headers


class IdempotencyContract(ResourceFixtures):
    """``Idempotency-Key`` on every POST that creates an object."""

    def test_repeated_request_is_replayed(self, service: Service, resource: ResourceCase) -> None:
        tenant = service.tenant()
        first = post(tenant, resource)
        for _ in range(2):
            assert_replayed(post(tenant, resource), first)
        assert [item["id"] for item in listed(tenant, resource)] == [first.json()["id"]]

    def test_replay_is_unaffected_by_later_changes(self, service: Service, resource: ResourceCase) -> None:
        tenant = service.tenant()
        first = post(tenant, resource)
        path = first.headers["location"]
        tenant.send("PATCH", path, json=resource.named("changed"))
        assert_replayed(post(tenant, resource), first)
        tenant.send("DELETE", path)
        assert_replayed(post(tenant, resource), first)
        assert listed(tenant, resource) == []

    def test_bare_and_quoted_key_are_the_same(self, service: Service, resource: ResourceCase) -> None:
        tenant = service.tenant()
        first = post(tenant, resource, "8e03978e")
        assert_replayed(post(tenant, resource, '"8e03978e"'), first)
        assert_replayed(post(tenant, resource, "8e03978e"), first)

    def test_keys_are_compared_exactly(self, service: Service, resource: ResourceCase) -> None:
        tenant = service.tenant()
        keys = ["a", "A", "a.", '"', "x" * 254, "x" * 255, "%41", "~!@#$%^&*()_+{}|:<>?"]
        answers = [post(tenant, resource, key, **resource.distinct(number)) for number, key in enumerate(keys)]
        assert {"idempotency-replayed" in answer.headers for answer in answers} == {False}
        assert len(listed(tenant, resource)) == len(keys)

    def test_invalid_body_is_refused_before_the_key_is_checked(self, service: Service, resource: ResourceCase) -> None:
        tenant = service.tenant()
        post(tenant, resource)
        for wrong, expected in resource.refused:
            expect_violations(post(tenant, resource, **wrong), expected)

    @every_contradiction
    def test_contradiction_is_refused_before_the_key_is_checked(
        self, service: Service, resource: ResourceCase, members: Any, expected: Violations
    ) -> None:
        tenant = service.tenant()
        post(tenant, resource)
        expect_violations(post(tenant, resource, **members), expected)

    def test_request_that_would_be_invalid_now_is_replayed(self, service: Service) -> None:
        tenant = service.tenant()
        expires_at = service.clock() + timedelta(hours=1)
        sent = {"name": "n", "scopes": ["simulations:read"], "expires_at": expires_at.isoformat()}
        headers = {"Idempotency-Key": "k"}
        first = tenant.send("POST", KEYS, json=sent, headers=headers)
        service.clock.passes(timedelta(hours=2))
        again = tenant.send("POST", KEYS, json=sent, headers=headers)
        assert (first.status_code, again.status_code) == (201, 201), again.text
        assert again.json() == first.json() | {"key": None}

    def test_same_key_with_another_body_is_refused(self, service: Service, resource: ResourceCase) -> None:
        tenant = service.tenant()
        post(tenant, resource)
        blank = resource.named(resource.body[resource.label] + " ")
        for other in (*resource.changes, blank):
            answer = post(tenant, resource, **other)
            body = expect_problem(answer, 422, "idempotency_key_reused")
            assert body["errors"] == [{"header": "Idempotency-Key", "code": "reused", "detail": body["detail"]}]
        assert len(listed(tenant, resource)) == 1

    @pytest.mark.parametrize("spelling", SPELLINGS)
    def test_bodies_are_compared_as_json_values(self, service: Service, resource: ResourceCase, spelling: str) -> None:
        tenant = service.tenant()
        first = post(tenant, resource)
        headers = {"Idempotency-Key": "k", "Content-Type": "application/json; charset=utf-8"}
        assert_replayed(
            tenant.send("POST", resource.path, content=SPELLINGS[spelling](resource.body), headers=headers), first
        )

    def test_key_is_scoped_to_its_owner(self, service: Service, resource: ResourceCase) -> None:
        mine, other = service.tenant(), service.tenant()
        first, second = post(mine, resource), post(other, resource)
        assert "idempotency-replayed" not in second.headers
        assert first.json()["id"] != second.json()["id"]
        assert_replayed(post(other, resource), second)

    def test_key_is_shared_by_all_api_keys_of_its_owner(self, service: Service, resource: ResourceCase) -> None:
        tenant = service.tenant()
        made = tenant.send("POST", KEYS, json={"name": "n", "scopes": [resource.writes]}).json()
        first = post(tenant, resource)
        assert_replayed(post(Tenant(service.http, tenant.owner, tenant.key_id, made["key"]), resource), first)

    def test_key_is_scoped_to_its_operation(self, service: Service, resource: ResourceCase) -> None:
        tenant = service.tenant()
        post(tenant, resource)
        made = post_key(tenant, NEW_KEY)
        assert (made.status_code, "idempotency-replayed" in made.headers) == (201, False)
        assert post(tenant, resource).headers["idempotency-replayed"] == "true"

    def test_updates_ignore_the_key(self, service: Service, resource: ResourceCase) -> None:
        tenant = service.tenant()
        path = post(tenant, resource).headers["location"]
        for method, name in (("POST", "a"), ("PATCH", "b"), ("POST", "c")):
            answer = tenant.send(method, path, json=resource.named(name), headers={"Idempotency-Key": "k"})
            assert (answer.status_code, answer.json()[resource.label]) == (200, name)
            assert "idempotency-replayed" not in answer.headers

    def test_refused_request_is_not_recorded(self, service: Service, resource: ResourceCase) -> None:
        tenant = service.tenant()
        for wrong, expected in (*resource.refused, ({"owner": "x"}, {"#/owner": "unknown"})):
            expect_violations(post(tenant, resource, **wrong), expected)
        first = post(tenant, resource)
        assert first.status_code == 201
        assert_replayed(post(tenant, resource), first)

    @every_contradiction
    def test_contradiction_is_not_recorded(
        self, service: Service, resource: ResourceCase, members: Any, expected: Violations
    ) -> None:
        tenant = service.tenant()
        expect_violations(post(tenant, resource, **members), expected)
        first = post(tenant, resource)
        assert_replayed(post(tenant, resource), first)

    def test_denied_request_is_not_recorded(self, service: Service, resource: ResourceCase) -> None:
        tenant = service.tenant(Scope.KEYS_MANAGE)
        expect_problem(post(tenant, resource), 403, "missing_scope")
        expect_problem(post_key(tenant, NEW_KEY), 403, "missing_scope")
        made = post_key(tenant, {"name": "n", "scopes": ["keys:manage"]})
        assert (made.status_code, "idempotency-replayed" in made.headers) == (201, False)

    def test_replayed_key_creation_has_no_secret(self, service: Service) -> None:
        tenant = service.tenant()
        first = post_key(tenant, NEW_KEY)
        secret = first.json()["key"]
        path = first.headers["location"]
        tenant.send("DELETE", path)
        again = post_key(tenant, NEW_KEY)
        assert (again.status_code, again.json()) == (201, first.json() | {"key": None})
        assert [again.headers[name] for name in SAME] == [first.headers[name] for name in SAME]
        assert again.headers["idempotency-replayed"] == "true"
        assert secret.split("_")[2] not in again.text
        assert len(tenant.send("GET", KEYS).json()["items"]) == 2

    def test_key_can_be_reused_after_a_day(self, service: Service, resource: ResourceCase) -> None:
        tenant = service.tenant()
        first = post(tenant, resource)
        service.clock.passes(IDEMPOTENCY_TTL - timedelta(minutes=1))
        assert_replayed(post(tenant, resource), first)
        service.clock.passes(timedelta(minutes=1))
        tomorrow = resource.distinct(1) | resource.named("tomorrow")
        second = post(tenant, resource, **tomorrow)
        assert (second.status_code, "idempotency-replayed" in second.headers) == (201, False)
        assert_replayed(post(tenant, resource, **tomorrow), second)
        assert len(listed(tenant, resource)) == 2

    def test_key_can_be_reused_after_a_purge(self, service: Service, resource: ResourceCase) -> None:
        tenant = service.tenant()
        first = post(tenant, resource)
        tenant.send("DELETE", first.headers["location"])
        idempotency_records = service.container.storage().idempotency_records
        service.call(lambda: idempotency_records.purge(service.clock() + timedelta(seconds=1)))
        second = post(tenant, resource)
        assert "idempotency-replayed" not in second.headers
        assert listed(tenant, resource) == [second.json()]

    @before_storage
    @pytest.mark.parametrize(
        "lines",
        [
            [b""],
            [b'""'],
            [b"x" * 256],
            [b'"' + b"x" * 256 + b'"'],
            [b"a b"],
            [b'"a b"'],
            [b"a\tb"],
            [b"a\x00b"],
            [b"\x7f"],
            ["ключ".encode()],
            [b"\xe9"],
            [b"a", b"b"],
            [b"a", b"a"],
            [b"a", b""],
        ],
        ids=repr,
    )
    def test_malformed_idempotency_key_is_refused(
        self, service: Service, resource: ResourceCase, lines: list[bytes]
    ) -> None:
        tenant = service.tenant()
        headers = [(b"X-API-Key", tenant.key.encode()), *((b"Idempotency-Key", line) for line in lines)]
        answer = service.http.post(resource.path, json=resource.body, headers=headers)
        assert violations(answer) == {"Idempotency-Key": "idempotency_key"}
        assert listed(tenant, resource) == []

    @before_storage
    def test_api_key_as_idempotency_key_is_refused(self, service: Service, resource: ResourceCase) -> None:
        tenant = service.tenant()
        assert violations(post(tenant, resource, tenant.key)) == {"Idempotency-Key": "idempotency_key"}
        assert listed(tenant, resource) == []

    def test_concurrent_repeats_create_one_object(self, service: Service, resource: ResourceCase) -> None:
        tenant = service.tenant()
        headers = {"X-API-Key": tenant.key, "Idempotency-Key": str(uuid7())}
        answers = service.together(
            [lambda http: http.post(resource.path, json=resource.body, headers=headers)] * RACERS
        )
        assert {answer.status_code for answer in answers} <= {201, 409}
        made = [answer for answer in answers if answer.status_code == 201]
        assert len({answer.content for answer in made}) == 1
        assert sum("idempotency-replayed" not in answer.headers for answer in made) == 1
        for answer in answers:
            if answer.status_code == 409:
                expect_problem(answer, 409, "request_in_flight")
        assert [item["id"] for item in listed(tenant, resource)] == [made[0].json()["id"]]

    def test_concurrent_key_creations_show_one_secret_once(self, service: Service) -> None:
        tenant = service.tenant()
        headers = {"X-API-Key": tenant.key, "Idempotency-Key": str(uuid7())}
        answers = service.together([lambda http: http.post(KEYS, json=NEW_KEY, headers=headers)] * 10)
        assert {answer.status_code for answer in answers} <= {201, 409}
        shown = [answer.json()["key"] for answer in answers if answer.status_code == 201]
        assert len([secret for secret in shown if secret is not None]) == 1
        assert len(tenant.send("GET", KEYS).json()["items"]) == 2

    def test_concurrent_bodies_with_one_key_create_one_object(self, service: Service, resource: ResourceCase) -> None:
        tenant = service.tenant()
        headers = {"X-API-Key": tenant.key, "Idempotency-Key": str(uuid7())}

        async def create(http: AsyncClient, name: str) -> Response:
            return await http.post(resource.path, json=resource.body | resource.named(name), headers=headers)

        answers = service.together(partial(create, name=str(n)) for n in range(10))
        assert min(answer.status_code for answer in answers) == 201
        assert {answer.status_code for answer in answers} <= {201, 409, 422}
        (made,) = (answer for answer in answers if answer.status_code == 201)
        assert listed(tenant, resource) == [made.json()]

    @before_storage
    @pytest.mark.parametrize("depth", [10, 800, 900, 940, 960, 980, 1000])
    def test_deeply_nested_body_is_refused_without_an_error(
        self, service: Service, resource: ResourceCase, depth: int
    ) -> None:
        content = json.dumps(resource.label).join(("{", ": ")).encode() + b"[" * depth + b"]" * depth + b"}"
        headers = {"Idempotency-Key": "k", "Content-Type": "application/json"}
        answer = service.tenant().send("POST", resource.path, content=content, headers=headers)
        expect_problem(answer, 422, "validation_failed")
