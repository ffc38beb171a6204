"""Reads answers; what is no answer of Goatfish's is said to be so."""

from __future__ import annotations

from typing import Any, TypeVar

from goatfish.errors import UnexpectedResponse
from goatfish.http.response import Response
from goatfish.models import Model

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


def items_of(json: dict[str, Any], response: Response) -> list[Any]:
    items = json.get("items")
    if not isinstance(items, list):
        raise unexpected(response)
    return items


def object_of(kind: type[M], response: Response) -> M:
    """The object that is this answer."""
    try:
        return kind.from_json(decoded(response), response, alone=True)
    except (ValueError, TypeError, AttributeError):
        raise unexpected(response) from None


def unexpected(response: Response) -> UnexpectedResponse:
    detail = "The answer is not one of Goatfish's; is this its URL?"
    return UnexpectedResponse(response.status, None, "", detail, (), response.request_id, response)
