"""Django's way to SQLite: a file that is made is nobody else's to read, and what takes too long can be ended."""

from __future__ import annotations

import os
from contextlib import suppress
from typing import TYPE_CHECKING

from django.db.backends.sqlite3 import base

if TYPE_CHECKING:
    from collections.abc import Callable
    from sqlite3 import Connection
    from typing import Any

LOOKED_EVERY = 50_000
"""Instructions of SQLite's machine, some milliseconds to some tens, after which it asks whether to go on.

To ask takes the interpreter's lock, for which it waits while the event loop is busy, and the event loop for it.
"""


class DatabaseWrapper(base.DatabaseWrapper):
    """Makes the file first, for its owner alone; SQLite gives those beside it the same mode."""

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
