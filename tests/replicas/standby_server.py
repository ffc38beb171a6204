"""A PostgreSQL standby of an embedded server, made by pg_basebackup, that can be made to lag, to hang and to die."""

from __future__ import annotations

import os
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg

from tests.embedded_postgres import Server
from tests.embedded_postgres.places import find_binaries
from tests.embedded_postgres.server import ADMINISTRATOR

COUNTED = {"shared_preload_libraries": "pg_stat_statements", "pg_stat_statements.track": "top"}
"""Settings with which a server counts statements."""
LISTS = """
    SELECT coalesce(sum(calls), 0)::int FROM pg_stat_statements
    WHERE query ~ 'set_config' AND query ~ 'ORDER BY|UNION' AND query !~ 'INSERT|UPDATE|DELETE|"api_key"'
"""
"""How many statements have read many of an owner's rows, other than keys."""


class StandbyServer(Server):
    """A standby of ``primary``, which has to run when this starts."""

    def __init__(self, primary: Server) -> None:
        super().__init__(in_memory=True, settings=COUNTED)
        self._primary = primary

    def pause(self) -> None:
        """Applies nothing any more of what arrives."""
        ask(self, "SELECT pg_wal_replay_pause()")
        while ask(self, "SELECT pg_get_wal_replay_pause_state()") != [("paused",)]:
            time.sleep(0.01)

    def resume(self) -> None:
        ask(self, "SELECT pg_wal_replay_resume()")

    @contextmanager
    def having(self, setting: str, value: int) -> Iterator[None]:
        """Has this setting meanwhile."""
        ask(self, f"ALTER SYSTEM SET {setting} = {value}")
        ask(self, "SELECT pg_reload_conf()")
        try:
            yield
        finally:
            ask(self, f"ALTER SYSTEM RESET {setting}")
            ask(self, "SELECT pg_reload_conf()")

    def catch_up(self) -> None:
        """Returns once what the primary has written is applied."""
        ((position,),) = ask(self._primary, "SELECT pg_current_wal_lsn()::text")
        while ask(self, f"SELECT pg_last_wal_replay_lsn() >= '{position}'") != [(True,)]:
            time.sleep(0.01)

    def promote(self) -> None:
        """Makes it a primary of its own."""
        ask(self, "SELECT pg_promote()")

    def _initdb(self, data: Path, password: Path, version: str) -> None:
        login = {"PGPASSWORD": self._primary._passwords[ADMINISTRATOR]}
        where = ["--host=127.0.0.1", f"--port={self._primary._port}", f"--username={ADMINISTRATOR}", f"--pgdata={data}"]
        command = [str(find_binaries() / "pg_basebackup"), *where, "--write-recovery-conf", "--checkpoint=fast"]
        subprocess.run([*command, "--no-sync"], check=True, env=os.environ | login, timeout=60)
        for path in (data, *data.rglob("*")):
            self._account.own(path)
        self._passwords = self._primary._passwords

    def _provision(self) -> None:
        self._passwords = self._primary._passwords


def ask(server: Server, sql: str) -> list[tuple[Any, ...]]:
    """What a statement of the superuser returns, which runs outside of a transaction."""
    with psycopg.connect(server.administrator_url, autocommit=True) as connection:
        cursor = connection.execute(sql.encode())
        return cursor.fetchall() if cursor.description else []


def lists_of(server: Server) -> int:
    """How many statements that read many rows of an owner this server has run."""
    ((calls,),) = ask(server, LISTS)
    return int(calls)
