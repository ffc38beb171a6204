"""Runs pg_dump and pg_restore on the operators' database. No password is on their command line."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import IO, TYPE_CHECKING, cast

from django.db import connection
from psycopg import pq
from psycopg.conninfo import make_conninfo

from domain.errors import Unavailable

if TYPE_CHECKING:
    from collections.abc import Iterator

_MEANINGS = {"SIGXFSZ": "the limit of file sizes, ulimit -f", "SIGKILL": "by somebody, or for want of memory"}
ERROR_MAX = 400  # characters of a program's error


def client_program(name: str, *, since: int) -> str:
    """The program, which must be of this version or later. Raises ``Unavailable``."""
    found = shutil.which(name)
    version_needed = f"of version {server_version()} or later"
    install = f"Install PostgreSQL's client programs {version_needed}, and put them first on PATH."
    if found is None:
        raise Unavailable(f"{name} is not on PATH. {install}")
    version = re.search(r"\d+", run([found, "--version"]))
    if version is None:
        raise Unavailable(f"{found} does not tell its version. {install}")
    if int(version[0]) < since:
        raise Unavailable(f"{found} is of version {version[0]}, older than the server. {install}")
    return found


def server_version() -> int:
    """The server's major version."""
    connection.ensure_connection()
    return int(connection.pg_version // 10_000)  # type: ignore[attr-defined]  # -- of PostgreSQL's wrapper


def run(command: list[str], *, output: Path | None = None) -> str:
    """Runs a program on the database to its end, and returns its output, or writes it to a file.

    Raises ``Unavailable`` if it fails.
    """
    if output is None:
        with lines_of(command) as lines:
            return b"".join(lines).decode(errors="surrogateescape")
    with output.open("wb") as file, _running(command, file):
        return ""


@contextmanager
def lines_of(command: list[str]) -> Iterator[Iterator[bytes]]:
    """The output of a program, while it runs; raises ``Unavailable`` at the end if it has failed."""
    with _running(command, subprocess.PIPE) as process:
        yield cast("IO[bytes]", process.stdout)


@contextmanager
def _running(command: list[str], output: int | IO[bytes]) -> Iterator[subprocess.Popen[bytes]]:
    with tempfile.TemporaryFile() as errors:
        try:
            process = subprocess.Popen(  # noqa: S603 -- PostgreSQL's own programs, without a shell
                command,
                env=os.environ | _parameters()[0],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=errors,
            )
        except OSError as error:
            raise Unavailable(f"{command[0]} cannot be started: {error.strerror}") from error
        with process:
            try:
                yield process
                process.wait()
            except BaseException:
                process.kill()
                raise
        if process.returncode:
            errors.seek(0)
            said = _error(errors.read().decode(errors="replace"))
            if process.returncode < 0 or not said:
                said = "; ".join(filter(None, [said, _ending(process.returncode)]))
            raise Unavailable(f"{Path(command[0]).name} failed: {said}")


def _ending(status: int) -> str:
    """How a program ended: by which signal, or with which status."""
    number = -status
    if number <= 0:
        return f"status {status}"
    name = signal.Signals(number).name if number in {*signal.Signals} else f"signal {number}"
    meaning = _MEANINGS.get(name) or (signal.strsignal(number) or "unknown").lower()
    return f"ended by {name} ({meaning})"


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
