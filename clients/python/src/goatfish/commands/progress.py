"""A progress bar on standard error, for long work that somebody waits for at a terminal."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress

from goatfish.commands.output import Terminal, is_a_terminal

PERIOD = 0.1
BAR = 24


class Progress:
    """Shows how many rows of CSV have come, and of how many; nothing where nobody looks, or where they are shown.

    ``count`` is asked for the whole number only where it is shown; None is an unknown number.
    """

    def __init__(self, what: str, count: Callable[[], int | None], *, rows_are_shown: bool = False) -> None:
        self._what = what
        self._terminal = Terminal.of(sys.stderr)
        self._is_shown = is_a_terminal(sys.stderr) and not rows_are_shown
        self._count = count() if self._is_shown else None
        self._rows = 0
        self._within_quotes = False
        self._drawn = 0.0

    def __enter__(self) -> Progress:
        return self

    def __exit__(self, *_: object) -> None:
        if self._is_shown:
            self._write("")

    def over(self, chunks: Iterable[bytes]) -> Iterator[bytes]:
        """The chunks, while the bar follows them."""
        for chunk in chunks:
            yield chunk
            if self._is_shown:
                self._add(chunk)

    def _add(self, chunk: bytes) -> None:
        # Of the pieces between quotes every other one is within a cell, where a line's end is no row's end.
        pieces = chunk.split(b'"')
        self._rows += sum(piece.count(b"\n") for piece in pieces[self._within_quotes :: 2])
        self._within_quotes ^= len(pieces) % 2 == 0
        now = time.monotonic()
        if now - self._drawn >= PERIOD:
            self._drawn = now
            self._write(self._line(max(0, self._rows - 1)))

    def _line(self, rows: int) -> str:
        if not self._count:
            return f"{rows:,} {self._what}"
        share = min(1.0, rows / self._count)
        full = round(share * BAR)
        return f"[{'#' * full}{'.' * (BAR - full)}] {share:4.0%}  {rows:,} of {self._count:,} {self._what}"

    def _write(self, line: str) -> None:
        with suppress(OSError):
            sys.stderr.write(f"\r{line[: (self._terminal.width or 80) - 1]}\x1b[K")
            sys.stderr.flush()
