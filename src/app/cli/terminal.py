"""Output of commands: results on stdout for programs, messages on stderr for people, an error as one line."""

import sys
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import datetime
from typing import NoReturn

import typer

from domain.errors import DomainError, NotFound, Unavailable

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


def format_time(at: datetime | None) -> str:
    """A time in UTC, to the second; empty for None."""
    return "" if at is None else f"{at:%Y-%m-%dT%H:%M:%SZ}"


def print_table(columns: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    """Prints a table on a terminal; otherwise tab-separated lines without a header, for programs."""
    if not sys.stdout.isatty():
        for row in rows:
            print_result("\t".join(row))
        return
    from rich.console import Console
    from rich.table import Table

    rich_table = Table(*columns, box=None, pad_edge=False)
    for row in rows:
        rich_table.add_row(*row)
    Console(markup=False, highlight=False).print(rich_table)
