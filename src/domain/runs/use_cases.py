"""What can be done with runs beyond what can be done with every entity: their summary and their table."""

from collections.abc import AsyncIterator, Iterable
from dataclasses import dataclass
from typing import Any, Protocol
from uuid import UUID

from domain.entity_spec import ConflictKind
from domain.errors import Conflict
from domain.paging import Comparison, Condition
from domain.repository import OwnerId, Repository
from domain.runs.run import Run
from domain.runs.summary import RunsSummary
from domain.runs.table import Members, RunRow
from domain.use_cases import EntityUseCases

MEMBERS_MAX = 10_000
"""Different labels, parameters and results of the runs that are summed up or exported together."""
RUNS_MAX = 500_000
"""Runs that are summed up together: more take longer than a request may."""
TOO_MANY_RUNS = ConflictKind(
    "too_many_runs",
    "Too many runs",
    f"The simulation has more than {RUNS_MAX:,} runs, too many for a summary. Export them, with filters if need be.",
)
TOO_MANY_MEMBERS = ConflictKind(
    "too_many_members",
    "Too many different members",
    f"The runs have more than {MEMBERS_MAX:,} different labels, parameters or results, too many for one answer. Narrow "
    "an export with filters; a summary cannot be narrowed.",
)


class OwnedRunReports(Protocol):
    """What is read of many of an owner's runs at once. Each method may raise ``Unavailable``."""

    async def summary(self, simulation_id: UUID) -> RunsSummary:
        """The summary of the simulation's runs.

        May end early once it has more than ``MEMBERS_MAX`` results or ``RUNS_MAX`` runs.
        """
        ...

    async def members(self, conditions: tuple[Condition, ...]) -> Members:
        """The members of the runs that fulfil the conditions. May end early once there are over ``MEMBERS_MAX``."""
        ...

    def rows(self, conditions: tuple[Condition, ...]) -> AsyncIterator[Iterable[RunRow]]:
        """These runs in pages, newest first; runs that are made after the first page are not among them."""
        ...


class RunReports(Protocol):
    """The reports of all owners' runs, reached through ``of`` alone."""

    def of(self, owner: OwnerId) -> OwnedRunReports: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class RunUseCases(EntityUseCases[Run]):
    """The use cases of runs. The id of another owner's simulation, or of none, raises ``NotFound``."""

    reports: RunReports
    simulations: Repository[Any]

    async def summary(self, owner: OwnerId, simulation_id: UUID) -> RunsSummary:
        """The summary of a simulation's runs. Raises ``Conflict`` for too many runs, or different results of them."""
        summary = await self.reports.of(owner).summary(simulation_id)
        if not summary.runs:  # or the simulation would be there: no run is ever without it
            await self.simulations.of(owner).get(simulation_id)
        if summary.runs > RUNS_MAX:
            raise Conflict(TOO_MANY_RUNS.code, f"The simulation has more than {RUNS_MAX:,} runs, too many to sum up.")
        _require_few(len(summary.results))
        return summary

    async def export(
        self, owner: OwnerId, simulation_id: UUID, conditions: tuple[Condition, ...]
    ) -> tuple[Members, AsyncIterator[Iterable[RunRow]]]:
        """The members of those of a simulation's runs that fulfil the conditions, and the runs in pages, newest first.

        Raises ``Conflict`` where they have too many different members.
        """
        reports = self.reports.of(owner)
        wanted = (Condition("simulation_id", Comparison.EQUAL, simulation_id), *conditions)
        members = await reports.members(wanted)
        if not len(members):
            await self.simulations.of(owner).get(simulation_id)
        _require_few(len(members))
        return members, reports.rows(wanted)


def _require_few(members: int) -> None:
    if members > MEMBERS_MAX:
        raise Conflict(TOO_MANY_MEMBERS.code, f"The runs have more than {MEMBERS_MAX:,} different members.")
