"""``gf sync``: send the runs that were kept in files, and end those whose process has died."""

from __future__ import annotations

import argparse
import sys
from typing import TYPE_CHECKING

from goatfish.commands.exits import FINE, REFUSED
from goatfish.commands.grammar import Subparsers, text
from goatfish.commands.output import Terminal, is_a_terminal, say, write_line
from goatfish.commands.progress import Bar
from goatfish.commands.session import open_client

if TYPE_CHECKING:
    from goatfish.recording import SyncEntry, SyncReport

DESCRIPTION = """Send the runs that were kept in files while the service was away, each exactly once. Runs whose
process was killed end as failed, "lost". May be run at any time, by cron too."""


def add(subparsers: Subparsers) -> None:
    """Add ``gf sync``."""
    parser = subparsers.add_parser("sync", help="send the runs that were kept in files", description=DESCRIPTION)
    parser.add_argument(
        "--also",
        metavar="URL|KEY",
        action="append",
        default=[],
        type=text,
        help="also send runs that were recorded for this former URL of the service, or with this key, "
        "as gf sync names them; may be repeated",
    )
    parser.add_argument(
        "--discard",
        metavar="RUN",
        action="append",
        type=text,
        help="delete the file of this run instead of sending it: the file's path or the beginning of its name, "
        "or the run's external id or name; may be repeated",
    )
    parser.add_argument("-q", "--quiet", action="store_true", help="say only what needs attention")


def execute(arguments: argparse.Namespace) -> int:
    """Send them. Raises what kept all from being sent."""
    from goatfish.recording import sync

    if arguments.discard:
        return discarded(arguments.discard, quiet=arguments.quiet)
    with open_client(arguments) as client, Bar("files", is_a_terminal(sys.stderr)) as bar:
        report = sync(client, also=arguments.also, progress=bar.show)
    tell(report, quiet=arguments.quiet)
    if report.error is not None:
        raise report.error
    return REFUSED if report.refused else FINE


def discarded(references: list[str], *, quiet: bool) -> int:
    """Delete the files of these runs, without asking the service."""
    from goatfish.recording import discard

    status = FINE
    for reference in references:
        try:
            entry = discard(reference)
        except (LookupError, OSError) as error:
            say(str(error.args[0]) if isinstance(error, (LookupError, BlockingIOError)) else str(error))
            status = REFUSED
            continue
        if not quiet:
            write_line(Terminal.of(sys.stdout).printable(f"discarded  {entry.title} ({entry.path})"))
    return status


def tell(report: SyncReport, *, quiet: bool) -> None:
    """Say what became of the files."""
    if not quiet:
        lost = {entry.path for entry in report.lost}
        for entry in report.sent:
            end = "  (lost: its process was killed)" if entry.path in lost else ""
            line = f"sent  {entry.run_id}  {entry.title}{end}  {entry.detail}"
            write_line(Terminal.of(sys.stdout).printable(line).rstrip())
        if not (report.sent or report.waiting or report.refused or report.skipped):
            write_line("nothing to send")
    for kind in ("waiting", "refused", "skipped"):
        for entry in getattr(report, kind):
            if kind != "waiting" or not quiet:
                say(attention(kind, entry))


def attention(kind: str, entry: SyncEntry) -> str:
    """A sentence about a run that was not sent."""
    hint = f" Drop it: gf sync --discard {entry.path.stem[:8]}" if kind == "refused" else ""
    return f"{kind}: {entry.title} ({entry.path}). {entry.detail}{hint}"
