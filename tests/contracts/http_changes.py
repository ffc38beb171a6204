"""The feed of changes over HTTP: complete, and limited to the caller's own objects."""

from typing import Any
from uuid import UUID

import pytest

from domain.paging import Position
from tests.contracts.field_values import REFERRED_IDS
from tests.contracts.http_revisions import restore, revisions
from tests.contracts.http_service import KEYS, NEW_KEY, Service, Tenant, before_storage, expect_problem, violations
from tests.contracts.resources import ResourceCase, ResourceFixtures

CHANGES = "/api/v1/changes"


def read(tenant: Tenant, **query: Any) -> Any:
    """A page of the feed, without the changes of referred objects, which existed before the test."""
    answer = tenant.send("GET", CHANGES, params=query)
    assert answer.status_code == 200, answer.text
    body = answer.json()
    assert set(body) == {"items", "next_cursor", "has_more"}
    return body | {"items": [change for change in body["items"] if UUID(change["id"]) not in REFERRED_IDS]}


def followed(tenant: Tenant, limit: int = 3, **start: Any) -> tuple[list[Any], str]:
    """All changes from a position on, and the cursor after them."""
    found: list[Any] = []
    page = read(tenant, limit=limit, **start)
    while True:
        assert len(page["items"]) <= limit
        found += page["items"]
        if not page["has_more"]:
            return found, page["next_cursor"]
        page = read(tenant, limit=limit, after=page["next_cursor"])


def replayed(changes: list[Any]) -> list[Any]:
    """The list that results from applying the changes, newest first."""
    kept: dict[str, Any] = {}
    for change in changes:
        if change["after"] is None:
            del kept[change["id"]]
        else:
            kept[change["id"]] = change["after"]
    return sorted(kept.values(), key=lambda each: (each["created_at"], each["id"]), reverse=True)


def make_all_kinds_of_changes(tenant: Tenant, resource: ResourceCase) -> None:
    """Makes changes of every kind: create, update, delete and restore."""
    made = [tenant.make(resource, **resource.named(name)) for name in "abcd"]
    tenant.send("PATCH", resource.path_of(made[0]), json=resource.named("a2"))
    tenant.send("DELETE", resource.path_of(made[1]))
    tenant.send("DELETE", resource.path_of(made[2]))
    restore(tenant, resource, made[2], 1)
    tenant.send("PUT", resource.path_of(made[3]), json=resource.other)
    restore(tenant, resource, made[0], 1)
    restore(tenant, resource, made[0], 3)
    tenant.send("DELETE", resource.path_of(tenant.make(resource, **resource.named("e"))))


class ChangesContract(ResourceFixtures):
    """The changes of an owner, page by page."""

    def test_feed_of_a_new_owner_is_empty(self, service: Service, resource: ResourceCase) -> None:
        tenant = service.tenant()
        start = read(tenant)
        assert (start["items"], start["has_more"]) == ([], False)
        made = tenant.make(resource)
        (change,) = read(tenant, after=start["next_cursor"])["items"]
        assert change["after"] == made

    def test_change_equals_the_revision_of_the_object(self, service: Service, resource: ResourceCase) -> None:
        tenant = service.tenant()
        made = tenant.make(resource)
        tenant.send("PATCH", resource.path_of(made), json=resource.named("b"))
        tenant.send("DELETE", resource.path_of(made))
        assert read(tenant)["items"][::-1] == revisions(tenant, resource, made)

    @pytest.mark.parametrize("limit", [1, 3, 100])
    def test_replaying_the_feed_reproduces_the_list(self, service: Service, resource: ResourceCase, limit: int) -> None:
        tenant, other = service.tenant(), service.tenant()
        make_all_kinds_of_changes(tenant, resource)
        other.make(resource, **resource.named("foreign"))
        found, _ = followed(tenant, limit)
        assert replayed(found) == tenant.send("GET", resource.path).json()["items"]
        by_object: dict[str, list[int]] = {}
        for change in found:
            by_object.setdefault(change["id"], []).append(change["version"])
        assert all(seen == list(range(1, len(seen) + 1)) for seen in by_object.values())
        assert sum(map(len, by_object.values())) == 12

    def test_cursor_at_the_end_stays_valid(self, service: Service, resource: ResourceCase) -> None:
        tenant = service.tenant()
        first = tenant.make(resource)
        found, cursor = followed(tenant)
        assert [change["id"] for change in found] == [first["id"]]
        later = [followed(tenant, after=cursor) for _ in range(2)]
        assert [changes for changes, _ in later] == [[], []]
        second = tenant.make(resource)
        for place in (cursor, *(cursor for _, cursor in later)):
            assert [change["id"] for change in read(tenant, after=place)["items"]] == [second["id"]]

    def test_latest_starts_at_the_current_end(self, service: Service, resource: ResourceCase) -> None:
        tenant = service.tenant()
        for _ in range(2):
            start = read(tenant, after="latest")
            assert (start["items"], start["has_more"]) == ([], False)
            made = tenant.make(resource)
            assert [change["id"] for change in read(tenant, after=start["next_cursor"])["items"]] == [made["id"]]

    def test_changes_of_keys_are_skipped(self, service: Service, resource: ResourceCase) -> None:
        tenant = service.tenant()
        keys = [tenant.send("POST", KEYS, json=NEW_KEY).json()["id"] for _ in range(3)]
        made = tenant.make(resource)
        tenant.send("DELETE", f"{KEYS}/{keys[0]}")
        start = read(tenant, limit=1)
        assert start["items"] == []
        assert start["has_more"]
        found, cursor = followed(tenant, 1)
        assert [(change["kind"], change["id"]) for change in found] == [(resource.kind, made["id"])]
        assert read(tenant, after=cursor) == {"items": [], "next_cursor": cursor, "has_more": False}

    def test_has_more_says_whether_changes_remain(self, service: Service, resource: ResourceCase) -> None:
        tenant = service.tenant()
        _, cursor = followed(tenant)
        for _ in range(3):
            tenant.make(resource)
        pages = [read(tenant, limit=limit, after=cursor) for limit in (2, 3, 4)]
        assert [page["has_more"] for page in pages] == [True, False, False]
        assert [len(page["items"]) for page in pages] == [2, 3, 3]

    def test_changes_of_other_owners_are_not_shown(self, service: Service, resource: ResourceCase) -> None:
        mine, other = service.tenant(), service.tenant()
        made = other.make(resource, **resource.named("foreign"))
        mine.make(resource, **resource.named("own"))
        answer, items = mine.send("GET", CHANGES), read(mine)["items"]
        assert made["id"] not in answer.text
        assert str(other.owner) not in answer.text
        assert str(other.key_id) not in answer.text
        assert [change["after"][resource.label] for change in items] == ["own"]

    @before_storage
    def test_foreign_and_forged_cursors_are_refused(self, service: Service, resource: ResourceCase) -> None:
        tenant, other = service.tenant(), service.tenant()
        made = tenant.make(resource)
        tenant.make(resource)
        tenant.send("PATCH", resource.path_of(made), json=resource.named("b"))
        other.make(resource)
        own = read(tenant)["next_cursor"]
        lists = (resource.path, f"{resource.path_of(made)}/revisions")
        cursors = [
            read(other)["next_cursor"],
            read(other, after="latest")["next_cursor"],
            *(tenant.send("GET", path, params={"limit": 1}).json()["next_cursor"] for path in lists),
            own[:-1] + ("A" if own[-1] != "A" else "B"),
            own + "=",
            "LATEST",
            "x",
            "",
        ]
        for cursor in cursors:
            assert cursor is not None
            expect_problem(tenant.send("GET", CHANGES, params={"after": cursor}), 400, "invalid_cursor")
        for query in (f"after={own}&after={own}", "after=latest&after=latest", f"after={own}&after=latest"):
            expect_problem(tenant.send("GET", f"{CHANGES}?{query}"), 400, "invalid_cursor")
        expect_problem(tenant.send("GET", resource.path, params={"cursor": own}), 400, "invalid_cursor")

    @before_storage
    @pytest.mark.parametrize(
        ("query", "expected"),
        [
            ("limit=0", {"limit": "limit"}),
            ("limit=101", {"limit": "limit"}),
            ("limit=x", {"limit": "limit"}),
            ("after=latest&limit=0", {"limit": "limit"}),
            ("cursor=x", {"cursor": "unknown"}),
            ("since=1", {"since": "unknown"}),
        ],
    )
    def test_invalid_parameter_is_named(self, service: Service, query: str, expected: Any) -> None:
        assert violations(service.tenant().send("GET", f"{CHANGES}?{query}")) == expected

    def test_feed_requires_a_read_scope(self, service: Service, resource: ResourceCase) -> None:
        for scope in (resource.writes, "keys:manage"):
            expect_problem(service.tenant(scope).send("GET", CHANGES), 403, "missing_scope")
        assert read(service.tenant(resource.reads))["items"] == []

    def test_cursor_beyond_the_last_change_is_gone(self, service: Service, resource: ResourceCase) -> None:
        tenant = service.tenant()
        tenant.make(resource)
        last = service.call(lambda: service.container.use_cases.history().last(tenant.owner))
        cursors = service.container.cursors()
        for number, status in ((last, 200), (last + 1, 410)):
            cursor = cursors.seal(Position(number, UUID(int=0)), tenant.owner, "changes")
            assert tenant.send("GET", CHANGES, params={"after": cursor}).status_code == status

    def test_cursor_before_purged_changes_is_gone_and_a_new_one_works(
        self, service: Service, resource: ResourceCase
    ) -> None:
        tenant = service.tenant()
        start = read(tenant, after="latest")["next_cursor"]
        tenant.make(resource)
        old = read(tenant)["next_cursor"]
        made = tenant.make(resource)
        end = read(tenant, after="latest")["next_cursor"]
        service.call(lambda: service.container.storage().revisions.purge(service.clock()))
        for cursor in (start, old):
            expect_problem(tenant.send("GET", CHANGES, params={"after": cursor}), 410, "changes_forgotten")
        assert followed(tenant)[0] == followed(tenant, after=end)[0] == []
        fresh = read(tenant, after="latest")["next_cursor"]
        tenant.send("PATCH", resource.path_of(made), json=resource.named("b"))
        for query in ({}, {"after": end}, {"after": fresh}):
            (change,) = followed(tenant, **query)[0]
            assert (change["version"], change["after"][resource.label]) == (2, "b")
