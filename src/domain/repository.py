"""Owners and repositories: a repository is reached through its owner, ``repository.of(owner)``, and in no other way."""

import dataclasses
from collections.abc import Callable, Mapping, Sequence
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

    It is a dataclass. ``SECRETS`` may name the attributes that are kept with the entity and recorded nowhere else,
    ``UNTRACKED`` those whose change alone leaves no revision, and ``OWNED_MAX`` how many an owner has at most.
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
"""A condition on the stored entity, or on None where there is none; raises ``Stale`` where it fails."""


def no_precondition(stored: Owned | None) -> None:
    """Always holds."""


class OwnedRepository(Protocol[E]):
    """One owner's entities. Every write is one transaction, which leaves a ``Revision``.

    Each method may raise ``Unavailable``.
    """

    async def get(self, id: UUID) -> E:
        """The entity as stored. Raises ``NotFound``."""
        ...

    async def page(self, request: PageRequest) -> Page[E]:
        """One page of the entities that match the request, in its order."""
        ...

    async def add(self, entity: E, context: WriteContext) -> None:
        """Stores a new entity and, where the context has an idempotency key, the record of the request beside it.

        Raises ``Conflict`` for an id or a unique value that another entity of the owner has, and where the owner has
        ``OWNED_MAX``, ``UnknownReference`` for a reference to what the owner does not have, ``TenantMismatch`` for an
        entity of another owner, and ``DuplicateRequest`` where the idempotency key has a record that is not older than
        ``IDEMPOTENCY_TTL`` when the entity is made.
        """
        ...

    async def add_all(self, entities: Sequence[E], context: WriteContext) -> None:
        """Stores new entities, all of them or none; their revisions are in the same order.

        Raises what ``add`` raises, but ``Unfit`` for references to what the owner does not have, with ``items`` and the
        place of the entity.
        """
        ...

    async def change(self, id: UUID, fn: Callable[[E], E], context: WriteContext) -> E:
        """Loads the entity, applies ``fn`` and saves the result; returns what is stored afterwards. No update is lost.

        ``fn`` is pure and may run more than once. What it raises leaves everything as it was, and the same
        entity back means no change. Raises ``NotFound``, ``Conflict`` for a unique value that another entity of the
        owner has, ``UnknownReference``, and ``TenantMismatch`` for a result of another owner or id.
        """
        ...

    async def remove(self, id: UUID, context: WriteContext, precondition: Precondition = no_precondition) -> None:
        """Deletes the entity, unless ``precondition`` raises.

        Raises ``NotFound``, and ``Conflict`` where another entity refers to it.
        """
        ...


class Repository(Protocol[E]):
    """The entities of all owners, reached through ``of`` alone."""

    def of(self, owner: OwnerId) -> OwnedRepository[E]: ...


def with_changes(entity: E, changes: Mapping[str, object], **stamps: object) -> E:
    """The entity with ``changes``, ``stamps`` and the next version; the same object where nothing would change."""
    stored = _attributes(entity)
    changed = {**stored, **changes}
    if changed == stored:
        return entity
    return type(entity)(**changed | stamps | {"version": entity.version + 1})


def _attributes(entity: Owned) -> dict[str, Any]:
    """The values of the entity's fields, by name."""
    return {name: getattr(entity, name) for name in _names(type(entity))}


@cache
def _names(entity: type[Owned]) -> tuple[str, ...]:
    return tuple(field.name for field in dataclasses.fields(entity))


def owned_max(entity: type[Owned]) -> int | None:
    """How many an owner has at most; None for any number."""
    most: int | None = getattr(entity, "OWNED_MAX", None)
    return most


def secrets_of(entity: type[Owned]) -> frozenset[str]:
    """The attributes that are stored with the entity and recorded nowhere else."""
    secrets: frozenset[str] = getattr(entity, "SECRETS", frozenset())
    return secrets


def must_belong(entity: Owned, owner: OwnerId) -> None:
    """Raises ``TenantMismatch`` where the entity is not this owner's."""
    if entity.owner_id != owner:
        raise TenantMismatch(f"{entity.KIND} {entity.id} belongs to another owner")


def must_follow(after: Owned, before: Owned) -> None:
    """Raises ``TenantMismatch`` where the id or the owner differs, or the version is not the next one."""
    must_belong(after, before.owner_id)
    if after.id != before.id or after.version != before.version + 1:
        raise TenantMismatch(f"a change of {before.KIND} {before.id} gave {after.id}, version {after.version}")


def or_not_found(entity: T | None, kind: str, detail: str | None = None) -> T:
    """The entity; raises ``NotFound`` where there is none."""
    if entity is None:
        raise NotFound(kind, detail)
    return entity
