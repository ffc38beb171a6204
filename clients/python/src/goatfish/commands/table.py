"""Tables that fit the terminal: the most important columns first, then as many others as there is room for."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from goatfish.commands.cells import fit, width_of
from goatfish.commands.output import Terminal

GAP = "  "
LONGEST = 40
"""Cells that a column takes at most, as long as others wait for room."""


@dataclass(frozen=True)
class Column:
    """A column: its header and a text for each row.

    ``least`` is the number of cells that it can be cut to, None where it cannot be cut. A column of a lower ``rank``
    is shown sooner. ``styles`` has one for each row, or none.
    """

    header: str
    texts: Sequence[str]
    rank: int = 1
    least: int | None = None
    right: bool = False
    styles: Sequence[str] = field(default=())


def lines_of(columns: Sequence[Column], terminal: Terminal) -> Iterator[str]:
    """The lines of the table, its header first, none of them wider than the terminal."""
    columns = [printed(each, terminal) for each in columns]
    widths = widths_of(columns, terminal.width)
    shown = [(column, widths[at]) for at, column in enumerate(columns) if at in widths]
    for row in range(-1, len(columns[0].texts)):
        pieces = []
        for column, width in shown:
            text = column.header if row < 0 else column.texts[row]
            padded = fit(text, width, right=column.right, ellipsis=terminal.ellipsis)
            pieces.append((padded, "bold" if row < 0 else column.styles[row] if column.styles else ""))
        yield joined(pieces, terminal)


def hidden(columns: Sequence[Column], terminal: Terminal) -> list[str]:
    """The headers of the columns for which there is no room."""
    columns = [printed(each, terminal) for each in columns]
    widths = widths_of(columns, terminal.width)
    return [column.header for at, column in enumerate(columns) if at not in widths]


def printed(column: Column, terminal: Terminal) -> Column:
    """The column in characters that the terminal can show."""
    texts = [terminal.printable(text) for text in column.texts]
    return Column(terminal.printable(column.header), texts, column.rank, column.least, column.right, column.styles)


def joined(pieces: Sequence[tuple[str, str]], terminal: Terminal) -> str:
    """A line of texts with their styles; nothing invisible at its end."""
    line = list(pieces)
    while line and not line[-1][0].strip():
        line.pop()
    if line:
        line[-1] = (line[-1][0].rstrip(), line[-1][1])
    return GAP.join(terminal.paint(text, style) for text, style in line)


def widths_of(columns: Sequence[Column], width: int | None) -> dict[int, int]:
    """The cells of each column that is shown, by its position."""
    natural = [max(map(width_of, [column.header, *column.texts])) for column in columns]
    if width is None:
        return dict(enumerate(natural))
    usual = [full if each.least is None else min(full, LONGEST) for full, each in zip(natural, columns)]
    least = [full if each.least is None else min(full, each.least) for full, each in zip(natural, columns)]
    order = sorted(range(len(columns)), key=lambda at: columns[at].rank)
    widths = {order[0]: min(least[order[0]], width)}
    room = width - widths[order[0]]
    highest = columns[order[-1]].rank
    for rank in range(columns[order[0]].rank, highest + 1):
        # The columns of a rank are cut before one of them is left out, and have their room before the next rank.
        ranked = [at for at in order if columns[at].rank == rank]
        for at in ranked:
            if at not in widths and len(GAP) + least[at] <= room:
                widths[at] = least[at]
                room -= len(GAP) + least[at]
        for at in ranked:
            room = widen(widths, at, usual[at], room)
    for at in order:
        room = widen(widths, at, natural[at], room)
    return widths


def widen(widths: dict[int, int], at: int, to: int, room: int) -> int:
    """Give this column, if it is shown, the cells that it would like, as far as there is room; the room left."""
    if at not in widths:
        return room
    more = max(0, min(to - widths[at], room))
    widths[at] += more
    return room - more
