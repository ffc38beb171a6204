"""Pages of lists in memory."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any, TypeAlias
from uuid import UUID

import msgspec

from domain.entity import fulfils, sort_value
from domain.paging import PAGE_SIZE, Page, PageRequest, Position
from domain.repository import E

Place: TypeAlias = tuple[tuple[Any, ...], UUID]
_encode = msgspec.json.Encoder().encode


def page_of(entities: Iterable[E], request: PageRequest) -> Page[E]:
    """The requested page of these entities."""
    sort, after = request.sort, request.after

    def place(entity: E) -> Place:
        value = sort_value(entity, sort.by)
        return _place(value, entity.id, descending=sort.descending)

    there = None if after is None else _place(after.value, after.id, descending=sort.descending)

    def comes_later(entity: E) -> bool:
        if there is None:
            return True
        return place(entity) < there if sort.descending else place(entity) > there

    listed = [
        entity
        for entity in entities
        if all(fulfils(entity, condition) for condition in request.conditions) and comes_later(entity)
    ]
    listed.sort(key=place, reverse=sort.descending)
    items = tuple(_within_size(listed[: request.limit]))
    if len(items) == len(listed):
        return Page(items, None)
    return Page(items, Position(sort_value(items[-1], sort.by), items[-1].id))


def _within_size(entities: Sequence[E]) -> Iterator[E]:
    """The first of them, up to the size of a page, and one at least."""
    size = 0
    for place, entity in enumerate(entities):
        size += len(_encode(entity))
        if place and size > PAGE_SIZE:
            break
        yield entity


def _place(value: Any, id: UUID, *, descending: bool) -> Place:
    """What is compared: without a value an entity comes last in both directions."""
    return (((value is None) is not descending, *(() if value is None else (value,))), id)
