"""Headers of every response, unknown paths and wrong methods."""

import re

import pytest
from starlette.types import Receive, Scope, Send

from adapters.http_fastapi.kit.layers.middleware import OVERLOADED
from tests.contracts.http_service import KEYS, Service, before_storage, expect_problem
from tests.contracts.resources import ResourceCase, ResourceFixtures


class RefusalsContract(ResourceFixtures):
    """Headers of every response, unknown paths and wrong methods."""

    @before_storage
    @pytest.mark.parametrize(
        ("path", "allowed"),
        [
            (f"{KEYS}/x", "DELETE, GET, HEAD"),
            (f"{KEYS}/x/roll", "POST"),
            ("/livez", "GET, HEAD"),
            ("/api/v1/simulations/x/summary", "GET, HEAD"),
            ("/api/v1/simulations/x/runs.csv", "GET, HEAD"),
        ],
    )
    def test_wrong_method_gets_the_allowed_ones(self, service: Service, path: str, allowed: str) -> None:
        answer = service.http.request("OPTIONS", path)
        expect_problem(answer, 405, "method_not_allowed")
        assert answer.headers["allow"] == allowed

    @before_storage
    @pytest.mark.parametrize(
        ("path", "allowed"),
        [
            ("", "GET, HEAD, POST"),
            ("/x", "DELETE, GET, HEAD, PATCH, POST, PUT"),
            ("/x/revisions", "GET, HEAD"),
            ("/x/restore", "POST"),
            ("/batch", "POST"),
        ],
    )
    def test_wrong_method_on_a_resource_gets_the_allowed_ones(
        self, service: Service, resource: ResourceCase, path: str, allowed: str
    ) -> None:
        answer = service.http.request("OPTIONS", f"{resource.path}{path}")
        expect_problem(answer, 405, "method_not_allowed")
        assert answer.headers["allow"] == allowed

    @before_storage
    def test_request_beyond_what_the_processor_can_serve_is_refused(self, service: Service) -> None:
        async def overloaded(scope: Scope, receive: Receive, send: Send) -> None:
            await service.api({**scope, "state": {OVERLOADED: True}}, receive, send)

        (answer,) = service.together([lambda http: http.get("/api/v1/me")], overloaded)
        expect_problem(answer, 503, "unavailable")
        assert answer.headers["retry-after"] == "1"

    @before_storage
    def test_batch_is_no_id(self, service: Service, resource: ResourceCase) -> None:
        for method in ("GET", "PUT", "PATCH", "DELETE"):
            answer = service.http.request(method, f"{resource.path}/batch")
            expect_problem(answer, 405, "method_not_allowed")
            assert answer.headers["allow"] == "POST"

    @before_storage
    @pytest.mark.parametrize(
        "path", ["/x", "/workbench", "/workbench/x/main.js", "/api", "/api/v1/", "//api/v1/me", "/problems/no-such"]
    )
    def test_unknown_path_is_a_problem(self, service: Service, path: str) -> None:
        expect_problem(service.http.get("http://localhost" + path), 404, "not_found")

    @before_storage
    def test_resource_path_with_trailing_slash_is_unknown(self, service: Service, resource: ResourceCase) -> None:
        expect_problem(service.http.get(f"{resource.path}/"), 404, "not_found")

    def test_every_api_response_is_private(self, service: Service, resource: ResourceCase) -> None:
        tenant = service.tenant()
        path = resource.path_of(tenant.make(resource))
        tag = {"If-None-Match": "*"}
        for answer in (
            tenant.send("GET", path),
            tenant.send("GET", path, headers=tag),
            tenant.send("GET", resource.unknown),
            service.http.get(path),
            tenant.send("DELETE", path),
        ):
            assert answer.headers["cache-control"] == "private, no-cache"
            assert answer.headers["vary"] == "X-API-Key, Authorization"

    @before_storage
    def test_valid_request_id_is_echoed(self, service: Service) -> None:
        for valid in ("a", "A-1_b.c", "x" * 128):
            assert service.http.get("/livez", headers={"X-Request-ID": valid}).headers["x-request-id"] == valid
        for invalid in ("", "a b", "é", "x" * 129, "a,b", service.tenant().key):
            given = service.http.get("/livez", headers={b"X-Request-ID": invalid.encode()}).headers["x-request-id"]
            assert re.fullmatch("[0-9a-f]{32}", given)

    @before_storage
    def test_unknown_host_is_refused(self, service: Service) -> None:
        two = [("Host", "localhost"), ("Host", "localhost")]
        for path in ("/api/v1/me", "/problems/not-found", "/docs", "/openapi.json", "/x", "/livez/", "/admin/", "/"):
            for headers in ([("Host", "evil.example")], [("Host", "10.0.0.7:8000")], [("Host", "")], two):
                expect_problem(service.http.get(path, headers=headers), 400, "invalid_host")
        for host in ("localhost", "LOCALHOST:8000", "127.0.0.1:1", "[::1]", "[::1]:80"):
            assert service.http.get("/problems/not-found", headers={"Host": host}).status_code == 200

    @pytest.mark.parametrize("path", ["/livez", "/readyz"])
    def test_probes_accept_any_host(self, service: Service, path: str) -> None:
        for host in ("10.0.0.7:8000", "[fd00::7]", "evil.example", "", "a, b", "\xe9"):
            for method in ("GET", "HEAD"):
                answer = service.http.request(method, path, headers=[(b"host", host.encode("latin-1"))])
                assert answer.status_code == 200
        expect_problem(service.http.post(path, headers={"Host": "evil.example"}), 405, "method_not_allowed")

    def test_every_problem_type_has_a_description(self, service: Service, resource: ResourceCase) -> None:
        tenant = service.tenant()
        for answer in (tenant.send("GET", resource.unknown), service.http.get("/x"), service.http.get("/api/v1/me")):
            meaning = service.http.get(answer.json()["type"]).json()
            assert meaning["status"] == answer.status_code
            assert meaning["code"] == answer.json()["code"]
            assert len(meaning["meaning"]) > 20

    def test_probes_return_ok(self, service: Service) -> None:
        assert service.http.get("/livez").json() == {"status": "ok"}
        assert service.http.get("/readyz").json() == {"status": "ok"}

    @before_storage
    def test_routes_resolve_by_name(self, service: Service, resource: ResourceCase) -> None:
        assert service.api.url_path_for(resource.operation("get"), id="7") == f"{resource.path}/7"
        assert service.api.url_path_for(resource.operation("create")) == resource.path
        assert service.api.url_path_for(resource.operation("batch")) == f"{resource.path}/batch"
        assert service.api.url_path_for("whoami") == "/api/v1/me"
        for name, rest in (("summarize_simulation", "summary"), ("export_runs", "runs.csv")):
            assert service.api.url_path_for(name, id="7") == f"/api/v1/simulations/7/{rest}"
