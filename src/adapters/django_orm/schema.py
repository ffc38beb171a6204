"""Which migrations are applied, asked by a statement that fails unless every column that they made is there."""

from __future__ import annotations

from functools import cache

from django.db import connections
from django.db.migrations.recorder import MigrationRecorder
from django.db.models import Model

from adapters.django_orm.apps import owned_models
from adapters.django_orm.models import OwnerRow
from adapters.django_orm.sql.statement import Statement


@cache
def applied_migrations(alias: str) -> Statement:
    """Reads the app and the name of each; and no row, but every column, of the tables with data of owners."""
    quote = connections[alias].ops.quote_name
    models: list[type[Model]] = [OwnerRow, *owned_models()]
    there = []
    for model in models:
        table = quote(model._meta.db_table)
        # With the table's name: SQLite takes the name of a column that does not exist for a text.
        columns = ", ".join(f"{table}.{quote(field.column)}" for field in model._meta.concrete_fields)
        there.append(f"NOT EXISTS (SELECT {columns} FROM {table} WHERE 1 = 0)")  # noqa: S608 -- names of ours
    applied = quote(MigrationRecorder.Migration._meta.db_table)
    return Statement(f"SELECT app, name FROM {applied} WHERE {' AND '.join(there)}", (), (None, None))  # noqa: S608 -- as above
