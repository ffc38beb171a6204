"""Authentication and isolation over HTTP."""

import dataclasses
import json
import os
from typing import Any

import pytest

from domain.access.token import ApiKeyToken
from tests.contracts.document import OPERATIONS, Operation
from tests.contracts.http_service import CONTEXT, HOUR, KEYS, NEW_KEY, Service, before_storage, expect_problem
from tests.contracts.resources import ResourceCase, ResourceFixtures

WITH_KEYS = [operation for operation in OPERATIONS.values() if operation.scopes is not None]


class AccessContract(ResourceFixtures):
    """API keys, scopes, and objects of other owners."""

    def test_key_is_accepted_in_either_header(self, service: Service) -> None:
        tenant = service.tenant()
        for headers in (
            {"X-API-Key": tenant.key},
            {"Authorization": f"Bearer {tenant.key}"},
            {"Authorization": f"bearer {tenant.key}"},
            {"X-API-Key": tenant.key, "Authorization": f"Bearer {tenant.key}"},
        ):
            assert service.http.get("/api/v1/me", headers=headers).status_code == 200

    def test_all_invalid_keys_get_the_same_response(self, service: Service) -> None:
        tenant, other, revoked, inactive = (service.tenant() for _ in range(4))
        soon = NEW_KEY | {"expires_at": (service.clock() + HOUR).isoformat()}
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

    @before_storage
    @pytest.mark.parametrize("operation", WITH_KEYS, ids=lambda operation: operation.id)
    def test_every_operation_requires_a_key(self, service: Service, operation: Operation) -> None:
        path = operation.path.format(id="x")
        expect_problem(service.http.request(operation.method, path), 401, "unauthenticated")

    @before_storage
    def test_missing_scope_is_named(self, service: Service, resource: ResourceCase) -> None:
        reader = service.tenant(resource.reads)
        assert reader.send("GET", resource.path).status_code == 200
        body = expect_problem(reader.send("POST", resource.path, json=resource.body), 403, "missing_scope")
        assert resource.writes in body["detail"]
        expect_problem(reader.send("GET", KEYS), 403, "missing_scope")
        expect_problem(service.tenant(resource.writes).send("GET", resource.path), 403, "missing_scope")

    def test_object_of_another_owner_looks_like_an_unknown_one(self, service: Service, resource: ResourceCase) -> None:
        mine, other = service.tenant(), service.tenant()
        foreign = f"{resource.path}/{other.make(resource)['id']}"
        bodies = {"PUT": resource.body, "PATCH": resource.named("x"), "POST": resource.named("x")}
        for method in ("GET", "PUT", "PATCH", "POST", "DELETE"):
            seen = set()
            for path in (foreign, resource.unknown, f"{resource.path}/no-uuid", foreign.replace("-", "")):
                answer = mine.send(method, path, json=bodies.get(method))
                body = expect_problem(answer, 404, resource.not_found)
                assert body["instance"] == path
                seen.add(json.dumps(body | {"request_id": "", "instance": ""}))
                seen.add(json.dumps(sorted(set(answer.headers) - {"content-length"})))
            assert len(seen) == 2
        assert other.send("GET", foreign).json()[resource.label] == resource.body[resource.label]
        assert mine.send("GET", resource.path).json()["items"] == []

    def test_me_returns_owner_key_and_scopes(self, service: Service, resource: ResourceCase) -> None:
        tenant = service.tenant(resource.reads)
        body = tenant.send("GET", "/api/v1/me").json()
        assert body["owner"]["id"] == str(tenant.owner)
        assert body["key"]["id"] == str(tenant.key_id)
        assert body["scopes"] == [resource.reads]
        assert body["expires_at"] is None
        assert tenant.key not in json.dumps(body)
