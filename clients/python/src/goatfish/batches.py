"""Many objects in as few requests as the API allows, each with an Idempotency-Key of its own."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from hashlib import sha256
from typing import Any

from goatfish.errors import APIError
from goatfish.http.request import encode

MOST_ITEMS, MOST_BYTES = 1000, 4 * 1024 * 1024
LONGEST_KEY = 255
_BEFORE, _AFTER = b'{"items":[', b"]}"


def batches(bodies: Sequence[Any]) -> Iterator[tuple[int, bytes]]:
    """The content of each request, and how many objects come before it."""
    first, size, items = 0, 0, list[bytes]()
    for index, body in enumerate(bodies):
        item = encode(body)
        if items and (len(items) == MOST_ITEMS or size + len(item) > MOST_BYTES - len(_BEFORE) - len(_AFTER)):
            yield first, _joined(items)
            first, size, items = index, 0, []
        items.append(item)
        size += len(item) + 1
    if items:
        yield first, _joined(items)


def _joined(items: list[bytes]) -> bytes:
    return _BEFORE + b",".join(items) + _AFTER


def batch_key(key: str, first: int) -> str:
    """The key of the batch that begins at this object; of the first one it is the key itself."""
    if first == 0:
        return key
    whole = f"{key}-{first}"
    return whole if len(whole) <= LONGEST_KEY else sha256(whole.encode()).hexdigest()


def place_in_all(error: APIError, first: int) -> None:
    """Makes the pointers into a batch, which begins at this object, point into all of them."""
    if first:
        moved = [replace(each, pointer=_moved(each.pointer, first)) for each in error.errors]
        error.errors = tuple(moved)


def _moved(pointer: str | None, first: int) -> str | None:
    if pointer is None:
        return None
    return re.sub(r"^#/items/(\d+)", lambda found: f"#/items/{int(found[1]) + first}", pointer)
