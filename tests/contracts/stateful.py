"""Random operations of three owners: a repository returns exactly what a plain dictionary would."""

from __future__ import annotations

import asyncio
import dataclasses
from collections.abc import Callable, Coroutine
from datetime import timedelta
from itertools import count
from typing import TYPE_CHECKING, Any, ClassVar, TypeVar
from uuid import UUID, uuid4

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, rule, run_state_machine_as_test

from domain.entity import update
from domain.errors import Conflict, NotFound, TenantMismatch
from tests.contracts.cases import Entity, admitted, case_of, walk
from tests.contracts.resources import RESOURCES, ResourceCase
from tests.factories import CONTEXT, NOW

if TYPE_CHECKING:
    from app.storage import Storage
    from domain.repository import OwnedRepository, OwnerId

T = TypeVar("T")

OWNERS = st.integers(0, 2)
NAMES = st.sampled_from(["", "a", "Æ", "🐐", "%"])


def check(make_storage: Callable[[], Storage], *, examples: int, steps: int) -> None:
    """Runs the state machine for each kind of entity, with a new storage for each example."""
    for each in RESOURCES:

        class Machine(ThreeOwners):
            resource = each

            def make_storage(self) -> Storage:
                return make_storage()

        run_state_machine_as_test(Machine, settings=settings(max_examples=examples, stateful_step_count=steps))


class ThreeOwners(RuleBasedStateMachine):
    """The model is a dictionary of entities by owner and id. Entities of other owners count as missing."""

    resource: ClassVar[ResourceCase]
    ids: Bundle[UUID] = Bundle("ids")

    def __init__(self) -> None:
        super().__init__()
        self.model: dict[tuple[OwnerId, UUID], Entity] = {}
        self.numbers = count()
        self.loop = asyncio.Runner()
        self.storage = self.make_storage()
        self.do(self.storage.open())
        self.owners = [self.do(admitted(self.storage, self.resource.entity)) for _ in range(3)]

    def make_storage(self) -> Storage:
        raise NotImplementedError

    def do(self, coroutine: Coroutine[Any, Any, T]) -> T:
        return self.loop.run(coroutine)

    def of(self, owner: OwnerId) -> OwnedRepository[Any]:
        return self.storage.repository(self.resource.entity).of(owner)

    def entity(self, owner: OwnerId, **fields: object) -> Entity:
        return case_of(self.resource.entity).make(owner, **fields)

    def named(self, name: str) -> dict[str, Any]:
        """The fields with this name, plus a number if names are unique."""
        unique = self.resource.label in self.resource.unique
        return self.resource.named(f"{name}{next(self.numbers)}" if unique else name)

    def expected(self, owner: OwnerId, id: UUID) -> Entity | None:
        entity = self.model.get((owner, id))
        return entity if entity is not None and entity.owner_id == owner else None

    @rule(target=ids, index=OWNERS, seconds=st.integers(0, 2), name=NAMES)
    def add(self, index: int, seconds: int, name: str) -> UUID:
        owner = self.owners[index]
        created_at = NOW + timedelta(seconds=seconds)
        id = uuid4()
        entity = self.entity(owner, id=id, created_at=created_at, **self.named(name))
        self.do(self.of(owner).add(entity, CONTEXT))
        self.model[owner, id] = entity
        return id

    @rule(id=ids, index=OWNERS)
    def add_with_a_used_id(self, id: UUID, index: int) -> None:
        owner = self.owners[index]
        entity = self.entity(owner, id=id)
        if (owner, id) in self.model:
            with pytest.raises(Conflict):
                self.do(self.of(owner).add(entity, CONTEXT))
        else:
            self.do(self.of(owner).add(entity, CONTEXT))
            self.model[owner, id] = entity

    @rule(index=OWNERS, other=st.integers(1, 2))
    def add_for_another(self, index: int, other: int) -> None:
        entity = self.entity(self.owners[(index + other) % 3])
        with pytest.raises(TenantMismatch):
            self.do(self.of(self.owners[index]).add(entity, CONTEXT))

    @rule(id=ids, index=OWNERS)
    def get(self, id: UUID, index: int) -> None:
        owner = self.owners[index]
        expected = self.expected(owner, id)
        if expected is None:
            with pytest.raises(NotFound):
                self.do(self.of(owner).get(id))
        else:
            assert self.do(self.of(owner).get(id)) == expected

    @rule(id=ids, index=OWNERS, name=NAMES)
    def change(self, id: UUID, index: int, name: str) -> None:
        owner = self.owners[index]
        expected = self.expected(owner, id)

        named = self.named(f"{name}.")

        def rename(stored: Entity) -> Entity:
            return update(stored, now=NOW, **named)

        if expected is None:
            with pytest.raises(NotFound):
                self.do(self.of(owner).change(id, rename, CONTEXT))
        else:
            self.model[owner, id] = rename(expected)
            assert self.do(self.of(owner).change(id, rename, CONTEXT)) == self.model[owner, id]

    @rule(id=ids, index=OWNERS, other=st.integers(1, 2))
    def change_owner(self, id: UUID, index: int, other: int) -> None:
        owner, thief = self.owners[index], self.owners[(index + other) % 3]

        def give_away(stored: Entity) -> Entity:
            return dataclasses.replace(stored, owner_id=thief, version=stored.version + 1)

        with pytest.raises(NotFound if self.expected(owner, id) is None else TenantMismatch):
            self.do(self.of(owner).change(id, give_away, CONTEXT))

    @rule(id=ids, index=OWNERS)
    def remove(self, id: UUID, index: int) -> None:
        owner = self.owners[index]
        if self.expected(owner, id) is None:
            with pytest.raises(NotFound):
                self.do(self.of(owner).remove(id, CONTEXT))
        else:
            self.do(self.of(owner).remove(id, CONTEXT))
            del self.model[owner, id]

    @rule(index=OWNERS, limit=st.integers(1, 4))
    def walk(self, index: int, limit: int) -> None:
        owner = self.owners[index]
        mine = [entity for entity in self.model.values() if entity.owner_id == owner]
        mine.sort(key=lambda entity: (entity.created_at, entity.id), reverse=True)
        assert self.do(walk(self.of(owner), limit)) == mine

    def teardown(self) -> None:
        try:
            for index in range(3):
                self.walk(index, 100)
        finally:
            self.do(self.storage.close())
            self.loop.close()
