"""Pages of lists: their order, and the cursors that lead from one to the next."""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple, TypeVar

from goatfish.testing.objects import Body
from goatfish.testing.problems import Refusal

PAGE_SIZE = 1_000_000
"""Bytes of the objects of a page, at which it ends before its limit."""
T = TypeVar("T")


class Query(NamedTuple):
    """A query as it was read: the parameters by their names, and all that was sent."""

    values: Mapping[str, Any]
    sent: Sequence[tuple[str, str]]


class Place(NamedTuple):
    """Where a cursor stands: which list it is bound to, the sort value, and the id."""

    listing: str
    value: str | float | int | None
    id: str


_SECRET = b"signs the cursors of fake services alone"


def sealed(place: Place) -> str:
    """The text of a cursor."""
    payload = json.dumps(place).encode()
    signed = hashlib.blake2b(payload, key=_SECRET, digest_size=8).digest() + payload
    return base64.urlsafe_b64encode(signed).rstrip(b"=").decode()


def opened(text: str) -> Place:
    """What the cursor says. Raises ``Refusal`` (400) where it is none."""
    try:
        signed = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
    except (ValueError, binascii.Error):
        raise Refusal("invalid_cursor") from None
    payload = signed[8:]
    is_canonical = base64.urlsafe_b64encode(signed).rstrip(b"=").decode() == text
    if not is_canonical or signed[:8] != hashlib.blake2b(payload, key=_SECRET, digest_size=8).digest():
        raise Refusal("invalid_cursor")
    return Place(*json.loads(payload))


def page(
    listing: str, bodies: Sequence[Body], query: Query, sort: str, shown: Callable[[Body], Body] = lambda body: body
) -> tuple[list[Body], str | None]:
    """The page of the query, and the cursor of the next one. Raises ``Refusal`` (400) for another list's cursor."""
    filters = {name: value for name, value in query.values.items() if name not in {"limit", "cursor", "sort"}}
    for name in {"label", "where"} & filters.keys():  # whose order means nothing
        filters[name] = sorted({json.dumps(each) for each in filters[name]})
    listing = f"{listing} {sort} {json.dumps(filters, sort_keys=True)}"
    descending, name = sort.startswith("-"), sort.lstrip("-")

    def place(body: Body) -> tuple[Any, ...]:
        value = sort_value(body, name)
        return ((value is None) is not descending, 0 if value is None else _ordered(name, value), body["id"])

    listed = sorted(bodies, key=place, reverse=descending)
    after: Place | None = query.values.get("cursor")
    if after is not None:
        if after.listing != listing:
            raise Refusal("invalid_cursor")
        value = after.value
        there = ((value is None) is not descending, 0 if value is None else _ordered(name, value), after.id)
        listed = [body for body in listed if (place(body) < there if descending else place(body) > there)]
    items = within_size(listed[: query.values.get("limit", 20)], lambda body: body)
    if len(items) == len(listed):
        return [shown(each) for each in items], None
    last = items[-1]
    return [shown(each) for each in items], sealed(Place(listing, sort_value(last, name), last["id"]))


def within_size(items: Sequence[T], shown: Callable[[T], Body]) -> list[T]:
    """The first of these, up to the size of a page, and one at least."""
    kept: list[T] = []
    size = 0
    for each in items:
        size += len(json.dumps(shown(each), ensure_ascii=False).encode(errors="replace"))
        if kept and size > PAGE_SIZE:
            break
        kept.append(each)
    return kept


def sort_value(body: Body, name: str) -> Any:
    """What the object is sorted by; None where it has nothing."""
    of, _, member = name.partition(".")
    if not member:
        return body[of]
    value = body[of].get(member, {"value": None})["value"]
    return None if isinstance(value, (str, bool)) else value


def _ordered(name: str, value: Any) -> Any:
    """The value as it is compared."""
    if name == "name":
        return value.casefold()
    return value[:-1] if name.endswith("_at") else value  # without the Z, times are in the order of their texts
