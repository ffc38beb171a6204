"""The OpenAPI document: it names what the contract names, its examples work, and no operation is without its scope."""

import json
from collections.abc import Iterator
from itertools import product
from pathlib import Path
from typing import Any

import pytest
from fastapi.routing import APIRoute
from jsonschema_rs import Draft202012Validator
from openapi_spec_validator import OpenAPIV31SpecValidator

from adapters.http_fastapi.kit.problem_types import CATALOGUE
from adapters.http_fastapi.kit.problems import MEDIA_TYPE
from adapters.in_memory.storage import Storage
from domain.access.scopes import Scope
from domain.registry import ENTITIES
from tests.contracts.http_service import KEYS, ME, Service, Tenant, serving
from tests.contracts.resources import RESOURCES

COMMITTED = Path(__file__).parents[2] / "docs" / "openapi.json"
VERBS = {"get", "put", "patch", "post", "delete"}
OF_A_RESOURCE = {
    ("", "get"): "list",
    ("", "post"): "create",
    ("/{id}", "get"): "get",
    ("/{id}", "put"): "replace",
    ("/{id}", "patch"): "update",
    ("/{id}", "post"): "amend",
    ("/{id}", "delete"): "delete",
    ("/{id}/revisions", "get"): "revisions",
    ("/{id}/restore", "post"): "restore",
}
OPERATIONS = {
    ("/api/v1/changes", "get"): "list_changes",
    (KEYS, "get"): "list_keys",
    (KEYS, "post"): "create_key",
    (KEYS + "/{id}", "get"): "get_key",
    (KEYS + "/{id}", "delete"): "revoke_key",
    (KEYS + "/{id}/roll", "post"): "roll_key",
    (ME, "get"): "whoami",
    ("/problems/{name}", "get"): "get_problem",
    ("/livez", "get"): "livez",
    ("/readyz", "get"): "readyz",
} | {
    (resource.path + path, method): resource.operation(verb)
    for resource in RESOURCES
    for (path, method), verb in OF_A_RESOURCE.items()
}
NOT_SHOWN = {"overlap_seconds", "version"}  # what is sent and belongs to no object


@pytest.fixture(scope="module")
def service() -> Iterator[Service]:
    with serving(Storage()) as service:
        service.entities = ENTITIES  # so that new tenants have what the examples refer to
        yield service


@pytest.fixture(scope="module")
def document(service: Service) -> Any:
    return service.http.get("/openapi.json").json()


def operations(document: Any) -> Iterator[tuple[str, str, Any]]:
    for path, item in document["paths"].items():
        assert set(item) <= VERBS
        for verb, operation in item.items():
            yield path, verb, operation


def resolved(document: Any, value: Any) -> Any:
    """The value, or what it refers to; a reference that leads nowhere raises KeyError."""
    while isinstance(value, dict) and "$ref" in value:
        root, *names = value["$ref"].split("/")
        assert root == "#"
        value = document
        for name in names:
            value = value[name]
    return value


def nodes(value: Any) -> Iterator[Any]:
    yield value
    for child in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        yield from nodes(child)


def validator(document: Any, schema: str) -> Draft202012Validator:
    return Draft202012Validator({"$ref": f"#/components/schemas/{schema}", "components": document["components"]})


def existing(tenant: Tenant, document: Any, path: str) -> str:
    """The path to something that is there: a problem, or an object made by the example of its own resource."""
    parent, has_id, rest = path.partition("/{id}")
    if not has_id:
        return path.replace("{name}", "not-found")
    example = document["paths"][parent]["post"]["requestBody"]["content"]["application/json"]["example"]
    others = {resource.path: resource.other for resource in RESOURCES}  # so that whatever is sent next changes it
    answer = tenant.send("POST", parent, json=example | others.get(parent, {"name": "to be changed"}))
    assert answer.status_code == 201, answer.text
    return f"{parent}/{answer.json()['id']}{rest}"


def test_the_committed_document_is_the_one_that_is_served(document: Any) -> None:
    assert json.loads(COMMITTED.read_text()) == document, "stale: ./run openapi"


def test_operations_have_the_names_of_the_contract(document: Any) -> None:
    assert {(path, verb): operation["operationId"] for path, verb, operation in operations(document)} == OPERATIONS


def test_the_document_is_valid_and_refers_to_nothing_that_is_not_there(document: Any) -> None:
    OpenAPIV31SpecValidator(document).validate()
    for node in nodes(document):
        if isinstance(node, dict) and isinstance(node.get("$ref"), str):
            resolved(document, node)
    for node in nodes(document["paths"]):
        if isinstance(node, dict) and "links" in node:
            assert {link["operationId"] for link in node["links"].values()} <= set(OPERATIONS.values())
    used = {node["$ref"] for node in nodes(document) if isinstance(node, dict) and "$ref" in node}
    for kind in ("schemas", "responses"):
        assert {f"#/components/{kind}/{name}" for name in document["components"][kind]} <= used


def test_every_refusal_is_one_of_our_problems(document: Any) -> None:
    told = set()
    for _, _, operation in operations(document):
        for status, reference in operation["responses"].items():
            response = resolved(document, reference)
            assert resolved(document, response["headers"]["X-Request-ID"])["required"]
            if status >= "400":
                (content,) = response["content"].items()
                assert content[0] == MEDIA_TYPE
                assert {CATALOGUE[code].status for code in content[1]["examples"]} == {int(status)}
                told |= set(content[1]["examples"])
    # What no operation that exists answers with: a wrong verb, and a preflight.
    assert told == set(CATALOGUE) - {"method_not_allowed", "cross_origin_refused"}


def test_every_example_of_a_problem_is_one(document: Any) -> None:
    problem = validator(document, "Problem")
    examples = [
        example["value"]
        for response in document["components"]["responses"].values()
        for example in response["content"][MEDIA_TYPE]["examples"].values()
    ]
    assert len(examples) > 20
    for example in examples:
        problem.validate(example)


def test_every_example_of_a_request_succeeds_as_described(service: Service, document: Any) -> None:
    for path, verb, operation in operations(document):
        assert ("requestBody" in operation) == (verb in {"post", "put", "patch"})
        for media_type, content in operation.get("requestBody", {"content": {}})["content"].items():
            tenant = service.tenant()  # of its own, as examples may have unique values
            at = existing(tenant, document, path)
            headers = {"Content-Type": media_type}
            answer = tenant.send(verb, at, content=json.dumps(content["example"]), headers=headers)
            expected = operation["responses"]["201" if "201" in operation["responses"] else "200"]
            assert str(answer.status_code) in {"200", "201"} & set(operation["responses"]), answer.text
            shown = expected["content"]["application/json"]["schema"]["$ref"].rpartition("/")[2]
            validator(document, shown).validate(answer.json())
            sent = {name: value for name, value in content["example"].items() if name not in NOT_SHOWN}
            assert sent.items() <= answer.json().items()


def test_every_answer_that_is_read_is_as_described(service: Service, document: Any) -> None:
    for path, verb, operation in operations(document):
        if verb == "get":
            tenant = service.tenant()
            answer = tenant.send(verb, existing(tenant, document, path))
            assert answer.status_code == 200, path
            described = operation["responses"]["200"]
            shown = described["content"]["application/json"]["schema"]["$ref"].rpartition("/")[2]
            validator(document, shown).validate(answer.json())
            for name, header in described["headers"].items():
                assert name in answer.headers or not resolved(document, header)["required"]


def required_scopes(route: APIRoute) -> set[str]:
    """Of which scopes the operation asks a key for one, by the rule that reading and writing have a scope each."""
    if route.path == ME:
        return set()
    if route.path.startswith(KEYS):
        return {"keys:manage"}
    resources = [each for each in RESOURCES if route.path.startswith(each.path)] or RESOURCES  # the feed is of all
    return {each.reads if route.methods == {"GET"} else each.writes for each in resources}


def test_every_operation_asks_for_the_scope_of_its_verb(service: Service, document: Any) -> None:
    routes = [route for route in service.api.routes if isinstance(route, APIRoute) and route.include_in_schema]
    assert {route.path for route in routes} == set(document["paths"])
    for route in routes:
        method = next(iter(route.methods or ()))
        operation = document["paths"][route.path][method.lower()]
        if not route.path.startswith("/api/"):
            assert "security" not in operation
            continue
        scopes = required_scopes(route)
        ways = [(scheme, tuple(asked)) for way in operation["security"] for scheme, asked in way.items()]
        wanted = [(scope,) for scope in scopes] if scopes else [()]
        assert sorted(ways) == sorted(product(("ApiKey", "Bearer"), wanted))
        assert service.http.request(method, route.path).status_code == 401
        assert ("403" in operation["responses"]) == bool(scopes)
        lacking = service.tenant(*(scope for scope in Scope if scope not in scopes))
        answer = lacking.send(method, route.path, json={})
        assert (answer.status_code == 403) == bool(scopes), route.path
        for scope in scopes:
            assert service.tenant(scope).send(method, route.path, json={}).status_code != 403, route.path
