"""Every statement that the storage compiles for the database that Django is set up for, by name.

They are found, not listed: whatever is compiled once and kept, every kind of write of every table, and of its lists
each order and filter.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from functools import cached_property
from typing import Any
from uuid import UUID

from django.db import connections

from adapters.django_orm.repositories.list_statements import compared_by
from adapters.django_orm.repositories.reader import Reader
from adapters.django_orm.repositories.replica_reads import ReplicaReads
from adapters.django_orm.repositories.repository import OwnedTable
from adapters.django_orm.repositories.run_reports import RunReports
from adapters.django_orm.repositories.write_records import WriteKind
from adapters.django_orm.sql.asyncpg_executor import AsyncpgExecutor
from adapters.django_orm.sql.django_executor import DjangoExecutor
from adapters.django_orm.sql.standby import Standby
from adapters.django_orm.sql.statement import Statement
from adapters.django_orm.storage import Storage
from domain.entity_spec import spec_of
from domain.paging import NEWEST_FIRST, Comparison, Condition, PageRequest, Position, Sort
from domain.quantity_conditions import ComparisonOperator
from domain.registry import ENTITIES
from domain.revisions import IN_ORDER, LATEST_FIRST

SORTS = {"revision": {"number": IN_ORDER, "version": LATEST_FIRST}}
"""Of lists whose entity declares none; ``NEWEST_FIRST`` where nothing is said."""
PARSED = {
    "label": ("project", "project:wing"),
    "where": tuple(f"parameters.alpha{operator}12" for operator in ComparisonOperator),
}
"""Conditions that have statements of their own, by their parameters."""
_CLAUSE = re.compile(
    r" (?=(?:SELECT|FROM(?! named\) IS)|WHERE|VALUES|RETURNING|ON CONFLICT|ORDER BY|LIMIT|SET \")\b)"
    r"|(?<=,) (?=step\d)|(?<=\)) (?=INSERT INTO|UPDATE|DELETE FROM)"
)
_AFTER = Position("", UUID(int=0))


def statements(storage: Storage) -> Iterator[tuple[str, Statement]]:
    """Names and statements, in the order of the names."""
    tables = {table.model._meta.db_table: table for table in storage.tables.values()}
    others = {
        "storage": storage,
        "owner_directory": storage.owners,
        "idempotency_record": storage.idempotency_records,
        "run_reports": storage.run_reports,
        "replica_reads": storage.replica_reads,
    }
    for name, part in sorted((others | tables).items()):
        yield from _kept(name, part)
        if isinstance(part, OwnedTable):
            yield from _writes(name, part)
        if isinstance(part, Reader):
            yield from _lists(name, part)
        if isinstance(part, RunReports):
            yield from _reports(name, part)


def snapshot() -> str:
    """All of them as one text: a comment with the name, then the statement, with a line for each of its clauses."""
    parts = [f"-- {name}\n{_in_lines(statement.sql)};\n" for name, statement in statements(_storage())]
    return "\n".join(parts)


def _storage() -> Storage:
    """As the service has it; it is not opened, for compiling needs no database."""
    if connections["default"].vendor == "sqlite":
        return Storage(DjangoExecutor())
    options: Any = {"size": 1, "acquire_timeout": 1, "statement_timeout": 1, "list_timeout": 1}
    executor = AsyncpgExecutor("", **options)
    return Storage(executor, replica_reads=ReplicaReads(executor, Standby("", **options)))


def _kept(name: str, part: object) -> Iterator[tuple[str, Statement]]:
    """What is compiled when it is first needed: a statement, or the statements of a write."""
    for attribute in sorted(dir(type(part))):
        if isinstance(getattr(type(part), attribute), cached_property):
            value = getattr(part, attribute)
            yield from _named(f"{name}: {attribute.removeprefix('_')}", value if isinstance(value, tuple) else [value])


def _writes(name: str, table: OwnedTable[Any]) -> Iterator[tuple[str, Statement]]:
    for kind in WriteKind:
        if kind is not WriteKind.UPDATE_UNTRACKED or getattr(table.entity, "UNTRACKED", None):
            yield from _named(f"{name}: {kind}", table.write(kind))
    if columns := table.partly_known:
        unchanged = f"{name}: {WriteKind.UPDATE}, {', '.join(columns)} unchanged"
        yield from _named(unchanged, table.write(WriteKind.UPDATE, (), columns))


def _lists(name: str, table: Reader[Any]) -> Iterator[tuple[str, Statement]]:
    sorts = _sorts(name, table)
    for label, sort in sorts.items():
        first, following = PageRequest(sort=sort), PageRequest(sort=sort, after=_AFTER)
        yield f"{name}: list by {label}", table.lists.page(first)
        yield f"{name}: list by {label}, next page", table.lists.page(following)
        if len(table.lists.parts(first)) > 1:
            end = PageRequest(sort=sort, after=Position(None, UUID(int=0)))
            yield f"{name}: list by {label}, without a value", table.lists.page(first, missing=True)
            yield f"{name}: list by {label}, without a value, next page", table.lists.page(end, missing=True)
    if table.entity in ENTITIES:
        for parameter, each in spec_of(table.entity).filters.items():
            conditions = tuple(Condition(attribute, comparison, "") for attribute, comparison in each.compares)
            yield f"{name}: list where {parameter}", table.lists.page(PageRequest(conditions=conditions))
        for text, condition in _parsed(table.entity):
            yield f"{name}: list where {text}", table.lists.page(PageRequest(conditions=(condition,)))


def _parsed(entity: type[Any]) -> Iterator[tuple[str, Condition]]:
    """Conditions of every kind that clients write out, with their texts."""
    for parameter, each in spec_of(entity).parsed_filters.items():
        for text in PARSED[parameter]:
            yield f"{parameter}={text}", each.parse(text)


def _reports(name: str, reports: RunReports) -> Iterator[tuple[str, Statement]]:
    compared = (compared_by(Condition("simulation_id", Comparison.EQUAL, UUID(int=0))),)
    for label, goes_on in (("", False), (", next", True)):
        yield f"{name}: page{label}", reports.page(compared, goes_on)
        if connections["default"].vendor == "postgresql":
            for ends in (False, True):
                part = f"{name}: members{label}{', up to another' * ends}"
                yield part, reports.members(compared, goes_on, ends)
            yield f"{name}: end of members{label}", reports.end(compared, goes_on)


def _sorts(name: str, table: Reader[Any]) -> dict[str, Sort]:
    spec = spec_of(table.entity) if table.entity in ENTITIES else None
    by = () if spec is None else (*spec.sorts, *(f"{each}.any" for each in spec.quantities))
    both = [Sort(each, descending=descending) for each in by for descending in (False, True)]
    declared = {f"{'-' * sort.descending}{sort.by}": sort for sort in both}
    return SORTS.get(name) or declared or {"newest": NEWEST_FIRST}


def _named(name: str, values: Iterable[object]) -> Iterator[tuple[str, Statement]]:
    found = [value for value in values if isinstance(value, Statement)]
    for number, statement in enumerate(found, start=1):
        yield (f"{name}, {number} of {len(found)}" if len(found) > 1 else name), statement


def _in_lines(sql: str) -> str:
    return _CLAUSE.sub("\n", " ".join(sql.split()))
