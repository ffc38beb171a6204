"""What every API client is promised, whatever stores the data: run over memory and over each database."""

import asyncio
import dataclasses
import json
import os
import re
from collections.abc import Awaitable, Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from fastapi import FastAPI
from httpx2 import ASGITransport, AsyncClient, Response
from pydantic import SecretStr
from starlette.testclient import TestClient

from app.container import Container, Storage
from app.system import System
from config.settings import Settings
from domain.access.scopes import Scope
from domain.access.token import ApiKeyToken
from domain.repository import OwnerId
from domain.write_context import WriteContext
from tests.canary import CANARY, WatchedAnswers

CONTEXT = WriteContext(actor="operator:tests", request_id="tests", at=datetime.now(UTC))
WING = {"name": "Wing flutter, run 3", "start_date": "2026-01-05", "end_date": "2026-02-01"}
SIMULATIONS = "/api/v1/simulations"
KEYS = "/api/v1/keys"
UNKNOWN = f"{SIMULATIONS}/0199f3c2-0000-7000-8000-000000000000"
SECRET, SECRET_BEFORE = "signs what the contract makes, today", "signed what the contract made before"
HOUR = timedelta(hours=1)
STAMP = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,6})?Z")


@dataclass
class Clock:
    """The time, which a test may put on; what it makes is its tenant's own, so that nobody else minds."""

    ahead: timedelta = timedelta()

    def __call__(self) -> datetime:
        return datetime.now(UTC) + self.ahead

    def passes(self, time: timedelta) -> None:
        self.ahead += time


@dataclass
class Tenant:
    """An owner with a key, and a client that presents it."""

    http: TestClient
    owner: OwnerId
    key_id: UUID
    key: str

    def send(self, method: str, path: str, **more: Any) -> Response:
        headers = {"X-API-Key": self.key} | more.pop("headers", {})
        return self.http.request(method, path, headers=headers, **more)

    def make(self, **members: Any) -> Any:
        answer = self.send("POST", SIMULATIONS, json=WING | members)
        assert answer.status_code == 201, answer.text
        return answer.json()


@dataclass
class Service:
    """The application under test, and tenants made through the operators' use cases."""

    container: Container
    http: TestClient
    clock: Clock

    @property
    def api(self) -> FastAPI:
        return self.container.api()

    def call(self, make: Callable[[], Any]) -> Any:
        assert self.http.portal is not None
        return self.http.portal.call(make)

    def together(
        self,
        requests: Iterable[Callable[[AsyncClient], Awaitable[Response]]],
        api: FastAPI | None = None,
        address: str = "127.0.0.1",
    ) -> list[Response]:
        """The answers to requests that are under way at once, from a client at this address."""

        async def gathered() -> list[Response]:
            transport = ASGITransport(app=api or self.api, raise_app_exceptions=False, client=(address, 1))
            async with AsyncClient(transport=transport, base_url="http://localhost") as http:
                return await asyncio.gather(*(request(http) for request in requests))

        answers: list[Response] = self.call(gathered)
        return answers

    def tenant(self, *scopes: Scope) -> Tenant:
        async def make() -> Tenant:
            owner = await self.container.use_cases.owners().create(f"tenant {uuid4()}", CONTEXT)
            key, text = await self.container.use_cases.keys().create(
                owner.id, CONTEXT, name="tests", scopes=scopes or tuple(Scope)
            )
            return Tenant(self.http, owner.id, key.id, text.reveal())

        tenant: Tenant = self.call(make)
        return tenant


@contextmanager
def serving(storage: Storage, **given: Any) -> Iterator[Service]:
    """The application on this storage, with these settings; keys may fail as often as the tests need it."""
    clock = Clock()
    secrets = {"secret_key": SecretStr(SECRET), "secret_key_previous": SecretStr(SECRET_BEFORE)}
    settings = Settings(**{"failure_limit": 0, **secrets, **given})
    container = Container(settings=settings, storage=storage, system=System(now=clock))
    for secret in (SECRET, SECRET_BEFORE):
        CANARY.knows_word(secret)
    watched = WatchedAnswers(container.api(), canary=CANARY)
    with TestClient(watched, base_url="http://localhost", raise_server_exceptions=False) as http:
        yield Service(container, http, clock)


def expect_problem(answer: Response, status: int, code: str) -> Any:
    """The body of the answer, which has to be this problem in its whole form."""
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    body = answer.json()
    assert body["code"] == code
    assert body["status"] == status
    assert body["type"] == "/problems/" + code.replace("_", "-")
    assert body["request_id"] == answer.headers["x-request-id"]
    assert body["title"]
    assert body["detail"]
    assert ("errors" in body) == (status == 422)
    return body


def violations(answer: Response) -> dict[str, str]:
    """Where each fault of a 422 is, and its code."""
    body = expect_problem(answer, 422, "validation_failed")
    return {e.get("pointer") or e.get("parameter") or e.get("header"): e["code"] for e in body["errors"]}


class SimulationsContract:
    """Simulations: what the verbs do."""

    def test_a_simulation_is_created_with_its_path_and_tag(self, service: Service) -> None:
        tenant = service.tenant()
        answer = tenant.send("POST", SIMULATIONS, json=WING)
        body = answer.json()
        assert answer.status_code == 201
        assert body.items() >= WING.items()
        assert set(body) == {"id", "name", "start_date", "end_date", "created_at", "updated_at"}
        assert UUID(body["id"]).version == 7
        assert STAMP.fullmatch(body["created_at"])
        assert body["created_at"] == body["updated_at"]
        assert answer.headers["location"] == f"{SIMULATIONS}/{body['id']}"
        assert tenant.send("GET", answer.headers["location"]).json() == body

    def test_a_name_is_trimmed(self, service: Service) -> None:
        assert service.tenant().make(name="  Wing\u00e9 \U0001f6e9 ")["name"] == "Wing\u00e9 \U0001f6e9"

    def test_head_answers_as_get_without_a_body(self, service: Service) -> None:
        tenant = service.tenant()
        path = f"{SIMULATIONS}/{tenant.make()['id']}"
        head, get = tenant.send("HEAD", path), tenant.send("GET", path)
        assert (head.status_code, head.content) == (200, b"")
        differing = {"x-request-id", "ratelimit"}
        assert {k: v for k, v in head.headers.items() if k not in differing} == {
            k: v for k, v in get.headers.items() if k not in differing
        }

    def test_a_reader_who_has_the_version_gets_304(self, service: Service) -> None:
        tenant = service.tenant()
        path = f"{SIMULATIONS}/{tenant.make()['id']}"
        tag = tenant.send("GET", path).headers["etag"]
        assert re.fullmatch(r'"[^"]+"', tag)
        for condition in (tag, f'"other", {tag}', f"W/{tag}", "*"):
            answer = tenant.send("GET", path, headers={"If-None-Match": condition})
            assert (answer.status_code, answer.content, answer.headers["etag"]) == (304, b"", tag)
        assert tenant.send("GET", path, headers={"If-None-Match": '"other"'}).status_code == 200

    @pytest.mark.parametrize("method", ["PATCH", "POST"])
    def test_an_update_changes_only_what_is_sent(self, service: Service, method: str) -> None:
        tenant = service.tenant()
        made = tenant.make()
        answer = tenant.send(method, f"{SIMULATIONS}/{made['id']}", json={"end_date": "2026-03-01"})
        assert answer.status_code == 200
        assert answer.json() == made | {"end_date": "2026-03-01", "updated_at": answer.json()["updated_at"]}
        assert answer.json()["updated_at"] > made["updated_at"]

    @pytest.mark.parametrize("body", [{}, {"name": WING["name"]}, WING])
    def test_an_update_that_changes_nothing_keeps_the_version(self, service: Service, body: Any) -> None:
        tenant = service.tenant()
        path = f"{SIMULATIONS}/{tenant.make()['id']}"
        before = tenant.send("GET", path)
        after = tenant.send("PATCH", path, json=body)
        assert (after.status_code, after.json()) == (200, before.json())
        assert after.headers["etag"] == before.headers["etag"]

    def test_every_change_changes_the_tag(self, service: Service) -> None:
        tenant = service.tenant()
        path = f"{SIMULATIONS}/{tenant.make()['id']}"
        tags = [tenant.send("GET", path).headers["etag"]]
        tags += [tenant.send("PATCH", path, json={"name": name}).headers["etag"] for name in ("a", "b", "a")]
        assert len(set(tags)) == 4
        assert tenant.send("GET", path).headers["etag"] == tags[-1]

    def test_merge_patch_is_a_patch(self, service: Service) -> None:
        tenant = service.tenant()
        path = f"{SIMULATIONS}/{tenant.make()['id']}"
        headers = {"Content-Type": "application/merge-patch+json"}
        answer = tenant.send("PATCH", path, content=b'{"name": "b"}', headers=headers)
        assert (answer.status_code, answer.json()["name"]) == (200, "b")
        put = tenant.send("PUT", path, content=json.dumps(WING), headers=headers)
        expect_problem(put, 415, "unsupported_media_type")

    def test_a_replacement_needs_every_member_and_never_creates(self, service: Service) -> None:
        tenant = service.tenant()
        path = f"{SIMULATIONS}/{tenant.make()['id']}"
        whole = {"name": "b", "start_date": "2020-02-29", "end_date": "2020-02-29"}
        assert tenant.send("PUT", path, json=whole).json().items() >= whole.items()
        assert violations(tenant.send("PUT", path, json={"name": "c"})) == {
            "#/start_date": "missing",
            "#/end_date": "missing",
        }
        expect_problem(tenant.send("PUT", UNKNOWN, json=whole), 404, "simulation_not_found")

    def test_a_deleted_simulation_is_gone(self, service: Service) -> None:
        tenant = service.tenant()
        path = f"{SIMULATIONS}/{tenant.make()['id']}"
        answer = tenant.send("DELETE", path)
        assert (answer.status_code, answer.content) == (204, b"")
        for method in ("GET", "DELETE"):
            expect_problem(tenant.send(method, path), 404, "simulation_not_found")

    def test_pages_are_newest_first_and_link_to_the_next(self, service: Service) -> None:
        tenant = service.tenant()
        made = [tenant.make(name=str(n))["id"] for n in range(7)]
        path: str | None = f"{SIMULATIONS}?limit=3"
        pages = []
        while path:
            answer = tenant.send("GET", path)
            pages.append([item["id"] for item in answer.json()["items"]])
            cursor, path = answer.json()["next_cursor"], answer.links.get("next", {}).get("url")
            assert (cursor is None) == (path is None)
            assert path is None or f"cursor={cursor}" in path
        assert [len(page) for page in pages] == [3, 3, 1]
        assert [id for page in pages for id in page] == made[::-1]

    def test_a_full_last_page_has_no_next(self, service: Service) -> None:
        tenant = service.tenant()
        tenant.make()
        assert tenant.send("GET", f"{SIMULATIONS}?limit=1").json()["next_cursor"] is None

    def test_the_list_of_nothing_is_empty(self, service: Service) -> None:
        assert service.tenant().send("GET", SIMULATIONS).json() == {"items": [], "next_cursor": None}

    def test_a_cursor_serves_its_owner_and_list_alone(self, service: Service) -> None:
        mine, other = service.tenant(), service.tenant()
        for tenant in (mine, other):
            tenant.make()
            tenant.make()
            tenant.send("POST", KEYS, json={"name": "second", "scopes": ["simulations:read"]})
        cursor = mine.send("GET", f"{SIMULATIONS}?limit=1").json()["next_cursor"]
        assert mine.send("GET", f"{SIMULATIONS}?cursor={cursor}").status_code == 200
        swapped = cursor[:-1] + ("A" if cursor[-1] != "A" else "B")
        refused = [
            other.send("GET", f"{SIMULATIONS}?cursor={cursor}"),
            mine.send("GET", f"{KEYS}?cursor={cursor}"),
            *(mine.send("GET", SIMULATIONS, params={"cursor": c}) for c in ("", "x", "é", swapped, cursor + "=")),
            mine.send("GET", f"{SIMULATIONS}?cursor={cursor}&cursor={cursor}"),
        ]
        for answer in refused:
            expect_problem(answer, 400, "invalid_cursor")

    @pytest.mark.parametrize(
        ("query", "code"),
        [
            ("limit=0", "limit"),
            ("limit=101", "limit"),
            ("limit=-1", "limit"),
            ("limit=1.5", "limit"),
            ("limit=%201", "limit"),
            ("limit=1_0", "limit"),
            ("limit=", "empty"),
            ("limit=1&limit=1", "repeated"),
            ("limits=1", "unknown"),
            ("name=%ff", "invalid_unicode"),
            ("name=%ed%a0%80", "invalid_unicode"),
        ],
    )
    def test_a_wrong_query_is_refused(self, service: Service, query: str, code: str) -> None:
        answer = service.tenant().send("GET", f"{SIMULATIONS}?{query}")
        assert code in [e["code"] for e in expect_problem(answer, 422, "validation_failed")["errors"]]

    def test_a_query_where_none_is_due_is_refused(self, service: Service) -> None:
        assert violations(service.tenant().send("GET", UNKNOWN + "?x=1")) == {"x": "unknown"}


class ValidationContract:
    """What is wrong in itself."""

    @pytest.mark.parametrize(
        ("members", "expected"),
        [
            ({"name": ""}, {"#/name": "too_short"}),
            ({"name": "  "}, {"#/name": "too_short"}),
            ({"name": "x" * 301}, {"#/name": "too_long"}),
            ({"name": "a\u0000b"}, {"#/name": "control_characters"}),
            ({"name": "a\nb"}, {"#/name": "control_characters"}),
            ({"name": "a\ud800"}, {"#/name": "control_characters"}),
            ({"name": 7}, {"#/name": "wrong_type"}),
            ({"name": None}, {"#/name": "wrong_type"}),
            ({"start_date": "2026-02-30"}, {"#/start_date": "date"}),
            ({"start_date": "2026-01-05T00:00:00"}, {"#/start_date": "date"}),
            ({"start_date": "0000-01-01"}, {"#/start_date": "date"}),
            ({"start_date": "10000-01-01"}, {"#/start_date": "date"}),
            ({"start_date": 1767571200}, {"#/start_date": "date"}),
            ({"start_date": None}, {"#/start_date": "date"}),
            ({"end_date": "2026-01-04"}, {"#/end_date": "before_start"}),
            ({"owner": "x"}, {"#/owner": "unknown"}),
            ({"id": "x", "created_at": "x"}, {"#/id": "unknown", "#/created_at": "unknown"}),
            ({"a/b~c d": 1}, {"#/a~1b~0c%20d": "unknown"}),
            ({"\ud800": 1}, {"#": "invalid_unicode"}),
        ],
    )
    def test_a_wrong_member_is_named(self, service: Service, members: Any, expected: Any) -> None:
        tenant = service.tenant()
        path = f"{SIMULATIONS}/{tenant.make()['id']}"
        headers = {"Content-Type": "application/json"}
        for method, at, sent in [
            ("POST", SIMULATIONS, WING | members),
            ("PUT", path, WING | members),
            ("PATCH", path, members),
        ]:
            assert violations(tenant.send(method, at, content=json.dumps(sent), headers=headers)) == expected

    def test_the_edges_are_accepted(self, service: Service) -> None:
        made = service.tenant().make(name="x" * 300, start_date="0001-01-01", end_date="9999-12-31")
        assert (len(made["name"]), made["start_date"], made["end_date"]) == (300, "0001-01-01", "9999-12-31")

    @pytest.mark.parametrize(
        ("content", "status", "code"),
        [
            (b"", 400, "malformed_json"),
            (b"{", 400, "malformed_json"),
            (b"\xff\xfe", 400, "malformed_json"),
            (b"\xef\xbb\xbf{}", 400, "malformed_json"),
            (b'{"name": NaN}', 400, "malformed_json"),
            (b'{"name": Infinity}', 400, "malformed_json"),
            (b'{"name": "a", "name": "b"}', 422, "validation_failed"),
            (b"[" * 10_000 + b"]" * 10_000, 422, "validation_failed"),
            (b'{"name": ' + b"1" * 5000 + b"}", 422, "validation_failed"),
            (b'{"name": 1e999}', 422, "validation_failed"),
            (b"[]", 422, "validation_failed"),
            (b"null", 422, "validation_failed"),
            (b'"x"', 422, "validation_failed"),
            (b" " * ((1 << 20) + 1), 413, "body_too_large"),
        ],
    )
    def test_a_body_that_is_no_simulation_is_refused(
        self, service: Service, content: bytes, status: int, code: str
    ) -> None:
        headers = {"Content-Type": "application/json"}
        expect_problem(service.tenant().send("POST", SIMULATIONS, content=content, headers=headers), status, code)

    @pytest.mark.parametrize(
        "headers",
        [
            {"Content-Type": ""},
            {"Content-Type": "text/plain"},
            {"Content-Type": "application/json; charset=latin-1"},
            {"Content-Type": "application/x-www-form-urlencoded"},
            {"Content-Type": "application/json", "Content-Encoding": "gzip"},
            {"Content-Type": "application/json", "Content-Encoding": "identity"},
        ],
    )
    def test_another_content_type_is_refused(self, service: Service, headers: dict[str, str]) -> None:
        answer = service.tenant().send("POST", SIMULATIONS, content=json.dumps(WING), headers=headers)
        expect_problem(answer, 415, "unsupported_media_type")

    @pytest.mark.parametrize("given", ["application/json; charset=utf-8", "Application/JSON", "application/json;x=y"])
    def test_json_in_utf_8_is_accepted_however_spelt(self, service: Service, given: str) -> None:
        headers = {"Content-Type": given}
        answer = service.tenant().send("POST", SIMULATIONS, content=json.dumps(WING), headers=headers)
        assert answer.status_code == 201

    def test_a_rule_that_needs_the_stored_dates_is_kept(self, service: Service) -> None:
        tenant = service.tenant()
        made = tenant.make()
        path = f"{SIMULATIONS}/{made['id']}"
        assert violations(tenant.send("PATCH", path, json={"end_date": "2026-01-01"})) == {"#/end_date": "before_start"}
        assert tenant.send("GET", path).json() == made


class AccessContract:
    """Who is calling, and what they may not see."""

    def test_a_key_is_taken_from_either_header(self, service: Service) -> None:
        tenant = service.tenant()
        for headers in (
            {"X-API-Key": tenant.key},
            {"Authorization": f"Bearer {tenant.key}"},
            {"Authorization": f"bearer {tenant.key}"},
            {"X-API-Key": tenant.key, "Authorization": f"Bearer {tenant.key}"},
        ):
            assert service.http.get("/api/v1/me", headers=headers).status_code == 200

    def test_whatever_is_wrong_with_a_key_is_answered_alike(self, service: Service) -> None:
        tenant, other, revoked, inactive = (service.tenant() for _ in range(4))
        soon = {"name": "n", "scopes": ["simulations:read"], "expires_at": (service.clock() + HOUR).isoformat()}
        expired = tenant.send("POST", KEYS, json=soon).json()["key"]
        service.clock.passes(HOUR)

        async def end() -> None:
            await service.container.use_cases.keys().revoke(revoked.owner, revoked.key_id, CONTEXT)
            await service.container.use_cases.owners().deactivate(str(inactive.owner), CONTEXT)

        service.call(end)
        unknown = ApiKeyToken.new(os.urandom)
        wrong_secret = dataclasses.replace(unknown, public_id=tenant.key.split("_")[1])
        flipped = tenant.key[:-1] + ("A" if tenant.key[-1] != "A" else "B")
        headers: list[Any] = [
            {},
            {"X-API-Key": ""},
            {"X-API-Key": "gf_x"},
            {"X-API-Key": flipped},
            {"X-API-Key": unknown.reveal()},
            {"X-API-Key": wrong_secret.reveal()},
            {"X-API-Key": revoked.key},
            {"X-API-Key": expired},
            {"X-API-Key": inactive.key},
            {"Authorization": f"Basic {tenant.key}"},
            {"Authorization": tenant.key},
            {"X-API-Key": tenant.key, "Authorization": f"Bearer {other.key}"},
            [("X-API-Key", tenant.key), ("X-API-Key", other.key)],
            {"X-API-Key": tenant.key, "Authorization": "Basic eDp5"},
        ]
        answers = [service.http.get("/api/v1/me", headers=h) for h in headers]
        bodies = [expect_problem(answer, 401, "unauthenticated") for answer in answers]
        assert {json.dumps(body | {"request_id": ""}) for body in bodies} == {
            json.dumps(bodies[0] | {"request_id": ""})
        }
        assert {answer.headers["www-authenticate"] for answer in answers} == {'Bearer realm="goatfish"'}
        assert len({json.dumps({**answer.headers, "x-request-id": ""}) for answer in answers}) == 1

    @pytest.mark.parametrize(
        ("method", "path"),
        [
            ("GET", SIMULATIONS),
            ("POST", SIMULATIONS),
            *((method, UNKNOWN) for method in ("GET", "PUT", "PATCH", "POST", "DELETE")),
            ("GET", KEYS),
            ("POST", KEYS),
            ("GET", f"{KEYS}/x"),
            ("DELETE", f"{KEYS}/x"),
            ("POST", f"{KEYS}/x/roll"),
            ("GET", "/api/v1/me"),
        ],
    )
    def test_every_operation_needs_a_key(self, service: Service, method: str, path: str) -> None:
        expect_problem(service.http.request(method, path), 401, "unauthenticated")

    def test_a_scope_that_is_missing_is_named(self, service: Service) -> None:
        reader = service.tenant(Scope.SIMULATIONS_READ)
        assert reader.send("GET", SIMULATIONS).status_code == 200
        body = expect_problem(reader.send("POST", SIMULATIONS, json=WING), 403, "missing_scope")
        assert "simulations:write" in body["detail"]
        expect_problem(reader.send("GET", KEYS), 403, "missing_scope")
        expect_problem(service.tenant(Scope.SIMULATIONS_WRITE).send("GET", SIMULATIONS), 403, "missing_scope")

    def test_a_foreign_object_looks_like_an_unknown_one(self, service: Service) -> None:
        mine, other = service.tenant(), service.tenant()
        foreign = f"{SIMULATIONS}/{other.make()['id']}"
        bodies = {"PUT": WING, "PATCH": {"name": "x"}, "POST": {"name": "x"}}
        for method in ("GET", "PUT", "PATCH", "POST", "DELETE"):
            seen = set()
            for path in (foreign, UNKNOWN, f"{SIMULATIONS}/no-uuid", foreign.replace("-", "")):
                answer = mine.send(method, path, json=bodies.get(method))
                body = expect_problem(answer, 404, "simulation_not_found")
                assert body["instance"] == path
                seen.add(json.dumps(body | {"request_id": "", "instance": ""}))
                seen.add(json.dumps(sorted(set(answer.headers) - {"content-length"})))
            assert len(seen) == 2
        assert other.send("GET", foreign).json()["name"] == WING["name"]
        assert mine.send("GET", SIMULATIONS).json()["items"] == []

    def test_the_caller_learns_who_it_is(self, service: Service) -> None:
        tenant = service.tenant(Scope.SIMULATIONS_READ)
        body = tenant.send("GET", "/api/v1/me").json()
        assert body["owner"]["id"] == str(tenant.owner)
        assert body["key"]["id"] == str(tenant.key_id)
        assert body["scopes"] == ["simulations:read"]
        assert body["expires_at"] is None
        assert tenant.key not in json.dumps(body)


class KeysContract:
    """Keys over HTTP."""

    def test_a_key_is_shown_once(self, service: Service) -> None:
        tenant = service.tenant()
        sent = {"name": " Nightly ", "scopes": ["simulations:write", "simulations:read"], "expires_at": None}
        answer = tenant.send("POST", KEYS, json=sent)
        body = answer.json()
        assert answer.status_code == 201
        assert body["name"] == "Nightly"
        assert body["key"].startswith(body["prefix"] + "_")
        assert body["scopes"] == ["simulations:read", "simulations:write"]
        again = tenant.send("GET", answer.headers["location"])
        secret = body.pop("key")
        assert again.json() == body
        assert again.headers["etag"] == answer.headers["etag"]
        listed = tenant.send("GET", KEYS)
        assert [item["id"] for item in listed.json()["items"]] == [body["id"], str(tenant.key_id)]
        assert secret not in again.text + listed.text
        made = Tenant(service.http, tenant.owner, UUID(body["id"]), secret)
        assert made.send("GET", SIMULATIONS).status_code == 200

    def test_an_expiry_is_kept_in_utc(self, service: Service) -> None:
        tenant = service.tenant()
        for spelt in ("2099-01-01T02:00:00.5+02:00", "2099-01-01t00:00:00.5z", "2099-01-01T00:00:00.500000999Z"):
            sent = {"name": "n", "scopes": ["simulations:read"], "expires_at": spelt}
            body = tenant.send("POST", KEYS, json=sent).json()
            assert body["expires_at"] == "2099-01-01T00:00:00.500000Z"

    @pytest.mark.parametrize(
        ("members", "expected"),
        [
            ({"name": ""}, {"#/name": "too_short"}),
            ({"name": "x" * 101}, {"#/name": "too_long"}),
            ({"scopes": []}, {"#/scopes": "too_short"}),
            ({"scopes": ["all"]}, {"#/scopes/0": "scope"}),
            ({"scopes": "simulations:read"}, {"#/scopes": "wrong_type"}),
            ({"expires_at": "2020-01-01T00:00:00Z"}, {"#/expires_at": "in_the_past"}),
            ({"expires_at": "2099-01-01T00:00:00"}, {"#/expires_at": "date_time"}),
            ({"expires_at": "9999-12-31T23:59:59-01:00"}, {"#/expires_at": "date_time"}),
            ({"expires_at": 4070908800}, {"#/expires_at": "date_time"}),
            ({"key": "gf_x"}, {"#/key": "unknown"}),
        ],
    )
    def test_a_wrong_member_of_a_key_is_named(self, service: Service, members: Any, expected: Any) -> None:
        sent = {"name": "n", "scopes": ["simulations:read"]} | members
        assert violations(service.tenant().send("POST", KEYS, json=sent)) == expected

    def test_a_key_cannot_grant_what_it_lacks(self, service: Service) -> None:
        manager = service.tenant(Scope.KEYS_MANAGE)
        sent = {"name": "n", "scopes": ["simulations:read"]}
        expect_problem(manager.send("POST", KEYS, json=sent), 403, "missing_scope")
        assert manager.send("POST", KEYS, json=sent | {"scopes": ["keys:manage"]}).status_code == 201

    def test_a_revoked_key_stays_readable_and_revoking_again_is_no_error(self, service: Service) -> None:
        tenant = service.tenant()
        made = tenant.send("POST", KEYS, json={"name": "n", "scopes": ["simulations:read"]}).json()
        path = f"{KEYS}/{made['id']}"
        assert made["revoked_at"] is None
        for _ in range(2):
            answer = tenant.send("DELETE", path)
            assert (answer.status_code, answer.content) == (204, b"")
        assert STAMP.fullmatch(tenant.send("GET", path).json()["revoked_at"])
        revoked = Tenant(service.http, tenant.owner, UUID(made["id"]), made["key"])
        expect_problem(revoked.send("GET", SIMULATIONS), 401, "unauthenticated")

    def test_a_key_cannot_revoke_itself(self, service: Service) -> None:
        tenant = service.tenant()
        expect_problem(tenant.send("DELETE", f"{KEYS}/{tenant.key_id}"), 409, "key_in_use")
        assert tenant.send("GET", "/api/v1/me").status_code == 200

    def test_the_last_use_of_a_key_is_noted_beside_the_requests(self, service: Service) -> None:
        tenant = service.tenant()
        made = tenant.send("POST", KEYS, json={"name": "n", "scopes": ["simulations:read"]}).json()
        user, path = Tenant(service.http, tenant.owner, UUID(made["id"]), made["key"]), f"{KEYS}/{made['id']}"
        before = tenant.send("GET", path)
        assert before.json()["last_used_at"] is None
        for _ in range(3):
            assert user.send("GET", SIMULATIONS).status_code == 200
        service.call(service.container.background().drain)
        after = tenant.send("GET", path)
        assert STAMP.fullmatch(after.json()["last_used_at"])
        assert int(after.headers["etag"].strip('"')) == int(before.headers["etag"].strip('"')) + 1

    def test_foreign_keys_are_not_there(self, service: Service) -> None:
        mine, other = service.tenant(), service.tenant()
        for method in ("GET", "DELETE"):
            expect_problem(mine.send(method, f"{KEYS}/{other.key_id}"), 404, "key_not_found")
        assert other.send("GET", "/api/v1/me").status_code == 200


class RefusalsContract:
    """What every answer carries, and paths and verbs that are not there."""

    @pytest.mark.parametrize(
        ("path", "allowed"),
        [
            (SIMULATIONS, "GET, HEAD, POST"),
            (UNKNOWN, "DELETE, GET, HEAD, PATCH, POST, PUT"),
            (f"{KEYS}/x", "DELETE, GET, HEAD"),
            (f"{KEYS}/x/roll", "POST"),
            ("/livez", "GET, HEAD"),
        ],
    )
    def test_a_wrong_verb_learns_the_right_ones(self, service: Service, path: str, allowed: str) -> None:
        answer = service.http.request("OPTIONS", path)
        expect_problem(answer, 405, "method_not_allowed")
        assert answer.headers["allow"] == allowed

    @pytest.mark.parametrize("path", ["/", "/api", "/api/v1/", SIMULATIONS + "/", "//api/v1/me", "/problems/no-such"])
    def test_an_unknown_path_is_a_problem(self, service: Service, path: str) -> None:
        expect_problem(service.http.get("http://localhost" + path), 404, "not_found")

    def test_every_api_answer_is_private(self, service: Service) -> None:
        tenant = service.tenant()
        path = f"{SIMULATIONS}/{tenant.make()['id']}"
        tag = {"If-None-Match": "*"}
        for answer in (
            tenant.send("GET", path),
            tenant.send("GET", path, headers=tag),
            tenant.send("GET", UNKNOWN),
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

    def test_every_problem_is_explained(self, service: Service) -> None:
        tenant = service.tenant()
        for answer in (tenant.send("GET", UNKNOWN), service.http.get("/x"), service.http.get("/api/v1/me")):
            meaning = service.http.get(answer.json()["type"]).json()
            assert meaning["status"] == answer.status_code
            assert meaning["code"] == answer.json()["code"]
            assert len(meaning["meaning"]) > 20

    def test_probes_answer(self, service: Service) -> None:
        assert service.http.get("/livez").json() == {"status": "ok"}
        assert service.http.get("/readyz").json() == {"status": "ok"}

    def test_routes_resolve_by_name(self, service: Service) -> None:
        assert service.api.url_path_for("get_simulation", id="7") == f"{SIMULATIONS}/7"
        assert service.api.url_path_for("create_simulation") == SIMULATIONS
        assert service.api.url_path_for("whoami") == "/api/v1/me"


class HttpContract(SimulationsContract, ValidationContract, AccessContract, KeysContract, RefusalsContract):
    """All of it."""
