"""Reads of an entity's rows: the only place that says whose rows a statement may touch."""

from __future__ import annotations

import dataclasses
from functools import cache
from typing import TYPE_CHECKING, Any, Generic

from adapters.django_orm.entity_models import column_reader
from adapters.django_orm.repositories.list_statements import ListStatements, condition_values
from adapters.django_orm.sql.compiler import Compiler
from adapters.django_orm.sql.expressions import Param, param
from domain.entity import sort_value
from domain.page_size import largest
from domain.paging import Page, PageRequest, Position
from domain.repository import E, OwnerId
from domain.turns import in_parts

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from django.db import models

    from adapters.django_orm.sql.statement import Executor, ReadExecutor


@cache
def _unfrozen(names: tuple[str, ...]) -> type[Any]:
    """A class with the same slots that is not frozen: its instances are filled in a quarter of the time, and can become
    entities if the entity has slots and no base class.
    """
    return dataclasses.make_dataclass("_Unfrozen", names, slots=True)


class Reader(Generic[E]):
    """An entity beside the model that keeps it: columns and attributes go by the same names.

    The statements are compiled when they are first needed, and then once and for all. Those that read many rows run on
    ``reads`` if it is given.
    """

    OWNER = "owner_id"
    """The column that says whose a row is."""

    def __init__(
        self,
        entity: type[E],
        model: type[models.Model],
        executor: Executor,
        reads: ReadExecutor | None = None,
        *,
        size_max: float | None = None,
    ) -> None:
        """``size_max`` is how many bytes an entity may have, if its fields do not say it."""
        self.entity, self.model, self.executor, self.reads = entity, model, executor, reads or executor
        self.names = tuple(field.name for field in dataclasses.fields(entity))
        self.columns = tuple(field.attname for field in model._meta.concrete_fields)
        self._row = column_reader(entity, self.columns)
        self._compile = Compiler(executor)
        size_max = largest(entity) if size_max is None else size_max
        self.lists = ListStatements(entity, model, executor, lambda: self._owned_rows, size_max)
        self._unfrozen = _unfrozen(self.names)

    def load(self, row: Sequence[Any]) -> E:
        """The entity as it was stored; it was valid then, and is not validated again."""
        unfrozen: Any = self._unfrozen(*row)
        unfrozen.__class__ = self.entity
        entity: E = unfrozen
        return entity

    def load_all(self, rows: Iterable[Sequence[Any]]) -> Iterable[E]:
        """The same of several."""
        return map(self.load, rows)

    def row(self, entity: E) -> dict[str, Any]:
        """What the columns hold of this entity."""
        return dict(zip(self.columns, self._row(entity), strict=True))

    def _param(self, column: str, name: str | None = None) -> Param:
        return param(self.model, column, name)

    @property
    def _owned_rows(self) -> models.QuerySet[Any, Any]:
        """The rows of one owner: the owner condition of every statement on owned rows."""
        return self.model._default_manager.filter((self.OWNER, self._param(self.OWNER, "owner_id")))

    async def page(self, owner: OwnerId, request: PageRequest) -> Page[E]:
        """One page of what is the owner's."""
        values = condition_values(owner, request.conditions)
        if request.after is not None:
            values |= {"after_value": request.after.value, "after_id": request.after.id}
        if request.sort.member is not None:
            values["sort_member"] = request.sort.member
        rows: list[Sequence[Any]] = []
        more, measured = False, self.lists.is_measured(request.limit)
        for missing in self.lists.parts(request):
            values["limit"] = request.limit + 1 - len(rows)
            rows += await self.reads.fetch(str(owner), self.lists.page(request, missing=missing), values)
            more = len(rows) > request.limit or bool(measured and rows and rows[-1][-1])
            if more:
                break
            for name in ("after_value", "after_id"):
                values.pop(name, None)
        shown = rows[: request.limit]
        items = tuple(await in_parts(self.load_all, [row[:-1] for row in shown] if measured else shown))
        return Page(items, Position(sort_value(items[-1], request.sort.by), items[-1].id) if more else None)
