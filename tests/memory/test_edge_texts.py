"""Oversized queries, unusual paths and JSON, and how much of them a response repeats."""

import json
import sys
from types import FrameType
from typing import Any

import pytest

from adapters.http_fastapi.kit.problems import shortened
from tests.contracts.hostile_requests import LARGE, Hostile
from tests.contracts.http_api import SIMULATIONS, UNKNOWN, WING, Service, expect_problem
from tests.contracts.http_hostile import ask
from tests.memory.edges import MIB, BufferingApp

NON_API_PATHS = ["/admin/", "/admin/login/", "/livez", "/readyz", "/docs", "/openapi.json", "/problems/not-found"]


class TestQueries:
    @pytest.mark.parametrize("query", LARGE.values(), ids=LARGE)
    @pytest.mark.parametrize("path", [*NON_API_PATHS, "/docs/assets/swagger-ui.css"])
    def test_a_too_large_query_is_rejected_on_every_path(
        self, service: Service, admin: BufferingApp, path: str, query: str
    ) -> None:
        before = admin.requests
        answer = ask(service, Hostile("", 422, None, f"{path}?{query}".encode(), "GET", (), key=False))
        assert answer.status == 422
        assert len(answer.body) < 1500
        assert answer.body.count(b'"parameter"') == 1
        assert admin.requests == before

    @pytest.mark.parametrize("query", ["x=" + "1" * 8190, "&".join(f"p{n}=1" for n in range(100))], ids=["8k", "100"])
    @pytest.mark.parametrize("path", NON_API_PATHS)
    def test_a_query_at_the_limit_is_accepted(self, service: Service, path: str, query: str) -> None:
        assert ask(service, Hostile("", 200, None, f"{path}?{query}".encode(), "GET", (), key=False)).status == 200

    def test_the_first_field_over_the_limit_is_named(self, service: Service) -> None:
        tenant = service.tenant()
        many = "&".join(f"p{n}=1" for n in range(200))
        for query, name in (
            (many, "p100"),
            ("a=1&b=" + "x" * 9000 + "&c=1", "b"),
            ("a=" + "x" * 8186 + "&bc%20d=1&e=1", "bc d"),
            ("y" * 9000, "y" * 200),
            ("%ff" * 9000, "\ufffd" * 66 + "%f"),
        ):
            body = expect_problem(tenant.send("GET", f"{SIMULATIONS}?{query}"), 422, "validation_failed")
            (error,) = body["errors"]
            assert error["parameter"].rstrip("…") == name
            assert error["code"] in {"query_too_long", "too_many_fields"}

    @pytest.mark.parametrize(
        ("method", "path", "more", "status"),
        [
            ("GET", "/api/v1/x", {}, 404),
            ("PUT", SIMULATIONS, {}, 405),
            ("POST", "/livez", {}, 405),
            ("GET", SIMULATIONS, {"headers": {"X-API-Key": "x"}}, 401),
            ("POST", SIMULATIONS, {"content": b" " * (MIB + 1)}, 413),
            ("POST", SIMULATIONS, {"content": b"{"}, 415),
            ("POST", SIMULATIONS, {"content": b"{", "headers": {"Content-Type": "application/json"}}, 400),
            ("DELETE", UNKNOWN, {}, 422),
        ],
    )
    def test_a_too_large_query_is_rejected_in_the_order_of_the_contract(
        self, service: Service, method: str, path: str, more: dict[str, Any], status: int
    ) -> None:
        answer = service.tenant().send(method, f"{path}?{'x' * 9000}", **more)
        assert answer.status_code == status


class TestPathSpellings:
    @pytest.mark.parametrize(
        "target",
        [
            *("/%61dmin/", "/%61dmin", "/admin%2F", "/admin%2flogin/", "/admin/%6cogin/", "/adm%69n/", "/admin/%2e/"),
            *("/admin/%2e%2e/admin/", "/admin/./", "/admin/.", "/admin/..", "/admin/../admin/", "/admin//"),
            *("//admin/", "/./admin/", "/ADMIN/", "/Admin", "/x/../admin/", "/static/../admin/", "/admin//x"),
            *("/admin/x%00", "/admin/%c3%a9", "/admin\\login/", "/admin/login;x/", "/admin%0A", "/admin/%"),
            *("/%2fadmin/", "/%61%64%6d%69%6e/", "/admin/x%2f..%2f..%2fy", "http://localhost/admin/"),
            *("/admin/" + "x" * 2000, "/%2561dmin/", "/admin/a%0Ab"),
        ],
    )  # fmt: skip
    def test_an_alternative_spelling_does_not_reach_the_admin(
        self, service: Service, admin: BufferingApp, target: str
    ) -> None:
        before = admin.requests
        answer = ask(service, Hostile("", 404, None, target.encode(), "GET", (), key=False))
        assert (answer.status, admin.requests) == (404, before)

    @pytest.mark.parametrize(
        "target", ["/admin", "/admin/", "/admin/login/", "/admin/goatfish/ownerrow/x_2Fy.z/change/"]
    )
    def test_the_canonical_path_reaches_the_admin(self, service: Service, admin: BufferingApp, target: str) -> None:
        before = admin.requests
        assert ask(service, Hostile("", 200, None, target.encode(), "GET", (), key=False)).status == 200
        assert admin.requests == before + 1

    @pytest.mark.parametrize(
        "target",
        [
            *("/%6civez", "/live%7a", "/%64ocs", "/docs%2Fassets/swagger-ui.css", "/docs/assets/swagger%2Dui.css"),
            *("/docs/%61ssets/swagger-ui.css", "/docs/assets/./swagger-ui.css", "/docs/assets//swagger-ui.css"),
            *("/docs/assets/%2e%2e/%2e%2e/__init__.py", "/docs/assets/../__init__.py", "/docs/assets/.."),
            *("/docs/assets/" + "a/" * 30_000, "/docs/assets/" + "../" * 20_000, "/openapi%2Ejson"),
            *("/%70roblems/not-found", "/%64ocs/assets/swagger-ui.css"),
            *("/api/v1/%6be%79s", "/%61pi/v1/me", "/api%2fv1/me", "/api/v1/m%65"),
        ],
    )  # fmt: skip
    def test_an_alternative_spelling_of_any_route_is_not_found(self, service: Service, target: str) -> None:
        for method in ("GET", "POST"):
            assert ask(service, Hostile("", 404, None, target.encode(), method, ())).status == 404

    def test_a_path_parameter_may_be_percent_encoded(self, service: Service) -> None:
        tenant = service.tenant()
        id = tenant.make()["id"]
        path = f"{SIMULATIONS}/{id.replace('-', '%2d')}"
        assert tenant.send("GET", path).json()["id"] == id
        assert service.http.get("/problems/not%2dfound").status_code == 200


class TestTexts:
    @pytest.mark.parametrize("text", ["% ", "%25", "%gf_a_b ", "gf_a_b", "%67f_a_b ", "x % ", "~"])
    def test_shortening_a_long_text_does_not_scan_all_of_it(self, text: str) -> None:
        """Counts Python calls, independent of the machine; a callback for each match would make about 500,000."""
        calls = 0

        def count(frame: FrameType, event: str, _: object) -> None:
            nonlocal calls
            calls += event == "call"

        sys.setprofile(count)
        try:
            shown = shortened(text * (MIB // len(text)), 200)
        finally:
            sys.setprofile(None)
        assert calls < 1000
        assert len(shown) <= 201
        assert "gf_a_b" not in shown

    def test_a_number_of_too_many_digits_is_rejected(self, service: Service) -> None:
        tenant = service.tenant()
        for digits, code in ((400, "unknown"), (401, "number_too_large")):
            body = json.dumps(WING)[:-1] + ', "x": -' + "9" * (digits - 1) + "}"
            answer = tenant.send("POST", SIMULATIONS, content=body, headers={"Content-Type": "application/json"})
            assert [error["code"] for error in expect_problem(answer, 422, "validation_failed")["errors"]] == [code]

    def test_json_that_is_nested_too_deep_is_rejected(self, service: Service) -> None:
        tenant = service.tenant()
        for depth, code in ((63, "unknown"), (64, "too_deep"), (900, "too_deep"), (5000, "too_many_values")):
            body = json.dumps(WING)[:-1] + ', "x": ' + "[" * depth + "]" * depth + "}"
            answer = tenant.send("POST", SIMULATIONS, content=body, headers={"Content-Type": "application/json"})
            assert [error["code"] for error in expect_problem(answer, 422, "validation_failed")["errors"]] == [code]

    def test_json_near_the_recursion_limit_is_rejected_with_an_idempotency_key(self, service: Service) -> None:
        """Python raises RecursionError at a depth near 1000, which varies with the depth of the caller."""
        tenant = service.tenant()
        headers = {"Content-Type": "application/json", "Idempotency-Key": "k"}
        for depth in range(940, 1000):
            for body in ("[" * depth + "]" * depth, '{"a":' * depth + "1" + "}" * depth):
                assert tenant.send("POST", SIMULATIONS, content=body, headers=headers).status_code == 422
