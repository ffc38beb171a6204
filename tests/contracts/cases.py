"""The kinds of entities that the repository contracts run for, and the helpers that their tests share."""

from __future__ import annotations

import dataclasses
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, TypeAlias

import pytest
from factory.base import Factory

from domain.access.owner import Owner
from domain.access.scopes import Scope
from domain.errors import DomainError
from domain.fields import Reference
from domain.paging import PageRequest, Position
from domain.registry import ENTITIES
from domain.repository import OwnerId, with_changes
from domain.webhooks.webhook import DisabledReason
from tests.contracts import field_values
from tests.contracts.field_values import REFERRED_IDS, UNICODE
from tests.contracts.resources import resource_of
from tests.factories import CONTEXT, NOW, ApiKeyFactory, OwnerFactory, RunFactory, SimulationFactory, WebhookFactory

if TYPE_CHECKING:
    from app.storage import Storage
    from domain.repository import Owned, OwnedRepository, Repository
    from domain.write_context import WriteContext

Entity: TypeAlias = Any
"""Contract tests run for every kind of entity, so the static type is unknown."""

EARLIEST = datetime(1970, 1, 1, 0, 0, 0, 1, tzinfo=UTC)
LATEST = datetime(9999, 12, 31, 23, 59, 59, 999999, tzinfo=UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """A kind of entity: its repository, its factory, and boundary values of its fields.

    ``changes`` are updates of different fields, each to a value other than the factory's. ``step`` returns an update
    that differs from every earlier one, for at least twenty steps in a row.
    """

    kind: str
    entities: type[Factory[Any]]
    repository: Callable[[Storage], Repository[Any]]
    edges: Sequence[Mapping[str, object]]
    changes: Sequence[Mapping[str, object]]
    step: Callable[[Entity], Mapping[str, object]]

    references: Collection[str] = ()
    """The fields that must refer to another entity."""

    @property
    def entity(self) -> type[Any]:
        """The class of the entities."""
        model: type[Any] = self.entities._meta.model
        return model

    def make(self, owner: OwnerId, **fields: object) -> Entity:
        """An entity of this owner, who must have the entities that it refers to: see ``admitted``."""
        referred = dict.fromkeys(self.references, REFERRED_IDS[0])
        return self.entities.build(**referred | fields | {"owner_id": owner})


def entity_case(entities: type[Factory[Any]]) -> Case:
    """The case of an entity with annotated fields, derived from them. ``entities`` is its factory."""
    resource = resource_of(type(entities.build()))
    made = entities.build(**dict.fromkeys(resource.references, REFERRED_IDS[0]))
    different = (
        {name: field_values.another(each, getattr(made, name))}
        for name, each in resource.spec.fields.items()
        if name in resource.references or not isinstance(each.kind, Reference)
    )
    return Case(
        kind=resource.kind,
        entities=entities,
        repository=lambda storage: storage.repository(resource.entity),
        edges=({}, *resource.edges, *TIMES),
        changes=(*different, {"updated_at": NOW + timedelta(microseconds=1)}),
        step=lambda entity: {resource.label: getattr(entity, resource.label) + "x"},
        references=resource.references,
    )


def case_of(entity: type[Any]) -> Case:
    """The case of this entity."""
    (case,) = (case for case in CASES if case.kind == entity.KIND)
    return case


TIMES: Sequence[Mapping[str, object]] = (
    {"created_at": EARLIEST, "updated_at": LATEST},
    {"created_at": NOW.replace(microsecond=0), "updated_at": NOW.replace(microsecond=1)},
    {"version": 2**31 - 1},
)
"""Boundary values of the fields that every tenant entity has."""
CASES = (
    entity_case(SimulationFactory),
    entity_case(RunFactory),
    Case(
        kind="key",
        entities=ApiKeyFactory,
        repository=lambda storage: storage.keys,
        edges=(
            {},
            {"name": UNICODE},
            {"name": "🐐" * 100},
            {"expires_at": None, "last_used_at": None, "revoked_at": None},
            {"expires_at": LATEST, "last_used_at": EARLIEST, "revoked_at": NOW},
            *({"scopes": frozenset({scope})} for scope in Scope),
            {"scopes": frozenset()},
            {"created_by": "operator:" + "🐐" * 191, "original_expires_at": LATEST, "expires_at": NOW},
            {"created_by": None, "original_expires_at": None},
        ),
        changes=(
            {"name": "Renamed"},
            {"scopes": frozenset({Scope.KEYS_MANAGE})},
            {"revoked_at": NOW},
            {"last_used_at": NOW},
            {"expires_at": LATEST - timedelta(microseconds=1)},
            {"original_expires_at": LATEST},
            {"created_by": "key:another"},
        ),
        step=lambda key: {"name": key.name + "x"},
    ),
    Case(
        kind="webhook",
        entities=WebhookFactory,
        repository=lambda storage: storage.webhooks,
        edges=(
            {},
            {"url": f"https://a.example/{'x' * 2030}", "kinds": ("run",), "description": UNICODE},
            {"enabled": False, "disabled_reason": DisabledReason.SECRET_UNREADABLE},
            {"secret": "x" * 200, "previous_secret": "y" * 200, "previous_secret_until": LATEST},
            *TIMES,
        ),
        changes=(
            {"url": "https://other.example"},
            {"kinds": ("simulation",)},
            {"description": "Chat"},
            {"enabled": False},
            {"disabled_reason": DisabledReason.GONE},
            {"previous_secret_until": NOW},
        ),
        step=lambda webhook: {"url": webhook.url + "x"},
    ),
)
every_kind = pytest.mark.parametrize("case", CASES, ids=lambda case: case.kind)


class ChangeFailed(Exception):
    """Raised by the change functions of tests."""


def expect_same(stored: Entity, given: Entity) -> None:
    """Asserts that an entity is the given one, in the types of its values, too."""
    assert stored == given
    for field in dataclasses.fields(given):
        value = getattr(stored, field.name)
        assert isinstance(value, type(getattr(given, field.name))), field.name
        if isinstance(value, datetime):
            assert value.tzname() == "UTC", field.name


async def walk(repository: OwnedRepository[Any], limit: int) -> list[Entity]:
    """Reads all entities page by page, and asserts that every page but the last one is full."""
    entities: list[Entity] = []
    after: Position | None = None
    while True:
        page = await repository.page(PageRequest(limit=limit, after=after))
        assert not {entity.id for entity in page.items} & {entity.id for entity in entities}, "a page repeats an entity"
        entities += page.items
        assert len(page.items) <= limit
        if page.next is None:
            return entities
        assert len(page.items) == limit
        after = page.next


async def everything(repository: OwnedRepository[Any]) -> list[Entity]:
    return await walk(repository, 100)


async def refusal(awaited: Awaitable[object]) -> DomainError:
    with pytest.raises(DomainError) as refused:
        await awaited
    return refused.value


async def admitted(storage: Storage, *entities: type[Any]) -> OwnerId:
    """Stores a new owner with the entities that these kinds must refer to, and nothing else."""
    owner: Owner = OwnerFactory.build()
    await storage.owners.add(owner, CONTEXT)
    await add_referred(storage, owner.id, *entities)
    return owner.id


async def add_referred(storage: Storage, owner: OwnerId, *entities: type[Any], context: WriteContext = CONTEXT) -> None:
    """Stores the entities that these kinds must refer to, directly or indirectly."""
    for parent in referred_kinds(*entities):
        for id in REFERRED_IDS:
            await storage.repository(parent).of(owner).add(case_of(parent).make(owner, id=id), context)


def referred_kinds(*entities: type[Any]) -> list[type[Owned]]:
    """The kinds that these kinds must refer to, directly or indirectly, each after the kinds it refers to itself."""
    found: set[str] = set()
    for entity in reversed(ENTITIES):
        if entity in entities or entity.KIND in found:
            found |= {*resource_of(entity).references.values()}
    return [entity for entity in ENTITIES if entity.KIND in found]


def next_version(entity: Entity, fields: Mapping[str, object]) -> Entity:
    """The entity's next version, even if the fields change nothing."""
    return dataclasses.replace(entity, **fields, version=entity.version + 1)


def returning(result: Entity) -> Callable[[Entity], Entity]:
    return lambda stored: result


def recording(given: list[Entity], fields: Mapping[str, object]) -> Callable[[Entity], Entity]:
    def change(stored: Entity) -> Entity:
        given.append(stored)
        return with_changes(stored, fields)

    return change


def must_not_run(stored: Entity) -> Entity:
    raise AssertionError(f"the change function was called with {stored}")


class OwnerFixtures:
    """Fixtures of two new owners, for tests with a ``storage`` fixture.

    If a test takes a ``case`` or a ``resource``, the owners have the entities that its kind must refer to.
    """

    @pytest.fixture
    def entities(self, request: pytest.FixtureRequest) -> tuple[type[Any], ...]:
        given = {request.getfixturevalue(name).kind for name in ("case", "resource") if name in request.fixturenames}
        return tuple(entity for entity in ENTITIES if entity.KIND in given)

    @pytest.fixture
    async def owner(self, storage: Storage, entities: tuple[type[Any], ...]) -> OwnerId:
        return await admitted(storage, *entities)

    @pytest.fixture
    async def stranger(self, storage: Storage, entities: tuple[type[Any], ...]) -> OwnerId:
        return await admitted(storage, *entities)
