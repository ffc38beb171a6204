"""Security headers for browsers: no response may be executed, framed or read across origins unless allowed."""

import re
from typing import Any

import pytest
from httpx2 import Response

from domain.simulations.simulation import Simulation
from tests.contracts.http_api import SIMULATIONS, UNKNOWN, WING, Service, expect_problem

PAGE = "https://app.example"
"""The origin that the service under test allows."""
ALWAYS = {
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "referrer-policy": "same-origin",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
}
STRICT_POLICY = "default-src 'none'; frame-ancestors 'none'"


def preflight(service: Service, path: str, **more: str) -> Response:
    asked = {"origin": PAGE, "access-control-request-method": "PATCH", "access-control-request-headers": "x-api-key"}
    named = {name.replace("_", "-"): value for name, value in more.items()}
    return service.http.options(path, headers=asked | named)


class BrowsersContract:
    """The security headers of every response."""

    def test_responses_forbid_scripts_framing_and_cross_origin_reads(self, service: Service) -> None:
        tenant = service.tenant()
        made = tenant.send("POST", SIMULATIONS, json=WING)
        answers = [
            made,
            *(tenant.send(method, made.headers["location"]) for method in ("GET", "HEAD", "DELETE", "GET")),
            *(service.http.get(path) for path in (SIMULATIONS, "/x", "/livez", "/openapi.json", "/problems/not-found")),
            service.http.get("/problems/not-found", headers={"Host": "evil.example"}),
            service.http.get("/docs/assets/swagger-ui.css"),
        ]
        assert {answer.status_code for answer in answers} == {200, 201, 204, 400, 401, 404}
        for answer in answers:
            assert answer.headers.items() >= (ALWAYS | {"content-security-policy": STRICT_POLICY}).items()
            assert "strict-transport-security" not in answer.headers
            assert len(answer.headers) == len(answer.headers.multi_items())

    def test_docs_page_runs_only_its_own_scripts(self, service: Service) -> None:
        page = service.http.get("/docs")
        assert page.headers.items() >= ALWAYS.items()
        policy = dict(part.strip().split(" ", 1) for part in page.headers["content-security-policy"].split(";"))
        assert policy["default-src"] == policy["frame-ancestors"] == policy["base-uri"] == "'none'"
        assert page.text.count("<script>") == policy["script-src"].count("'sha256-") == 1
        assert "unsafe" not in page.headers["content-security-policy"]

    def test_workbench_runs_and_loads_only_its_own_files(self, service: Service) -> None:
        page = service.http.get("/")
        assert page.headers.items() >= (ALWAYS | {"cache-control": "no-cache"}).items()
        policy = dict(part.strip().partition(" ")[::2] for part in page.headers["content-security-policy"].split(";"))
        assert policy["default-src"] == policy["frame-ancestors"] == policy["base-uri"] == "'none'"
        assert policy["script-src"] == policy["style-src"] == policy["connect-src"] == "'self'"
        assert policy["require-trusted-types-for"] == "'script'"
        assert policy["trusted-types"] == ""
        files = re.findall(r'(?:src|href)="([^"]*)"', page.text)
        assert len(files) == 4
        for file in files:
            answer = service.http.get(file)
            assert answer.status_code == 200, file
            assert answer.headers["cache-control"] == "public, max-age=31536000, immutable"

    @pytest.mark.parametrize("code", ["never-issued", "x" * 200])
    def test_an_unknown_sign_in_code_is_refused(self, service: Service, code: str) -> None:
        expect_problem(service.http.post("/workbench/sign-in", json={"code": code}), 404, "not_found")

    @pytest.mark.parametrize("code", ["", "x" * 201, None, 1, ["x"]])
    def test_what_is_no_sign_in_code_is_invalid(self, service: Service, code: object) -> None:
        expect_problem(service.http.post("/workbench/sign-in", json={"code": code}), 422, "validation_failed")

    def test_hsts_is_sent_over_https(self, service: Service) -> None:
        answer = service.http.get("https://localhost/livez")
        assert answer.headers["strict-transport-security"] == "max-age=31536000"

    @pytest.mark.parametrize(("scheme", "hsts"), [("wss", True), ("ws", False), ("gopher", False)])
    def test_hsts_follows_the_forwarded_scheme(self, service: Service, scheme: str, hsts: bool) -> None:
        (answer,) = service.together([lambda http: http.get(f"{scheme}://localhost/livez")])
        assert answer.status_code == 200
        assert ("strict-transport-security" in answer.headers) is hsts

    def test_no_origin_is_allowed_unless_configured(self, service: Service) -> None:
        expect_problem(preflight(service, UNKNOWN), 405, "method_not_allowed")
        for origin in (PAGE, "null", "http://localhost"):
            answer = service.tenant().send("GET", SIMULATIONS, headers={"Origin": origin})
            assert answer.status_code == 200
            assert not [name for name in answer.headers if name.startswith("access-control-")]
            assert answer.headers["vary"] == "X-API-Key, Authorization"


class CrossOriginContract:
    """A service that allows cross-origin requests from ``PAGE``."""

    def test_allowed_origin_can_read_responses_and_their_headers(self, service: Service) -> None:
        tenant = service.tenant()
        for answer in (
            tenant.send("POST", SIMULATIONS, json=WING, headers={"Origin": PAGE}),
            service.http.get(SIMULATIONS, headers={"Origin": PAGE}),
        ):
            assert answer.headers["access-control-allow-origin"] == PAGE
            assert "access-control-allow-credentials" not in answer.headers
            readable = set(answer.headers["access-control-expose-headers"].split(", "))
            assert readable >= {"ETag", "Location", "Link", "Idempotency-Replayed", "X-Request-ID", "Retry-After"}
            assert readable >= {"RateLimit", "RateLimit-Policy"}
            assert answer.headers["vary"] == "X-API-Key, Authorization, Origin"
            assert answer.headers.items() >= ALWAYS.items()

    def test_allowed_origin_can_read_every_error(self, service: Service, monkeypatch: pytest.MonkeyPatch) -> None:
        def faulty(*_: object) -> None:
            raise RuntimeError("a fault")

        tenant, big = service.tenant(), b" " * ((1 << 20) + 1)
        with monkeypatch.context() as violation:
            violation.setattr(type(service.container.use_cases.entities()[Simulation]), "get", faulty)
            answers = [tenant.send("GET", UNKNOWN, headers={"Origin": PAGE})]
        refused: list[tuple[str, str, dict[str, Any]]] = [
            ("GET", "/api/v1/x", {}),
            ("PUT", SIMULATIONS, {}),
            ("OPTIONS", SIMULATIONS, {}),
            ("GET", UNKNOWN, {}),
            ("GET", f"{SIMULATIONS}?x=1", {}),
            ("GET", f"{SIMULATIONS}?{'x' * 9000}", {}),
            ("GET", SIMULATIONS, {"headers": {"Host": "evil.example"}}),
            ("OPTIONS", SIMULATIONS, {"headers": {"Host": "evil.example", "Access-Control-Request-Method": "GET"}}),
            ("GET", SIMULATIONS, {"headers": {"X": "x" * (33 << 10)}}),
            ("POST", SIMULATIONS, {"content": big}),
            ("POST", SIMULATIONS, {"content": b"{"}),
            ("POST", SIMULATIONS, {"content": b"{", "headers": {"Content-Type": "application/json"}}),
        ]
        for method, path, more in refused:
            headers = more.pop("headers", {}) | {"Origin": PAGE}
            answers.append(tenant.send(method, path, headers=headers, **more))
        assert {answer.status_code for answer in answers} == {400, 404, 405, 413, 415, 422, 431, 500}
        for answer in answers:
            assert answer.headers["access-control-allow-origin"] == PAGE, answer.text
            assert "X-Request-ID" in answer.headers["access-control-expose-headers"]
            assert answer.headers["vary"] == "X-API-Key, Authorization, Origin"
            assert len(answer.headers) == len(answer.headers.multi_items())

    def test_preflight_of_the_allowed_origin_succeeds(self, service: Service) -> None:
        wanted = "x-api-key, authorization, content-type, if-match, if-none-match, idempotency-key, x-request-id"
        answer = preflight(service, UNKNOWN, access_control_request_headers=wanted)
        assert answer.status_code == 200
        assert answer.headers["access-control-allow-origin"] == PAGE
        assert set(answer.headers["access-control-allow-methods"].split(", ")) >= {"GET", "PUT", "PATCH", "DELETE"}
        assert "access-control-allow-credentials" not in answer.headers
        assert answer.headers.items() >= ALWAYS.items()
        assert answer.headers["x-request-id"]

    @pytest.mark.parametrize(
        "wrong",
        [
            {"origin": "https://app.example.evil"},
            {"origin": "http://app.example"},
            {"origin": "null"},
            {"access_control_request_method": "TRACE"},
            {"access_control_request_headers": "x-evil"},
        ],
        ids=lambda wrong: next(iter(wrong.values())),
    )
    def test_other_preflights_are_refused_with_a_problem(self, service: Service, wrong: dict[str, str]) -> None:
        answer = preflight(service, UNKNOWN, **wrong)
        expect_problem(answer, 400, "cross_origin_refused")
        assert "access-control-allow-origin" not in answer.headers

    @pytest.mark.parametrize("path", ["/docs", "/openapi.json", "/livez", "/static/x", "/admin/", "/apix", "/"])
    def test_paths_outside_the_api_have_no_cors_headers(self, service: Service, path: str) -> None:
        for answer in (service.http.get(path, headers={"Origin": PAGE}), preflight(service, path)):
            assert not [name for name in answer.headers if name.startswith("access-control-")]
            assert "Origin" not in answer.headers.get("vary", "")

    def test_other_origins_cannot_read_responses(self, service: Service) -> None:
        for origin in ("https://evil.example", "null"):
            answer = service.tenant().send("GET", SIMULATIONS, headers={"Origin": origin})
            assert "access-control-allow-origin" not in answer.headers
            assert answer.headers["vary"] == "X-API-Key, Authorization, Origin"

    def test_requests_without_origin_are_unaffected(self, service: Service) -> None:
        answer = service.tenant().send("GET", SIMULATIONS)
        assert answer.status_code == 200
        assert answer.headers["cache-control"] == "private, no-cache"
        expect_problem(service.http.options(UNKNOWN), 405, "method_not_allowed")
