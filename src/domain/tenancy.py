"""Who owns what: the owner is in the type, so nothing owned can be reached without naming one."""

import dataclasses
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any, ClassVar, NewType, Protocol, TypeAlias, TypeVar
from uuid import UUID

from domain.errors import Fault, Misdirected, NotFound
from domain.paging import Page, PageRequest

OwnerId = NewType("OwnerId", UUID)


class Owned(Protocol):
    """An entity of one owner. Its ``version`` starts at 1 and is raised by one with every change."""

    __dataclass_fields__: ClassVar[dict[str, Any]]
    KIND: ClassVar[str]
    SECRETS: ClassVar[frozenset[str]]
    """The attributes that are kept with the entity and recorded nowhere else."""
    UNRECORDED: ClassVar[frozenset[str]]
    """The attributes whose change alone leaves no revision."""

    @property
    def id(self) -> UUID: ...
    @property
    def owner_id(self) -> OwnerId: ...
    @property
    def created_at(self) -> datetime: ...
    @property
    def version(self) -> int: ...

    def faults(self) -> list[Fault]:
        """What is wrong with it by every set of rules that there has been: no version of Goatfish made such a one.

        An import refuses it. What was forbidden only later belongs to the checks of what is made, not here: what was
        legal when it was made stays, comes back with an import, and is not restored.
        """
        ...


T = TypeVar("T")
E = TypeVar("E", bound=Owned)


@dataclass(frozen=True, slots=True, kw_only=True)
class Idempotency:
    """The client's promise that a repeated request is the same request.

    ``operation`` and ``key`` name it within its owner, ``fingerprint`` is a digest of the body. An operation is named
    like ``create_simulation``: its last word is the kind of what it makes.
    """

    operation: str
    key: str
    fingerprint: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Cause:
    """Why a write happens: ``actor`` (``key:<id>`` or ``operator:<name>``), the request it came with, and when."""

    ACTOR_MAX: ClassVar[int] = 200

    actor: str
    request_id: str
    at: datetime
    idempotency: Idempotency | None = None


Guard: TypeAlias = Callable[[Owned | None], None]
"""A caller's condition on what is stored, or on there being nothing; raises ``Stale`` where it fails."""


def unguarded(stored: Owned | None) -> None:
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

    async def add(self, entity: E, cause: Cause) -> None:
        """Stores a new entity and, where the cause holds a promise of idempotency, the outcome beside it.

        Raises ``Conflict`` for a taken id, ``Misdirected`` for an entity of another owner, and ``Repeated`` where the
        promise has an outcome that is not older than ``KEPT_FOR`` when the entity is made.
        """
        ...

    async def change(self, id: UUID, fn: Callable[[E], E], cause: Cause) -> E:
        """Loads, applies ``fn`` and saves, losing no concurrent change; gives what is stored afterwards.

        ``fn`` is pure and may run more than once. What it raises leaves everything as it was, and the same
        entity back means no change. Raises ``NotFound``, and ``Misdirected`` for a result of another owner or id.
        """
        ...

    async def remove(self, id: UUID, cause: Cause, guard: Guard = unguarded) -> None:
        """Deletes the entity, unless ``guard`` raises. Raises ``NotFound``."""
        ...


class Repository(Protocol[E]):
    """All owners' entities, of which nothing can be reached but through ``of``."""

    def of(self, owner: OwnerId) -> OwnedRepository[E]: ...


def revised(entity: E, changes: Mapping[str, object], **stamps: object) -> E:
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


def must_belong(entity: Owned, owner: OwnerId) -> None:
    """Raises ``Misdirected`` for what would be stored for ``owner`` and belongs to another."""
    if entity.owner_id != owner:
        raise Misdirected(f"{entity.KIND} {entity.id} belongs to another owner")


def must_follow(after: Owned, before: Owned) -> None:
    """Raises ``Misdirected`` for a change that swaps the id or the owner, or does not raise the version by one."""
    must_belong(after, before.owner_id)
    if after.id != before.id or after.version != before.version + 1:
        raise Misdirected(f"a change of {before.KIND} {before.id} gave {after.id}, version {after.version}")


def found(entity: T | None, kind: str, detail: str | None = None) -> T:
    """The entity; raises ``NotFound`` where there is none."""
    if entity is None:
        raise NotFound(kind, detail)
    return entity
