"""``gf runs``: a table of runs, or the same as JSON Lines or CSV."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Mapping, Sequence
from itertools import islice
from typing import TYPE_CHECKING, Any

from goatfish.commands.exits import FINE
from goatfish.commands.grammar import Subparsers, text
from goatfish.commands.listing import (
    LARGEST_PAGE,
    add_list_options,
    filters_of,
    items_of,
    page_size,
    write_document,
    write_table,
)
from goatfish.commands.lookup import simulation_of
from goatfish.commands.output import Terminal
from goatfish.commands.run_columns import run_columns
from goatfish.commands.session import open_client

if TYPE_CHECKING:
    from goatfish import Client

STATUSES = ("queued", "running", "succeeded", "failed", "cancelled")
EPILOG = """A terminal shows short ids, local times, and as many parameters and results as fit; a pipe or file gets
everything in full. --json writes JSON Lines: one object a line, each as soon as it has arrived."""


def add(subparsers: Subparsers) -> None:
    """Add ``gf runs``."""
    parser = subparsers.add_parser("runs", help="list runs, the newest first", epilog=EPILOG)
    parser.add_argument("-s", "--simulation", type=text, metavar="NAME|ID", help="only runs of this simulation")
    add_conditions(parser)
    add_list_options(parser, "created_at, updated_at, name, and with --simulation parameters.NAME or results.NAME")


def add_conditions(parser: argparse.ArgumentParser) -> None:
    """Add ``--where`` and ``--status``."""
    parser.add_argument(
        "-w",
        "--where",
        type=text,
        action="append",
        default=[],
        metavar="CONDITION",
        help="only runs like 'parameters.alpha>=12' (=, !=, <, <=, >, >=); may be repeated, and all must hold",
    )
    parser.add_argument("--status", type=statuses, help="only runs of this status, or of several: failed,cancelled")


def statuses(argument: str) -> str:
    """One status, or several with commas between them."""
    wanted = [each.strip() for each in argument.split(",")]
    for each in wanted:
        if each not in STATUSES:
            raise argparse.ArgumentTypeError(f"{each!r} is not one of {', '.join(STATUSES)}")
    return ",".join(dict.fromkeys(wanted))


def execute(arguments: argparse.Namespace) -> int:
    """List runs."""
    from goatfish.tables import PLAIN

    with open_client(arguments) as client:
        filters = filters_of(arguments, "name", "label", "where", "status", "sort")
        if arguments.simulation:
            filters["simulation_id"] = simulation_of(client, arguments.simulation).id
        runs, more = items_of(client.runs.list(limit=page_size(arguments), **filters), arguments)
        if arguments.json or arguments.csv:
            write_document(runs, arguments, PLAIN)
            return FINE
        shown = list(runs)
        simulations = None if arguments.simulation else simulation_names(client, shown)
        write_table(run_columns(shown, simulations, exact=Terminal.of(sys.stdout).is_exact), more, "runs")
    return FINE


def simulation_names(client: Client, runs: Sequence[Mapping[str, Any]]) -> dict[str, str]:
    """The names of simulations by id: of the newest ones, as one request gets them."""
    from goatfish import errors

    if not runs:
        return {}
    try:
        newest = islice(client.simulations.list(limit=LARGEST_PAGE), LARGEST_PAGE)
        return {str(each.id): each.name for each in newest}
    except errors.PermissionDenied:  # the ids do as well
        return {}
