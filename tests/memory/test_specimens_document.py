"""The OpenAPI document of entities with every kind of field: schemas match the validation, and examples work."""

import json
from collections.abc import Callable, Iterator
from functools import cache
from typing import Any, TypeAlias
from urllib.parse import parse_qsl

import pytest
from jsonschema_rs import Draft202012Validator
from openapi_spec_validator import OpenAPIV31SpecValidator

from domain.access.scopes import Scope
from domain.entity import plural_of
from tests.contracts.http_api import Service, expect_problem
from tests.factories import CONTEXT
from tests.memory.specimen_service import ENTITIES_AND_SPECIMENS, serving_specimens
from tests.memory.test_specimens import (
    FULL,
    INVALID,
    SPECIMENS,
    make,
    make_tenant,
    material,
    path_of,
    valid_body,
)

Validators: TypeAlias = Callable[[str], Draft202012Validator]

ONE = f"{SPECIMENS}/{{id}}"
NOT_IN_SCHEMA = {"before_made", "invisible", "repeated"}
"""Error codes that JSON Schema cannot express; ``repeated``: texts may be equal only after trimming."""


@pytest.fixture(scope="module")
def service() -> Iterator[Service]:
    with serving_specimens() as service:
        yield service


@pytest.fixture(scope="module")
def document(service: Service) -> Any:
    return service.http.get("/openapi.json").json()


@pytest.fixture(scope="module")
def validator(document: Any) -> Validators:
    """The validator of a schema, made once."""
    return cache(
        lambda schema: Draft202012Validator(
            {"$ref": f"#/components/schemas/{schema}", "components": document["components"]}, validate_formats=True
        )
    )


def body_of(document: Any, verb: str, path: str = ONE) -> tuple[str, Any]:
    """The name of the schema of a request's body, and its example."""
    content = document["paths"][path][verb]["requestBody"]["content"]["application/json"]
    return content["schema"]["$ref"].rpartition("/")[2], content["example"]


def problems_of(document: Any, verb: str, status: str, path: str = ONE) -> set[str]:
    reference = document["paths"][path][verb]["responses"].get(status)
    if reference is None:
        return set()
    response = document["components"]["responses"][reference["$ref"].rpartition("/")[2]]
    return set(response["content"]["application/problem+json"]["examples"])


def test_the_document_is_valid(document: Any) -> None:
    OpenAPIV31SpecValidator(document).validate()
    text = json.dumps(document)
    assert all(f"#/components/schemas/{name}" in text for name in document["components"]["schemas"])


def test_every_writable_member_has_a_valid_example(document: Any) -> None:
    for schema in ("SpecimenCreate", "SpecimenReplace", "SpecimenPatch"):
        for name, member in document["components"]["schemas"][schema]["properties"].items():
            only_as_it_is = schema != "SpecimenCreate" and name in {"series", "parent_id"}
            assert ("examples" in member) != only_as_it_is, name
            for example in member.get("examples", ()):
                schema_of_member = {**member, "components": document["components"]}
                Draft202012Validator(schema_of_member, validate_formats=True).validate(example)


def test_body_schemas_have_the_members_of_their_operation(document: Any) -> None:
    schemas = document["components"]["schemas"]
    create, replace, patch = (
        schemas[body_of(document, verb, path)[0]] for verb, path in (("post", SPECIMENS), ("put", ONE), ("patch", ONE))
    )
    assert set(patch["properties"]) == set(replace["properties"]) == set(create["properties"])
    assert "required" not in patch
    assert create["required"] == replace["required"]
    assert not any("default" in member for body in (create, patch) for member in body["properties"].values())
    assert "left out" not in replace["properties"]["series"]["description"]
    assert create["properties"]["series"]["description"].endswith('; `"A"` if left out')


def test_request_examples_succeed_and_responses_match_the_schema(
    service: Service, document: Any, validator: Validators
) -> None:
    tenant = make_tenant(service)
    made = make(tenant, **FULL)
    own_references = {"material_id": material(tenant)}
    shown = validator("Specimen")
    for verb, path, at in (
        ("post", SPECIMENS, SPECIMENS),
        ("put", ONE, path_of(made)),
        ("patch", ONE, path_of(made)),
        ("post", ONE, path_of(made)),
    ):
        schema, example = body_of(document, verb, path)
        validator(schema).validate(example)
        names = {"name": f"{verb} {at[-8:]}", "code": None}
        answer = tenant.send(verb.upper(), at, json=example | own_references | names)
        assert answer.status_code in {200, 201}, answer.text
        shown.validate(answer.json())
    shown.validate(made)
    shown.validate(make(tenant))
    validator("SpecimenPage").validate(tenant.send("GET", SPECIMENS).json())
    validator("SpecimenRevisionPage").validate(tenant.send("GET", f"{path_of(made)}/revisions").json())
    validator("ChangePage").validate(tenant.send("GET", "/api/v1/changes").json())


@pytest.mark.parametrize(("members", "pointer", "code"), INVALID, ids=lambda value: json.dumps(value)[:40])
def test_an_invalid_member_does_not_match_the_schema(
    service: Service, validator: Validators, members: dict[str, Any], pointer: str, code: str
) -> None:
    body = valid_body(make_tenant(service)) | members
    for schema in ("SpecimenCreate", "SpecimenReplace", "SpecimenPatch"):
        assert validator(schema).is_valid(body) == (code in NOT_IN_SCHEMA), pointer


@pytest.mark.parametrize(
    ("query", "valid"),
    [
        ("state=planned,broken", True),
        ("state=planned,", False),
        ("code=a,b c", True),
        ("code=a,,b", False),
        ("parent_id=0199f3c2-7a10-7000-8000-000000000001,0199f3c2-7a10-7000-8000-000000000002", True),
        ("parent_id=x", False),
        ("price_from=1.50", True),
        ("price_from=-1", False),
        ("price_from=1.505", False),
        ("discount=-0.5", True),
        ("discount=1.5", False),
        ("tag=x", True),
        ("tag=01234567890", False),
        ("made_on_from=2026-02-29", False),
    ],
)
def test_parameter_schemas_match_the_validation(service: Service, document: Any, query: str, valid: bool) -> None:
    ((name, value),) = parse_qsl(query)
    parameters = {each["name"]: each for each in document["paths"][SPECIMENS]["get"]["parameters"]}
    described = parameters[name]
    assert described["description"]
    assert not described["required"]
    assert Draft202012Validator(described["schema"], validate_formats=True).is_valid(value) == valid
    assert (make_tenant(service).send("GET", f"{SPECIMENS}?{query}").status_code == 200) == valid


def test_the_problems_of_an_entity_are_documented_and_have_pages(service: Service, document: Any) -> None:
    taken = {"name_taken", "code_taken"}
    idempotency = {"request_in_flight"}
    assert problems_of(document, "post", "409", SPECIMENS) == taken | idempotency
    for verb in ("put", "patch", "post"):
        assert problems_of(document, verb, "409") == {*taken, "specimen_broken"}
    assert problems_of(document, "delete", "409") == {"specimen_has_parts"}
    assert problems_of(document, "delete", "409", "/api/v1/materials/{id}") == {"material_in_use"}
    restored = problems_of(document, "post", "409", f"{ONE}/restore")
    assert restored == {*taken, "specimen_broken", "whole_missing", "material_missing", "already_exists"}
    for code in restored | {"specimen_has_parts", "material_in_use", "specimen_not_found"}:
        page = service.http.get(f"/problems/{code.replace('_', '-')}").json()
        assert page["meaning"].endswith(".")
        assert page["title"] == page["title"].capitalize()


def test_the_title_of_an_entity_is_used_in_texts(document: Any) -> None:
    operation = document["paths"][ONE]["delete"]
    assert (operation["operationId"], operation["summary"]) == ("delete_specimen", "Delete a test specimen")
    assert {"name": "specimens", "description": "A piece of `material_id` to be tested."} in document["tags"]
    assert ", materials, specimens, API keys and webhooks" in document["info"]["description"]
    assert document["components"]["schemas"]["Specimen"]["description"] == "A piece of `material_id` to be tested."


def test_the_feed_documents_every_read_scope_as_an_alternative(document: Any) -> None:
    security = document["paths"]["/api/v1/changes"]["get"]["security"]
    asked = [f"{plural_of(entity)}:read" for entity in ENTITIES_AND_SPECIMENS]
    assert security == [{scheme: [scope]} for scope in asked for scheme in ("ApiKey", "Bearer")]


def test_the_feed_is_filtered_by_scopes_and_its_cursor_works_with_every_key(service: Service) -> None:
    tenant = make_tenant(service, Scope.KEYS_MANAGE)
    made = make(tenant)

    def key(*scopes: str) -> dict[str, str]:
        async def make_key() -> str:
            _, text = await service.container.use_cases.keys().create(
                tenant.owner, CONTEXT, name="more", scopes=[*map(Scope, scopes)]
            )
            revealed: str = text.reveal()
            return revealed

        text: str = service.call(make_key)
        return {"X-API-Key": text}

    specimens, materials, both = key("specimens:read"), key("materials:read"), key("materials:read", "specimens:read")

    def changes(headers: dict[str, str], **query: Any) -> Any:
        answer = tenant.http.get("/api/v1/changes", headers=headers, params=query)
        assert answer.status_code == 200, answer.text
        return answer.json()

    assert [each["kind"] for each in changes(both)["items"]] == ["material", "specimen"]
    assert [each["id"] for each in changes(specimens)["items"]] == [made["id"]]
    assert [each["id"] for each in changes(materials)["items"]] == [made["material_id"]]
    page, seen = changes(specimens, limit=1), []
    while page["has_more"]:  # a cursor of one key continues with another
        page = changes(both, limit=1, after=page["next_cursor"])
        seen += [each["id"] for each in page["items"]]
    assert seen[-1:] == [made["id"]]
    end = page["next_cursor"]
    assert changes(materials, after=end) == {"items": [], "next_cursor": end, "has_more": False}
    for without_scope in (key("keys:manage"), key("specimens:write")):
        answer = tenant.http.get("/api/v1/changes?after=x&limit=0", headers=without_scope)
        problem = expect_problem(answer, 403, "missing_scope")
        assert "specimens:read" in problem["detail"]
