"""``gf export``: the runs of a simulation as CSV, to a file or standard output."""

from __future__ import annotations

import argparse
import os
import secrets
import signal
import stat
import sys
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, NoReturn

from goatfish.commands.documents import SafeBytes
from goatfish.commands.exits import FINE
from goatfish.commands.grammar import Subparsers, text
from goatfish.commands.listing import add_label_option, filters_of
from goatfish.commands.lookup import simulation_of
from goatfish.commands.output import is_a_terminal
from goatfish.commands.progress import CsvProgress
from goatfish.commands.runs import add_conditions
from goatfish.commands.session import open_client

if TYPE_CHECKING:
    from goatfish import Client, Simulation

STANDARD_OUTPUT = "-"
LONGEST_NAME = 50


def add(subparsers: Subparsers) -> None:
    """Add ``gf export``."""
    parser = subparsers.add_parser("export", help="write the runs of a simulation as CSV")
    parser.add_argument("simulation", type=text, metavar="SIMULATION", help="its name or id, or last")
    parser.add_argument(
        "-o",
        "--output",
        metavar="FILE",
        default=STANDARD_OUTPUT,
        help="the file, which is there wholly or not at all; standard output without it",
    )
    parser.add_argument("--name", type=text, help="only runs whose name contains this")
    add_label_option(parser)
    add_conditions(parser)


def execute(arguments: argparse.Namespace) -> int:
    """Export the runs."""
    with open_client(arguments) as client:
        simulation = simulation_of(client, arguments.simulation)
        filters = filters_of(arguments, "name", "label", "where", "status")
        to_output = arguments.output == STANDARD_OUTPUT
        count = partial(count_of, client, simulation, filters)
        rows_are_shown = to_output and is_a_terminal(sys.stdout)
        progress = CsvProgress("runs", count, rows_are_shown=rows_are_shown)
        with ExitStack() as stack:
            chunks = stack.enter_context(client.simulations.export_runs(simulation.id, **filters))
            output: SafeBytes | BinaryIO = SafeBytes()
            if not to_output:
                output = stack.enter_context(complete_file(arguments.output))
            for chunk in progress.over(chunks):
                output.write(chunk)
    return FINE


def count_of(client: Client, simulation: Simulation, filters: Mapping[str, Any]) -> int | None:
    """How many runs the simulation has; None where that is not known: with filters, or where they are too many."""
    from goatfish import errors

    if filters:
        return None

    try:
        return client.simulations.summary(simulation.id).runs
    except errors.APIError:
        return None


@contextmanager
def complete_file(path: str) -> Iterator[BinaryIO]:
    """A file that takes this name once it has been written wholly, and leaves nothing behind otherwise.

    A device or a named pipe is written to as it is.
    """
    with suppress(FileNotFoundError):
        mode = Path(path).stat().st_mode
        if not stat.S_ISREG(mode):
            with Path(path).open("wb") as device:
                yield device
            return
    final = Path(os.path.realpath(path))  # where it is a link, what it leads to is replaced
    temporary = final.with_name(f".{final.name[:LONGEST_NAME]}.{secrets.token_hex(8)}.part")
    try:
        with ended_by_signals(), temporary.open("xb") as file:
            os.fchmod(file.fileno(), mode_of(final))
            yield file
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(final)
    except BaseException:
        with suppress(OSError):
            temporary.unlink()
        raise


def mode_of(path: Path) -> int:
    """The mode of the file that is there, or that of a new one."""
    try:
        return stat.S_IMODE(path.stat().st_mode)
    except FileNotFoundError:
        mask = os.umask(0)
        os.umask(mask)
        return 0o666 & ~mask


@contextmanager
def ended_by_signals() -> Iterator[None]:
    """Let SIGTERM and SIGHUP end the program as an exception does, so that files are cleaned up."""

    def end(number: int, _frame: object) -> NoReturn:
        sys.exit(128 + number)

    before = {each: signal.signal(each, end) for each in (signal.SIGTERM, signal.SIGHUP)}
    try:
        yield
    finally:
        for each, handler in before.items():
            signal.signal(each, handler)
