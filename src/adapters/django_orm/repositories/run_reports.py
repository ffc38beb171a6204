"""Reports of runs from their table. PostgreSQL sums them up itself; on SQLite they are read in pages."""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache
from typing import TYPE_CHECKING, Annotated, Any

import msgspec
from django.db.models import F

from adapters.django_orm.columns import QuantitiesField
from adapters.django_orm.repositories.list_statements import LISTS_MAX, compared_by, condition_values
from adapters.django_orm.repositories.page_sizes import page_sql, sized_columns
from adapters.django_orm.sql.compiler import Compiler
from adapters.django_orm.sql.expressions import KeysetAfter, Param, field_of, param
from domain.paging import Comparison, Condition
from domain.quantities import EXACT_MAX, QuantityValue
from domain.runs.status import RunStatus
from domain.runs.summary import ExactNumbers, RunsSummarizer, RunsSummary, RunsSums
from domain.runs.table import COLUMNS, MAPS, PLAIN, Members, RunRow
from domain.runs.units import DIFFER
from domain.runs.use_cases import MEMBERS_MAX, RUNS_MAX
from domain.turns import Turns

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
    from uuid import UUID

    from django.db import models

    from adapters.django_orm.repositories.list_statements import Compared
    from adapters.django_orm.repositories.repository import OwnedTable
    from adapters.django_orm.sql.statement import Encode, Statement
    from domain.repository import OwnerId
    from domain.runs.run import Run

FIRST_PAGE, PAGE = 100, 1000
"""Runs of the first page, and of any: each has twice as many as the one before it, or fewer where they are large."""
PAGE_SIZE = 1_500_000
"""Bytes of a page's labels, parameters and results as PostgreSQL keeps them, which is more than they take as text."""
RUNS_AT_ONCE = 10_000
"""Runs that one statement sums up, or of which it collects the members: it takes some tenths of a second."""
_NUMBER, _STATUS = "number", "status"
_NEWEST = ("created_at", "id")
_OF_SIMULATION: tuple[Compared, ...] = (("simulation_id", Comparison.EQUAL, None),)

_SUMMARY = f"""
SELECT '{_STATUS}', "status", count(*), NULL::numeric, NULL::numeric, NULL::numeric, NULL::text
FROM rows GROUP BY "status"
UNION ALL
SELECT '{_NUMBER}', key, count(*), min(number), max(number), sum(number),
CASE WHEN count(unit) = count(*) AND min(unit) = max(unit) THEN min(unit) END
FROM (
SELECT key, (value -> 0)::numeric AS number, nullif(value ->> 1, '') COLLATE "C" AS unit
FROM rows, jsonb_each("results") WHERE jsonb_typeof(value -> 0) = 'number'
) AS numbers GROUP BY key
LIMIT {MEMBERS_MAX + 1 + len(RunStatus)}
"""  # noqa: S608 -- names and numbers of ours
_MEMBERS = f"""
SELECT 'labels', key, NULL::text, FALSE FROM rows, jsonb_object_keys("labels") AS key GROUP BY key
UNION ALL {{parameters}} UNION ALL {{results}} LIMIT {MEMBERS_MAX + 1}
"""  # noqa: S608 -- as above
_MEMBERS_OF = """
SELECT '{name}', key, min(unit), count(*) > 1
FROM (
SELECT DISTINCT key, nullif(value ->> 1, '') COLLATE "C" AS unit FROM rows, jsonb_each("{name}")
) AS members GROUP BY key
"""
_END = 'SELECT "created_at", "id" FROM rows ORDER BY "created_at" DESC, "id" DESC LIMIT 1 OFFSET {before}'


class RunReports:
    """The reports of all owners' runs."""

    def __init__(self, runs: OwnedTable[Run]) -> None:
        self.runs = runs
        self.compile = Compiler(runs.executor)
        self.page = lru_cache(LISTS_MAX)(self._page)
        self.summary = lru_cache(LISTS_MAX)(self._summary)
        self.members = lru_cache(LISTS_MAX)(self._members)
        self.end = lru_cache(LISTS_MAX)(self._end)

    def of(self, owner: OwnerId) -> OwnedRunReports:
        return (_PostgresqlReports if self.compile.on_postgresql else OwnedRunReports)(self, owner)

    def _summary(self, goes_on: bool, ends: bool) -> Statement:
        """Statuses with their counts, and the results that are numbers, each with count, range, sum and unit.

        Of the next runs, up to ``_end`` or all, but for those beyond one more than ``RUNS_AT_ONCE``.
        """
        rows = self._upto(self._newest(_OF_SIMULATION, goes_on), ends)
        limit = None if ends else RUNS_AT_ONCE + 1
        return self.compile.over(rows, ("status", "results"), _SUMMARY, (None,) * 7, limit=limit)

    def _page(self, compared: tuple[Compared, ...], goes_on: bool) -> Statement:
        """A page of runs, with their maps as texts, and whether another run follows each."""
        # The status stays text: where nothing is decoded, rows are taken as they come.
        plain = (None if name == "status" else self._decoder(name) for name in PLAIN)
        decoders = (*plain, *(None for _ in MAPS), None)
        rows, limit = self._newest(compared, goes_on), param(self.runs.model, "version", "limit")
        if not self.compile.on_postgresql:
            return replace(self.compile.select(rows, *COLUMNS, limit=limit, sized=MAPS), decoders=decoders)
        sql = page_sql(COLUMNS, sized_columns(self.runs.model, MAPS).values(), _NEWEST, PAGE_SIZE, descending=True)
        return self.compile.over(rows, COLUMNS, sql, decoders, limit=limit)

    def _members(self, compared: tuple[Compared, ...], goes_on: bool, ends: bool) -> Statement:
        """The members of the next runs, up to ``_end`` or all: map, name, a unit and whether they differ."""
        sql = _MEMBERS.format(**{name: _MEMBERS_OF.format(name=name) for name in ("parameters", "results")})
        rows = self._upto(self._newest(compared, goes_on), ends)
        return self.compile.over(rows, MAPS, sql, (None,) * 4)

    def _upto(self, rows: models.QuerySet[Any, Any], ends: bool) -> models.QuerySet[Any, Any]:
        """The rows up to the last of them, in no order."""
        if ends:  # not by their number: runs are added and deleted between two statements
            last: list[Param] = [param(self.runs.model, name, f"last_{name}") for name in _NEWEST]
            rows = rows.filter(KeysetAfter(*map(F, _NEWEST), *last, descending=False, inclusive=True))
        return rows.order_by()

    def _end(self, compared: tuple[Compared, ...], goes_on: bool) -> Statement:
        """The last of the runs of which one statement collects the members, where there are as many."""
        sql = _END.format(before=RUNS_AT_ONCE - 1)
        decoders = tuple(self._decoder(name) for name in _NEWEST)
        return self.compile.over(self._newest(compared, goes_on), _NEWEST, sql, decoders, limit=RUNS_AT_ONCE)

    def _decoder(self, column: str) -> Encode | None:
        return self.runs.executor.codec(field_of(self.runs.model, column))[1]

    def _newest(self, compared: tuple[Compared, ...], goes_on: bool) -> models.QuerySet[Any, Any]:
        rows = self.runs.lists.matching(compared)
        if goes_on:
            there: list[Param] = [param(self.runs.model, name, f"after_{name}") for name in _NEWEST]
            rows = rows.filter(KeysetAfter(*map(F, _NEWEST), *there, descending=True))
        return rows.order_by(*(f"-{name}" for name in _NEWEST))


class OwnedRunReports:
    """One owner's reports, on databases that do not sum up by themselves."""

    def __init__(self, table: RunReports, owner: OwnerId) -> None:
        self._table, self._owner = table, owner

    async def summary(self, simulation_id: UUID) -> RunsSummary:
        summarizer, status = RunsSummarizer(), COLUMNS.index("status")
        async for page in self.rows((Condition("simulation_id", Comparison.EQUAL, simulation_id),)):
            with Turns() as turns:
                for row in page:
                    summarizer.add(RunStatus(row[status]), row[-1])
                    await turns.pause()
        return await summarizer.summary()

    async def members(self, conditions: tuple[Condition, ...]) -> Members:
        members = Members()
        async for page in self.rows(conditions):
            with Turns() as turns:
                for row in page:
                    members.add(row)
                    await turns.pause()
            if len(members) > MEMBERS_MAX:
                break
        return members

    async def rows(self, conditions: tuple[Condition, ...]) -> AsyncIterator[Iterable[RunRow]]:
        compared, values = self._asked(conditions)
        values["limit"] = min(FIRST_PAGE, PAGE)
        after: Mapping[str, Any] = {}
        while rows := await self._fetch(self._table.page(compared, bool(after)), {**values, **after}):
            # Runs beyond the end of a page of large ones would be read in vain.
            ended_early = rows[-1][-1] and len(rows) < values["limit"]
            values["limit"] = len(rows) if ended_early else min(2 * len(rows), PAGE)
            after = {f"after_{name}": rows[-1][COLUMNS.index(name)] for name in _NEWEST}
            yield map(_row, rows)

    def _asked(self, conditions: tuple[Condition, ...]) -> tuple[tuple[Compared, ...], dict[str, Any]]:
        """What the statement depends on, and the values of its parameters."""
        return tuple(map(compared_by, conditions)), condition_values(self._owner, conditions)

    async def _fetch(self, statement: Statement, values: Mapping[str, Any]) -> Sequence[Sequence[Any]]:
        return await self._table.runs.reads.fetch(str(self._owner), statement, values)


class _PostgresqlReports(OwnedRunReports):
    """One owner's reports, summed up by the database: its numbers are exact decimals."""

    async def summary(self, simulation_id: UUID) -> RunsSummary:
        """Mostly by one statement. Of many runs it would exceed its time, whenever it is tried: these come in parts."""
        values: dict[str, Any] = {"owner_id": self._owner, "condition_0": simulation_id}
        first = RunsSums()
        await _add(first, await self._fetch(self._table.summary(False, False), values))
        if first.runs <= RUNS_AT_ONCE:
            return await first.summary()
        sums, after = RunsSums(), dict[str, Any]()
        while sums.runs <= RUNS_MAX and len(sums.numbers) <= MEMBERS_MAX:
            end = await self._fetch(self._table.end(_OF_SIMULATION, bool(after)), {**values, **after})
            last = _place("last", end[0]) if end else {}
            statement = self._table.summary(bool(after), bool(end))
            await _add(sums, await self._fetch(statement, {**values, **after, **last}))
            if not end:
                break
            after = _place("after", end[0])
        return await sums.summary()

    async def members(self, conditions: tuple[Condition, ...]) -> Members:
        compared, values = self._asked(conditions)
        members, after = Members(), dict[str, Any]()
        while len(members) <= MEMBERS_MAX:
            end = await self._fetch(self._table.end(compared, bool(after)), {**values, **after})
            last = _place("last", end[0]) if end else {}
            statement = self._table.members(compared, bool(after), bool(end))
            found = await self._fetch(statement, {**values, **after, **last})
            with Turns() as turns:
                for of, name, unit, differ in found:
                    if of == "labels":
                        members.labels.add(name)
                    else:
                        members.agree(getattr(members, of), name, DIFFER if differ else unit)
                    await turns.pause()
            if not end:
                break
            after = _place("after", end[0])
        return members


def _place(name: str, of: Sequence[Any]) -> dict[str, Any]:
    """The parameters of a place among the runs, newest first."""
    return {f"{name}_{column}": value for column, value in zip(_NEWEST, of, strict=True)}


async def _add(sums: RunsSums, rows: Sequence[Sequence[Any]]) -> None:
    """Adds the rows of a summary."""
    with Turns() as turns:
        for kind, name, count, least, most, total, unit in rows:
            if kind == _STATUS:
                sums.add_status(RunStatus(name), count)
            else:
                sums.add_numbers(name, ExactNumbers(count, least, most, total, unit))
            await turns.pause()


_LABELS = msgspec.json.Decoder(dict[str, str])
_Whole = Annotated[int, msgspec.Meta(ge=-EXACT_MAX, le=EXACT_MAX)]
_PAIRS = msgspec.json.Decoder(dict[str, tuple[bool | _Whole | float | str, str | None]])
_FIELD = QuantitiesField()


def _row(row: Sequence[Any]) -> RunRow:
    *plain, labels, parameters, results, _ = row
    return (*plain, _LABELS.decode(labels), _pairs(parameters), _pairs(results))


def _pairs(text: str) -> dict[str, tuple[QuantityValue, str | None]]:
    """Quantities as pairs of value and unit, in a fraction of the time that the objects take."""
    try:
        return _PAIRS.decode(text)
    except msgspec.ValidationError:  # a large floating-point number, which PostgreSQL writes without a point
        return {name: (each.value, each.unit) for name, each in _FIELD.from_db_value(text, None, None).items()}
