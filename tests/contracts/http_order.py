"""The order of refusals: a request that is wrong in two ways is told of the earlier one."""

import json
from typing import Any

import pytest

from domain.access.scopes import Scope
from domain.errors import Limited
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

BIG = b"{" * ((1 << 20) + 1)
TEXT, JSON = {"Content-Type": "text/plain"}, {"Content-Type": "application/json"}
EARLY = '{"end_date": "0001-01-01"}'
"""A change that fits no stored simulation."""


def exhaust(service: Service, tenant: Tenant) -> None:
    limit = service.container.rate_limit()
    # Counted down one by one it would refill meanwhile.
    limit._allowance._whole_at[tenant.owner] = service.container.system().monotonic() + 3600
    with pytest.raises(Limited):
        limit.count(tenant.owner, [])


def reader(service: Service) -> Tenant:
    return service.tenant(Scope.SIMULATIONS_READ)


class OrderContract:
    """404 of the path, 405, 401, 429, 403, 413, 415, 400, 422, 409, 404 of the object, 412, 422 or 409 of a rule.

    A 409 of idempotency belongs to what makes something and the 404 after it to what is there, so no request can be
    wrong in both ways; the 404 is held against the 422 before.
    """

    def test_an_unknown_path_before_a_wrong_verb(self, service: Service) -> None:
        expect_problem(service.http.request("PUT", f"{SIMULATIONS}/"), 404, "not_found")

    def test_a_wrong_verb_before_a_missing_key(self, service: Service) -> None:
        for method, path in (("PUT", SIMULATIONS), ("PATCH", f"{KEYS}/x"), ("POST", "/api/v1/me")):
            expect_problem(service.http.request(method, path), 405, "method_not_allowed")

    def test_a_wrong_key_before_a_used_up_rate(self, service: Service) -> None:
        tenant = service.tenant()
        made = tenant.send("POST", KEYS, json={"name": "n", "scopes": ["keys:manage"]}).json()
        tenant.send("DELETE", f"{KEYS}/{made['id']}")
        exhaust(service, tenant)
        answer = service.http.get(SIMULATIONS, headers={"X-API-Key": made["key"]})
        expect_problem(answer, 401, "unauthenticated")
        assert "ratelimit" not in answer.headers

    def test_a_used_up_rate_before_a_missing_scope(self, service: Service) -> None:
        tenant = reader(service)
        exhaust(service, tenant)
        answer = tenant.send("POST", SIMULATIONS, json=WING)
        expect_problem(answer, 429, "rate_limited")
        assert int(answer.headers["retry-after"]) >= 1
        assert answer.headers["ratelimit"].startswith('"owner";r=0;')

    def test_a_missing_scope_before_a_large_body(self, service: Service) -> None:
        answer = reader(service).send("POST", SIMULATIONS, content=BIG, headers=JSON)
        expect_problem(answer, 403, "missing_scope")

    def test_a_large_body_before_a_wrong_content_type(self, service: Service) -> None:
        for headers in (TEXT, JSON | {"Content-Encoding": "gzip"}):
            answer = service.tenant().send("POST", SIMULATIONS, content=BIG, headers=headers)
            expect_problem(answer, 413, "body_too_large")

    def test_a_wrong_content_type_before_what_is_no_json(self, service: Service) -> None:
        for headers in (TEXT, JSON | {"Content-Encoding": "gzip"}):
            answer = service.tenant().send("POST", SIMULATIONS, content=b"{", headers=headers)
            expect_problem(answer, 415, "unsupported_media_type")

    @pytest.mark.parametrize(
        ("query", "header"), [("?x=1", {}), ("", {"If-Match": "x"}), ("", {"If-None-Match": "x"})], ids=str
    )
    def test_what_is_no_json_before_what_is_wrong_in_itself(
        self, service: Service, query: str, header: dict[str, str]
    ) -> None:
        answer = service.tenant().send("PATCH", UNKNOWN + query, content=b"{", headers=JSON | header)
        expect_problem(answer, 400, "malformed_json")

    def test_what_is_no_json_before_a_wrong_idempotency_key(self, service: Service) -> None:
        headers = JSON | {"Idempotency-Key": "a b"}
        answer = service.tenant().send("POST", SIMULATIONS, content=b"{", headers=headers)
        expect_problem(answer, 400, "malformed_json")

    @pytest.mark.parametrize("query", ["limit=x", "sort=x", "name=", "x=1", "limit=1&limit=1"])
    def test_a_foreign_cursor_before_a_wrong_parameter(self, service: Service, query: str) -> None:
        for cursor in ("x", "", "a&cursor=b"):
            answer = service.tenant().send("GET", f"{SIMULATIONS}?{query}&cursor={cursor}")
            expect_problem(answer, 400, "invalid_cursor")

    @pytest.mark.parametrize(
        ("path", "wrong"),
        [
            (SIMULATIONS, WING | {"name": 7}),
            (SIMULATIONS, WING | {"name": ""}),
            (SIMULATIONS, WING | {"end_date": "2026-01-04"}),
            (f"{SIMULATIONS}?x=1", WING),
        ],
        ids=["schema", "rule", "dates", "query"],
    )
    def test_what_is_wrong_in_itself_before_a_request_in_flight(
        self, service: Service, monkeypatch: pytest.MonkeyPatch, path: str, wrong: dict[str, Any]
    ) -> None:
        tenant = service.tenant()
        headers = {"Idempotency-Key": "k"}
        tenant.send("POST", SIMULATIONS, json=WING, headers=headers)
        self._hide_outcomes(service, tenant, monkeypatch)
        expect_problem(tenant.send("POST", path, json=wrong, headers=headers), 422, "validation_failed")
        expect_problem(tenant.send("POST", SIMULATIONS, json=WING, headers=headers), 409, "request_in_flight")

    @staticmethod
    def _hide_outcomes(service: Service, tenant: Tenant, monkeypatch: pytest.MonkeyPatch) -> None:
        """As it is for a request whose first one has written and not yet committed."""

        async def nothing(*_: object) -> None:
            return None

        monkeypatch.setattr(type(service.container.storage().idempotency_records.of(tenant.owner)), "find", nothing)

    @pytest.mark.parametrize("wrong", [{"name": ""}, {"name": 7}, {"x": 1}], ids=str)
    def test_what_is_wrong_in_itself_before_an_unknown_object(self, service: Service, wrong: dict[str, Any]) -> None:
        for method in ("PATCH", "POST"):
            expect_problem(service.tenant().send(method, UNKNOWN, json=wrong), 422, "validation_failed")
        assert violations(service.tenant().send("DELETE", f"{UNKNOWN}?x=1")) == {"x": "unknown"}
        assert violations(service.tenant().send("GET", UNKNOWN, headers={"If-None-Match": "1"})) == {
            "If-None-Match": "entity_tag"
        }
        assert violations(service.tenant().send("PUT", UNKNOWN, json=WING | wrong))

    def test_an_unknown_object_before_a_failed_condition(self, service: Service) -> None:
        tenant = service.tenant()
        for path, code in ((UNKNOWN, "simulation_not_found"), (f"{KEYS}/x", "key_not_found")):
            expect_problem(tenant.send("DELETE", path, headers={"If-Match": '"x"'}), 404, code)

    def test_a_failed_condition_before_a_rule_of_the_stored_object(self, service: Service) -> None:
        tenant = service.tenant()
        path = f"{SIMULATIONS}/{tenant.make()['id']}"
        for method in ("PATCH", "POST"):
            answer = tenant.send(method, path, content=EARLY, headers=JSON | {"If-Match": '"x"'})
            expect_problem(answer, 412, "precondition_failed")
            assert violations(tenant.send(method, path, content=EARLY, headers=JSON)) == {"#/end_date": "before_start"}

    def test_a_failed_condition_before_a_key_that_would_end_itself(self, service: Service) -> None:
        tenant = service.tenant()
        path = f"{KEYS}/{tenant.key_id}"
        expect_problem(tenant.send("DELETE", path, headers={"If-Match": '"x"'}), 412, "precondition_failed")
        expect_problem(tenant.send("DELETE", path, headers={"If-Match": "*"}), 409, "key_in_use")

    def test_an_unknown_object_before_a_rule(self, service: Service) -> None:
        answer = service.tenant().send("PATCH", UNKNOWN, json=json.loads(EARLY))
        expect_problem(answer, 404, "simulation_not_found")
