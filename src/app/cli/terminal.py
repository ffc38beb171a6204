"""How commands talk: results on stdout for programs, words on stderr for people, one line for what went wrong."""

import sys
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from typing import NoReturn

import typer

from domain.errors import DomainError, NotFound, Unavailable

FAILED, MISCONFIGURED = 1, 2


def result(text: str) -> None:
    """Prints a result, alone on its line."""
    typer.echo(text)


def say(text: str) -> None:
    """Tells the person at the terminal."""
    typer.echo(text, err=True)


def fail(text: str, status: int = FAILED) -> NoReturn:
    """Says what went wrong and ends the command."""
    say(text)
    raise typer.Exit(status)


@contextmanager
def plain_errors() -> Iterator[None]:
    """Turns what is expected to go wrong into a line and an exit status; a traceback is left for our own faults."""
    try:
        yield
    except NotFound as error:
        fail(f"There is no such {error.code.removesuffix('_not_found')}.")
    except DomainError as error:
        fail(error.detail)
    except Unavailable as error:
        fail(str(error))
    except SystemExit as error:
        # Known by its lines, because the settings are too slow to import for a command that may not need them.
        lines = getattr(error, "lines", None)
        if lines is None:
            raise
        fail("\n".join(lines), MISCONFIGURED)


def moment(at: datetime | None) -> str:
    """A time to the second in UTC; nothing for none."""
    return "" if at is None else f"{at:%Y-%m-%dT%H:%M:%SZ}"


def table(columns: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    """Prints a table on a terminal, and lines of tab-separated values, without a head, for programs."""
    if not sys.stdout.isatty():
        for row in rows:
            result("\t".join(row))
        return
    from rich.console import Console
    from rich.table import Table

    shown = Table(*columns, box=None, pad_edge=False)
    for row in rows:
        shown.add_row(*row)
    Console(markup=False, highlight=False).print(shown)
