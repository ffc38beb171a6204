"""Output of commands: results on stdout for programs, messages on stderr for people, an error as one line."""

import json
import os
import sys
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import datetime
from typing import TYPE_CHECKING, NoReturn
from uuid import UUID

import typer

from domain.errors import DomainError, NotFound, Unavailable

if TYPE_CHECKING:
    from rich.console import Console

FAILED, MISCONFIGURED = 1, 2


def print_result(text: str) -> None:
    """Prints a line to stdout."""
    typer.echo(text)


def print_message(text: str) -> None:
    """Prints a line to stderr. Results are printed even where it cannot be written; then the exit status is 1."""
    with suppress(OSError):
        typer.echo(text, err=True)


def fail(text: str, status: int = FAILED) -> NoReturn:
    """Prints an error and ends the command with this exit status."""
    print_message(text)
    raise typer.Exit(status)


def print_json(value: object) -> None:
    """Prints a value as JSON to stdout, its times and ids as the API writes them."""
    print_result(json.dumps(value, indent=2, default=_plain))


def _plain(value: object) -> object:
    """What JSON lacks, as the API writes it."""
    if isinstance(value, datetime):
        return f"{value:%Y-%m-%dT%H:%M:%S.%fZ}"
    if isinstance(value, UUID):
        return str(value)
    if isinstance(value, frozenset):
        return sorted(value)
    raise TypeError(type(value))


@contextmanager
def one_line_errors() -> Iterator[None]:
    """Prints expected errors as one line with an exit status; only bugs show a traceback."""
    try:
        yield
    except NotFound as error:
        fail(f"There is no such {error.code.removesuffix('_not_found')}.")
    except DomainError as error:
        fail(error.detail)
    except Unavailable as error:
        fail(str(error))
    except SystemExit as error:
        # ConfigurationError, recognized by its attribute: not every command needs the settings, and they import slowly.
        lines = getattr(error, "lines", None)
        if lines is None:
            raise
        fail("\n".join(lines), MISCONFIGURED)


@contextmanager
def one_line_usage_errors() -> Iterator[None]:
    """Prints wrong arguments as one line as well, unless somebody reads them at a terminal, where they get a box."""
    try:
        yield
    except Exception as error:
        # Click's usage errors, whose classes typer does not export; the one without words is a help.
        words, context = getattr(error, "format_message", str)(), getattr(error, "ctx", None)
        if not words or context is None or sys.stderr.isatty() or os.environ.get("FORCE_COLOR"):
            raise
        end = "" if words.endswith((".", "?")) else "."
        fail(f"{' '.join(words.split())}{end} See: {context.command_path} --help", MISCONFIGURED)


def console(*, stderr: bool = False) -> "Console":
    """Rich's, which prints text as it is; with NO_COLOR without any style, where Rich would leave out colours alone."""
    from rich.console import Console

    return Console(
        stderr=stderr,
        color_system=None if os.environ.get("NO_COLOR") else "auto",
        markup=False,
        highlight=False,
        soft_wrap=True,
    )


def format_time(at: datetime | None) -> str:
    """A time in UTC, to the second; empty for None."""
    return "" if at is None else f"{at:%Y-%m-%dT%H:%M:%SZ}"


def print_table(columns: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    """Prints a table on a terminal; otherwise tab-separated lines without a header, for programs.

    A row is always one line, which a narrow terminal wraps: nothing is cut, so that everything can be copied.
    """
    if not sys.stdout.isatty():
        for row in rows:
            print_result("\t".join(row))
        return
    from rich.cells import cell_len

    lines = [columns, *rows]
    widths = [max(map(cell_len, column)) for column in zip(*lines, strict=True)]
    for line in lines:
        padded = (text + " " * (width - cell_len(text)) for text, width in zip(line, widths, strict=True))
        print_result("  ".join(padded).rstrip())
