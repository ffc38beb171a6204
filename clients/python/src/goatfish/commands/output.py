"""What ``gf`` writes: lines and bytes on standard output, sentences on standard error, and what a terminal can show."""

from __future__ import annotations

import errno
import os
import sys
from contextlib import suppress
from dataclasses import dataclass
from typing import IO

from goatfish.commands.cells import printable

STYLES = {
    "bold": "1",
    "dim": "2",
    "red": "31",
    "green": "32",
    "yellow": "33",
    "blue": "34",
}
UNKNOWN_WIDTH = 80


@dataclass(frozen=True)
class Terminal:
    """What a stream can show. ``width`` is its number of cells in a line, None where lines may have any length."""

    encoding: str = "utf-8"
    width: int | None = None
    colour: bool = False

    @classmethod
    def of(cls, stream: IO[str] | None) -> Terminal:
        """The properties of this stream; lines of a pipe or file may have any length, unless COLUMNS says otherwise."""
        is_terminal = bool(stream) and is_a_terminal(stream)
        columns = os.environ.get("COLUMNS", "")
        given = int(columns) if columns.isascii() and columns.isdigit() and len(columns) < len("10000") else 0
        width = given or (width_of_terminal(stream) if is_terminal else None)
        return cls(encoding_of(stream), width, is_terminal and wants_colour())

    @property
    def is_exact(self) -> bool:
        """Whether everything is written in full: ids, digits and moments."""
        return self.width is None

    def printable(self, text: str) -> str:
        """The text in one line, harmless, in characters that the stream can show."""
        return printable(text, self.encoding)

    def can_show(self, text: str) -> bool:
        """Whether the stream's encoding has these characters."""
        try:
            text.encode(self.encoding)
        except UnicodeEncodeError:
            return False
        return True

    @property
    def ellipsis(self) -> str:
        """What stands where text was cut."""
        return "…" if self.can_show("…") else "~"

    def paint(self, text: str, style: str | None) -> str:
        """The text in this style, where the stream shows colours and there is one."""
        return f"\x1b[{STYLES[style]}m{text}\x1b[0m" if self.colour and style and text else text


def width_of_terminal(stream: IO[str] | None) -> int:
    """How many cells its lines have."""
    try:
        return (os.get_terminal_size(stream.fileno()).columns if stream else 0) or UNKNOWN_WIDTH
    except (OSError, ValueError):
        return UNKNOWN_WIDTH


def is_a_terminal(stream: IO[str] | None) -> bool:
    """Whether somebody looks at this stream."""
    try:
        return stream is not None and stream.isatty()
    except ValueError:  # it is closed
        return False


def wants_colour() -> bool:
    """Whether whoever looks wants colours: https://no-color.org."""
    return not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"


def encoding_of(stream: IO[str] | None) -> str:
    """The stream's encoding; UTF-8 where it has none."""
    return getattr(stream, "encoding", None) or "utf-8"


def write(text: str, stream: IO[str] | None = None) -> None:
    """Write this text, harmless already, to the stream, or to standard output. Raises OSError where that fails."""
    stream = stream or sys.stdout
    if stream is None:
        raise OSError(errno.EBADF, os.strerror(errno.EBADF))
    encoding = encoding_of(stream)
    stream.write(text.encode(encoding, "backslashreplace").decode(encoding))


def write_line(text: str = "") -> None:
    """Write this line to standard output, and hand it on at once."""
    write(f"{text}\n")
    sys.stdout.flush()


def write_bytes(data: bytes) -> None:
    """Write these bytes to standard output as they are, after what was written before."""
    write("")
    sys.stdout.flush()
    sys.stdout.buffer.write(data)


def say(sentence: str, of: str = "gf") -> None:
    """Say this in one line on standard error, made harmless; where nobody can hear it, it is not said."""
    stream = sys.stderr
    if stream is None:
        return
    first, *more = [part for part in (piece.strip() for piece in sentence.splitlines()) if part] or [""]
    line = f"{first} {'; '.join(more)}".rstrip()
    with suppress(OSError, ValueError):
        stream.write(f"{of}: {printable(line, encoding_of(stream))}\n")
        stream.flush()


def abandon_output() -> None:
    """Give up standard output, so that Python does not try to write the rest when it ends."""
    nothing = os.open(os.devnull, os.O_WRONLY)
    with suppress(AttributeError, OSError, ValueError):  # it has no descriptor: nothing is written at the end
        os.dup2(nothing, sys.stdout.fileno())
    os.close(nothing)
