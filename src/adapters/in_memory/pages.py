"""Pages of lists in memory."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any
from uuid import UUID

from domain.entity import fulfils, sort_value
from domain.paging import Page, PageRequest, Position
from domain.repository import E


def page_of(entities: Iterable[E], request: PageRequest) -> Page[E]:
    """The requested page of these entities."""
    sort, after = request.sort, request.after

    def place(entity: E) -> tuple[Any, UUID]:
        return (sort_value(entity, sort.by), entity.id)

    def comes_later(entity: E) -> bool:
        if after is None:
            return True
        here, there = place(entity), (after.value, after.id)
        return here < there if sort.descending else here > there

    listed = [
        entity
        for entity in entities
        if all(fulfils(entity, condition) for condition in request.conditions) and comes_later(entity)
    ]
    listed.sort(key=place, reverse=sort.descending)
    items = tuple(listed[: request.limit])
    return Page(items, Position(*place(items[-1])) if len(listed) > request.limit else None)
