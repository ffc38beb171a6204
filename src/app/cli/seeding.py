"""Fills the database with fake data, by bulk inserts that bypass the use cases and record no revisions."""

import gc
import secrets
from collections import defaultdict
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TimeElapsedColumn

from app.cli.database import require_operators
from app.cli.fake_data import fake_entities, fake_owners
from app.cli.fake_runs import fake_runs
from app.cli.owners import owner_members
from app.cli.terminal import print_json, print_message, print_result
from domain.access.owner import Owner
from domain.entity import plural_of
from domain.entity_spec import spec_of
from domain.fields import Reference
from domain.registry import ENTITIES
from domain.repository import Owned, OwnerId
from domain.runs.run import Run
from domain.simulations.simulation import Simulation


def seed(owner_count: int, each: int, runs: int, *, as_json: bool) -> None:
    require_operators()
    from adapters.django_orm.tenant_data import bulk_insert  # models can be imported only once Django is set up

    now = datetime.now(UTC)
    owners = fake_owners(owner_count, now, secrets.token_hex(3))
    counts = {entity: runs if entity is Run else each for entity in ENTITIES}
    made: dict[str, dict[OwnerId, list[UUID]]] = {kind: defaultdict(list) for kind in _referred_to()}

    def insert(entity: type[Owned], name: str, count: int, entities: Iterable[Any]) -> None:
        task = progress.add_task(name, total=count)
        for added in bulk_insert.insert_entities(entity, entities):
            progress.advance(task, added)
        bulk_insert.analyze(entity)

    with (
        _without_collector(),
        Progress(
            "{task.description}", BarColumn(), MofNCompleteColumn(), TimeElapsedColumn(), console=Console(stderr=True)
        ) as progress,
    ):
        insert(Owner, "owners", owner_count, owners)
        for entity in ENTITIES:
            entities: Iterator[Any]
            if entity is Run:
                entities = fake_runs(owners, runs, now, made[Simulation.KIND])
            else:
                entities = fake_entities(entity, owners, each, now, made)
            insert(entity, plural_of(entity), counts[entity], _recording_ids(entities, made.get(entity.KIND)))
    created = " and ".join(f"{count} {plural_of(entity)}" for entity, count in counts.items())
    print_message(f"{created} are created for {owner_count} new owners, with these ids:")
    if as_json:
        print_json([owner_members(owner) for owner in owners])
        return
    for owner in owners:
        print_result(str(owner.id))


@contextmanager
def _without_collector() -> Iterator[None]:
    """Rows are in no cycles, and looking for some among thousands takes half of the time."""
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


def _referred_to() -> set[str]:
    """The kinds of entities that other kinds refer to."""
    declared = [field.kind for entity in ENTITIES for field in spec_of(entity).fields.values()]
    return {kind.to for kind in declared if isinstance(kind, Reference)}


def _recording_ids(entities: Iterator[Any], ids: dict[OwnerId, list[UUID]] | None) -> Iterator[Any]:
    """The entities, recording their ids where other kinds refer to them."""
    if ids is None:
        return entities

    def recording() -> Iterator[Any]:
        for entity in entities:
            yield entity
            ids[entity.owner_id].append(entity.id)

    return recording()
