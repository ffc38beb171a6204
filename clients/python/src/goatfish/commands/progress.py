"""A progress bar on standard error, for long work that somebody waits for at a terminal."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress

from goatfish.commands.output import Terminal, is_a_terminal

PERIOD = 0.1
BAR = 24


class Bar:
    """Shows how much is done; drawn a few times a second at most."""

    def __init__(self, what: str, is_shown: bool) -> None:
        self._what = what
        self._terminal = Terminal.of(sys.stderr)
        self._is_shown = is_shown
        self._drawn = 0.0

    def __enter__(self) -> Bar:
        return self

    def __exit__(self, *_: object) -> None:
        if self._is_shown:
            self._write("")

    def show(self, done: int, count: int | None) -> None:
        """So much is done, of so much, or of an unknown number."""
        now = time.monotonic()
        if self._is_shown and now - self._drawn >= PERIOD:
            self._drawn = now
            self._write(self._line(done, count))

    def _line(self, done: int, count: int | None) -> str:
        if not count:
            return f"{done:,} {self._what}"
        share = min(1.0, done / count)
        full = round(share * BAR)
        return f"[{'#' * full}{'.' * (BAR - full)}] {share:4.0%}  {done:,} of {count:,} {self._what}"

    def _write(self, line: str) -> None:
        with suppress(OSError):
            sys.stderr.write(f"\r{line[: (self._terminal.width or 80) - 1]}\x1b[K")
            sys.stderr.flush()


class CsvProgress:
    """Shows how many rows of CSV have come, and of how many; nothing where nobody looks, or where they are shown.

    ``count`` is asked for the whole number only where it is shown; None is an unknown number.
    """

    def __init__(self, what: str, count: Callable[[], int | None], *, rows_are_shown: bool = False) -> None:
        self._is_shown = is_a_terminal(sys.stderr) and not rows_are_shown
        self._bar = Bar(what, self._is_shown)
        self._count = count() if self._is_shown else None
        self._rows = 0
        self._within_quotes = False

    def over(self, chunks: Iterable[bytes]) -> Iterator[bytes]:
        """The chunks, while the bar follows them."""
        with self._bar:
            for chunk in chunks:
                yield chunk
                if self._is_shown:
                    self._add(chunk)

    def _add(self, chunk: bytes) -> None:
        # Of the pieces between quotes every other one is within a cell, where a line's end is no row's end.
        pieces = chunk.split(b'"')
        self._rows += sum(piece.count(b"\n") for piece in pieces[self._within_quotes :: 2])
        self._within_quotes ^= len(pieces) % 2 == 0
        self._bar.show(max(0, self._rows - 1), self._count)
