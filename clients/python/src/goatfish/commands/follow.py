"""``gf follow``: the feed of changes, live, one line a change."""

from __future__ import annotations

import argparse
import re
import sys
from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any

from goatfish.commands.cells import cut, width_of
from goatfish.commands.changes import ACTION_STYLES, change_text
from goatfish.commands.documents import json_text
from goatfish.commands.exits import FINE, USAGE, CommandFailed
from goatfish.commands.grammar import Subparsers, text
from goatfish.commands.listing import LARGEST_PAGE
from goatfish.commands.output import Terminal, encoding_of, write_line
from goatfish.commands.session import open_client
from goatfish.commands.showing import SHORT_ID, TO_THE_SECOND, moment, moment_text

if TYPE_CHECKING:
    from goatfish import Change, Client

AGO = re.compile(r"([0-9]{1,6})([smhdw])")
SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86400, "w": 7 * 86400}
MOMENT = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
BEGINNING = "beginning"
NO_BEGINNING = "not 10m, 2h or 3d, not a moment like 2026-01-05T08:00Z, and not a cursor of this service"
EPILOG = """Ctrl-C ends it. With --cursor-file the next start goes on there: none is lost, but one may come twice."""


def add(subparsers: Subparsers) -> None:
    """Add ``gf follow``."""
    parser = subparsers.add_parser("follow", help="follow all changes, live, one line each", epilog=EPILOG)
    parser.add_argument("--json", action="store_true", help="one JSON object a line, as the service gives it")
    begin = parser.add_mutually_exclusive_group()
    begin.add_argument(
        "--since",
        type=text,
        metavar="WHEN",
        help="begin in the past: 10m, 2h or 3d ago, a moment like 2026-01-05T08:00Z, beginning, or a cursor",
    )
    begin.add_argument(
        "--cursor-file", metavar="FILE", help="keep the position in this file, and go on there the next time"
    )
    parser.add_argument("--interval", type=seconds, default=1.0, help="seconds between two requests (default: 1)")


def seconds(argument: str) -> float:
    """A number of seconds above 0."""
    try:
        number = float(argument)
    except ValueError:
        number = 0.0
    if not 0 < number <= SECONDS["d"]:
        raise argparse.ArgumentTypeError(f"{argument!r} is not a number of seconds, above 0 and at most a day")
    return number


def execute(arguments: argparse.Namespace) -> int:
    """Follow the changes until Ctrl-C."""
    earliest = moment_since(arguments.since)
    with open_client(arguments) as client:
        for change in changes_of(client, arguments, earliest):
            if earliest is None or change.at >= earliest:
                write_change(change.to_dict(), as_json=arguments.json)
    return FINE


def changes_of(client: Client, arguments: argparse.Namespace, earliest: datetime | None) -> Iterator[Change]:
    """The changes to write, and those before them that are to be skipped."""
    from goatfish.errors import InvalidCursor

    cursor, file = arguments.since, arguments.cursor_file
    if earliest is not None or cursor == BEGINNING:
        page = client.changes.list(limit=LARGEST_PAGE)
        yield from page.items
        cursor = page.next_cursor
    try:
        yield from client.changes.follow(cursor, cursor_file=file, interval=arguments.interval)
    except InvalidCursor:
        if file is not None:
            raise CommandFailed(f"{file} does not hold a cursor of this service; delete it to begin anew") from None
        raise CommandFailed(f"--since {cursor!r} is {NO_BEGINNING}", USAGE) from None


def moment_since(since: str | None) -> datetime | None:
    """The moment that is meant, None for a cursor or the beginning."""
    if since is None or since == BEGINNING:
        return None
    try:
        ago = AGO.fullmatch(since)
        if ago:
            return datetime.now(timezone.utc) - timedelta(seconds=int(ago[1]) * SECONDS[ago[2]])
        at = moment(since) if MOMENT.match(since) else None
        return at.astimezone() if at else None
    except (ValueError, OverflowError, OSError):  # no day of the calendar, or beyond its ends
        raise CommandFailed(f"{since!r} is not a moment like 2026-01-05T08:00Z", USAGE) from None


def write_change(change: Mapping[str, Any], *, as_json: bool) -> None:
    """Write the change as one line, at once."""
    if as_json:
        write_line(json_text(change, encoding_of(sys.stdout)))
        return
    terminal = Terminal.of(sys.stdout)
    item = change.get("after") or change.get("before") or {}
    id = str(change.get("id"))
    parts = [
        moment_text(str(change.get("at")), exact=terminal.is_exact, form=TO_THE_SECOND),
        str(change.get("kind")),
        id if terminal.is_exact else id[:SHORT_ID],
        str(item.get("name") or ""),
    ]
    about = terminal.printable("  ".join(part for part in parts if part))
    done = terminal.printable(change_text(change, terminal))
    if terminal.width is not None:
        about = cut(about, terminal.width, terminal.ellipsis)
        done = cut(done, max(0, terminal.width - width_of(about) - 2), terminal.ellipsis)
    painted = terminal.paint(done, ACTION_STYLES.get(str(change.get("action"))))
    write_line(f"{about}  {painted}".rstrip())
