"""The OpenAPI document of added routes: it stays valid, and describes what they declare."""

from collections.abc import Iterator
from decimal import Decimal
from enum import Enum
from typing import Annotated, Any

from fastapi import APIRouter, Body, FastAPI, Query, Request
from openapi_spec_validator import OpenAPIV31SpecValidator
from pydantic import RootModel

from tests.contracts.http_api import Service
from tests.memory.snippets import WITH_KEY, Item, send, served


class Colour(Enum):
    RED = "red"


def document(service: Service) -> Any:
    """The document, after checking that it is valid and that every reference resolves."""
    found = service.http.get("/openapi.json").json()
    OpenAPIV31SpecValidator(found).validate()
    for reference in references(found):
        place = found
        for part in reference.removeprefix("#/").split("/"):
            place = place[part]
    return found


def references(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        yield from (each for name, each in value.items() if name == "$ref")
    for each in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        yield from references(each)


async def items(body: list[Item]) -> Any:
    return body


async def number(body: Annotated[int, Body()]) -> Any:
    return body


async def numbers(body: RootModel[list[int]]) -> Any:
    return body


async def colour(body: Annotated[Colour, Body()]) -> Any:
    return body


async def either(body: Item | None = None) -> Any:
    return body


async def data(body: Annotated[bytes, Body(media_type="application/octet-stream")]) -> Any:
    return body.decode()


async def raw(request: Request) -> Any:
    return (await request.body()).decode()


def test_bodies_other_than_objects_are_described_and_parsed() -> None:
    def prepare(api: FastAPI) -> None:
        for endpoint in (items, number, numbers, colour, either, data):
            api.post(f"/{endpoint.__name__}", dependencies=WITH_KEY)(endpoint)
        yaml = {"requestBody": {"content": {"application/yaml": {"schema": {"type": "object"}}}}}
        api.post("/raw", dependencies=WITH_KEY, openapi_extra=yaml)(raw)

    with served(prepare) as service:
        bodies = {
            path: operations["post"]["requestBody"]["content"]
            for path, operations in document(service)["paths"].items()
            if "post" in operations
        }
        assert bodies["/number"]["application/json"]["schema"]["type"] == "integer"
        assert bodies["/raw"] == {"application/yaml": {"schema": {"type": "object"}}}
        for path, body in {
            "/items": [{"name": "a", "price": 2.0}],
            "/number": 3,
            "/numbers": [1],
            "/colour": "red",
            "/either": None,
        }.items():
            assert send(service, "POST", path, json=body).json() == body
        for path in ("/data", "/raw"):
            octets = {"Content-Type": "application/octet-stream"}
            assert send(service, "POST", path, content=b"abc", headers=octets).json() == "abc"


def test_union_parameters_and_declared_responses_are_described() -> None:
    def prepare(api: FastAPI) -> None:
        @api.get("/several", dependencies=WITH_KEY, responses={422: {"model": Item}, "4XX": {"description": "other"}})
        async def several(
            either: int | str = "x",
            amount: Annotated[Decimal, Query(description="how much")] = Decimal("1.5"),
            maybe: int | None = None,
        ) -> Any:
            return None

    with served(prepare) as service:
        operation = document(service)["paths"]["/several"]["get"]
        schemas = {each["name"]: each["schema"] for each in operation["parameters"]}
        assert schemas["either"] == {"default": "x", "anyOf": [{"type": "integer"}, {"type": "string"}]}
        assert schemas["amount"]["default"] == "1.5"
        assert schemas["maybe"] == {"type": "integer"}
        shown = operation["responses"]["422"]["content"]["application/json"]["schema"]
        assert shown == {"$ref": "#/components/schemas/Item"}


def test_callbacks_and_webhooks_are_described() -> None:
    callbacks = APIRouter()

    def prepare(api: FastAPI) -> None:
        @api.webhooks.post("item-made")
        def item_made(body: Item) -> None:
            """Sent when an item is made."""

        @callbacks.post("{$callback_url}/made")
        def made(body: Item) -> None: ...

        @api.post("/items", callbacks=callbacks.routes, dependencies=WITH_KEY)
        async def create(item: Item) -> Any:
            return item

    with served(prepare) as service:
        found = document(service)
        assert "item-made" in found["webhooks"]
        assert "422" not in found["paths"]["/items"]["post"]["responses"]
