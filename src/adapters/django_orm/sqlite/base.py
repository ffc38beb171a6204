"""Django's SQLite backend with two additions: new files have mode 0600, and a long statement can be interrupted."""

from __future__ import annotations

import os
from contextlib import suppress
from typing import TYPE_CHECKING

from django.db.backends.sqlite3 import base, schema

from adapters.django_orm.sqlite.functions import add_functions

if TYPE_CHECKING:
    from collections.abc import Callable
    from sqlite3 import Connection
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


class DatabaseWrapper(base.DatabaseWrapper):
    """Creates the file with mode 0600; SQLite gives the journal files the same mode."""

    SchemaEditorClass = SchemaEditor
    should_interrupt: Callable[[], bool] | None = None
    """Called while a statement runs: True interrupts it with ``OperationalError`` and rolls its transaction back."""

    def get_new_connection(self, conn_params: dict[str, Any]) -> Connection:
        # O_EXCL: an existing file must not be opened here, since closing it would release this process's POSIX locks.
        # Other errors are left to SQLite, which reports them when it connects.
        with suppress(OSError):
            os.close(os.open(conn_params["database"], os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600))
        connection: Connection = super().get_new_connection(conn_params)
        add_functions(connection)
        connection.set_progress_handler(self._check_interrupt, CHECK_INTERVAL)
        return connection

    def _check_interrupt(self) -> bool:
        return self.should_interrupt is not None and self.should_interrupt()
