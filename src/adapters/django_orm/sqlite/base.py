"""Django's SQLite backend, with files that only migrations create, and statements that can be interrupted."""

from __future__ import annotations

import os
import sqlite3
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from django.db.backends.sqlite3 import base, creation, schema

from adapters.django_orm.sqlite.functions import add_functions

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from django.db.models import Model

CHECK_INTERVAL = 50_000
"""SQLite VM instructions, some 1 to 50 ms of work, between two checks of the time limit.

Each check takes Python's interpreter lock, for which it competes with the event loop.
"""


class SchemaEditor(schema.DatabaseSchemaEditor):
    """Makes tables, and makes them anew as Django does for most changes, with the owner in their primary keys."""

    def table_sql(self, model: type[Model]) -> tuple[str, Any]:
        sql, params = super().table_sql(model)
        if {"id", "owner_id"} <= {field.column for field in model._meta.local_concrete_fields}:
            alone, columns = " NOT NULL PRIMARY KEY", sql.removesuffix(")")
            sql = f"{columns.replace(alone, ' NOT NULL', 1)}, PRIMARY KEY (id, owner_id))"
        return sql, params


def create_file(path: str) -> None:
    """Makes an empty database with mode 0600, which SQLite gives its journal files too, unless there is one.

    Raises ``OSError``.
    """
    file = Path(path).resolve()
    file.parent.mkdir(parents=True, exist_ok=True)
    # An existing file must not be opened here, since closing it would release this process's POSIX locks.
    with suppress(FileExistsError):
        os.close(os.open(file, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600))


class DatabaseCreation(creation.DatabaseCreation):
    """Makes the databases of tests."""

    def _create_test_db(self, verbosity: int, autoclobber: bool, keepdb: bool = False) -> str:
        name: str = super()._create_test_db(verbosity, autoclobber, keepdb)  # type: ignore[misc]  # -- not in the stubs
        create_file(name)
        return name


class DatabaseWrapper(base.DatabaseWrapper):
    """Refuses to connect where there is no file: ``create_file`` makes it."""

    SchemaEditorClass = SchemaEditor
    creation_class = DatabaseCreation
    should_interrupt: Callable[[], bool] | None = None
    """Called while a statement runs: True interrupts it with ``OperationalError`` and rolls its transaction back."""

    def get_new_connection(self, conn_params: dict[str, Any]) -> sqlite3.Connection:
        if not Path(conn_params["database"]).exists():
            raise sqlite3.OperationalError(f"There is no database at {conn_params['database']}. Run: goatfish migrate")
        connection: sqlite3.Connection = super().get_new_connection(conn_params)
        add_functions(connection)
        connection.set_progress_handler(self._check_interrupt, CHECK_INTERVAL)
        return connection

    def _check_interrupt(self) -> bool:
        return self.should_interrupt is not None and self.should_interrupt()
