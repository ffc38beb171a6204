"""``gf sims``: a table of simulations, or the same as JSON Lines or CSV."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Mapping, Sequence
from typing import Any

from goatfish.commands.exits import FINE
from goatfish.commands.grammar import Subparsers
from goatfish.commands.listing import add_list_options, filters_of, items_of, page_size, write_document, write_table
from goatfish.commands.output import Terminal
from goatfish.commands.run_columns import IDENTITY, REST, TIMES, ids_of, labels_text, text_of
from goatfish.commands.session import open_client
from goatfish.commands.showing import NOTHING, moment_text
from goatfish.commands.table import Column

PLAIN = ("id", "name", "start_date", "end_date", "description", "created_at", "updated_at")
"""The columns that every CSV has."""


def add(subparsers: Subparsers) -> None:
    """Add ``gf sims``."""
    parser = subparsers.add_parser("sims", help="list simulations, the newest first")
    add_list_options(parser, "created_at, name, start_date or end_date")


def execute(arguments: argparse.Namespace) -> int:
    """List simulations."""
    with open_client(arguments) as client:
        filters = filters_of(arguments, "name", "label", "sort")
        simulations, more = items_of(client.simulations.list(limit=page_size(arguments), **filters), arguments)
        if arguments.json or arguments.csv:
            write_document(simulations, arguments, PLAIN)
        else:
            write_table(columns_of(list(simulations), exact=Terminal.of(sys.stdout).is_exact), more, "simulations")
    return FINE


def columns_of(simulations: Sequence[Mapping[str, Any]], *, exact: bool) -> list[Column]:
    """The columns of a table of simulations; ``exact`` shortens nothing."""
    columns = [
        Column("ID", ids_of(simulations, exact=exact), IDENTITY),
        Column("NAME", [text_of(each, "name") for each in simulations], IDENTITY, least=5),
        Column("START", [text_of(each, "start_date") for each in simulations], TIMES),
        Column("END", [text_of(each, "end_date") for each in simulations], TIMES),
        Column("CREATED", [moment_text(each.get("created_at"), exact=exact) for each in simulations], REST),
        Column("LABELS", [labels_text(each) for each in simulations], REST, least=8),
        Column("DESCRIPTION", [text_of(each, "description") for each in simulations], REST, least=12),
    ]
    return [each for each in columns if each.rank < REST or any(text != NOTHING for text in each.texts)]
