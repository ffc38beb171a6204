"""All that can be done with one owner's entities of a kind, a method each."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Generic
from uuid import UUID

from domain.batches import made_of_each, require_distinct
from domain.entity import create, require_transition, update, validated, values_of, with_values
from domain.entity_spec import spec_of
from domain.errors import NotFound
from domain.history import History, restoring
from domain.paging import Page, PageRequest
from domain.references import UnknownReference
from domain.repository import E, OwnerId, Precondition, Repository, no_precondition
from domain.revisions import Revision
from domain.write_context import WriteContext


@dataclass(frozen=True, slots=True, kw_only=True)
class EntityUseCases(Generic[E]):
    """The use cases of one kind of entity. The id of another owner's entity, or of none, raises ``NotFound``.

    A kind with use cases beyond these has a class of its own that extends this one.
    """

    entity: type[E]
    repository: Repository[E]
    history: History
    new_id: Callable[[], UUID]

    async def create(
        self, owner: OwnerId, context: WriteContext, precondition: Precondition = no_precondition, **values: Any
    ) -> E:
        """Makes and stores an entity.

        Raises ``Invalid``, ``UnknownReference``, and ``Conflict`` where a unique value is taken.
        """
        made = create(self.entity, id=self.new_id(), owner_id=owner, now=context.at, actor=context.actor, **values)
        precondition(None)
        await self.repository.of(owner).add(made, context)
        return made

    async def create_many(
        self,
        owner: OwnerId,
        context: WriteContext,
        items: Sequence[Mapping[str, Any]],
        precondition: Precondition = no_precondition,
    ) -> Sequence[E]:
        """Makes and stores an entity of each item's values, in this order: all of them, or none.

        Raises what ``create`` raises, with violations in ``items`` at the place of the item; ``Conflict`` also where
        two items have the same unique value.
        """

        def make(**values: Any) -> E:
            return create(self.entity, id=self.new_id(), owner_id=owner, now=context.at, actor=context.actor, **values)

        made = await made_of_each(items, make)
        precondition(None)
        require_distinct(made)
        await self.repository.of(owner).add_all(made, context)
        return made

    async def get(self, owner: OwnerId, id: UUID) -> E:
        """The entity as it is stored."""
        return await self.repository.of(owner).get(id)

    async def list(self, owner: OwnerId, request: PageRequest) -> Page[E]:
        """One page of the owner's entities."""
        return await self.repository.of(owner).page(request)

    async def update(
        self,
        owner: OwnerId,
        id: UUID,
        context: WriteContext,
        precondition: Precondition = no_precondition,
        **values: Any,
    ) -> E:
        """Changes the given fields and no others.

        Raises ``Invalid``, and before anything is loaded for what is wrong in itself; ``UnknownReference``, and
        ``Conflict`` where a transition is refused or a unique value is taken.
        """
        values = validated(self.entity, values)

        def updated(stored: E) -> E:
            precondition(stored)
            return with_values(stored, values, now=context.at)

        return await self.repository.of(owner).change(id, updated, context)

    async def replace(
        self,
        owner: OwnerId,
        id: UUID,
        context: WriteContext,
        precondition: Precondition = no_precondition,
        **values: Any,
    ) -> E:
        """Like ``update``, but what is left out has its default again, unless it is immutable."""
        return await self.update(owner, id, context, precondition, **{**spec_of(self.entity).reset, **values})

    async def delete(
        self, owner: OwnerId, id: UUID, context: WriteContext, precondition: Precondition = no_precondition
    ) -> None:
        """Deletes the entity; its revisions stay. Raises ``Conflict`` where another entity refers to it."""
        await self.repository.of(owner).remove(id, context, precondition)

    async def revisions(self, owner: OwnerId, id: UUID, request: PageRequest) -> Page[Revision[E]]:
        """What has become of one entity, the latest revision first; also of a deleted one."""
        page = await self.history.of_entity(owner, self.entity, id, request)
        if not page.items and request.after is None:
            await self.get(owner, id)  # an entity whose revisions are purged has none
        return page

    async def restore(
        self,
        owner: OwnerId,
        id: UUID,
        context: WriteContext,
        precondition: Precondition = no_precondition,
        *,
        version: int,
    ) -> E:
        """Brings back the state of an earlier version, as a new version; also of a deleted entity.

        Raises ``Unfit`` for a state that breaks a rule of today, and ``Conflict`` where what it refers to is gone, a
        unique value is taken, a transition is refused or somebody else restores it at the same time.
        """
        wanted = await self._state(owner, id, version)

        def restored(stored: E) -> E:
            precondition(stored)
            with restoring(version):
                return update(stored, now=context.at, **values_of(wanted))

        repository = self.repository.of(owner)
        try:
            return await repository.change(id, restored, context)
        except UnknownReference as error:
            raise error.as_missing() from error
        except NotFound:
            precondition(None)
            last = await self.history.latest(owner, self.entity, id)
            with restoring(version):
                made: Any = create(self.entity, id=id, owner_id=owner, now=wanted.created_at, **values_of(wanted))
            made = replace(made, **{field.name: getattr(wanted, field.name) for field in spec_of(self.entity).actors})
            # A deletion is no way round a rule between states.
            if last.before is not None:
                require_transition(last.before, made)
        before: Any = last.before or wanted
        # The clock may have gone back since any of these.
        changed = max(context.at, last.created_at, made.created_at, before.updated_at)
        again: E = replace(made, version=last.version + 1, updated_at=changed)
        try:
            await repository.add(again, context)
        except UnknownReference as error:
            raise error.as_missing() from error
        return again

    async def _state(self, owner: OwnerId, id: UUID, version: int) -> E:
        try:
            return await self.history.version(owner, self.entity, id, version)
        except NotFound:
            if not (await self.history.of_entity(owner, self.entity, id, PageRequest(limit=1))).items:
                await self.get(owner, id)
            raise
