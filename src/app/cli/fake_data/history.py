"""Fake histories: what seeded entities were before they became what they are, as revisions of their owner."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any

from domain.revisions import Revision
from domain.runs.run import Run
from domain.runs.status import RunStatus
from domain.simulations.simulation import Simulation
from domain.write_context import WriteContext

DESCRIBED_AFTER = timedelta(days=1)
"""How long after it was made a simulation gets its description, if it has one."""


def states(entity: Any, now: datetime) -> list[Any]:
    """The entity after each of its changes, in order; the last is as it is, with the version that it then has."""
    if isinstance(entity, Run):
        return _of_run(entity)
    if isinstance(entity, Simulation) and entity.description is not None:
        described = min(entity.created_at + DESCRIBED_AFTER, now)
        return [replace(entity, description=None), replace(entity, updated_at=described, version=2)]
    return [entity]


def _of_run(run: Run) -> list[Run]:
    """Queued, then running with a log, then ended: as far as it has come."""
    nothing: dict[str, Any] = {"started_at": None, "finished_at": None, "status_reason": None, "results": {}}
    queued = replace(run, **nothing, status=RunStatus.QUEUED, artifacts=(), updated_at=run.created_at)
    if run.started_at is None:
        return [queued]
    nothing["started_at"] = run.started_at
    running = replace(
        run, **nothing, status=RunStatus.RUNNING, artifacts=run.artifacts[:1], updated_at=run.started_at, version=2
    )
    return [queued, running, replace(run, version=3)] if run.status.is_final else [queued, running]


def revisions(history: list[Any], actor: str, request_id: str) -> Iterator[Revision[Any]]:
    """The revisions of an entity that was in these states, without numbers."""
    for before, after in pairwise([None, *history]):
        at = getattr(after, "updated_at", after.created_at)
        yield Revision.of(before, after, WriteContext(actor=actor, request_id=request_id, at=at))
