"""Who owns what: the owner is in the type, so nothing owned can be reached without naming one."""

import dataclasses
from collections.abc import Callable, Mapping
from datetime import datetime
from functools import cache
from typing import Any, ClassVar, NewType, Protocol, TypeAlias, TypeVar
from uuid import UUID

from domain.errors import NotFound, TenantMismatch
from domain.paging import Page, PageRequest
from domain.write_context import WriteContext

OwnerId = NewType("OwnerId", UUID)


class Owned(Protocol):
    """An entity of one owner. Its ``version`` starts at 1 and is raised by one with every change.

    It is a dataclass. ``SECRETS`` may name the attributes that are kept with the entity and recorded nowhere else, and
    ``UNTRACKED`` those whose change alone leaves no revision.
    """

    __dataclass_fields__: ClassVar[dict[str, Any]]
    KIND: ClassVar[str]

    @property
    def id(self) -> UUID: ...
    @property
    def owner_id(self) -> OwnerId: ...
    @property
    def created_at(self) -> datetime: ...
    @property
    def version(self) -> int: ...


T = TypeVar("T")
E = TypeVar("E", bound=Owned)


Precondition: TypeAlias = Callable[[Owned | None], None]
"""A caller's condition on what is stored, or on there being nothing; raises ``Stale`` where it fails."""


def no_precondition(stored: Owned | None) -> None:
    """The condition of a caller who has none."""


class OwnedRepository(Protocol[E]):
    """One owner's entities. Every write is one transaction, which leaves a ``Revision``.

    Each method may raise ``Unavailable``.
    """

    async def get(self, id: UUID) -> E:
        """The entity as stored. Raises ``NotFound``."""
        ...

    async def page(self, request: PageRequest) -> Page[E]:
        """One page of what fulfils the request's conditions, in its order."""
        ...

    async def add(self, entity: E, context: WriteContext) -> None:
        """Stores a new entity and, where the context has an idempotency key, the record of the request beside it.

        Raises ``Conflict`` for a taken id, ``TenantMismatch`` for an entity of another owner, and ``DuplicateRequest``
        where the key has a record that is not older than ``KEPT_FOR`` when the entity is made.
        """
        ...

    async def change(self, id: UUID, fn: Callable[[E], E], context: WriteContext) -> E:
        """Loads, applies ``fn`` and saves, losing no concurrent change; gives what is stored afterwards.

        ``fn`` is pure and may run more than once. What it raises leaves everything as it was, and the same
        entity back means no change. Raises ``NotFound``, and ``TenantMismatch`` for a result of another owner or id.
        """
        ...

    async def remove(self, id: UUID, context: WriteContext, precondition: Precondition = no_precondition) -> None:
        """Deletes the entity, unless ``guard`` raises. Raises ``NotFound``."""
        ...


class Repository(Protocol[E]):
    """All owners' entities, of which nothing can be reached but through ``of``."""

    def of(self, owner: OwnerId) -> OwnedRepository[E]: ...


def with_changes(entity: E, changes: Mapping[str, object], **stamps: object) -> E:
    """The entity with ``changes``, its version raised and ``stamps`` set; itself where nothing would change."""
    stored = _attributes(entity)
    changed = {**stored, **changes}
    if changed == stored:
        return entity
    return type(entity)(**changed | stamps | {"version": entity.version + 1})


def _attributes(entity: Owned) -> dict[str, Any]:
    """The entity's fields by their names."""
    return {name: getattr(entity, name) for name in _names(type(entity))}


@cache
def _names(entity: type[Owned]) -> tuple[str, ...]:
    return tuple(field.name for field in dataclasses.fields(entity))


def secrets_of(entity: type[Owned]) -> frozenset[str]:
    """The attributes that are recorded nowhere but in the entity's own row."""
    secrets: frozenset[str] = getattr(entity, "SECRETS", frozenset())
    return secrets


def must_belong(entity: Owned, owner: OwnerId) -> None:
    """Raises ``TenantMismatch`` for what would be stored for ``owner`` and belongs to another."""
    if entity.owner_id != owner:
        raise TenantMismatch(f"{entity.KIND} {entity.id} belongs to another owner")


def must_follow(after: Owned, before: Owned) -> None:
    """Raises ``TenantMismatch`` for a change that swaps the id or the owner, or does not raise the version by one."""
    must_belong(after, before.owner_id)
    if after.id != before.id or after.version != before.version + 1:
        raise TenantMismatch(f"a change of {before.KIND} {before.id} gave {after.id}, version {after.version}")


def or_not_found(entity: T | None, kind: str, detail: str | None = None) -> T:
    """The entity; raises ``NotFound`` where there is none."""
    if entity is None:
        raise NotFound(kind, detail)
    return entity
