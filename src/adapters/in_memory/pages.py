"""Pages of lists in memory."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, TypeAlias
from uuid import UUID

from domain.entity import fulfils, sort_value
from domain.paging import Page, PageRequest, Position
from domain.repository import E

Place: TypeAlias = tuple[tuple[Any, ...], UUID]


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
    items = tuple(listed[: request.limit])
    if len(listed) <= request.limit:
        return Page(items, None)
    return Page(items, Position(sort_value(items[-1], sort.by), items[-1].id))


def _place(value: Any, id: UUID, *, descending: bool) -> Place:
    """What is compared: without a value an entity comes last in both directions."""
    return (((value is None) is not descending, *(() if value is None else (value,))), id)
