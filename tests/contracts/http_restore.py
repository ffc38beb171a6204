"""Restoring over HTTP: an earlier version comes back as a new one, and a deleted object under its id."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from httpx2 import AsyncClient, Response

from domain.entity import validated
from domain.errors import Conflict, Invalid, Violation
from domain.repository import E, OwnerId
from domain.revisions import History, Revision
from domain.simulations.simulation import Simulation
from domain.use_cases import EntityUseCases
from tests.contracts.http_api import (
    CONTEXT,
    SIMULATIONS,
    WING,
    Service,
    Tenant,
    expect_problem,
    violations,
)
from tests.contracts.http_revisions import path_of, restore, revisions, versions
from tests.factories import SimulationFactory

HOUR = timedelta(hours=1)
MEMBERS = ("name", "start_date", "end_date")


def changed(tenant: Tenant) -> Any:
    """An object with three versions, as the first of them was shown."""
    made = tenant.make()
    for body in ({"name": "b"}, {"end_date": "2026-03-01"}):
        assert tenant.send("PATCH", path_of(made), json=body).status_code == 200
    return made


def deleted(tenant: Tenant) -> Any:
    """The same, deleted by its fourth version."""
    made = changed(tenant)
    assert tenant.send("DELETE", path_of(made)).status_code == 204
    return made


@dataclass(frozen=True)
class Overtaken(History):
    """A history after which something else happens, before whoever has asked for the latest goes on."""

    meanwhile: Callable[[], Awaitable[object]]

    async def latest(self, owner: OwnerId, entity: type[E], id: UUID) -> Revision[E]:
        revision = await super().latest(owner, entity, id)
        await self.meanwhile()
        return revision


class RestoreContract:
    """Bringing a version back."""

    def test_an_earlier_version_comes_back_as_a_new_one(self, service: Service) -> None:
        tenant = service.tenant()
        made = changed(tenant)
        answer = restore(tenant, made, 1)
        assert answer.status_code == 200
        assert answer.headers["etag"] == '"4"'
        assert answer.json() == made | {"updated_at": answer.json()["updated_at"]}
        assert answer.json()["updated_at"] > made["updated_at"]
        read = tenant.send("GET", path_of(made))
        assert (read.json(), read.headers["etag"]) == (answer.json(), '"4"')
        assert versions(tenant, made) == [4, 3, 2, 1]

    def test_the_state_that_it_has_makes_no_version(self, service: Service) -> None:
        tenant = service.tenant()
        made = changed(tenant)
        before = tenant.send("GET", path_of(made))
        answer = restore(tenant, made, 3)
        assert (answer.status_code, answer.json()) == (200, before.json())
        assert answer.headers["etag"] == before.headers["etag"]
        tenant.send("PATCH", path_of(made), json={"name": "d"})
        assert restore(tenant, made, 3).headers["etag"] == '"5"'
        assert restore(tenant, made, 3).headers["etag"] == '"5"'
        assert versions(tenant, made) == [5, 4, 3, 2, 1]

    def test_a_deleted_object_comes_back_under_its_id_and_in_the_list(self, service: Service) -> None:
        tenant = service.tenant()
        made = deleted(tenant)
        assert tenant.send("GET", SIMULATIONS).json()["items"] == []
        answer = restore(tenant, made, 2)
        assert answer.status_code == 200
        shown = answer.json()
        assert shown == made | {"name": "b", "updated_at": shown["updated_at"]}
        assert shown["updated_at"] > made["updated_at"]
        assert answer.headers["etag"] == '"5"'
        assert tenant.send("GET", path_of(made)).json() == shown
        assert tenant.send("GET", SIMULATIONS).json()["items"] == [shown]
        latest = revisions(tenant, made)[0]
        assert (latest["version"], latest["action"], latest["before"], latest["after"]) == (5, "created", None, shown)
        assert tenant.send("PATCH", path_of(made), json={"name": "c"}).headers["etag"] == '"6"'

    def test_a_clock_that_is_behind_does_not_make_it_older(self, service: Service) -> None:
        tenant = service.tenant()
        made = deleted(tenant)
        service.clock.passes(-HOUR)
        answer = restore(tenant, made, 1)
        service.clock.passes(HOUR)
        assert answer.json()["updated_at"] == revisions(tenant, made)[1]["at"]

    def test_no_tag_is_ever_seen_twice(self, service: Service) -> None:
        tenant = service.tenant()
        made = tenant.make()
        tags = ['"1"']
        for _ in range(3):
            tenant.send("DELETE", path_of(made))
            tags.append(restore(tenant, made, 1).headers["etag"])
            tags.append(tenant.send("PATCH", path_of(made), json={"name": "b"}).headers["etag"])
        assert len(set(tags)) == len(tags)
        assert versions(tenant, made) == list(range(10, 0, -1))

    def test_a_version_that_never_was_and_a_deletion_are_not_found(self, service: Service) -> None:
        tenant = service.tenant()
        made = deleted(tenant)
        for version in (4, 5, 2**31 - 1):
            expect_problem(restore(tenant, made, version), 404, "revision_not_found")
        assert restore(tenant, made, 3).status_code == 200
        for version in (4, 6):
            expect_problem(restore(tenant, made, version), 404, "revision_not_found")
        assert versions(tenant, made) == [5, 4, 3, 2, 1]

    def test_the_version_of_another_object_does_not_serve(self, service: Service) -> None:
        tenant = service.tenant()
        changed(tenant)
        expect_problem(restore(tenant, tenant.make(), 2), 404, "revision_not_found")

    def test_foreign_objects_are_not_there_and_stay_as_they_are(self, service: Service) -> None:
        mine, other = service.tenant(), service.tenant()
        there, gone = changed(other), deleted(other)
        before = other.send("GET", path_of(there)).json()
        for shown in (there, gone, {"id": uuid4()}):
            expect_problem(restore(mine, shown, 1), 404, "simulation_not_found")
        assert other.send("GET", path_of(there)).json() == before
        expect_problem(other.send("GET", path_of(gone)), 404, "simulation_not_found")

    @pytest.mark.parametrize(
        ("headers", "status"),
        [
            ({"If_Match": '"3"'}, 200),
            ({"If_Match": "*"}, 200),
            ({"If_Match": '"1"'}, 412),
            ({"If_Match": 'W/"3"'}, 412),
            ({"If_None_Match": "*"}, 412),
            ({"If_None_Match": 'W/"3"'}, 412),
            ({"If_None_Match": '"1"'}, 200),
        ],
    )
    def test_an_object_is_restored_on_its_callers_condition(self, service: Service, headers: Any, status: int) -> None:
        tenant = service.tenant()
        made = changed(tenant)
        assert restore(tenant, made, 1, **headers).status_code == status
        assert versions(tenant, made)[0] == (4 if status == 200 else 3)

    @pytest.mark.parametrize(
        ("headers", "status"),
        [
            ({"If_Match": '"3"'}, 412),
            ({"If_Match": '"4"'}, 412),
            ({"If_Match": "*"}, 412),
            ({"If_None_Match": "*"}, 200),
            ({"If_None_Match": '"3"'}, 200),
        ],
    )
    def test_a_deleted_object_has_no_tag_to_match(self, service: Service, headers: Any, status: int) -> None:
        tenant = service.tenant()
        made = deleted(tenant)
        assert restore(tenant, made, 1, **headers).status_code == status
        assert tenant.send("GET", path_of(made)).status_code == (200 if status == 200 else 404)

    def test_a_condition_is_asked_even_where_nothing_would_change(self, service: Service) -> None:
        tenant = service.tenant()
        expect_problem(restore(tenant, changed(tenant), 3, If_Match='"2"'), 412, "precondition_failed")

    @pytest.mark.parametrize("version", [True, False, 1.5, 0, -1, 2**31, 10**30, "1", None, [1], {}])
    def test_a_version_is_a_whole_number(self, service: Service, version: Any) -> None:
        tenant = service.tenant()
        assert violations(restore(tenant, changed(tenant), version)) == {"#/version": "version"}

    @pytest.mark.parametrize(
        ("body", "expected"),
        [
            ({}, {"#/version": "missing"}),
            ({"version": 1, "name": "b"}, {"#/name": "unknown"}),
            ([], {"#": "wrong_type"}),
        ],
    )
    def test_a_wrong_body_is_named(self, service: Service, body: Any, expected: Any) -> None:
        tenant = service.tenant()
        path = f"{path_of(changed(tenant))}/restore"
        assert violations(tenant.send("POST", path, json=body)) == expected

    @pytest.mark.parametrize("state", [changed, deleted])
    def test_of_many_who_restore_at_once_no_two_make_the_same_version(self, service: Service, state: Any) -> None:
        tenant = service.tenant()
        made = state(tenant)
        path, headers = f"{path_of(made)}/restore", {"X-API-Key": tenant.key}

        def of(version: int) -> Callable[[AsyncClient], Awaitable[Response]]:
            return lambda http: http.post(path, headers=headers, json={"version": version})

        answers = service.together([of(1 + number % 3) for number in range(9)])
        assert {answer.status_code for answer in answers} <= {200, 409}
        done = [answer for answer in answers if answer.status_code == 200]
        assert done
        for answer in answers:
            if answer.status_code == 409:
                expect_problem(answer, 409, "already_exists")
        found = revisions(tenant, made)
        assert [each["version"] for each in found] == list(range(len(found), 0, -1))
        by_tag = {f'"{each["version"]}"': each["after"] for each in found}
        assert all(by_tag[answer.headers["etag"]] == answer.json() for answer in done)
        assert tenant.send("GET", path_of(made)).json() == found[0]["after"]

    def test_who_was_overtaken_makes_no_version_that_has_been(self, service: Service) -> None:
        tenant = service.tenant()
        made = deleted(tenant)
        storage, id = service.container.storage(), UUID(made["id"])
        plain = service.container.use_cases.entities()[Simulation]
        context = replace(CONTEXT, at=datetime.now(UTC))

        async def back_and_gone() -> None:
            await plain.restore(tenant.owner, id, context, version=2)
            await plain.delete(tenant.owner, id, context)

        slow = EntityUseCases(
            entity=Simulation,
            repository=storage.repository(Simulation),
            history=Overtaken(revisions=storage.revisions, meanwhile=back_and_gone),
            new_id=uuid4,
        )
        later = replace(CONTEXT, at=service.clock())
        with pytest.raises(Conflict):
            service.call(lambda: slow.restore(tenant.owner, id, later, version=1))
        assert versions(tenant, made) == [6, 5, 4, 3, 2, 1]
        assert restore(tenant, made, 1).headers["etag"] == '"7"'

    @pytest.mark.parametrize("state", [changed, deleted])
    def test_what_could_not_be_made_today_does_not_come_back(
        self, service: Service, state: Any, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        tenant = service.tenant()
        made = state(tenant)
        before, revisions_before = tenant.send("GET", path_of(made)).json(), revisions(tenant, made)

        def stricter(kind: type[Any], values: Mapping[str, Any]) -> dict[str, Any]:
            if values.get("name") == WING["name"]:
                raise Invalid([Violation("name", "not_any_more", "The name is none any more.")])
            return validated(kind, values)

        with monkeypatch.context() as today:
            today.setattr("domain.entity.validated", stricter)
            answer = restore(tenant, made, 1)
            assert violations(answer) == {"#/version": "not_restorable"}
            assert "The name is none any more." in answer.json()["detail"]
            expect_problem(restore(tenant, made, 1, If_Match='"99"'), 412, "precondition_failed")
            expect_problem(restore(tenant, made, 99), 404, "revision_not_found")
            assert (tenant.send("GET", path_of(made)).json() | {"request_id": ""}) == before | {"request_id": ""}
            assert revisions(tenant, made) == revisions_before
            assert restore(tenant, made, 2).json()["name"] == "b"
        assert restore(tenant, made, 1).json()["name"] == WING["name"]

    @pytest.mark.parametrize("gone", [False, True])
    def test_nor_does_what_never_could(self, service: Service, gone: bool) -> None:
        tenant = service.tenant()
        odd: Simulation = SimulationFactory.build(owner_id=tenant.owner, name="a\tb")
        storage = service.container.storage()
        service.call(lambda: storage.repository(Simulation).of(tenant.owner).add(odd, CONTEXT))
        shown = {"id": str(odd.id)}
        assert tenant.send("PATCH", path_of(shown), json={"name": "b"}).status_code == 200
        if gone:
            assert tenant.send("DELETE", path_of(shown)).status_code == 204
        assert violations(restore(tenant, shown, 1)) == {"#/version": "not_restorable"}
        assert restore(tenant, shown, 2).json()["name"] == "b"

    def test_blanks_are_trimmed_once_more_from_what_is_deleted_and_comes_back(self, service: Service) -> None:
        tenant = service.tenant()
        odd: Simulation = SimulationFactory.build(owner_id=tenant.owner, name=" b ")
        storage = service.container.storage()
        service.call(lambda: storage.repository(Simulation).of(tenant.owner).add(odd, CONTEXT))
        assert tenant.send("DELETE", path_of({"id": str(odd.id)})).status_code == 204
        assert restore(tenant, {"id": str(odd.id)}, 1).json()["name"] == "b"

    def test_something_of_another_kind_is_no_simulation(self, service: Service) -> None:
        tenant = service.tenant()
        for id in (tenant.key_id, tenant.owner):
            expect_problem(restore(tenant, {"id": str(id)}, 1), 404, "simulation_not_found")

    def test_what_comes_back_is_held_to_the_rules_of_a_list(self, service: Service) -> None:
        tenant = service.tenant()
        made = deleted(tenant)
        restore(tenant, made, 1)
        again = {name: made[name] for name in MEMBERS}
        assert again == WING
        assert tenant.send("GET", SIMULATIONS, params={"name": "flutter"}).json()["items"][0]["id"] == made["id"]
