"""Reports of runs in memory."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterable, Mapping
from dataclasses import dataclass
from itertools import islice
from operator import attrgetter
from uuid import UUID

from adapters.in_memory.repository import Repository
from domain.entity import fulfils
from domain.paging import Condition
from domain.quantities import Quantity, QuantityValue
from domain.repository import OwnerId
from domain.runs.run import Run
from domain.runs.summary import RunsSummarizer, RunsSummary
from domain.runs.table import PLAIN, Members, RunRow
from domain.turns import Turns

PAGE = 1000
_plain: Callable[[Run], tuple[object, ...]] = attrgetter(*PLAIN)


@dataclass(frozen=True, slots=True)
class OwnedRunReports:
    """One owner's reports."""

    runs: Mapping[UUID, Run]

    async def summary(self, simulation_id: UUID) -> RunsSummary:
        summarizer = RunsSummarizer()
        with Turns() as turns:
            for run in [*self.runs.values()]:  # others may be added meanwhile
                if run.simulation_id == simulation_id:
                    summarizer.add(run.status, _pairs(run.results))
                await turns.pause()
        return await summarizer.summary()

    async def members(self, conditions: tuple[Condition, ...]) -> Members:
        members = Members()
        with Turns() as turns:
            for run in await self._matching(conditions):
                members.add(_row(run))
                await turns.pause()
        return members

    async def rows(self, conditions: tuple[Condition, ...]) -> AsyncIterator[Iterable[RunRow]]:
        newest = iter(sorted(await self._matching(conditions), key=attrgetter("created_at", "id"), reverse=True))
        while page := [*islice(newest, PAGE)]:
            yield map(_row, page)

    async def _matching(self, conditions: tuple[Condition, ...]) -> list[Run]:
        matching: list[Run] = []
        with Turns() as turns:
            for run in [*self.runs.values()]:
                if all(fulfils(run, each) for each in conditions):
                    matching.append(run)
                await turns.pause()
        return matching


@dataclass(frozen=True, slots=True)
class RunReports:
    """The reports of all owners."""

    runs: Repository[Run]

    def of(self, owner: OwnerId) -> OwnedRunReports:
        return OwnedRunReports(self.runs.rows(owner))


def _row(run: Run) -> RunRow:
    return (*_plain(run), run.labels, _pairs(run.parameters), _pairs(run.results))


def _pairs(quantities: Mapping[str, Quantity]) -> dict[str, tuple[QuantityValue, str | None]]:
    return {name: (each.value, each.unit) for name, each in quantities.items()}
