"""The OpenAPI document: operation names, examples, and the scopes that operations require."""

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
from tests.contracts.http_webhooks import WEBHOOKS
from tests.contracts.resources import RESOURCES

COMMITTED = Path(__file__).parents[2] / "docs" / "openapi.json"
VERBS = {"get", "put", "patch", "post", "delete"}
RESOURCE_OPERATIONS = {
    ("", "get"): "list",
    ("", "post"): "create",
    ("/batch", "post"): "batch",
    ("/{id}", "get"): "get",
    ("/{id}", "put"): "replace",
    ("/{id}", "patch"): "update",
    ("/{id}", "post"): "amend",
    ("/{id}", "delete"): "delete",
    ("/{id}/revisions", "get"): "revisions",
    ("/{id}/restore", "post"): "restore",
}
REPORTS = {  # of the runs of a simulation
    "/api/v1/simulations/{id}/summary": "summarize_simulation",
    "/api/v1/simulations/{id}/runs.csv": "export_runs",
}
OPERATIONS = {
    ("/api/v1/changes", "get"): "list_changes",
    (KEYS, "get"): "list_keys",
    (KEYS, "post"): "create_key",
    (KEYS + "/{id}", "get"): "get_key",
    (KEYS + "/{id}", "delete"): "revoke_key",
    (KEYS + "/{id}/roll", "post"): "roll_key",
    (ME, "get"): "whoami",
    (WEBHOOKS, "get"): "list_webhooks",
    (WEBHOOKS, "post"): "create_webhook",
    (WEBHOOKS + "/{id}", "get"): "get_webhook",
    (WEBHOOKS + "/{id}", "patch"): "update_webhook",
    (WEBHOOKS + "/{id}", "delete"): "delete_webhook",
    (WEBHOOKS + "/{id}/roll", "post"): "roll_webhook",
    (WEBHOOKS + "/{id}/deliveries", "get"): "list_webhook_deliveries",
    (WEBHOOKS + "/{id}/deliveries", "post"): "request_webhook_delivery",
    ("/problems/{name}", "get"): "get_problem",
    ("/livez", "get"): "livez",
    ("/readyz", "get"): "readyz",
    **{(path, "get"): name for path, name in REPORTS.items()},
} | {
    (resource.path + path, method): resource.operation(verb)
    for resource in RESOURCES
    for (path, method), verb in RESOURCE_OPERATIONS.items()
}
WRITE_ONLY = {"overlap_seconds", "version"}  # request members that are not part of an object


@pytest.fixture(scope="module")
def service() -> Iterator[Service]:
    with serving(Storage()) as service:
        service.entities = ENTITIES  # the examples refer to them
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
    """The value, or the target if it is a reference; a dangling reference raises KeyError."""
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


def existing_path(tenant: Tenant, document: Any, path: str) -> str:
    """The path with an existing_path problem, or an object made from its resource's example."""
    parent, has_id, rest = path.partition("/{id}")
    if not has_id:
        return path.replace("{name}", "not-found")
    example = document["paths"][parent]["post"]["requestBody"]["content"]["application/json"]["example"]
    others = {resource.path: resource.other for resource in RESOURCES} | {
        WEBHOOKS: {"description": "to be changed"}
    }  # other values, so that the next request changes it
    answer = tenant.send("POST", parent, json=example | others.get(parent, {"name": "to be changed"}))
    assert answer.status_code == 201, answer.text
    return f"{parent}/{answer.json()['id']}{rest}"


def test_the_committed_document_is_up_to_date(document: Any) -> None:
    assert json.loads(COMMITTED.read_text()) == document, "stale: ./run openapi"


def test_operation_ids_match_the_contract(document: Any) -> None:
    assert {(path, verb): operation["operationId"] for path, verb, operation in operations(document)} == OPERATIONS


def test_the_document_is_valid_and_references_resolve(document: Any) -> None:
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


def test_every_error_response_is_a_catalogued_problem(document: Any) -> None:
    documented = set()
    for _, _, operation in operations(document):
        for status, reference in operation["responses"].items():
            response = resolved(document, reference)
            assert resolved(document, response["headers"]["X-Request-ID"])["required"]
            if status >= "400":
                (content,) = response["content"].items()
                assert content[0] == MEDIA_TYPE
                assert {CATALOGUE[code].status for code in content[1]["examples"]} == {int(status)}
                documented |= set(content[1]["examples"])
    # Not documented at an operation: the errors of a wrong method and of a CORS preflight.
    assert documented == set(CATALOGUE) - {"method_not_allowed", "cross_origin_refused"}


def test_problem_examples_match_the_schema(document: Any) -> None:
    problem = validator(document, "Problem")
    examples = [
        example["value"]
        for response in document["components"]["responses"].values()
        for example in response["content"][MEDIA_TYPE]["examples"].values()
    ]
    assert len(examples) > 20
    for example in examples:
        problem.validate(example)


def test_request_examples_succeed_and_responses_match_the_schema(service: Service, document: Any) -> None:
    for path, verb, operation in operations(document):
        assert ("requestBody" in operation) == (verb in {"post", "put", "patch"})
        for media_type, content in operation.get("requestBody", {"content": {}})["content"].items():
            tenant = service.tenant()
            at = existing_path(tenant, document, path)
            headers = {"Content-Type": media_type}
            answer = tenant.send(verb, at, content=json.dumps(content["example"]), headers=headers)
            if "202" in operation["responses"]:
                assert (answer.status_code, answer.content) == (202, b"")
                continue
            expected = operation["responses"]["201" if "201" in operation["responses"] else "200"]
            assert str(answer.status_code) in {"200", "201"} & set(operation["responses"]), answer.text
            shown = expected["content"]["application/json"]["schema"]["$ref"].rpartition("/")[2]
            validator(document, shown).validate(answer.json())
            sent = {name: value for name, value in content["example"].items() if name not in WRITE_ONLY}
            found = answer.json()
            for one, made in zip(sent.get("items", [sent]), found.get("items", [found]), strict=True):
                assert {name: made[name] for name in one} == one


def test_get_responses_match_the_schema(service: Service, document: Any) -> None:
    for path, verb, operation in operations(document):
        if verb == "get":
            tenant = service.tenant()
            answer = tenant.send(verb, existing_path(tenant, document, path))
            assert answer.status_code == 200, path
            described = operation["responses"]["200"]
            assert answer.headers["content-type"].partition(";")[0] in described["content"]
            if "application/json" in described["content"]:
                shown = described["content"]["application/json"]["schema"]["$ref"].rpartition("/")[2]
                validator(document, shown).validate(answer.json())
            for name, header in described["headers"].items():
                assert name in answer.headers or not resolved(document, header)["required"]


def required_scopes(route: APIRoute) -> set[str]:
    """The scopes of which the key needs one: each resource has a scope for reading and one for writing."""
    if route.path == ME:
        return set()
    if route.path.startswith(KEYS):
        return {"keys:manage"}
    if route.path.startswith(WEBHOOKS):
        return {"webhooks:manage"}
    if route.path in REPORTS:
        return {"runs:read"}
    resources = [
        each for each in RESOURCES if route.path.startswith(each.path)
    ] or RESOURCES  # the feed covers all resources
    return {each.reads if route.methods == {"GET"} else each.writes for each in resources}


def test_every_operation_requires_the_scope_of_its_method(service: Service, document: Any) -> None:
    routes = [route for route in service.api.routes if isinstance(route, APIRoute) and route.include_in_schema]
    assert {route.path for route in routes} == set(document["paths"])
    for route in routes:
        method = next(iter(route.methods or ()))
        operation = document["paths"][route.path][method.lower()]
        if not route.path.startswith("/api/"):
            assert "security" not in operation
            continue
        scopes = required_scopes(route)
        schemes = [(scheme, tuple(asked)) for way in operation["security"] for scheme, asked in way.items()]
        wanted = [(scope,) for scope in scopes] if scopes else [()]
        assert sorted(schemes) == sorted(product(("ApiKey", "Bearer"), wanted))
        assert service.http.request(method, route.path).status_code == 401
        assert ("403" in operation["responses"]) == bool(scopes)
        without_scopes = service.tenant(*(scope for scope in Scope if scope not in scopes))
        answer = without_scopes.send(method, route.path, json={})
        assert (answer.status_code == 403) == bool(scopes), route.path
        for scope in scopes:
            assert service.tenant(scope).send(method, route.path, json={}).status_code != 403, route.path
