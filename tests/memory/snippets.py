"""Helpers for the test_fastapi_* modules: the application with added routes, and requests to it."""

from collections.abc import Callable
from typing import Annotated, Any

from fastapi import FastAPI, Security
from httpx2 import Response
from pydantic import BaseModel

from adapters.http_fastapi.kit.authentication import authenticate
from adapters.http_fastapi.kit.routes.route import CompiledRoute
from adapters.in_memory.storage import Storage
from domain.access.authentication import Caller
from tests.contracts.http_api import Service, serving

CallerOf = Annotated[Caller, Security(authenticate)]
WITH_KEY = [Security(authenticate)]
WITH_MANAGE_SCOPE = [Security(authenticate, scopes=["keys:manage"])]


class Item(BaseModel):
    name: str
    price: float = 1.5


class SecretItem(Item):
    secret: str = "hidden"


def served(prepare: Callable[[FastAPI], object], **settings: Any) -> Any:
    return serving(Storage(), prepare=prepare, **settings)


def send(service: Service, method: str, path: str, **more: Any) -> Response:
    """The response to a new tenant's request, with the headers that every authenticated response has."""
    answer = service.tenant().send(method, path, **more)
    assert answer.headers["x-request-id"]
    assert answer.headers["ratelimit-policy"].startswith('"owner"')
    assert answer.headers["x-content-type-options"] == "nosniff"
    return answer


def binding(api: FastAPI, path: str) -> object:
    (route,) = [each for each in api.routes if isinstance(each, CompiledRoute) and each.path == path]
    return route.binding


def expect_status(answer: Response, status: int) -> Any:
    assert (answer.status_code, answer.headers["content-type"]) == (status, "application/problem+json"), answer.text
    return answer.json()


async def with_body(item: Item, numbers: list[int], q: int = 3) -> Item:
    return item
