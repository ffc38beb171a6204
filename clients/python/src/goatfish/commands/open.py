"""``gf open``: the workbench at a run or a simulation, in the browser."""

from __future__ import annotations

import argparse
import os
import sys

from goatfish.commands.exits import FINE
from goatfish.commands.grammar import Subparsers, text
from goatfish.commands.lookup import object_of
from goatfish.commands.output import say, write_line
from goatfish.commands.session import open_client
from goatfish.commands.show import REFERENCE


def add(subparsers: Subparsers) -> None:
    """Add ``gf open``."""
    parser = subparsers.add_parser("open", help="open the workbench at a run or a simulation in the browser")
    parser.add_argument("reference", type=text, nargs="?", metavar="RUN|SIMULATION", help=f"{REFERENCE}; or nothing")
    parser.add_argument(
        "--print", action="store_true", help="only print the address; without a browser it is printed anyway"
    )


def execute(arguments: argparse.Namespace) -> int:
    """Open the browser, or print the address."""
    with open_client(arguments) as client:
        address = client.page_of(object_of(client, arguments.reference) if arguments.reference else None)
    if arguments.print or not opened(address):
        write_line(address)
    else:
        say(f"opened {address}")
    return FINE


def opened(address: str) -> bool:
    """Whether a browser has been opened. One that would fill this terminal is not, unless BROWSER names it."""
    graphical = sys.platform in {"darwin", "win32"} or any(
        os.environ.get(name) for name in ("DISPLAY", "WAYLAND_DISPLAY", "BROWSER")
    )
    if not graphical:
        return False
    import webbrowser

    try:
        return webbrowser.open(address)
    except (webbrowser.Error, OSError):
        return False
