"""Django's way to SQLite: a file that is made is nobody else's to read, and what takes too long can be ended."""

from __future__ import annotations

import os
from contextlib import suppress
from typing import TYPE_CHECKING

from django.db.backends.sqlite3 import base, schema

if TYPE_CHECKING:
    from collections.abc import Callable
    from sqlite3 import Connection
    from typing import Any

    from django.db.models import Model

LOOKED_EVERY = 50_000
"""Instructions of SQLite's machine, some milliseconds to some tens, after which it asks whether to go on.

To ask takes the interpreter's lock, for which it waits while the event loop is busy, and the event loop for it.
"""


class SchemaEditor(schema.DatabaseSchemaEditor):
    """Makes tables, and makes them anew as Django does for most changes, with the owner in their primary keys."""

    def table_sql(self, model: type[Model]) -> tuple[str, Any]:
        sql, params = super().table_sql(model)
        if {"id", "owner_id"} <= {field.column for field in model._meta.local_concrete_fields}:
            alone, rest = " NOT NULL PRIMARY KEY", sql.removesuffix(")")
            sql = f"{rest.replace(alone, ' NOT NULL', 1)}, PRIMARY KEY (id, owner_id))"
        return sql, params


class DatabaseWrapper(base.DatabaseWrapper):
    """Makes the file first, for its owner alone; SQLite gives those beside it the same mode."""

    SchemaEditorClass = SchemaEditor
    overdue: Callable[[], bool] | None = None
    """Asked while a statement runs: True ends it with ``OperationalError``, and undoes its transaction."""

    def get_new_connection(self, conn_params: dict[str, Any]) -> Connection:
        # One that is there is left as it is, and not even opened: to close it would end this process's locks on it.
        # What stands against making it is said by SQLite.
        with suppress(OSError):
            os.close(os.open(conn_params["database"], os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600))
        connection: Connection = super().get_new_connection(conn_params)
        connection.set_progress_handler(self._overdue, LOOKED_EVERY)
        return connection

    def _overdue(self) -> bool:
        return self.overdue is not None and self.overdue()
