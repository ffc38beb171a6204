"""Fills the database with fake data and its history, by bulk inserts that bypass the use cases."""

import asyncio
import gc
import secrets
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from rich.progress import BarColumn, MofNCompleteColumn, Progress, TimeElapsedColumn

from app.cli.database import require_operators
from app.cli.fake_data.entities import HISTORY, fake_entities, fake_owners
from app.cli.fake_data.history import revisions, states
from app.cli.fake_data.runs import fake_runs
from app.cli.owners import owner_members
from app.cli.terminal import console, print_json, print_message, print_result
from app.cli.use_case_runner import operator_context, with_use_cases
from domain.access.owner import Owner
from domain.entity import plural_of
from domain.entity_spec import spec_of
from domain.fields import Reference
from domain.registry import ENTITIES
from domain.repository import Owned, OwnerId
from domain.revisions import Revision
from domain.runs.run import Run
from domain.simulations.simulation import Simulation


def seed(owner_count: int, each: int, runs: int, *, of: str | None, history: bool, as_json: bool) -> None:
    require_operators()
    now, batch = datetime.now(UTC), secrets.token_hex(3)
    if of is None:
        owners = fake_owners(owner_count, now - HISTORY, batch)
    else:
        owners = [asyncio.run(with_use_cases(lambda use_cases: use_cases.owners().get(of)))]
    fill(owners, each, runs, now=now, batch=batch, are_new=of is None, history=history)
    counts = {entity: runs if entity is Run else each for entity in ENTITIES}
    created = " and ".join(f"{count} {plural_of(entity)}" for entity, count in counts.items())
    without = "" if history else ", without revisions,"
    whose = f"owner {owners[0].name!r}, with this id" if of else f"new owners ({owner_count}), with these ids"
    print_message(f"{created} are created{without} for {whose}:")
    if as_json:
        print_json([owner_members(owner) for owner in owners])
        return
    for owner in owners:
        print_result(str(owner.id))


def fill(
    owners: Sequence[Owner], each: int, runs: int, *, now: datetime, batch: str, are_new: bool, history: bool
) -> None:
    """Creates so many runs, and objects of each other kind, spread over the owners; ``batch`` makes names unique."""
    columns = ("{task.description}", BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with _without_collector(), Progress(*columns, console=console(stderr=True)) as progress:
        filling = _Filling(now, f"seed-{batch}", progress, has_history=history)
        if are_new:
            filling.insert(Owner, len(owners), owners)
        for entity in ENTITIES:
            if entity is Run:
                fakes = fake_runs(owners, runs, now, filling.made[Simulation.KIND], f"slurm-{batch}")
                filling.insert(entity, runs, fakes)
            else:
                filling.insert(entity, each, fake_entities(entity, owners, each, now, filling.made))
        filling.insert_revisions()


class _Filling:
    """Inserts entities. Their ids are kept for those that refer to them, and revisions on disk until all are there."""

    def __init__(self, now: datetime, request_id: str, progress: Progress, *, has_history: bool) -> None:
        from adapters.django_orm.tenant_data.revision_spool import RevisionSpool  # needs Django's models

        self._now, self._progress = now, progress
        self.made: dict[str, dict[OwnerId, list[UUID]]] = {kind: defaultdict(list) for kind in _referred_to()}
        self._actor, self._request_id = operator_context().actor, request_id
        self._revisions = RevisionSpool() if has_history else None

    def insert(self, entity: type[Owned], count: int, entities: Iterable[Any]) -> None:
        from adapters.django_orm.tenant_data import bulk_insert  # models can be imported only once Django is set up

        task = self._progress.add_task(f"{entity.KIND}s", total=count)
        for added in bulk_insert.insert_entities(entity, self._remembered(entities)):
            self._progress.advance(task, added)
        bulk_insert.analyze(entity)

    def insert_revisions(self) -> None:
        from adapters.django_orm.tenant_data import bulk_insert

        if self._revisions is None:
            return
        task = self._progress.add_task("revisions", total=self._revisions.size)
        for added in self._revisions.insert():
            self._progress.advance(task, added)
        bulk_insert.analyze(Revision)

    def _remembered(self, entities: Iterable[Any]) -> Iterator[Any]:
        """The entities as they have become."""
        for entity in entities:
            passed = [entity]
            if self._revisions is not None:
                passed = states(entity, self._now)
                self._revisions.add(revisions(passed, self._actor, self._request_id))
            if entity.KIND in self.made:
                self.made[entity.KIND][entity.owner_id].append(entity.id)
            yield passed[-1]


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
