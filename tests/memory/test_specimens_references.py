"""Unique values and references over HTTP: what is taken, unknown, in use, or gone."""

from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import pytest

from tests.contracts.http_service import Service, Tenant, expect_problem, violations
from tests.memory.specimen_service import serving_specimens
from tests.memory.test_specimens import MATERIALS, SPECIMENS, make, material, path_of, tenant_of, whole

NOBODY = "0199f3c2-0000-7000-8000-000000000000"


@pytest.fixture(scope="module")
def service() -> Iterator[Service]:
    with serving_specimens() as service:
        yield service


@pytest.fixture
def tenant(service: Service) -> Tenant:
    return tenant_of(service)


def restore(tenant: Tenant, made: Any, version: int = 1) -> Any:
    return tenant.send("POST", f"{path_of(made)}/restore", json={"version": version})


def test_a_unique_value_is_taken_once_by_an_owner(service: Service, tenant: Tenant) -> None:
    first, second = make(tenant, name="one", code="A"), make(tenant, name="two")
    make(tenant)  # None is never taken
    for method, path, body, code in (
        ("POST", SPECIMENS, whole(tenant, name=" one "), "name_taken"),
        ("POST", SPECIMENS, whole(tenant, code="A"), "code_taken"),
        ("PATCH", path_of(second), {"code": "A"}, "code_taken"),
        ("POST", path_of(second), {"name": "one"}, "name_taken"),
        ("PUT", path_of(second), whole(tenant, name="one", material_id=second["material_id"]), "name_taken"),
    ):
        problem = expect_problem(tenant.send(method, path, json=body), 409, code)
        assert problem["detail"] == f"Another test specimen has this {code.removesuffix('_taken')}."
    assert tenant.send("PATCH", path_of(first), json={"name": "one", "code": "A"}).status_code == 200
    assert make(tenant_of(service), name="one", code="A")["name"] == "one"
    tenant.send("PATCH", path_of(first), json={"name": "three"})
    assert tenant.send("PATCH", path_of(second), json={"name": "one"}).status_code == 200
    expect_problem(restore(tenant, first), 409, "name_taken")


@pytest.mark.parametrize("id", [NOBODY, "x", "", "{0199f3c2-0000-7000-8000-000000000000}", "0199f3c2"])
def test_a_reference_to_nothing_is_unknown(tenant: Tenant, id: str) -> None:
    made = make(tenant)
    for method, path, body in (
        ("POST", SPECIMENS, whole(tenant, material_id=id)),
        ("PUT", path_of(made), whole(tenant, material_id=id)),
        ("PATCH", path_of(made), {"material_id": id}),
    ):
        assert violations(tenant.send(method, path, json=body)) == {"#/material_id": "unknown_material"}
    answer = tenant.send("POST", SPECIMENS, json=whole(tenant, parent_id=id, material_id=id))
    assert violations(answer) == {"#/material_id": "unknown_material", "#/parent_id": "unknown_specimen"}


def test_what_another_owner_has_is_unknown_as_well(service: Service, tenant: Tenant) -> None:
    foreign, absent = (
        tenant.send("POST", SPECIMENS, json=whole(tenant, material_id=id))
        for id in (material(tenant_of(service)), str(uuid4()))
    )
    assert violations(foreign) == violations(absent) == {"#/material_id": "unknown_material"}
    own = {"instance", "request_id"}
    assert foreign.json().keys() == absent.json().keys()
    assert {k: v for k, v in foreign.json().items() if k not in own} == {
        k: v for k, v in absent.json().items() if k not in own
    }


def test_what_is_wrong_in_itself_is_said_before_what_is_unknown(tenant: Tenant) -> None:
    answer = tenant.send("POST", SPECIMENS, json=whole(tenant, pieces=11, material_id=NOBODY))
    assert violations(answer) == {"#/pieces": "out_of_range"}
    answer = tenant.send("PATCH", f"{SPECIMENS}/{NOBODY}", json={"material_id": NOBODY})
    expect_problem(answer, 404, "specimen_not_found")


def test_a_reference_may_change_unless_it_is_immutable(tenant: Tenant) -> None:
    made, other = make(tenant), make(tenant)
    steel = material(tenant)
    assert tenant.send("PATCH", path_of(made), json={"material_id": steel}).json()["material_id"] == steel
    part = make(tenant, parent_id=made["id"])
    answer = tenant.send("PATCH", path_of(part), json={"parent_id": other["id"]})
    assert violations(answer) == {"#/parent_id": "immutable"}
    body = whole(tenant, name=part["name"])
    assert tenant.send("PUT", path_of(part), json=body).json()["parent_id"] == made["id"]
    assert violations(tenant.send("PUT", path_of(part), json=body | {"parent_id": None})) == {
        "#/parent_id": "immutable"
    }


def test_what_is_referred_to_is_not_deleted(tenant: Tenant) -> None:
    made = make(tenant)
    part = make(tenant, parent_id=made["id"], material_id=made["material_id"])
    expect_problem(tenant.send("DELETE", f"{MATERIALS}/{made['material_id']}"), 409, "material_in_use")
    expect_problem(tenant.send("DELETE", path_of(made)), 409, "specimen_has_parts")
    for path in (path_of(part), path_of(made), f"{MATERIALS}/{made['material_id']}"):
        assert tenant.send("DELETE", path).status_code == 204


def test_what_referred_to_something_that_is_gone_is_not_restored(tenant: Tenant) -> None:
    made = make(tenant)
    part = make(tenant, parent_id=made["id"], material_id=material(tenant))
    for path in (path_of(part), path_of(made), f"{MATERIALS}/{made['material_id']}"):
        assert tenant.send("DELETE", path).status_code == 204
    expect_problem(restore(tenant, part), 409, "whole_missing")
    expect_problem(restore(tenant, made), 409, "material_missing")
    assert tenant.send("POST", f"{MATERIALS}/{made['material_id']}/restore", json={"version": 1}).status_code == 200
    for each in (made, part):
        answer = restore(tenant, each)
        assert answer.status_code == 200, answer.text
        assert answer.json()["parent_id"] == each["parent_id"]


def test_a_list_is_filtered_by_references(tenant: Tenant) -> None:
    whole_one, another = make(tenant), make(tenant)
    parts = [make(tenant, parent_id=each["id"])["id"] for each in (whole_one, another)]
    for asked, expected in (
        (whole_one["id"], parts[:1]),
        (f"{another['id'].upper()},{whole_one['id']}", parts[::-1]),
        (NOBODY, []),
    ):
        items = tenant.send("GET", f"{SPECIMENS}?parent_id={asked}").json()["items"]
        assert [item["id"] for item in items] == expected
