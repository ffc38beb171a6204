"""Runs pg_dump and pg_restore on the operators' database. No password is on their command line."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path
from typing import IO

from django.db import connection
from psycopg import pq
from psycopg.conninfo import make_conninfo

from domain.errors import Unavailable

ERROR_MAX = 400  # characters of a program's error


def client_program(name: str) -> str:
    """The program, which must be at least as new as the server. Raises ``Unavailable``."""
    found = shutil.which(name)
    server = _server_version()
    install = f"Install PostgreSQL's client programs of version {server} or later, and put them first on PATH."
    if found is None:
        raise Unavailable(f"{name} is not on PATH. {install}")
    output = run([found, "--version"])
    version = re.search(r"\d+", output)
    if version is None:
        raise Unavailable(f"{found} does not tell its version. {install}")
    if int(version[0]) < server:
        raise Unavailable(f"{found} is of version {version[0]}, older than the server. {install}")
    return found


def _server_version() -> int:
    connection.ensure_connection()
    return int(connection.pg_version // 10_000)  # type: ignore[attr-defined]  # -- of PostgreSQL's wrapper


def run(command: list[str], *, output: Path | None = None) -> str:
    """Runs a program on the database to its end, and returns its output, or writes it to a file.

    Raises ``Unavailable`` if it fails.
    """
    if output is None:
        return _run(command, subprocess.PIPE)
    with output.open("wb") as file:
        return _run(command, file)


def _run(command: list[str], output: int | IO[bytes]) -> str:
    try:
        done = subprocess.run(  # noqa: S603 -- PostgreSQL's own programs, without a shell
            command,
            env=os.environ | _parameters()[0],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.PIPE,
            check=False,
        )
    except OSError as error:
        raise Unavailable(f"{command[0]} cannot be started: {error.strerror}") from error
    if done.returncode:
        said = _error(done.stderr.decode(errors="replace")) or f"status {done.returncode}"
        raise Unavailable(f"{Path(command[0]).name} failed: {said}")
    return (done.stdout or b"").decode(errors="surrogateescape")


def _error(said: str) -> str:
    """What a program said of its error, as one line."""
    lines = [re.sub(r"^pg_\w+: (?:error: )?", "", line) for line in said.splitlines() if ": warning: " not in line]
    text = " ".join(" ".join(lines).split())
    return text if len(text) <= ERROR_MAX else f"{text[:ERROR_MAX]} …"


def database_option() -> str:
    """The option that names the database, with what has no variable of its own. Raises ``Unavailable``."""
    return f"--dbname={make_conninfo(**_parameters()[1])}"


def _parameters() -> tuple[dict[str, str], dict[str, str]]:
    """How Django connects: as environment variables of libpq, and the other parameters with the database's name."""
    known = {option.keyword.decode(): option for option in pq.Conninfo.get_defaults()}
    variables, others = {}, {}
    for name, value in connection.get_connection_params().items():
        option = known.get(name)
        if option is None or value is None:  # psycopg's own
            continue
        if option.envvar and name != "dbname":
            variables[option.envvar.decode()] = str(value)
        elif b"*" in option.dispchar:
            raise Unavailable(f"The database's URL has {name}, which cannot be passed on without showing it.")
        else:
            others[name] = str(value)
    return variables, others
