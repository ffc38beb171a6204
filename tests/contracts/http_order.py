"""The order of checks: a request with two errors gets the problem that comes first."""

import json
from typing import Any

import pytest

from domain.errors import Limited
from tests.contracts.http_service import (
    KEYS,
    NEW_KEY,
    Service,
    Tenant,
    before_storage,
    expect_problem,
    expect_violations,
    violations,
)
from tests.contracts.resources import ResourceCase, ResourceFixtures, Violations, every_contradiction

BIG = b"{" * ((1 << 20) + 1)
TEXT, JSON = {"Content-Type": "text/plain"}, {"Content-Type": "application/json"}


def exhaust(service: Service, tenant: Tenant) -> None:
    limit = service.container.rate_limit()
    # Real requests would be too slow: the limit would refill meanwhile.
    limit._quotas._whole_at[tenant.owner] = service.container.system().monotonic() + 3600
    with pytest.raises(Limited):
        limit.count(tenant.owner, [])


class OrderContract(ResourceFixtures):
    """404 of the path, 405, 401, 429, 403, 413, 415, 400, 422, 409, 404 of the object, 412, 422 or 409 of a rule.

    A 409 of idempotency concerns only creation, and the 404 after it only existing objects, so no request can have
    both errors; the 404 is compared with the 422 before it.
    """

    @before_storage
    def test_unknown_path_before_wrong_method(self, service: Service, resource: ResourceCase) -> None:
        expect_problem(service.http.request("PUT", f"{resource.path}/"), 404, "not_found")

    @before_storage
    def test_wrong_method_before_missing_key(self, service: Service, resource: ResourceCase) -> None:
        for method, path in (("PUT", resource.path), ("PATCH", f"{KEYS}/x"), ("POST", "/api/v1/me")):
            expect_problem(service.http.request(method, path), 405, "method_not_allowed")

    @before_storage
    def test_invalid_key_before_exceeded_rate(self, service: Service, resource: ResourceCase) -> None:
        tenant = service.tenant()
        made = tenant.send("POST", KEYS, json=NEW_KEY).json()
        tenant.send("DELETE", f"{KEYS}/{made['id']}")
        exhaust(service, tenant)
        answer = service.http.get(resource.path, headers={"X-API-Key": made["key"]})
        expect_problem(answer, 401, "unauthenticated")
        assert "ratelimit" not in answer.headers

    @before_storage
    def test_exceeded_rate_before_missing_scope(self, service: Service, resource: ResourceCase) -> None:
        tenant = service.tenant(resource.reads)
        exhaust(service, tenant)
        answer = tenant.send("POST", resource.path, json=resource.body)
        expect_problem(answer, 429, "rate_limited")
        assert int(answer.headers["retry-after"]) >= 1
        assert answer.headers["ratelimit"].startswith('"owner";r=0;')

    @before_storage
    def test_missing_scope_before_too_large_body(self, service: Service, resource: ResourceCase) -> None:
        answer = service.tenant(resource.reads).send("POST", resource.path, content=BIG, headers=JSON)
        expect_problem(answer, 403, "missing_scope")

    @before_storage
    def test_too_large_body_before_wrong_content_type(self, service: Service, resource: ResourceCase) -> None:
        for headers in (TEXT, JSON | {"Content-Encoding": "gzip"}):
            answer = service.tenant().send("POST", resource.path, content=BIG, headers=headers)
            expect_problem(answer, 413, "body_too_large")

    @before_storage
    def test_wrong_content_type_before_malformed_json(self, service: Service, resource: ResourceCase) -> None:
        for headers in (TEXT, JSON | {"Content-Encoding": "gzip"}):
            answer = service.tenant().send("POST", resource.path, content=b"{", headers=headers)
            expect_problem(answer, 415, "unsupported_media_type")

    @before_storage
    @pytest.mark.parametrize(
        ("query", "header"), [("?x=1", {}), ("", {"If-Match": "x"}), ("", {"If-None-Match": "x"})], ids=str
    )
    def test_malformed_json_before_invalid_query_or_header(
        self, service: Service, resource: ResourceCase, query: str, header: dict[str, str]
    ) -> None:
        answer = service.tenant().send("PATCH", resource.unknown + query, content=b"{", headers=JSON | header)
        expect_problem(answer, 400, "malformed_json")

    @before_storage
    def test_malformed_json_before_malformed_idempotency_key(self, service: Service, resource: ResourceCase) -> None:
        headers = JSON | {"Idempotency-Key": "a b"}
        answer = service.tenant().send("POST", resource.path, content=b"{", headers=headers)
        expect_problem(answer, 400, "malformed_json")

    @before_storage
    @pytest.mark.parametrize("query", ["limit=x", "sort=x", "sort=", "x=1", "limit=1&limit=1"])
    def test_invalid_cursor_before_invalid_parameter(
        self, service: Service, resource: ResourceCase, query: str
    ) -> None:
        for cursor in ("x", "", "a&cursor=b"):
            answer = service.tenant().send("GET", f"{resource.path}?{query}&cursor={cursor}")
            expect_problem(answer, 400, "invalid_cursor")

    def test_invalid_body_before_request_in_flight(
        self, service: Service, resource: ResourceCase, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        tenant = service.tenant()
        headers = JSON | {"Idempotency-Key": "k"}
        tenant.send("POST", resource.path, json=resource.body, headers=headers)
        self._hide_records(service, tenant, monkeypatch)
        contradictions = [resource.contradiction] if resource.contradiction else []
        for members, expected in (*resource.refused, *contradictions):
            content = json.dumps(resource.body | members)
            expect_violations(tenant.send("POST", resource.path, content=content, headers=headers), expected)
        queried = tenant.send("POST", f"{resource.path}?x=1", json=resource.body, headers=headers)
        assert violations(queried) == {"x": "unknown"}
        again = tenant.send("POST", resource.path, json=resource.body, headers=headers)
        expect_problem(again, 409, "request_in_flight")

    @staticmethod
    def _hide_records(service: Service, tenant: Tenant, monkeypatch: pytest.MonkeyPatch) -> None:
        """Simulates a first request that has written its record but not yet committed."""

        async def nothing(*_: object) -> None:
            return None

        monkeypatch.setattr(type(service.container.storage().idempotency_records.of(tenant.owner)), "find", nothing)

    @before_storage
    def test_invalid_body_before_unknown_object(self, service: Service, resource: ResourceCase) -> None:
        tenant = service.tenant()
        for members, expected in (*resource.refused, ({"x": 1}, {"#/x": "unknown"})):
            for method, body in (("PATCH", members), ("POST", members), ("PUT", resource.body | members)):
                answer = tenant.send(method, resource.unknown, content=json.dumps(body), headers=JSON)
                expect_violations(answer, expected)
        assert violations(tenant.send("DELETE", f"{resource.unknown}?x=1")) == {"x": "unknown"}
        assert violations(tenant.send("GET", resource.unknown, headers={"If-None-Match": "1"})) == {
            "If-None-Match": "entity_tag"
        }

    def test_unknown_object_before_failed_condition(self, service: Service, resource: ResourceCase) -> None:
        tenant = service.tenant()
        for path, code in ((resource.unknown, resource.not_found), (f"{KEYS}/x", "key_not_found")):
            expect_problem(tenant.send("DELETE", path, headers={"If-Match": '"x"'}), 404, code)

    @every_contradiction
    def test_failed_condition_before_rule_of_the_stored_object(
        self, service: Service, resource: ResourceCase, members: Any, expected: Violations
    ) -> None:
        tenant = service.tenant()
        path = resource.path_of(tenant.make(resource))
        for method in ("PATCH", "POST"):
            refused = tenant.send(method, path, json=members, headers={"If-Match": '"x"'})
            expect_problem(refused, 412, "precondition_failed")
            expect_violations(tenant.send(method, path, json=members), expected)

    def test_failed_condition_before_key_in_use(self, service: Service) -> None:
        tenant = service.tenant()
        path = f"{KEYS}/{tenant.key_id}"
        expect_problem(tenant.send("DELETE", path, headers={"If-Match": '"x"'}), 412, "precondition_failed")
        expect_problem(tenant.send("DELETE", path, headers={"If-Match": "*"}), 409, "key_in_use")

    @every_contradiction
    def test_unknown_object_before_rule_of_the_stored_object(
        self, service: Service, resource: ResourceCase, members: Any, expected: Violations
    ) -> None:
        answer = service.tenant().send("PATCH", resource.unknown, json=members)
        expect_problem(answer, 404, resource.not_found)
