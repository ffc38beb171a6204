"""The domain's storage ports over dictionaries; one event loop, and no await inside a write, so each is atomic."""

from collections.abc import Callable
from typing import Generic
from uuid import UUID

from domain.access.key import Key
from domain.access.owner import Owner
from domain.errors import Conflict
from domain.paging import Page, PageRequest, Position
from domain.simulations.simulation import Simulation
from domain.tenancy import Cause, E, OwnerId, found, must_belong, must_follow


class OwnedRepository(Generic[E]):
    """One owner's entities, kept in the dictionary that all owners of a kind share."""

    def __init__(self, entity: type[E], rows: dict[UUID, E], owner: OwnerId) -> None:
        self._entity, self._rows, self._owner = entity, rows, owner

    def _find(self, id: UUID) -> E:
        entity = self._rows.get(id)
        return found(entity if entity is not None and entity.owner_id == self._owner else None, self._entity.KIND)

    async def get(self, id: UUID) -> E:
        return self._find(id)

    async def page(self, request: PageRequest) -> Page[E]:
        def place(entity: E) -> Position:
            return Position(entity.created_at, entity.id)

        def order(position: Position) -> tuple[object, UUID]:
            return (position.value, position.id)

        mine = [place(entity) for entity in self._rows.values() if entity.owner_id == self._owner]
        after = request.after
        places = sorted((at for at in mine if after is None or order(at) < order(after)), key=order, reverse=True)
        shown = places[: request.limit]
        more = len(places) > request.limit
        return Page(tuple(self._rows[at.id] for at in shown), shown[-1] if more else None)

    async def add(self, entity: E, cause: Cause) -> None:
        must_belong(entity, self._owner)
        if entity.id in self._rows:
            raise Conflict("already_exists", "This exists already.")
        self._rows[entity.id] = entity

    async def change(self, id: UUID, fn: Callable[[E], E], cause: Cause) -> E:
        before = self._find(id)
        after = fn(before)
        if after is not before:
            must_follow(after, before)
            self._rows[id] = after
        return after

    async def remove(self, id: UUID, cause: Cause) -> None:
        del self._rows[self._find(id).id]


class Repository(Generic[E]):
    """All owners' entities of one kind."""

    def __init__(self, entity: type[E]) -> None:
        self._entity = entity
        self._rows: dict[UUID, E] = {}

    def of(self, owner: OwnerId) -> OwnedRepository[E]:
        return OwnedRepository(self._entity, self._rows, owner)

    def find(self, wanted: Callable[[E], bool]) -> E | None:
        return next((entity for entity in self._rows.values() if wanted(entity)), None)


class OwnerDirectory:
    """All owners, and the keys by which they are found."""

    def __init__(self, keys: Repository[Key]) -> None:
        self._keys = keys
        self._owners: dict[UUID, Owner] = {}

    async def add(self, owner: Owner, cause: Cause) -> None:
        if await self.find(owner.name) is not None:
            raise Conflict("owner_name_taken", f"An owner named {owner.name!r} exists.")
        self._owners[owner.id] = owner

    async def find(self, name_or_id: str | UUID) -> Owner | None:
        return next((owner for owner in self._owners.values() if name_or_id in {owner.id, owner.name}), None)

    async def all(self) -> list[Owner]:
        return sorted(self._owners.values(), key=lambda owner: owner.name)

    async def holder(self, public_id: str) -> tuple[Owner, Key] | None:
        key = self._keys.find(lambda key: key.public_id == public_id)
        return None if key is None else (self._owners[key.owner_id], key)


class Storage:
    """Everything that is kept, for as long as the process lives."""

    def __init__(self) -> None:
        self.simulations = Repository(Simulation)
        self.keys = Repository(Key)
        self.owners = OwnerDirectory(self.keys)

    async def open(self) -> None:
        """Nothing to open."""

    async def close(self) -> None:
        """Nothing to close."""

    async def check(self) -> None:
        """Always ready."""
