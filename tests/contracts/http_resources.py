"""The methods of every kind of entity over HTTP."""

import json
import re
from uuid import UUID

import pytest

from tests.contracts.http_service import KEYS, NEW_KEY, STAMP, Service, before_storage, expect_problem, violations
from tests.contracts.resources import ResourceCase, ResourceFixtures


class ResourcesContract(ResourceFixtures):
    """Create, read, update, delete and list."""

    def test_create_returns_the_object_with_its_location(self, service: Service, resource: ResourceCase) -> None:
        tenant = service.tenant()
        answer = tenant.send("POST", resource.path, json=resource.body)
        body = answer.json()
        assert answer.status_code == 201
        assert body.items() >= resource.body.items()
        assert set(body) == {*resource.spec.fields, *resource.made_by_the_service}
        assert UUID(body["id"]).version == 7
        assert STAMP.fullmatch(body["created_at"])
        assert body["created_at"] == body["updated_at"]
        assert answer.headers["location"] == f"{resource.path}/{body['id']}"
        assert tenant.send("GET", answer.headers["location"]).json() == body

    def test_name_is_trimmed(self, service: Service, resource: ResourceCase) -> None:
        assert (
            service.tenant().make(resource, **resource.named("  Wing\u00e9 \U0001f6e9 "))["name"]
            == "Wing\u00e9 \U0001f6e9"
        )

    def test_head_equals_get_without_a_body(self, service: Service, resource: ResourceCase) -> None:
        tenant = service.tenant()
        path = resource.path_of(tenant.make(resource))
        head, get = tenant.send("HEAD", path), tenant.send("GET", path)
        assert (head.status_code, head.content) == (200, b"")
        differing = {"x-request-id", "ratelimit"}
        assert {k: v for k, v in head.headers.items() if k not in differing} == {
            k: v for k, v in get.headers.items() if k not in differing
        }

    def test_get_with_the_current_tag_is_304(self, service: Service, resource: ResourceCase) -> None:
        tenant = service.tenant()
        path = resource.path_of(tenant.make(resource))
        tag = tenant.send("GET", path).headers["etag"]
        assert re.fullmatch(r'"[^"]+"', tag)
        for condition in (tag, f'"other", {tag}', f"W/{tag}", "*"):
            answer = tenant.send("GET", path, headers={"If-None-Match": condition})
            assert (answer.status_code, answer.content, answer.headers["etag"]) == (304, b"", tag)
        assert tenant.send("GET", path, headers={"If-None-Match": '"other"'}).status_code == 200

    def test_omitted_member_gets_its_default(self, service: Service, resource: ResourceCase) -> None:
        tenant = service.tenant()
        made = tenant.send("POST", resource.path, json=resource.required)
        assert made.status_code == 201
        expected = resource.required | resource.defaults
        assert {name: made.json()[name] for name in expected} == expected

    @pytest.mark.parametrize("method", ["PATCH", "POST"])
    def test_update_changes_only_the_sent_members(self, service: Service, resource: ResourceCase, method: str) -> None:
        tenant = service.tenant()
        before = tenant.make(resource)
        for change in resource.changes:
            answer = tenant.send(method, resource.path_of(before), json=change)
            assert answer.status_code == 200, answer.text
            assert answer.json() == before | change | {"updated_at": answer.json()["updated_at"]}
            assert answer.json()["updated_at"] > before["updated_at"]
            before = answer.json()

    @pytest.mark.parametrize("members", ["none", "one", "all"])
    def test_update_without_changes_keeps_the_version(
        self, service: Service, resource: ResourceCase, members: str
    ) -> None:
        tenant = service.tenant()
        path = resource.path_of(tenant.make(resource))
        before = tenant.send("GET", path)
        body = {"none": {}, "one": resource.named(resource.body[resource.label]), "all": resource.no_change}[members]
        after = tenant.send("PATCH", path, json=body)
        assert (after.status_code, after.json()) == (200, before.json())
        assert after.headers["etag"] == before.headers["etag"]

    def test_every_change_produces_a_new_tag(self, service: Service, resource: ResourceCase) -> None:
        tenant = service.tenant()
        path = resource.path_of(tenant.make(resource))
        tags = [tenant.send("GET", path).headers["etag"]]
        tags += [tenant.send("PATCH", path, json=resource.named(name)).headers["etag"] for name in ("a", "b", "a")]
        assert len(set(tags)) == 4
        assert tenant.send("GET", path).headers["etag"] == tags[-1]

    def test_patch_accepts_merge_patch_media_type(self, service: Service, resource: ResourceCase) -> None:
        tenant = service.tenant()
        path = resource.path_of(tenant.make(resource))
        headers = {"Content-Type": "application/merge-patch+json"}
        answer = tenant.send("PATCH", path, content=json.dumps(resource.named("b")), headers=headers)
        assert (answer.status_code, answer.json()[resource.label]) == (200, "b")
        put = tenant.send("PUT", path, content=json.dumps(resource.body), headers=headers)
        expect_problem(put, 415, "unsupported_media_type")

    def test_put_requires_every_required_member_and_never_creates(
        self, service: Service, resource: ResourceCase
    ) -> None:
        tenant = service.tenant()
        path = resource.path_of(tenant.make(resource))
        assert tenant.send("PUT", path, json=resource.other).json().items() >= resource.other.items()
        for name in resource.required:
            lacking = {each: value for each, value in resource.body.items() if each != name}
            assert violations(tenant.send("PUT", path, json=lacking)) == {f"#/{name}": "missing"}
        assert tenant.send("GET", path).json().items() >= resource.other.items()
        expect_problem(tenant.send("PUT", resource.unknown, json=resource.other), 404, resource.not_found)

    def test_put_resets_omitted_members_to_their_defaults(self, service: Service, resource: ResourceCase) -> None:
        tenant = service.tenant()
        path = resource.path_of(tenant.make(resource, **resource.other))
        replaced = tenant.send("PUT", path, json=resource.required | resource.state)
        defaults = {name: value for name, value in resource.reset.items() if name in resource.change}
        expected = resource.required | defaults | resource.state
        assert {name: replaced.json()[name] for name in expected} == expected

    def test_deleted_object_is_not_found(self, service: Service, resource: ResourceCase) -> None:
        tenant = service.tenant()
        path = resource.path_of(tenant.make(resource))
        answer = tenant.send("DELETE", path)
        assert (answer.status_code, answer.content) == (204, b"")
        for method in ("GET", "DELETE"):
            expect_problem(tenant.send(method, path), 404, resource.not_found)

    def test_pages_are_newest_first_and_link_to_the_next(self, service: Service, resource: ResourceCase) -> None:
        tenant = service.tenant()
        made = [tenant.make(resource, **resource.named(str(n)))["id"] for n in range(7)]
        path: str | None = f"{resource.path}?limit=3"
        pages = []
        while path:
            answer = tenant.send("GET", path)
            pages.append([item["id"] for item in answer.json()["items"]])
            cursor, path = answer.json()["next_cursor"], answer.links.get("next", {}).get("url")
            assert (cursor is None) == (path is None)
            assert path is None or f"cursor={cursor}" in path
        assert [len(page) for page in pages] == [3, 3, 1]
        assert [id for page in pages for id in page] == made[::-1]

    def test_full_last_page_has_no_next_cursor(self, service: Service, resource: ResourceCase) -> None:
        tenant = service.tenant()
        tenant.make(resource)
        assert tenant.send("GET", f"{resource.path}?limit=1").json()["next_cursor"] is None

    def test_list_of_a_new_owner_is_empty(self, service: Service, resource: ResourceCase) -> None:
        assert service.tenant().send("GET", resource.path).json() == {"items": [], "next_cursor": None}

    @before_storage
    def test_cursor_is_bound_to_its_owner_and_list(self, service: Service, resource: ResourceCase) -> None:
        mine, other = service.tenant(), service.tenant()
        for tenant in (mine, other):
            tenant.make(resource)
            tenant.make(resource)
            tenant.send("POST", KEYS, json=NEW_KEY)
        cursor = mine.send("GET", f"{resource.path}?limit=1").json()["next_cursor"]
        assert mine.send("GET", f"{resource.path}?cursor={cursor}").status_code == 200
        swapped = cursor[:-1] + ("A" if cursor[-1] != "A" else "B")
        refused = [
            other.send("GET", f"{resource.path}?cursor={cursor}"),
            mine.send("GET", f"{KEYS}?cursor={cursor}"),
            *(mine.send("GET", resource.path, params={"cursor": c}) for c in ("", "x", "é", swapped, cursor + "=")),
            mine.send("GET", f"{resource.path}?cursor={cursor}&cursor={cursor}"),
        ]
        for answer in refused:
            expect_problem(answer, 400, "invalid_cursor")

    @before_storage
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
            ("sort=%ff", "invalid_unicode"),
            ("sort=%ed%a0%80", "invalid_unicode"),
        ],
    )
    def test_invalid_query_is_refused(self, service: Service, resource: ResourceCase, query: str, code: str) -> None:
        answer = service.tenant().send("GET", f"{resource.path}?{query}")
        assert code in [e["code"] for e in expect_problem(answer, 422, "validation_failed")["errors"]]

    @before_storage
    def test_query_on_a_single_object_is_refused(self, service: Service, resource: ResourceCase) -> None:
        assert violations(service.tenant().send("GET", resource.unknown + "?x=1")) == {"x": "unknown"}
