"""What every answer carries, and paths and verbs that are not there."""

import re

import pytest

from tests.contracts.http_service import KEYS, Service, expect_problem
from tests.contracts.resources import OfResources, ResourceCase


class RefusalsContract(OfResources):
    """What every answer carries, and paths and verbs that are not there."""

    @pytest.mark.parametrize(
        ("path", "allowed"),
        [(f"{KEYS}/x", "DELETE, GET, HEAD"), (f"{KEYS}/x/roll", "POST"), ("/livez", "GET, HEAD")],
    )
    def test_a_wrong_verb_learns_the_right_ones(self, service: Service, path: str, allowed: str) -> None:
        answer = service.http.request("OPTIONS", path)
        expect_problem(answer, 405, "method_not_allowed")
        assert answer.headers["allow"] == allowed

    @pytest.mark.parametrize(
        ("path", "allowed"),
        [
            ("", "GET, HEAD, POST"),
            ("/x", "DELETE, GET, HEAD, PATCH, POST, PUT"),
            ("/x/revisions", "GET, HEAD"),
            ("/x/restore", "POST"),
        ],
    )
    def test_a_wrong_verb_on_a_resource_learns_the_right_ones(
        self, service: Service, resource: ResourceCase, path: str, allowed: str
    ) -> None:
        answer = service.http.request("OPTIONS", f"{resource.path}{path}")
        expect_problem(answer, 405, "method_not_allowed")
        assert answer.headers["allow"] == allowed

    @pytest.mark.parametrize("path", ["/", "/api", "/api/v1/", "//api/v1/me", "/problems/no-such"])
    def test_an_unknown_path_is_a_problem(self, service: Service, path: str) -> None:
        expect_problem(service.http.get("http://localhost" + path), 404, "not_found")

    def test_no_path_of_a_resource_ends_with_a_slash(self, service: Service, resource: ResourceCase) -> None:
        expect_problem(service.http.get(f"{resource.path}/"), 404, "not_found")

    def test_every_api_answer_is_private(self, service: Service, resource: ResourceCase) -> None:
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

    def test_a_request_id_is_echoed_where_it_is_sound(self, service: Service) -> None:
        for sound in ("a", "A-1_b.c", "x" * 128):
            assert service.http.get("/livez", headers={"X-Request-ID": sound}).headers["x-request-id"] == sound
        for unsound in ("", "a b", "é", "x" * 129, "a,b", service.tenant().key):
            given = service.http.get("/livez", headers={b"X-Request-ID": unsound.encode()}).headers["x-request-id"]
            assert re.fullmatch("[0-9a-f]{32}", given)

    def test_a_host_that_is_not_ours_is_refused(self, service: Service) -> None:
        two = [("Host", "localhost"), ("Host", "localhost")]
        for path in ("/api/v1/me", "/problems/not-found", "/docs", "/openapi.json", "/x", "/livez/", "/admin/", "/"):
            for headers in ([("Host", "evil.example")], [("Host", "10.0.0.7:8000")], [("Host", "")], two):
                expect_problem(service.http.get(path, headers=headers), 400, "invalid_host")
        for host in ("localhost", "LOCALHOST:8000", "127.0.0.1:1", "[::1]", "[::1]:80"):
            assert service.http.get("/problems/not-found", headers={"Host": host}).status_code == 200

    @pytest.mark.parametrize("path", ["/livez", "/readyz"])
    def test_whoever_probes_may_know_an_address_alone(self, service: Service, path: str) -> None:
        for host in ("10.0.0.7:8000", "[fd00::7]", "evil.example", "", "a, b", "\xe9"):
            for method in ("GET", "HEAD"):
                answer = service.http.request(method, path, headers=[(b"host", host.encode("latin-1"))])
                assert answer.status_code == 200
        expect_problem(service.http.post(path, headers={"Host": "evil.example"}), 405, "method_not_allowed")

    def test_every_problem_is_explained(self, service: Service, resource: ResourceCase) -> None:
        tenant = service.tenant()
        for answer in (tenant.send("GET", resource.unknown), service.http.get("/x"), service.http.get("/api/v1/me")):
            meaning = service.http.get(answer.json()["type"]).json()
            assert meaning["status"] == answer.status_code
            assert meaning["code"] == answer.json()["code"]
            assert len(meaning["meaning"]) > 20

    def test_probes_answer(self, service: Service) -> None:
        assert service.http.get("/livez").json() == {"status": "ok"}
        assert service.http.get("/readyz").json() == {"status": "ok"}

    def test_routes_resolve_by_name(self, service: Service, resource: ResourceCase) -> None:
        assert service.api.url_path_for(resource.operation("get"), id="7") == f"{resource.path}/7"
        assert service.api.url_path_for(resource.operation("create")) == resource.path
        assert service.api.url_path_for("whoami") == "/api/v1/me"
