"""Unique values and references over HTTP: conflicts, unknown ids, deletion and restore."""

from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import pytest

from tests.contracts.http_service import Service, Tenant, expect_problem, violations
from tests.memory.specimen_service import serving_specimens
from tests.memory.test_specimens import MATERIALS, SPECIMENS, make, make_tenant, material, path_of, valid_body

UNKNOWN_ID = "0199f3c2-0000-7000-8000-000000000000"


@pytest.fixture(scope="module")
def service() -> Iterator[Service]:
    with serving_specimens() as service:
        yield service


@pytest.fixture
def tenant(service: Service) -> Tenant:
    return make_tenant(service)


def restore(tenant: Tenant, made: Any, version: int = 1) -> Any:
    return tenant.send("POST", f"{path_of(made)}/restore", json={"version": version})


def test_a_unique_value_is_unique_per_owner(service: Service, tenant: Tenant) -> None:
    first, second = make(tenant, name="one", code="A"), make(tenant, name="two")
    make(tenant)  # null is never a duplicate
    for method, path, body, code in (
        ("POST", SPECIMENS, valid_body(tenant, name=" one "), "name_taken"),
        ("POST", SPECIMENS, valid_body(tenant, code="A"), "code_taken"),
        ("PATCH", path_of(second), {"code": "A"}, "code_taken"),
        ("POST", path_of(second), {"name": "one"}, "name_taken"),
        ("PUT", path_of(second), valid_body(tenant, name="one", material_id=second["material_id"]), "name_taken"),
    ):
        problem = expect_problem(tenant.send(method, path, json=body), 409, code)
        assert problem["detail"] == f"Another test specimen has this {code.removesuffix('_taken')}."
    assert tenant.send("PATCH", path_of(first), json={"name": "one", "code": "A"}).status_code == 200
    assert make(make_tenant(service), name="one", code="A")["name"] == "one"
    tenant.send("PATCH", path_of(first), json={"name": "three"})
    assert tenant.send("PATCH", path_of(second), json={"name": "one"}).status_code == 200
    expect_problem(restore(tenant, first), 409, "name_taken")


@pytest.mark.parametrize("id", [UNKNOWN_ID, "x", "", "{0199f3c2-0000-7000-8000-000000000000}", "0199f3c2"])
def test_a_reference_to_an_unknown_id_is_rejected(tenant: Tenant, id: str) -> None:
    made = make(tenant)
    for method, path, body in (
        ("POST", SPECIMENS, valid_body(tenant, material_id=id)),
        ("PUT", path_of(made), valid_body(tenant, material_id=id)),
        ("PATCH", path_of(made), {"material_id": id}),
    ):
        assert violations(tenant.send(method, path, json=body)) == {"#/material_id": "unknown_material"}
    answer = tenant.send("POST", SPECIMENS, json=valid_body(tenant, parent_id=id, material_id=id))
    assert violations(answer) == {"#/material_id": "unknown_material", "#/parent_id": "unknown_specimen"}


def test_a_reference_to_a_foreign_object_is_rejected_as_unknown(service: Service, tenant: Tenant) -> None:
    foreign, absent = (
        tenant.send("POST", SPECIMENS, json=valid_body(tenant, material_id=id))
        for id in (material(make_tenant(service)), str(uuid4()))
    )
    assert violations(foreign) == violations(absent) == {"#/material_id": "unknown_material"}
    own = {"instance", "request_id"}
    assert foreign.json().keys() == absent.json().keys()
    assert {k: v for k, v in foreign.json().items() if k not in own} == {
        k: v for k, v in absent.json().items() if k not in own
    }


def test_validation_errors_precede_unknown_references(tenant: Tenant) -> None:
    answer = tenant.send("POST", SPECIMENS, json=valid_body(tenant, pieces=11, material_id=UNKNOWN_ID))
    assert violations(answer) == {"#/pieces": "out_of_range"}
    answer = tenant.send("PATCH", f"{SPECIMENS}/{UNKNOWN_ID}", json={"material_id": UNKNOWN_ID})
    expect_problem(answer, 404, "specimen_not_found")


def test_a_reference_can_be_changed_unless_it_is_immutable(tenant: Tenant) -> None:
    made, other = make(tenant), make(tenant)
    steel = material(tenant)
    assert tenant.send("PATCH", path_of(made), json={"material_id": steel}).json()["material_id"] == steel
    part = make(tenant, parent_id=made["id"])
    answer = tenant.send("PATCH", path_of(part), json={"parent_id": other["id"]})
    assert violations(answer) == {"#/parent_id": "immutable"}
    body = valid_body(tenant, name=part["name"])
    assert tenant.send("PUT", path_of(part), json=body).json()["parent_id"] == made["id"]
    assert violations(tenant.send("PUT", path_of(part), json=body | {"parent_id": None})) == {
        "#/parent_id": "immutable"
    }


def test_a_referenced_object_cannot_be_deleted(tenant: Tenant) -> None:
    made = make(tenant)
    part = make(tenant, parent_id=made["id"], material_id=made["material_id"])
    expect_problem(tenant.send("DELETE", f"{MATERIALS}/{made['material_id']}"), 409, "material_in_use")
    expect_problem(tenant.send("DELETE", path_of(made)), 409, "specimen_has_parts")
    for path in (path_of(part), path_of(made), f"{MATERIALS}/{made['material_id']}"):
        assert tenant.send("DELETE", path).status_code == 204


def test_an_object_with_a_missing_reference_cannot_be_restored(tenant: Tenant) -> None:
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


def test_a_list_can_be_filtered_by_references(tenant: Tenant) -> None:
    parent, another = make(tenant), make(tenant)
    parts = [make(tenant, parent_id=each["id"])["id"] for each in (parent, another)]
    for query, expected in (
        (parent["id"], parts[:1]),
        (f"{another['id'].upper()},{parent['id']}", parts[::-1]),
        (UNKNOWN_ID, []),
    ):
        items = tenant.send("GET", f"{SPECIMENS}?parent_id={query}").json()["items"]
        assert [item["id"] for item in items] == expected
