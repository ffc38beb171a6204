"""What keeps references, unique values and numbers: the steps of a write that look first, and why one was refused.

Locks are taken in one order by every write: first what it refers to, then its row, then the owner's count of changes.
Whoever makes, changes or deletes an entity keeps others from deleting what it refers to until the commit. So a deletion
that has its row waits for nobody, and PostgreSQL's own check of the foreign key finds nothing that is locked.
"""

from __future__ import annotations

from functools import cache, cached_property
from typing import TYPE_CHECKING, Any

from django.db import models

from adapters.django_orm.columns import is_reference, reference_constraint
from adapters.django_orm.entity_models import unique_constraint
from adapters.django_orm.sql.compiler import Compiler
from adapters.django_orm.sql.expressions import Param, param
from adapters.django_orm.sql.membership import AnyOf
from adapters.django_orm.sql.statement import Executor
from domain.batches import taken_in
from domain.entity import too_many
from domain.entity_spec import spec_of
from domain.errors import Conflict, Unavailable
from domain.references import (
    UnknownReference,
    links_to,
    new_references,
    referred_kind,
    require_references,
    taken,
    values_of_references,
)
from domain.repository import owned_max

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from uuid import UUID

    from django.db.models import Model, QuerySet

    from adapters.django_orm.sql.statement import Statement, WriteStep
    from domain.field_spec import FieldSpec
    from domain.references import Link
    from domain.repository import E, Owned, OwnerId


class Integrity:
    """The references and unique values of one kind; ``models`` has those of every kind that may refer to another."""

    def __init__(self, entity: type[Owned], models: Mapping[type[Owned], type[Model]], executor: Executor) -> None:
        self.entity, self._models, self._executor = entity, models, executor
        self._by_kind = {other.KIND: model for other, model in models.items()}
        self._links = links_to(entity, models)
        self._taken = {unique_constraint(entity, field): field for field in spec_of(entity).unique}
        self._refers = bool(spec_of(entity).references)
        self._most = owned_max(entity)
        outgoing = ((entity.KIND, field.name) for field in spec_of(entity).references)
        incoming = ((link.child.KIND, link.field.name) for link in self._links)
        self._references = {reference_constraint(*place) for place in (*outgoing, *incoming)}
        self._compile = Compiler(executor)
        self._find = cache(self._find_statement)
        self._find_child = cache(self._find_child_statement)
        self._find_all = cache(self._find_all_statement)
        self._find_held = cache(self._find_held_statement)

    def locked(self, before: E | None, after: E | None) -> dict[str, Any]:
        """The references whose entities a write keeps from being deleted, by the names of their fields."""
        if not self._refers:
            return {}
        if after is None:
            return {} if before is None else values_of_references(before)
        return new_references(before, after)

    def steps(self, names: Sequence[str], *, creates: bool, deletes: bool) -> tuple[WriteStep, ...]:
        """What comes before the row: ``names`` are the references that are locked."""
        locks = (self._compile.lock(self._referred(name)) for name in names)
        links = (self._compile.unless(self._children(link)) for link in self._links if deletes)
        most = (self._compile.unless(self._all, allowed=self._most - 1),) if creates and self._most else ()
        return (*locks, *links, *most)

    def values(self, references: Mapping[str, Any], before: E | None) -> dict[str, Any]:
        """What ``steps`` are to be run with."""
        values = {f"{name}.referred": id for name, id in references.items()} if references else {}
        return values if before is None else {**values, "before.id": before.id}

    def locked_by_all(self, entities: Sequence[Owned]) -> dict[str, list[UUID]]:
        """What a batch refers to, and keeps from being deleted, by the names of the fields: ids in their order."""
        found: dict[str, set[UUID]] = {}
        for references in map(values_of_references, entities) if self._refers else ():
            for name, id in references.items():
                found.setdefault(name, set()).add(id)
        return {
            field.name: sorted(found[field.name]) for field in spec_of(self.entity).references if field.name in found
        }

    def steps_of_all(self, names: Sequence[str]) -> tuple[WriteStep, ...]:
        """What comes before the rows of a batch: ``names`` are the references that are locked."""
        return tuple(
            self._compile.lock_all(self._referred_by_all(name), Param(f"{name}.count", models.BigIntegerField()))
            for name in names
        )

    def values_of_all(self, references: Mapping[str, Sequence[UUID]]) -> dict[str, Any]:
        """What ``steps_of_all`` are to be run with."""
        values: dict[str, Any] = {f"{name}.referred": ids for name, ids in references.items()}
        return values | {f"{name}.count": len(ids) for name, ids in references.items()}

    async def refuse_all(self, owner: OwnerId, entities: Sequence[Owned]) -> None:
        """Raises ``Unfit`` where a batch refers to what the owner does not have."""
        references = self.locked_by_all(entities)
        values = {"owner_id": owner, **self.values_of_all(references)}
        known = {
            name: {id for (id,) in await self._executor.fetch(str(owner), self._find_all(name), values)}
            for name in references
        }
        require_references(entities, known)

    async def refuse_all_taken(self, owner: OwnerId, constraint: str | None, entities: Sequence[Owned]) -> None:
        """Like ``refuse_taken``, for a batch."""
        if constraint in self._references:
            return
        for name, field in self._taken.items():
            if constraint not in {None, name}:
                continue
            given = [value for each in entities if (value := getattr(each, field.name)) is not None]
            values = {"owner_id": owner, "values": given}
            held = [value for (value,) in await self._executor.fetch(str(owner), self._find_held(field.name), values)]
            if held or constraint is not None:
                raise taken_in(entities, field.name, held)
        raise Conflict("already_exists", "This exists already.")

    async def refuse(self, owner: OwnerId, before: E | None, after: E | None) -> None:
        """Raises why a write was not made: ``UnknownReference``, or ``Conflict`` for one too many or what is in use."""
        values = {"owner_id": owner, **self.values(self.locked(before, after), before)}
        if after is not None:
            unknown = [
                name
                for name in self.locked(before, after)
                if not await self._executor.fetch(str(owner), self._find(name), values)
            ]
            if unknown:
                raise UnknownReference(self.entity, unknown)
            if before is None and self._most:
                held = await self._executor.fetch(str(owner), self._find_most, values)
                if len(held) >= self._most:
                    raise too_many(self.entity)
            return
        for link in self._links:
            if await self._executor.fetch(str(owner), self._find_child(link.child, link.field.name), values):
                raise link.in_use(self.entity)

    async def refuse_taken(self, owner: OwnerId, constraint: str | None, after: E | None) -> None:
        """Raises ``Conflict`` for the unique value, or else the id, that made this constraint refuse a write.

        Comes back where it was neither: a reference that was lost at the same moment. Raises ``Unavailable`` for a
        deletion of what data of a later version refers to.
        """
        if constraint in self._references:
            return
        if after is None and is_reference(constraint):
            raise Unavailable("Something that only a later version of the service knows refers to this.")
        field = self._taken.get(constraint or "")
        if constraint is None and after is not None:
            field = await self._taken_field(owner, after)
        raise Conflict("already_exists", "This exists already.") if field is None else taken(self.entity, field)

    async def _taken_field(self, owner: OwnerId, after: E) -> FieldSpec | None:
        """The first field whose value another entity has: SQLite does not name its constraints."""
        for field, statement in self._holders:
            values = {"owner_id": owner, "id": after.id, field.name: getattr(after, field.name)}
            if values[field.name] is not None and await self._executor.fetch(str(owner), statement, values):
                return field
        return None

    @cached_property
    def _holders(self) -> list[tuple[FieldSpec, Statement]]:
        found = []
        for field in spec_of(self.entity).unique:
            rows = self._all.filter((field.name, self._param(field.name)))
            found.append((field, self._compile.select(rows.exclude(id=self._param("id")), "id", limit=1)))
        return found

    def _param(self, column: str, name: str | None = None) -> Any:
        return param(self._models[self.entity], column, name)

    def _owned(self, model: type[Model]) -> QuerySet[Any, Any]:
        return model._default_manager.filter(owner_id=param(model, "owner_id"))

    def _referred(self, name: str) -> QuerySet[Any, Any]:
        model = self._by_kind[referred_kind(self.entity, name)]
        return self._owned(model).filter(id=param(model, "id", f"{name}.referred"))

    def _referred_by_all(self, name: str) -> QuerySet[Any, Any]:
        model = self._by_kind[referred_kind(self.entity, name)]
        return self._owned(model).filter(AnyOf("id", param(model, "id", f"{name}.referred")))

    @property
    def _all(self) -> QuerySet[Any, Any]:
        return self._owned(self._models[self.entity])

    @cached_property
    def _find_most(self) -> Statement:
        return self._compile.select(self._all, "id", limit=self._most)

    def _children(self, link: Link) -> QuerySet[Any, Any]:
        """What refers to an entity by this field, without the entity itself."""
        model = self._models[link.child]
        rows = self._owned(model).filter((link.field.name, param(model, link.field.name, "before.id")))
        return rows.exclude(id=param(model, "id", "before.id")) if link.child is self.entity else rows

    def _find_statement(self, name: str) -> Statement:
        return self._compile.select(self._referred(name), "id")

    def _find_all_statement(self, name: str) -> Statement:
        return self._compile.select(self._referred_by_all(name), "id")

    def _find_held_statement(self, name: str) -> Statement:
        rows = self._all.filter(AnyOf(name, self._param(name, "values")))
        return self._compile.select(rows, name)

    def _find_child_statement(self, child: type[Owned], name: str) -> Statement:
        (link,) = (link for link in self._links if (link.child, link.field.name) == (child, name))
        return self._compile.select(self._children(link), "id", limit=1)
