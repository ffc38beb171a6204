"""Creating many objects in one request: all of them, or none."""

import json
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import pytest
from httpx2 import Response

from domain.idempotency import IDEMPOTENCY_TTL
from tests.contracts.http_service import Service, Tenant, before_storage, expect_problem, expect_violations, violations
from tests.contracts.resources import Json, ResourceCase, ResourceFixtures, Violations, every_contradiction

MIB = 1 << 20
JSON = {"Content-Type": "application/json"}
MOST = 1000


def post(tenant: Tenant, resource: ResourceCase, items: Any, **headers: str) -> Response:
    """Sends these items as a batch."""
    return post_text(tenant, resource, json.dumps({"items": items}), **headers)


def post_text(tenant: Tenant, resource: ResourceCase, text: str | bytes, **headers: str) -> Response:
    """Sends a body to the batch; underscores in the names of headers stand for hyphens."""
    given = {name.replace("_", "-"): value for name, value in headers.items()}
    return tenant.send("POST", f"{resource.path}/batch", content=text, headers=JSON | given)


def bodies(tenant: Tenant, resource: ResourceCase, count: int) -> list[Json]:
    """So many valid items, each of which can be told from the others."""
    return [tenant.body(resource, **resource.named(f"item {number}")) for number in range(count)]


def listed(tenant: Tenant, resource: ResourceCase) -> list[Any]:
    items: list[Any] = tenant.send("GET", resource.path).json()["items"]
    return items


def assert_nothing_left(tenant: Tenant, resource: ResourceCase, before: str) -> None:
    """Neither objects of this kind nor changes since the cursor."""
    assert listed(tenant, resource) == []
    assert changes(tenant, before) == []


def cursor(tenant: Tenant) -> str:
    """The present end of the feed."""
    latest: str = tenant.send("GET", "/api/v1/changes?after=latest").json()["next_cursor"]
    return latest


def changes(tenant: Tenant, after: str) -> list[Any]:
    """All changes after the cursor."""
    found: list[Any] = []
    while True:
        page = tenant.send("GET", "/api/v1/changes", params={"after": after, "limit": "100"}).json()
        found += page["items"]
        after = page["next_cursor"]
        if not page["has_more"]:
            return found


class BatchContract(ResourceFixtures):
    """``POST …/batch`` of every resource."""

    def test_items_are_made_in_their_order(self, service: Service, resource: ResourceCase) -> None:
        tenant = service.tenant()
        before, sent = cursor(tenant), bodies(tenant, resource, 3)
        answer = post(tenant, resource, sent)
        assert answer.status_code == 201, answer.text
        made = answer.json()["items"]
        assert answer.json().keys() == {"items"}
        assert [item[resource.label] for item in made] == [item[resource.label] for item in sent]
        for item in made:
            assert tenant.send("GET", resource.path_of(item)).json() == item
        assert listed(tenant, resource) == made[::-1]
        assert [change["after"] for change in changes(tenant, before)] == made
        assert not {"location", "etag", "idempotency-replayed"} & answer.headers.keys()

    def test_each_has_its_first_revision(self, service: Service, resource: ResourceCase) -> None:
        tenant = service.tenant()
        answer = post(tenant, resource, bodies(tenant, resource, 2))
        for item in answer.json()["items"]:
            (revision,) = tenant.send("GET", f"{resource.path_of(item)}/revisions").json()["items"]
            assert (revision["version"], revision["action"], revision["before"]) == (1, "created", None)
            assert revision["after"] == item
            assert revision["actor"] == f"key:{tenant.key_id}"
            assert revision["request_id"] == answer.headers["x-request-id"]

    def test_objects_are_like_those_made_alone(self, service: Service, resource: ResourceCase) -> None:
        tenant = service.tenant()
        sent = tenant.body(resource)
        (together,) = post(tenant, resource, [sent]).json()["items"]
        tenant.send("DELETE", resource.path_of(together))
        alone = tenant.send("POST", resource.path, json=sent).json()
        for item in (together, alone):
            for name in resource.made_by_the_service:
                del item[name]
        assert together == alone

    def test_objects_can_be_changed_afterwards(self, service: Service, resource: ResourceCase) -> None:
        tenant = service.tenant()
        (made,) = post(tenant, resource, [tenant.body(resource)]).json()["items"]
        changed = tenant.send("PATCH", resource.path_of(made), json=resource.named("changed"))
        assert (changed.status_code, changed.json()[resource.label]) == (200, "changed")

    def test_a_thousand_are_made_at_once(self, service: Service, resource: ResourceCase) -> None:
        tenant = service.tenant()
        before = cursor(tenant)
        answer = post(tenant, resource, bodies(tenant, resource, MOST))
        assert answer.status_code == 201, answer.text
        made = answer.json()["items"]
        assert len({item["id"] for item in made}) == MOST
        assert [change["after"] for change in changes(tenant, before)] == made

    @before_storage
    @pytest.mark.parametrize(
        ("content", "expected"),
        [
            ('{"items": []}', {"#/items": "too_short"}),
            (json.dumps({"items": [{}] * (MOST + 1)}), {"#/items": "too_long"}),
            ('{"items": {}}', {"#/items": "wrong_type"}),
            ('{"items": null}', {"#/items": "wrong_type"}),
            ("{}", {"#/items": "missing"}),
            ("[]", {"#": "wrong_type"}),
            ("null", {"#": "wrong_type"}),
            ('"items"', {"#": "wrong_type"}),
            ('{"items": [1]}', {"#/items/0": "wrong_type"}),
            ('{"items": ["a", null, [], true]}', {f"#/items/{place}": "wrong_type" for place in range(4)}),
            ('{"items": [[[]]]}', {"#/items/0": "wrong_type"}),
            ('{"items": [{"a": 1, "b": 2, "a": 3}]}', {"#/items/0/a": "duplicate_member"}),
            ('{"items": [], "items": []}', {"#/items": "duplicate_member"}),
            ('{"items": [' + "[" * 70 + "]" * 70 + "]}", {"#/items/0": "too_deep"}),
            ('{"items": [' + "[" * 9000 + "]" * 9000 + "]}", {"#/items/0": "too_deep"}),
            ('{"items": [{"a": [' + "1," * 2000 + "1]}]}", {"#/items/0": "too_many_values"}),
            ('{"items": [{}, {"a": [' + "null,     " * 2000 + "1]}]}", {"#/items/1": "too_many_values"}),
            ('{"items": [' + "{}," * 200_001 + "{}]}", {"#": "too_many_values"}),
            ('{"items": [{"a": ' + "9" * 401 + "}]}", {"#/items/0": "number_too_large"}),
        ],
        ids=lambda given: given[:30] if isinstance(given, str) else None,
    )
    def test_what_is_no_batch_is_refused(
        self, service: Service, resource: ResourceCase, content: str, expected: Violations
    ) -> None:
        tenant = service.tenant()
        before = cursor(tenant)
        expect_violations(post_text(tenant, resource, content), expected)
        assert_nothing_left(tenant, resource, before)

    @before_storage
    def test_unknown_members_are_refused(self, service: Service, resource: ResourceCase) -> None:
        tenant = service.tenant()
        item = tenant.body(resource)
        text = json.dumps({"items": [item], "owner": 1})
        expect_violations(post_text(tenant, resource, text), {"#/owner": "unknown"})
        expect_violations(post(tenant, resource, [item, item | {"owner": 1}]), {"#/items/1/owner": "unknown"})

    @before_storage
    @pytest.mark.parametrize(
        "content",
        [
            *(
                "",
                " ",
                "{",
                '{"items"',
                '{"items":',
                '{"items": [',
                '{"items": [{}',
                '{"items": [{},',
                '{"items": [{}]',
            ),
            *('{"items": [,]}', '{"items": [{}],}', '{"items": [{} {}]}', '{"items": [{}]} x', "{items: []}", "{,}"),
            *('{"items" []}', '{"items": [NaN]}', '{"items": [{"a": -Infinity}]}', '{"items": [{"a": 01}]}'),
            *('{"items": [{"a": "\t"}]}', '{"items": [{"a": "\\x"}]}', '{"items": [{}]}}', "\ufeff{}", '{"items": ["'),
            '{"items": [{"a": "' + "x" * 40_000 + '", }]}',
        ],
        ids=lambda content: content[:40],
    )
    def test_what_is_not_json_is_refused(self, service: Service, resource: ResourceCase, content: str) -> None:
        expect_problem(post_text(service.tenant(), resource, content.encode()), 400, "malformed_json")

    @before_storage
    def test_one_wrong_item_of_a_thousand_leaves_nothing(self, service: Service, resource: ResourceCase) -> None:
        tenant = service.tenant()
        before, sent = cursor(tenant), bodies(tenant, resource, MOST)
        for wrong, expected in (resource.refused[0], ({"owner": "x"}, {"#/owner": "unknown"})):
            sent[-2] = sent[-2] | wrong
            in_item = {f"#/items/{MOST - 2}{at[1:]}": code for at, code in expected.items()}
            found = violations(post(tenant, resource, sent))
            assert in_item.items() <= found.items()
            assert all(at.startswith(f"#/items/{MOST - 2}/") for at in found)
        assert_nothing_left(tenant, resource, before)

    @before_storage
    @every_contradiction
    def test_item_that_breaks_a_rule_is_named(
        self, service: Service, resource: ResourceCase, members: Json, expected: Violations
    ) -> None:
        tenant = service.tenant()
        before, (good, bad) = cursor(tenant), bodies(tenant, resource, 2)
        answer = post(tenant, resource, [good, bad | members])
        expect_violations(answer, {f"#/items/1{at[1:]}": code for at, code in expected.items()})
        assert_nothing_left(tenant, resource, before)

    @before_storage
    def test_a_thousand_items_each_a_hair_too_large(self, service: Service, resource: ResourceCase) -> None:
        tenant = service.tenant()
        before = cursor(tenant)
        longest = resource.spec.fields[resource.label].kind.max_length  # type: ignore[attr-defined]  # -- a text
        item = tenant.body(resource) | resource.named("x" * (longest + 1))
        found = violations(post(tenant, resource, [item] * MOST))
        assert found == {f"#/items/{place}/{resource.label}": "too_long" for place in range(20)}
        assert_nothing_left(tenant, resource, before)

    def test_body_of_4_mib_is_read_and_one_byte_more_is_refused(self, service: Service, resource: ResourceCase) -> None:
        tenant = service.tenant()
        text = json.dumps({"items": bodies(tenant, resource, 2)})
        assert post_text(tenant, resource, text.ljust(4 * MIB)).status_code == 201
        expect_problem(post_text(tenant, resource, text.ljust(4 * MIB + 1)), 413, "body_too_large")
        parts = iter([text.encode().ljust(4 * MIB), b" "])
        expect_problem(post_text(tenant, resource, parts), 413, "body_too_large")  # type: ignore[arg-type]  # -- in chunks
        assert len(listed(tenant, resource)) == 2

    @before_storage
    def test_other_operations_take_1_mib(self, service: Service, resource: ResourceCase) -> None:
        tenant = service.tenant()
        text = json.dumps(tenant.body(resource)).ljust(MIB + 1)
        expect_problem(tenant.send("POST", resource.path, content=text, headers=JSON), 413, "body_too_large")

    @before_storage
    def test_refusals_before_the_body(self, service: Service, resource: ResourceCase) -> None:
        tenant, reader = service.tenant(), service.tenant(resource.reads)
        sent = {"items": [tenant.body(resource)]}
        path = f"{resource.path}/batch"
        expect_problem(service.http.post(path, json=sent), 401, "unauthenticated")
        expect_problem(reader.send("POST", path, json=sent), 403, "missing_scope")
        answer = tenant.send("POST", path, content=b"{}", headers={"Content-Type": "text/plain"})
        expect_problem(answer, 415, "unsupported_media_type")
        merge_patch = {"Content-Type": "application/merge-patch+json"}
        answer = tenant.send("POST", path, content=json.dumps(sent), headers=merge_patch)
        expect_problem(answer, 415, "unsupported_media_type")
        assert violations(tenant.send("POST", f"{path}?a=1", json=sent)) == {"a": "unknown"}

    def test_repeated_request_is_replayed(self, service: Service, resource: ResourceCase) -> None:
        tenant = service.tenant()
        sent = bodies(tenant, resource, 5)
        first = post(tenant, resource, sent, Idempotency_Key="k")
        assert "idempotency-replayed" not in first.headers
        tenant.send("PATCH", resource.path_of(first.json()["items"][0]), json=resource.named("changed"))
        tenant.send("DELETE", resource.path_of(first.json()["items"][1]))
        for content in (json.dumps({"items": sent}), json.dumps({"items": [dict(reversed(s.items())) for s in sent]})):
            again = post_text(tenant, resource, content, Idempotency_Key="k")
            assert (again.status_code, again.content) == (201, first.content)
            assert again.headers["idempotency-replayed"] == "true"
        assert len(listed(tenant, resource)) == 4

    def test_same_key_with_other_items_is_refused(self, service: Service, resource: ResourceCase) -> None:
        tenant = service.tenant()
        sent = bodies(tenant, resource, 3)
        post(tenant, resource, sent, Idempotency_Key="k")
        others: Sequence[list[Json]] = (sent[:2], sent[::-1], [*sent[:2], sent[2] | resource.named("another")])
        for other in others:
            answer = post(tenant, resource, other, Idempotency_Key="k")
            expect_problem(answer, 422, "idempotency_key_reused")
        assert len(listed(tenant, resource)) == 3

    def test_key_is_scoped_to_the_operation(self, service: Service, resource: ResourceCase) -> None:
        tenant = service.tenant()
        tenant.send("POST", resource.path, json=tenant.body(resource), headers={"Idempotency-Key": "k"})
        answer = post(tenant, resource, [tenant.body(resource)], Idempotency_Key="k")
        assert (answer.status_code, "idempotency-replayed" in answer.headers) == (201, False)

    def test_refused_batch_is_not_recorded(self, service: Service, resource: ResourceCase) -> None:
        tenant = service.tenant()
        sent = bodies(tenant, resource, 2)
        wrong, _ = resource.refused[0]
        assert post(tenant, resource, [sent[0], sent[1] | wrong], Idempotency_Key="k").status_code == 422
        first = post(tenant, resource, sent, Idempotency_Key="k")
        assert (first.status_code, "idempotency-replayed" in first.headers) == (201, False)

    def test_key_can_be_reused_after_a_day(self, service: Service, resource: ResourceCase) -> None:
        tenant = service.tenant()
        sent = bodies(tenant, resource, 2)
        first = post(tenant, resource, sent, Idempotency_Key="k")
        service.clock.passes(IDEMPOTENCY_TTL - timedelta(minutes=1))
        assert post(tenant, resource, sent, Idempotency_Key="k").content == first.content
        service.clock.passes(timedelta(minutes=2))
        later = bodies(tenant, resource, 2)
        second = post(tenant, resource, later, Idempotency_Key="k")
        assert (second.status_code, "idempotency-replayed" in second.headers) == (201, False)
        assert len(listed(tenant, resource)) == 4

    def test_concurrent_repeats_create_one_batch(self, service: Service, resource: ResourceCase) -> None:
        tenant = service.tenant()
        sent = {"items": bodies(tenant, resource, 20)}
        headers = {"X-API-Key": tenant.key, "Idempotency-Key": "k"}
        path = f"{resource.path}/batch"
        answers = service.together([lambda http: http.post(path, json=sent, headers=headers)] * 10)
        assert {answer.status_code for answer in answers} <= {201, 409}
        made = [answer for answer in answers if answer.status_code == 201]
        assert len({answer.content for answer in made}) == 1
        assert sum("idempotency-replayed" not in answer.headers for answer in made) == 1
        assert len(listed(tenant, resource)) == 20

    def test_concurrent_batches_have_numbers_in_their_order(self, service: Service, resource: ResourceCase) -> None:
        tenant = service.tenant()
        before = cursor(tenant)
        sent = [{"items": bodies(tenant, resource, 10)} for _ in range(5)]
        headers = {"X-API-Key": tenant.key}
        path = f"{resource.path}/batch"
        requests: list[Any] = [lambda http, each=each: http.post(path, json=each, headers=headers) for each in sent]
        answers = service.together(requests)
        made = [[item["id"] for item in answer.json()["items"]] for answer in answers]
        order = [change["id"] for change in changes(tenant, before)]
        together = [order[place : place + 10] for place in range(0, 50, 10)]
        assert sorted(together) == sorted(made)
