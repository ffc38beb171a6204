"""Reports of runs in memory."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Mapping
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

PAGE = 1000
_plain: Callable[[Run], tuple[object, ...]] = attrgetter(*PLAIN)


@dataclass(frozen=True, slots=True)
class OwnedRunReports:
    """One owner's reports."""

    runs: Mapping[UUID, Run]

    async def summary(self, simulation_id: UUID) -> RunsSummary:
        summarizer = RunsSummarizer()
        for run in self.runs.values():
            if run.simulation_id == simulation_id:
                summarizer.add(run.status, _pairs(run.results))
        return summarizer.summary()

    async def members(self, conditions: tuple[Condition, ...]) -> Members:
        members = Members()
        for row in map(_row, self._matching(conditions)):
            members.add(row)
        return members

    async def rows(self, conditions: tuple[Condition, ...]) -> AsyncIterator[Iterable[RunRow]]:
        newest = iter(sorted(self._matching(conditions), key=attrgetter("created_at", "id"), reverse=True))
        while page := [*islice(newest, PAGE)]:
            yield map(_row, page)

    def _matching(self, conditions: tuple[Condition, ...]) -> Iterator[Run]:
        return (run for run in self.runs.values() if all(fulfils(run, each) for each in conditions))


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
