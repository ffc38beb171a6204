"""Reads answers. Raises an error that says so where something other than Goatfish has answered."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

from goatfish.errors import UnexpectedResponse
from goatfish.http.response import Response
from goatfish.json_objects import Model
from goatfish.problems import NOT_GOATFISH

M = TypeVar("M", bound=Model)


def decoded(response: Response) -> dict[str, Any]:
    """The JSON object in this answer. Raises ``UnexpectedResponse`` where there is none."""
    try:
        json = response.json()
    except ValueError:
        json = None
    if not isinstance(json, dict):
        raise unexpected(response)
    return json


def items_of(json: dict[str, Any], response: Response) -> list[dict[str, Any]]:
    """The items of a page. Raises ``UnexpectedResponse`` where they are none."""
    items = json.get("items")
    if not isinstance(items, list) or not all(isinstance(item, dict) for item in items):
        raise unexpected(response)
    return items


def objects_of(kind: type[M], json: dict[str, Any], response: Response) -> list[M]:
    """The objects that are the items of this answer, whose JSON is given."""
    items = items_of(json, response)
    with as_unexpected(response):
        return [kind.from_json(item, response) for item in items]


def object_of(kind: type[M], response: Response) -> M:
    """The object that is this answer."""
    json = decoded(response)
    with as_unexpected(response):
        return kind.from_json(json, response, alone=True)


@contextmanager
def as_unexpected(response: Response) -> Iterator[None]:
    """Raises ``UnexpectedResponse`` where a member of the answer is not what it should be."""
    try:
        yield
    except (ValueError, TypeError, AttributeError):
        raise unexpected(response) from None


def unexpected(response: Response) -> UnexpectedResponse:
    return UnexpectedResponse(response.status, None, "", NOT_GOATFISH, (), response.request_id, response)
