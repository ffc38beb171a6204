"""Restoring over HTTP: an earlier version becomes a new one, and a deleted object gets its id back."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

import pytest
from httpx2 import AsyncClient, Response

from domain.entity import checked
from domain.entity_spec import EntitySpec
from domain.errors import Conflict, Invalid, Violation
from domain.history import History
from domain.repository import E, OwnerId
from domain.revisions import Revision
from domain.use_cases import EntityUseCases
from tests.contracts.cases import case_of
from tests.contracts.http_revisions import restore, revisions, versions
from tests.contracts.http_service import CONTEXT, HOUR, Service, Tenant, before_storage, expect_problem, violations
from tests.contracts.resources import ResourceCase, ResourceFixtures
from tests.contracts.tags import tag_of, with_tags


def changed(tenant: Tenant, resource: ResourceCase) -> Any:
    """Creates an object with three versions, and returns the first."""
    made = tenant.make(resource)
    for body in (resource.named("b"), resource.change | resource.named("c")):
        assert tenant.send("PATCH", resource.path_of(made), json=body).status_code == 200
    return made


def deleted(tenant: Tenant, resource: ResourceCase) -> Any:
    """The same, deleted with the fourth version."""
    made = changed(tenant, resource)
    assert tenant.send("DELETE", resource.path_of(made)).status_code == 204
    return made


@dataclass(frozen=True)
class InterruptedHistory(History):
    """A history that runs ``meanwhile`` after each read of the latest revision, to simulate a concurrent writer."""

    meanwhile: Callable[[], Awaitable[object]]

    async def latest(self, owner: OwnerId, entity: type[E], id: UUID) -> Revision[E]:
        revision = await super().latest(owner, entity, id)
        await self.meanwhile()
        return revision


class RestoreContract(ResourceFixtures):
    """Restoring a version of an object."""

    def test_earlier_version_is_restored_as_a_new_one(self, service: Service, resource: ResourceCase) -> None:
        tenant = service.tenant()
        made = changed(tenant, resource)
        answer = restore(tenant, resource, made, 1)
        assert answer.status_code == 200
        assert answer.headers["etag"] == tag_of(resource, 4)
        assert answer.json() == made | {"updated_at": answer.json()["updated_at"]}
        assert answer.json()["updated_at"] > made["updated_at"]
        read = tenant.send("GET", resource.path_of(made))
        assert (read.json(), read.headers["etag"]) == (answer.json(), tag_of(resource, 4))
        assert versions(tenant, resource, made) == [4, 3, 2, 1]

    def test_restore_of_the_current_state_makes_no_version(self, service: Service, resource: ResourceCase) -> None:
        tenant = service.tenant()
        made = changed(tenant, resource)
        before = tenant.send("GET", resource.path_of(made))
        answer = restore(tenant, resource, made, 3)
        assert (answer.status_code, answer.json()) == (200, before.json())
        assert answer.headers["etag"] == before.headers["etag"]
        tenant.send("PATCH", resource.path_of(made), json=resource.named("d"))
        assert restore(tenant, resource, made, 3).headers["etag"] == tag_of(resource, 5)
        assert restore(tenant, resource, made, 3).headers["etag"] == tag_of(resource, 5)
        assert versions(tenant, resource, made) == [5, 4, 3, 2, 1]

    def test_deleted_object_is_restored_with_its_id(self, service: Service, resource: ResourceCase) -> None:
        tenant = service.tenant()
        made = deleted(tenant, resource)
        assert tenant.send("GET", resource.path).json()["items"] == []
        answer = restore(tenant, resource, made, 2)
        assert answer.status_code == 200
        shown = answer.json()
        assert shown == made | resource.named("b") | {"updated_at": shown["updated_at"]}
        assert shown["updated_at"] > made["updated_at"]
        assert answer.headers["etag"] == tag_of(resource, 5)
        assert tenant.send("GET", resource.path_of(made)).json() == shown
        assert tenant.send("GET", resource.path).json()["items"] == [shown]
        latest = revisions(tenant, resource, made)[0]
        assert (latest["version"], latest["action"], latest["before"], latest["after"]) == (5, "created", None, shown)
        assert tenant.send("PATCH", resource.path_of(made), json=resource.named("c")).headers["etag"] == tag_of(
            resource, 6
        )

    def test_restore_with_a_slow_clock_keeps_the_later_time(self, service: Service, resource: ResourceCase) -> None:
        tenant = service.tenant()
        made = deleted(tenant, resource)
        service.clock.passes(-HOUR)
        answer = restore(tenant, resource, made, 1)
        service.clock.passes(HOUR)
        assert answer.json()["updated_at"] == revisions(tenant, resource, made)[1]["at"]

    @pytest.mark.parametrize("is_deleted", [True, False])
    def test_no_time_of_change_goes_back_with_the_clock(
        self, service: Service, resource: ResourceCase, is_deleted: bool
    ) -> None:
        tenant = service.tenant()
        made = changed(tenant, resource)
        before = tenant.send("GET", resource.path_of(made)).json()["updated_at"]
        service.clock.passes(-HOUR)
        if is_deleted:
            assert tenant.send("DELETE", resource.path_of(made)).status_code == 204
        answer = restore(tenant, resource, made, 1)
        service.clock.passes(HOUR)
        assert answer.status_code == 200
        assert answer.json()["created_at"] == made["created_at"] <= before <= answer.json()["updated_at"]
        assert tenant.send("GET", resource.path_of(made)).json() == answer.json()

    def test_tags_are_never_reused(self, service: Service, resource: ResourceCase) -> None:
        tenant = service.tenant()
        made = tenant.make(resource)
        tags = [tag_of(resource, 1)]
        for _ in range(3):
            tenant.send("DELETE", resource.path_of(made))
            tags.append(restore(tenant, resource, made, 1).headers["etag"])
            tags.append(tenant.send("PATCH", resource.path_of(made), json=resource.named("b")).headers["etag"])
        assert len(set(tags)) == len(tags)
        assert versions(tenant, resource, made) == list(range(10, 0, -1))

    def test_unknown_version_and_deletion_are_not_found(self, service: Service, resource: ResourceCase) -> None:
        tenant = service.tenant()
        made = deleted(tenant, resource)
        for version in (4, 5, 2**31 - 1):
            expect_problem(restore(tenant, resource, made, version), 404, "revision_not_found")
        assert restore(tenant, resource, made, 3).status_code == 200
        for version in (4, 6):
            expect_problem(restore(tenant, resource, made, version), 404, "revision_not_found")
        assert versions(tenant, resource, made) == [5, 4, 3, 2, 1]

    def test_version_of_another_object_is_not_found(self, service: Service, resource: ResourceCase) -> None:
        tenant = service.tenant()
        changed(tenant, resource)
        expect_problem(restore(tenant, resource, tenant.make(resource), 2), 404, "revision_not_found")

    def test_objects_of_other_owners_cannot_be_restored(self, service: Service, resource: ResourceCase) -> None:
        mine, other = service.tenant(), service.tenant()
        gone, there = deleted(other, resource), changed(other, resource)
        before = other.send("GET", resource.path_of(there)).json()
        for shown in (there, gone, {"id": uuid4()}):
            expect_problem(restore(mine, resource, shown, 1), 404, resource.not_found)
        assert other.send("GET", resource.path_of(there)).json() == before
        expect_problem(other.send("GET", resource.path_of(gone)), 404, resource.not_found)

    @pytest.mark.parametrize(
        ("headers", "status"),
        [
            ({"If_Match": "{3}"}, 200),
            ({"If_Match": "*"}, 200),
            ({"If_Match": "{1}"}, 412),
            ({"If_Match": "W/{3}"}, 412),
            ({"If_None_Match": "*"}, 412),
            ({"If_None_Match": "W/{3}"}, 412),
            ({"If_None_Match": "{1}"}, 200),
        ],
    )
    def test_restore_checks_its_condition(
        self, service: Service, resource: ResourceCase, headers: Any, status: int
    ) -> None:
        tenant = service.tenant()
        made = changed(tenant, resource)
        assert restore(tenant, resource, made, 1, **with_tags(resource, headers)).status_code == status
        assert versions(tenant, resource, made)[0] == (4 if status == 200 else 3)

    @pytest.mark.parametrize(
        ("headers", "status"),
        [
            ({"If_Match": "{3}"}, 412),
            ({"If_Match": "{4}"}, 412),
            ({"If_Match": "*"}, 412),
            ({"If_None_Match": "*"}, 200),
            ({"If_None_Match": "{3}"}, 200),
        ],
    )
    def test_deleted_object_has_no_tag_to_match(
        self, service: Service, resource: ResourceCase, headers: Any, status: int
    ) -> None:
        tenant = service.tenant()
        made = deleted(tenant, resource)
        assert restore(tenant, resource, made, 1, **with_tags(resource, headers)).status_code == status
        assert tenant.send("GET", resource.path_of(made)).status_code == (200 if status == 200 else 404)

    def test_condition_is_checked_even_without_a_change(self, service: Service, resource: ResourceCase) -> None:
        tenant = service.tenant()
        expect_problem(
            restore(tenant, resource, changed(tenant, resource), 3, If_Match=tag_of(resource, 2)),
            412,
            "precondition_failed",
        )

    @before_storage
    @pytest.mark.parametrize("version", [True, False, 1.5, 0, -1, 2**31, 10**30, "1", None, [1], {}])
    def test_version_must_be_a_whole_number(self, service: Service, resource: ResourceCase, version: Any) -> None:
        tenant = service.tenant()
        assert violations(restore(tenant, resource, changed(tenant, resource), version)) == {"#/version": "version"}

    @before_storage
    @pytest.mark.parametrize(
        ("body", "expected"),
        [
            ({}, {"#/version": "missing"}),
            ({"version": 1, "name": "b"}, {"#/name": "unknown"}),
            ([], {"#": "wrong_type"}),
        ],
    )
    def test_invalid_body_is_named(self, service: Service, resource: ResourceCase, body: Any, expected: Any) -> None:
        tenant = service.tenant()
        path = f"{resource.path_of(changed(tenant, resource))}/restore"
        assert violations(tenant.send("POST", path, json=body)) == expected

    @pytest.mark.parametrize("state", [changed, deleted])
    def test_concurrent_restores_make_distinct_versions(
        self, service: Service, resource: ResourceCase, state: Any
    ) -> None:
        tenant = service.tenant()
        made = state(tenant, resource)
        path, headers = f"{resource.path_of(made)}/restore", {"X-API-Key": tenant.key}

        def of(version: int) -> Callable[[AsyncClient], Awaitable[Response]]:
            return lambda http: http.post(path, headers=headers, json={"version": version})

        answers = service.together([of(1 + number % 3) for number in range(9)])
        assert {answer.status_code for answer in answers} <= {200, 409}
        done = [answer for answer in answers if answer.status_code == 200]
        assert done
        for answer in answers:
            if answer.status_code == 409:
                expect_problem(answer, 409, "already_exists")
        found = revisions(tenant, resource, made)
        assert [each["version"] for each in found] == list(range(len(found), 0, -1))
        by_tag = {tag_of(resource, each["version"]): each["after"] for each in found}
        assert all(by_tag[answer.headers["etag"]] == answer.json() for answer in done)
        assert tenant.send("GET", resource.path_of(made)).json() == found[0]["after"]

    def test_overtaken_restore_is_a_conflict(self, service: Service, resource: ResourceCase) -> None:
        tenant = service.tenant()
        made = deleted(tenant, resource)
        storage, id = service.container.storage(), UUID(made["id"])
        plain = service.container.use_cases.entities()[resource.entity]
        context = replace(CONTEXT, at=datetime.now(UTC))

        async def restore_and_delete() -> None:
            await plain.restore(tenant.owner, id, context, version=2)
            await plain.delete(tenant.owner, id, context)

        slow = EntityUseCases(
            entity=resource.entity,
            repository=storage.repository(resource.entity),
            history=InterruptedHistory(revisions=storage.revisions, meanwhile=restore_and_delete),
            new_id=uuid4,
        )
        later = replace(CONTEXT, at=service.clock())
        with pytest.raises(Conflict):
            service.call(lambda: slow.restore(tenant.owner, id, later, version=1))
        assert versions(tenant, resource, made) == [6, 5, 4, 3, 2, 1]
        assert restore(tenant, resource, made, 1).headers["etag"] == tag_of(resource, 7)

    @pytest.mark.parametrize("state", [changed, deleted])
    def test_version_that_breaks_a_new_rule_is_not_restored(
        self, service: Service, resource: ResourceCase, state: Any, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        tenant = service.tenant()
        made = state(tenant, resource)
        before, revisions_before = tenant.send("GET", resource.path_of(made)).json(), revisions(tenant, resource, made)

        def stricter(spec: EntitySpec, values: Mapping[str, Any]) -> tuple[dict[str, Any], list[Violation]]:
            if values.get(resource.label) == resource.body[resource.label]:
                raise Invalid([Violation(resource.label, "not_any_more", "The name is no longer allowed.")])
            return checked(spec, values)

        with monkeypatch.context() as today:
            today.setattr("domain.entity.checked", stricter)
            answer = restore(tenant, resource, made, 1)
            assert violations(answer) == {"#/version": "not_restorable"}
            assert "The name is no longer allowed." in answer.json()["detail"]
            expect_problem(restore(tenant, resource, made, 1, If_Match='"99"'), 412, "precondition_failed")
            expect_problem(restore(tenant, resource, made, 99), 404, "revision_not_found")
            assert (tenant.send("GET", resource.path_of(made)).json() | {"request_id": ""}) == before | {
                "request_id": ""
            }
            assert revisions(tenant, resource, made) == revisions_before
            assert restore(tenant, resource, made, 2).json()[resource.label] == "b"
        assert restore(tenant, resource, made, 1).json()[resource.label] == resource.body[resource.label]

    @pytest.mark.parametrize("gone", [False, True])
    def test_version_that_was_never_valid_is_not_restored(
        self, service: Service, resource: ResourceCase, gone: bool
    ) -> None:
        tenant = service.tenant()
        odd = case_of(resource.entity).make(tenant.owner, **resource.named("a\tb"))
        storage = service.container.storage()
        service.call(lambda: storage.repository(resource.entity).of(tenant.owner).add(odd, CONTEXT))
        shown = {"id": str(odd.id)}
        assert tenant.send("PATCH", resource.path_of(shown), json=resource.named("b")).status_code == 200
        if gone:
            assert tenant.send("DELETE", resource.path_of(shown)).status_code == 204
        assert violations(restore(tenant, resource, shown, 1)) == {"#/version": "not_restorable"}
        assert restore(tenant, resource, shown, 2).json()[resource.label] == "b"

    def test_restored_text_is_trimmed_again(self, service: Service, resource: ResourceCase) -> None:
        tenant = service.tenant()
        odd = case_of(resource.entity).make(tenant.owner, **resource.named(" b "))
        storage = service.container.storage()
        service.call(lambda: storage.repository(resource.entity).of(tenant.owner).add(odd, CONTEXT))
        assert tenant.send("DELETE", resource.path_of({"id": str(odd.id)})).status_code == 204
        assert restore(tenant, resource, {"id": str(odd.id)}, 1).json()[resource.label] == "b"

    def test_id_of_another_kind_is_not_found(self, service: Service, resource: ResourceCase) -> None:
        tenant = service.tenant()
        for id in (tenant.key_id, tenant.owner):
            expect_problem(restore(tenant, resource, {"id": str(id)}, 1), 404, resource.not_found)

    def test_restored_object_is_found_by_every_filter(self, service: Service, resource: ResourceCase) -> None:
        tenant = service.tenant()
        made = deleted(tenant, resource)
        restore(tenant, resource, made, 1)
        assert made.items() >= resource.body.items()
        for name, value in resource.filter_queries():
            found = tenant.send("GET", resource.path, params={name: value}).json()["items"]
            assert [one["id"] for one in found] == [made["id"]] * resource.fulfils(made, name, value)
