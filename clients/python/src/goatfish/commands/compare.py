"""``gf compare``: where runs differ, in parameters, results and everything else."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from goatfish.commands.cells import width_of
from goatfish.commands.documents import csv_text, write_csv, write_json
from goatfish.commands.exits import FINE
from goatfish.commands.grammar import Subparsers, text
from goatfish.commands.listing import add_form_options, say_aside
from goatfish.commands.lookup import run_of
from goatfish.commands.members import OWN, all_same, flat, member_text, names_of
from goatfish.commands.output import Terminal, write
from goatfish.commands.session import open_client
from goatfish.commands.show import REFERENCE
from goatfish.commands.showing import short_ids
from goatfish.commands.table import GAP, Column, lines_of

MARK = "*"
WIDEST, LEAST, LEAST_OF_NAMES = 40, 8, 5
"""Cells of a value at most, where other runs wait for room, and at least; and of a name at least."""


@dataclass(frozen=True)
class Row:
    """A member, its value in each run, None where a run has none, and whether they differ."""

    name: str
    values: Sequence[Any]
    differs: bool


def add(subparsers: Subparsers) -> None:
    """Add ``gf compare``."""
    parser = subparsers.add_parser(
        "compare", help="show where runs differ", epilog=f"Each run is {REFERENCE}. {MARK} marks what differs."
    )
    parser.add_argument("first", type=text, metavar="RUN", help="a run")
    parser.add_argument("others", type=text, nargs="+", metavar="RUN", help="one or more to compare it with")
    parser.add_argument("-a", "--all", action="store_true", help="show also what is the same")
    add_form_options(parser, json_help='one JSON object: {"runs": [ids], "members": [{"member", "differs", "values"}]}')


def execute(arguments: argparse.Namespace) -> int:
    """Compare runs."""
    references = [arguments.first, *arguments.others]
    with open_client(arguments) as client:
        found = {reference: run_of(client, reference) for reference in dict.fromkeys(references)}
        runs = [found[reference].to_dict() for reference in references]
    rows = [row for row in rows_of(runs) if arguments.all or (row.differs and row.name not in OWN)]
    ids = [str(run["id"]) for run in runs]
    if arguments.json:
        members = [{"member": row.name, "differs": row.differs, "values": row.values} for row in rows]
        write_json([{"runs": ids, "members": members}])
    elif arguments.csv:
        write_csv([["member", "differs", *ids], *(csv_row(row) for row in rows)])
    elif rows:
        terminal = Terminal.of(sys.stdout)
        for line in table_lines(ids, rows, terminal):
            write(line + "\n")
    else:
        say_aside("they do not differ")
    return FINE


def rows_of(runs: Sequence[Mapping[str, Any]]) -> list[Row]:
    """The members of all runs: plain ones, parameters, results, labels and artifacts."""
    members = [flat(run) for run in runs]
    rows = []
    for name in names_of(members):
        values = [each.get(name) for each in members]
        rows.append(Row(name, values, not all_same(values)))
    return rows


def csv_row(row: Row) -> list[str]:
    """The member as a row of CSV; a quantity with its unit."""
    texts = [member_text(row.name, value) if isinstance(value, dict) else value for value in row.values]
    return [csv_text(row.name), csv_text(row.differs), *map(csv_text, texts)]


def table_lines(ids: Sequence[str], rows: Sequence[Row], terminal: Terminal) -> Iterator[str]:
    """A table with a column for each run; several below each other where one has no room for all."""
    shown = list(ids) if terminal.is_exact else short_ids(ids)
    marks = Column("", [MARK if row.differs else "" for row in rows], 0, styles=["yellow" for _ in rows])
    styles = ["yellow" if row.differs else "" for row in rows]
    # Of the same rank as the values: long names are cut before they leave no room for any value.
    names = Column("", [row.name for row in rows], least=LEAST_OF_NAMES, styles=styles)
    least = max(LEAST, (terminal.width or 0) // 3)
    columns = []
    for at, id in enumerate(shown):
        texts = [member_text(row.name, row.values[at], exact=terminal.is_exact) for row in rows]
        columns.append(Column(id, texts, least=least))
    for at, block in enumerate(blocks(columns, names, terminal)):
        if at:
            yield ""
        yield from lines_of([marks, names, *block], terminal)


def blocks(columns: Sequence[Column], names: Column, terminal: Terminal) -> Iterator[list[Column]]:
    """As many columns together as there is room for, one at least."""
    if terminal.width is None:
        yield list(columns)
        return
    width_of_names = max(width_of(terminal.printable(text)) for text in names.texts)
    begin = len(MARK) + len(GAP) + min(width_of_names, WIDEST)
    block: list[Column] = []
    room = terminal.width - begin
    for column in columns:
        natural = max(width_of(terminal.printable(text)) for text in [column.header, *column.texts])
        needed = len(GAP) + min(natural, WIDEST)
        if block and needed > room:
            yield block
            block, room = [], terminal.width - begin
        block.append(column)
        room -= needed
    yield block
