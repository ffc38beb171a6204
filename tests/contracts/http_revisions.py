"""Revisions over HTTP: who changed what, when and in which request, also for deleted objects."""

import json
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest

from tests.contracts.http_service import (
    CONTEXT,
    KEYS,
    STAMP,
    Service,
    Tenant,
    before_storage,
    expect_problem,
    violations,
)
from tests.contracts.resources import ResourceCase, ResourceFixtures
from tests.contracts.tags import tag_of


def revisions(tenant: Tenant, resource: ResourceCase, shown: Any) -> list[Any]:
    """All revisions of the object in pages of two, following only the links."""
    found: list[Any] = []
    path: str | None = f"{resource.path_of(shown)}/revisions?limit=2"
    while path:
        answer = tenant.send("GET", path)
        assert answer.status_code == 200, answer.text
        found += answer.json()["items"]
        link = answer.links.get("next", {}).get("url")
        assert (link is None) == (answer.json()["next_cursor"] is None)
        path = link
    return found


def restore(tenant: Tenant, resource: ResourceCase, shown: Any, version: Any, **headers: str) -> Any:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return tenant.send("POST", f"{resource.path_of(shown)}/restore", json={"version": version}, headers=named)


def versions(tenant: Tenant, resource: ResourceCase, shown: Any) -> list[int]:
    return [revision["version"] for revision in revisions(tenant, resource, shown)]


class RevisionsContract(ResourceFixtures):
    """The revisions of an object."""

    def test_every_write_records_key_request_and_both_states(self, service: Service, resource: ResourceCase) -> None:
        tenant = service.tenant()
        made = tenant.send("POST", resource.path, json=resource.body, headers={"X-Request-ID": "v1"}).json()
        path, shown = resource.path_of(made), [made]
        last = resource.changes[-1]
        writes = [("PUT", resource.body | resource.named("d")), ("PATCH", last), ("POST", resource.named("c"))]
        for number, (method, body) in enumerate(writes, start=2):
            answer = tenant.send(method, path, json=body, headers={"X-Request-ID": f"v{number}"})
            shown.append(answer.json())
        assert tenant.send("DELETE", path, headers={"X-Request-ID": "v5"}).status_code == 204
        back = restore(tenant, resource, made, 2, X_Request_ID="v6")
        assert back.status_code == 200
        states = [None, *shown, None, back.json()]
        actions = ["created", "updated", "updated", "updated", "deleted", "created"]
        expected = [
            {
                "kind": resource.kind,
                "id": made["id"],
                "version": number,
                "action": action,
                "actor": f"key:{tenant.key_id}",
                "request_id": f"v{number}",
                "before": states[number - 1],
                "after": states[number],
            }
            for number, action in enumerate(actions, start=1)
        ]
        found = revisions(tenant, resource, made)
        moments = [revision.pop("at") for revision in found]
        assert found == expected[::-1]
        assert moments == sorted(moments, reverse=True)
        assert all(map(STAMP.fullmatch, moments))
        assert moments[5] == made["created_at"]
        assert [moments[0], *moments[2:5]] == [each["updated_at"] for each in (back.json(), *shown[:0:-1])]

    def test_request_without_changes_records_no_revision(self, service: Service, resource: ResourceCase) -> None:
        tenant = service.tenant()
        made = tenant.make(resource)
        assert tenant.send("PATCH", resource.path_of(made), json=resource.no_change).status_code == 200
        expect_problem(
            tenant.send("DELETE", resource.path_of(made), headers={"If-Match": tag_of(resource, 2)}),
            412,
            "precondition_failed",
        )
        assert versions(tenant, resource, made) == [1]

    def test_replayed_request_records_one_revision(self, service: Service, resource: ResourceCase) -> None:
        tenant = service.tenant()
        headers = {"Idempotency-Key": "once"}
        made, again = (tenant.send("POST", resource.path, json=resource.body, headers=headers).json() for _ in range(2))
        assert made == again
        assert versions(tenant, resource, made) == [1]
        changes = tenant.send("GET", "/api/v1/changes").json()["items"]
        assert [change["id"] for change in changes if change["kind"] == resource.kind] == [made["id"]]

    def test_revision_names_the_key_that_made_it(self, service: Service, resource: ResourceCase) -> None:
        tenant = service.tenant()
        made = tenant.make(resource)
        sent = {"name": "n", "scopes": [resource.writes]}
        key = tenant.send("POST", KEYS, json=sent).json()
        other = Tenant(service.http, tenant.owner, key["id"], key["key"])
        assert other.send("PATCH", resource.path_of(made), json=resource.named("b")).status_code == 200
        assert [each["actor"] for each in revisions(tenant, resource, made)] == [
            f"key:{key['id']}",
            f"key:{tenant.key_id}",
        ]

    def test_revision_does_not_name_the_operator(self, service: Service, resource: ResourceCase) -> None:
        tenant = service.tenant()
        use_cases = service.container.use_cases.entities()[resource.entity]
        values = {name: first for name, (first, *_) in resource.values.items()}
        made = service.call(lambda: use_cases.create(tenant.owner, CONTEXT, **values))
        answer = tenant.send("GET", f"{resource.path}/{made.id}/revisions")
        assert [each["actor"] for each in answer.json()["items"]] == ["operator"]
        assert CONTEXT.actor not in answer.text

    def test_revisions_of_a_deleted_object_stay_readable(self, service: Service, resource: ResourceCase) -> None:
        tenant = service.tenant()
        made = tenant.make(resource)
        tenant.send("DELETE", resource.path_of(made))
        expect_problem(tenant.send("GET", resource.path_of(made)), 404, resource.not_found)
        deleted, created = revisions(tenant, resource, made)
        assert (deleted["action"], deleted["before"], deleted["after"]) == ("deleted", made, None)
        assert (created["action"], created["before"], created["after"]) == ("created", None, made)

    def test_purged_revisions_are_not_found(self, service: Service, resource: ResourceCase) -> None:
        years = timedelta(days=3650)
        service.clock.passes(-years)  # before other tests, whose owners would all be purged too, one by one
        try:
            tenant = service.tenant()
            made, deleted = tenant.make(resource), tenant.make(resource)
            tenant.send("DELETE", resource.path_of(deleted))
            service.call(lambda: service.container.storage().revisions.purge(service.clock()))
        finally:
            service.clock.passes(years)
        assert revisions(tenant, resource, made) == []
        expect_problem(tenant.send("GET", f"{resource.path_of(deleted)}/revisions"), 404, resource.not_found)
        expect_problem(restore(tenant, resource, deleted, 1), 404, resource.not_found)
        expect_problem(restore(tenant, resource, made, 1), 404, "revision_not_found")
        tenant.send("PATCH", resource.path_of(made), json=resource.named("b"))
        assert versions(tenant, resource, made) == [2]

    def test_foreign_unknown_and_malformed_ids_get_the_same_response(
        self, service: Service, resource: ResourceCase
    ) -> None:
        mine, other = service.tenant(), service.tenant()
        foreign, deleted = other.make(resource), other.make(resource)
        other.send("DELETE", resource.path_of(deleted))
        answers: dict[str, set[str]] = {"revisions": set(), "restore": set()}
        for id in (foreign["id"], deleted["id"], str(uuid4()), "0" * 36):
            for method, more in (("GET", "revisions"), ("POST", "restore")):
                body = {"json": {"version": 1}} if method == "POST" else {}
                path = f"{resource.path}/{id}/{more}"
                answer = mine.send(method, path, headers={"X-Request-ID": "same"}, **body)
                expect_problem(answer, 404, resource.not_found)
                plain = answer.text.replace(path, "…")
                answers[more].add(json.dumps([plain, {**answer.headers, "ratelimit": ""}]))
        assert [len(alike) for alike in answers.values()] == [1, 1]
        assert versions(other, resource, foreign) == [1]

    @before_storage
    def test_cursor_is_bound_to_the_object_and_its_owner(self, service: Service, resource: ResourceCase) -> None:
        tenant, other = service.tenant(), service.tenant()
        made, second, foreign = tenant.make(resource), tenant.make(resource), other.make(resource)
        for shown, holder in ((made, tenant), (second, tenant), (foreign, other)):
            for name in ("b", "c"):
                holder.send("PATCH", resource.path_of(shown), json=holder.named(resource, name))

        def page(holder: Tenant, shown: Any, **query: Any) -> Any:
            return holder.send("GET", f"{resource.path_of(shown)}/revisions", params={"limit": 1, **query})

        first = page(tenant, made).json()
        tenant.send("PATCH", resource.path_of(made), json=resource.named("d"))
        following = page(tenant, made, cursor=first["next_cursor"]).json()
        assert [first["items"][0]["version"], following["items"][0]["version"]] == [3, 2]
        cursors = [
            page(tenant, second).json()["next_cursor"],
            page(other, foreign).json()["next_cursor"],
            tenant.send("GET", resource.path, params={"limit": 1}).json()["next_cursor"],
            tenant.send("GET", "/api/v1/changes").json()["next_cursor"],
            first["next_cursor"][:-1] + "-",
            "latest",
        ]
        for cursor in cursors:
            expect_problem(page(tenant, made, cursor=cursor), 400, "invalid_cursor")
        assert violations(tenant.send("GET", f"{resource.path_of(made)}/revisions?limit=101&sort=version")) == {
            "limit": "limit",
            "sort": "unknown",
        }

    def test_reading_and_restoring_require_their_scopes(self, service: Service, resource: ResourceCase) -> None:
        reader, writer = service.tenant(resource.reads), service.tenant(resource.writes)
        manager = service.tenant("keys:manage")
        made = writer.make(resource)
        for tenant, method, path in (
            (writer, "GET", f"{resource.path_of(made)}/revisions"),
            (manager, "GET", f"{resource.unknown}/revisions"),
            (reader, "POST", f"{resource.unknown}/restore"),
            (manager, "POST", f"{resource.unknown}/restore"),
        ):
            expect_problem(tenant.send(method, path), 403, "missing_scope")
        assert restore(writer, resource, made, 1).status_code == 200

    def test_head_returns_no_body(self, service: Service, resource: ResourceCase) -> None:
        tenant = service.tenant()
        answer = tenant.send("HEAD", f"{resource.path_of(tenant.make(resource))}/revisions")
        assert (answer.status_code, answer.content) == (200, b"")

    @before_storage
    @pytest.mark.parametrize("method", ["PUT", "PATCH", "DELETE"])
    def test_revisions_are_read_only(self, service: Service, resource: ResourceCase, method: str) -> None:
        answer = service.tenant().send(method, f"{resource.unknown}/revisions", json={})
        expect_problem(answer, 405, "method_not_allowed")
        assert answer.headers["allow"] == "GET, HEAD"
