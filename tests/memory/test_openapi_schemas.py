"""The OpenAPI document as generators of clients and readers need it: names, texts, examples, and what is required."""

import json
import keyword
import re
from collections.abc import Iterator
from typing import Any

import pytest
from jsonschema_rs import Draft202012Validator

from tests.contracts.document import DOCUMENT as COMMITTED

DOCUMENT = json.loads(COMMITTED.read_text())
SCHEMAS = DOCUMENT["components"]["schemas"]
OPERATIONS = {
    operation["operationId"]: (verb, path, operation)
    for path, verbs in DOCUMENT["paths"].items()
    for verb, operation in verbs.items()
}
OPTIONAL_IN_ANSWERS = {"Problem": {"errors"}, "ProblemError": {"pointer", "parameter", "header"}}


def nodes(value: Any) -> Iterator[Any]:
    yield value
    for child in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        yield from nodes(child)


def refers(schema: Any) -> set[str]:
    """The names of the schemas that this one refers to."""
    found = (each["$ref"] for each in nodes(schema) if isinstance(each, dict) and "$ref" in each)
    return {name for root, _, name in (each.rpartition("/") for each in found) if root == "#/components/schemas"}


def reached(schema: Any) -> set[str]:
    """Those, and what they refer to in turn."""
    found: set[str] = set()
    waiting = refers(schema)
    while waiting:
        name = waiting.pop()
        found.add(name)
        waiting |= refers(SCHEMAS[name]) - found
    return found


def members() -> Iterator[tuple[str, dict[str, Any]]]:
    """The members of every schema, those of objects within it too."""
    for name, schema in SCHEMAS.items():
        for node in nodes(schema):
            if isinstance(node, dict) and isinstance(node.get("properties"), dict):
                yield from ((f"{name}.{member}", said) for member, said in node["properties"].items())


def bodies() -> set[str]:
    """The schemas of what clients send."""
    return set().union(*(reached(operation.get("requestBody")) for *_, operation in OPERATIONS.values()))


def answers() -> set[str]:
    """The schemas of what clients are shown."""
    shared = reached(DOCUMENT["components"]["responses"])
    return shared.union(*(reached(operation["responses"]) for *_, operation in OPERATIONS.values()))


@pytest.mark.parametrize(("name", "member"), [*members()], ids=[name for name, _ in members()])
def test_every_member_is_described_and_has_a_valid_example(name: str, member: dict[str, Any]) -> None:
    assert member.get("description"), name
    immutable = name in {"RunReplace.parent_id", "RunPatch.parent_id"}  # which can only be sent as it is
    assert bool(refers(member)) or immutable is not bool(member.get("examples"))
    schema = {**member, "components": DOCUMENT["components"]}
    for example in member.get("examples", []):
        Draft202012Validator(schema, validate_formats=True).validate(example)


@pytest.mark.parametrize("name", SCHEMAS)
def test_every_schema_is_described_and_named_for_what_it_is(name: str) -> None:
    assert SCHEMAS[name]["description"]
    assert re.fullmatch("([A-Z][a-z]+)+", name)
    sent = {operation for operation, (*_, said) in OPERATIONS.items() if name in reached(said.get("requestBody"))}
    verbs = {"Create": "(create|replace)_", "Batch": "create_", "Replace": "replace_", "Patch": "(update|amend)_"}
    for end, verb in verbs.items():
        if name.endswith(end):
            assert sent
            assert all(re.match(verb, operation) for operation in sent)
    if name.endswith("Page"):
        assert {"items", "next_cursor"} <= SCHEMAS[name]["properties"].keys()
    assert not name.endswith(("Changes", "Body1", "1"))


@pytest.mark.parametrize("operation_id", OPERATIONS)
def test_every_operation_is_described_and_tagged(operation_id: str) -> None:
    _, path, operation = OPERATIONS[operation_id]
    assert operation["summary"]
    assert operation["description"]
    (tag,) = operation["tags"]
    assert tag in {each["name"] for each in DOCUMENT["tags"]}
    names = [parameter["name"] for parameter in operation.get("parameters", [])]
    assert set(re.findall(r"\{(\w+)\}", path)) <= {*names}
    for parameter in operation.get("parameters", []):
        assert parameter["description"], parameter["name"]
    for response in operation["responses"].values():
        assert "$ref" in response or response["description"]


def test_the_document_says_where_the_service_is_and_its_licence() -> None:
    assert all(tag["description"].endswith(".") for tag in DOCUMENT["tags"])
    assert len({tag["name"] for tag in DOCUMENT["tags"]}) == len(DOCUMENT["tags"])
    assert DOCUMENT["servers"] == [{"url": "/", "description": "the service that this document comes from"}]
    assert DOCUMENT["info"]["license"] == {"name": "MIT", "identifier": "MIT"}


def test_every_enumeration_makes_usable_and_distinct_names() -> None:
    found = [node for node in nodes(DOCUMENT) if isinstance(node, dict) and isinstance(node.get("enum"), list)]
    assert len(found) > 5
    for node in found:
        names = node.get("x-enum-varnames", [re.sub("[^a-z0-9]", "_", value.lower()) for value in node["enum"]])
        assert len({*names}) == len(names) == len(node["enum"])
        assert all(re.fullmatch("[A-Za-z][A-Za-z0-9_]*", name) and not keyword.iskeyword(name) for name in names)


def test_a_choice_is_one_type_wherever_it_is_sent_and_shown() -> None:
    for name in ("Run", "RunCreate", "RunReplace", "RunPatch"):
        assert SCHEMAS[name]["properties"]["status"]["$ref"] == "#/components/schemas/RunStatus"


@pytest.mark.parametrize("kind", ["simulations", "runs"])
def test_sorts_are_named(kind: str) -> None:
    *_, operation = OPERATIONS[f"list_{kind}"]
    (sort,) = (each for each in operation["parameters"] if each["name"] == "sort")
    (named,) = map(SCHEMAS.get, refers(sort))
    assert {*refers(sort)} == {f"{kind[:-1].title()}Sort"}
    assert sort["schema"]["default"] == "-created_at"
    names = dict(zip(named["enum"], named["x-enum-varnames"], strict=True))
    assert (names["created_at"], names["-created_at"]) == ("CREATED_AT", "CREATED_AT_DESC")


def test_what_may_be_left_out_of_a_body_is_not_required_and_what_is_always_there_is() -> None:
    for name in bodies() - answers():
        schema = SCHEMAS[name]
        required = set(schema.get("required", ()))
        assert not any("default" in said for said in schema["properties"].values()), name  # TypeScript would require it
        if name.endswith(("Create", "Input", "Body", "Batch")):
            for each, said in schema["properties"].items():
                omissible = "left out" in said["description"] or {"type": "null"} in said.get("anyOf", [])
                assert (each in required) is not omissible, f"{name}.{each}"
    for name in answers() - bodies():
        schema = SCHEMAS[name]
        left_out = set(schema.get("properties", ())) - set(schema.get("required", ()))
        assert left_out == OPTIONAL_IN_ANSWERS.get(name, set()), name
    assert not {name for name in bodies() & answers() if "properties" in SCHEMAS[name]}


def test_a_body_is_of_one_type() -> None:
    for _, _, operation in OPERATIONS.values():
        if "requestBody" in operation:
            (content,) = operation["requestBody"]["content"].values()
            assert content["schema"].keys() == {"$ref"}
            assert operation["requestBody"]["required"] or operation["operationId"] == "roll_key"
