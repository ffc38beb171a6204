"""Whether the tables are those of this version: its migrations are applied, and all columns that they made there."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from functools import cache
from typing import TypeAlias

from django.apps import apps
from django.db import connections
from django.db.backends.utils import CursorWrapper
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.recorder import MigrationRecorder
from django.db.models import Model

from adapters.django_orm.apps import GoatfishConfig, model_of, owned_models
from adapters.django_orm.columns import indexed_maps
from adapters.django_orm.sql.statement import Statement
from domain.access.owner import Owner

Names: TypeAlias = Collection[tuple[str, str]]
"""Migrations, each by its app and its name."""

_COLUMNS = {
    "postgresql": """
        SELECT relname, attname FROM pg_attribute JOIN pg_class ON pg_class.oid = attrelid
        WHERE relkind IN ('r', 'p') AND attnum > 0 AND NOT attisdropped AND pg_table_is_visible(attrelid)
    """,
    "sqlite": """
        SELECT sqlite_master.name, found.name FROM sqlite_master, pragma_table_info(sqlite_master.name) AS found
        WHERE sqlite_master.type = 'table'
    """,
}


@cache
def applied_migrations(alias: str, *, with_tables: bool = True) -> Statement:
    """Reads the app and the name of each; and no row, but every column, of the tables with data of owners.

    Without these tables it only fails where no migration has ever been applied.
    """
    quote = connections[alias].ops.quote_name
    models: list[type[Model]] = [model_of(Owner), *owned_models()]
    there = []
    for model in models:
        table = quote(model._meta.db_table)
        # With the table's name: SQLite takes the name of a column that does not exist for a text.
        columns = ", ".join(f"{table}.{quote(field.column)}" for field in model._meta.concrete_fields)
        there.append(f"NOT EXISTS (SELECT {columns} FROM {table} WHERE 1 = 0)")  # noqa: S608 -- names of ours
        there += [f"NOT EXISTS (SELECT 1 FROM {quote(name)} WHERE 1 = 0)" for name in _map_tables(alias, model)]  # noqa: S608 -- as above
    applied = quote(MigrationRecorder.Migration._meta.db_table)
    where = f" WHERE {' AND '.join(there)}" if with_tables else ""
    return Statement(f"SELECT app, name FROM {applied}{where}", (), (None, None))  # noqa: S608 -- as above


def _map_tables(alias: str, model: type[Model]) -> Iterable[str]:
    return indexed_maps(model).values() if connections[alias].vendor == "postgresql" else ()


def unknown_migrations(applied: Names) -> list[str]:
    """Those of Goatfish that this version does not have: another one has applied them."""
    ours = {name for app, name in applied if app == GoatfishConfig.label}
    return sorted(ours - {name for app, name in _migrations() if app == GoatfishConfig.label})


def migration_fault(applied: Names) -> str | None:
    """Why these migrations are not all that this version needs, and what helps; None if they are."""
    missing = _migrations() - {*applied}
    if missing and (unknown := unknown_migrations(applied)):
        lacking = ", ".join(sorted(name for _, name in missing))
        return (
            f"Another version of Goatfish has made the database: it has the migrations {', '.join(unknown)}, which this"
            f" version does not know, and lacks {lacking}. Use that version, or a new database: goatfish owner export"
            " and import take owners there."
        )
    return f"{len(missing)} migrations are not applied. Run: goatfish migrate" if missing else None


def table_fault(missing: str) -> str:
    """What it means that something is missing although every migration is applied, and what helps."""
    return (
        f"The tables are not as the migrations of this version make them: {missing}. goatfish migrate cannot mend that."
        " Put back what was removed or renamed, or restore a backup into a new database: goatfish restore. If an"
        " earlier state of this version made the tables, make a new database."
    )


def missing_columns(cursor: CursorWrapper) -> list[str]:
    """The tables, and the columns of others, that are not there. Any role may ask."""
    alias = cursor.db.alias
    cursor.execute(_COLUMNS[cursor.db.vendor])
    there = {*cursor.fetchall()}
    tables = {table for table, _ in there}
    return [*dict.fromkeys(_missing(alias, there, tables))]


def _missing(alias: str, there: set[tuple[str, str]], tables: set[str]) -> Iterator[str]:
    for model in apps.get_models(include_auto_created=True):
        table = model._meta.db_table
        for name in (table, *_map_tables(alias, model)):
            if name not in tables:
                yield f"there is no table {name}"
        if table in tables:
            columns = (field.column for field in model._meta.concrete_fields)
            yield from (f"there is no column {table}.{name}" for name in columns if (table, name) not in there)


@cache
def _migrations() -> frozenset[tuple[str, str]]:
    return frozenset(MigrationLoader(None).disk_migrations)
