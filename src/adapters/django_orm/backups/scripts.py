"""Runs the scripts that pg_restore writes, in the transaction of whoever restores.

pg_restore itself would set what servers of earlier versions do not know, and could not end with the policies and rights
that belong to a backup.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from domain.errors import Unavailable

if TYPE_CHECKING:
    from collections.abc import Iterator

_COPY = re.compile(rb"COPY .* FROM stdin;\n")
_END = b"\\.\n"
_LEFT_OUT = re.compile(rb"\\(?:un)?restrict |SET transaction_timeout = 0;\n")
"""Commands of psql, and a setting that PostgreSQL 16 does not have."""


def run_script(cursor: Any, lines: Iterator[bytes]) -> None:
    """Executes the statements, with the rows of tables between them. Raises ``Unavailable`` where rows are cut off."""
    statements: list[bytes] = []
    for line in lines:
        if _COPY.fullmatch(line):
            _execute(cursor, statements)
            with cursor.copy(line) as copy:
                for row in _rows(lines):
                    copy.write(row)
        elif not _LEFT_OUT.match(line):
            statements.append(line)
    _execute(cursor, statements)


def _rows(lines: Iterator[bytes]) -> Iterator[bytes]:
    for line in lines:
        if line == _END:
            return
        if not line.endswith(b"\n"):
            break
        yield line
    raise Unavailable("The backup is cut off in the middle of a table.")


def _execute(cursor: Any, statements: list[bytes]) -> None:
    script = b"".join(statements).decode()
    statements.clear()
    if script:
        cursor.execute(script)
