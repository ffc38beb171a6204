"""``gf completion``: scripts that let shells complete commands, options, and the names of simulations and runs."""

from __future__ import annotations

import argparse
import sys
from itertools import islice
from typing import TYPE_CHECKING

from goatfish.commands import shells
from goatfish.commands.exits import FINE
from goatfish.commands.grammar import Subparsers
from goatfish.commands.output import write
from goatfish.commands.session import open_client

if TYPE_CHECKING:
    from collections.abc import Iterator

    from goatfish import Client

SHELLS = {"bash": shells.bash, "zsh": shells.zsh, "fish": shells.fish}
TIMEOUT, MOST = 2.0, 100
"""Nobody waits longer for a completion; and seconds, and names at most."""
EPILOG = """To install it: bash: gf completion bash > ~/.local/share/bash-completion/completions/gf -- zsh:
gf completion zsh > "${fpath[1]}/_gf" -- fish: gf completion fish > ~/.config/fish/completions/gf.fish"""


def add(subparsers: Subparsers) -> None:
    """Add ``gf completion``."""
    parser = subparsers.add_parser("completion", help="write a script for a shell's completion", epilog=EPILOG)
    what = parser.add_mutually_exclusive_group(required=True)
    what.add_argument("shell", nargs="?", choices=sorted(SHELLS), help="for which shell")
    what.add_argument(
        "--names", choices=sorted(shells.NAMES), help="print these names; the script itself asks for them"
    )


def execute(arguments: argparse.Namespace) -> int:
    """Write the script, or names for it."""
    if arguments.shell:
        from goatfish.commands.frame import parser

        write(SHELLS[arguments.shell](parser()))
        return FINE
    with open_client(arguments, timeout=TIMEOUT, max_retries=0) as client:
        for name in islice(names(client, arguments.names), MOST):
            if sys.stdout is not None and name.isprintable():  # a line each, and nothing invisible in a command line
                write(name + "\n")
    return FINE


def names(client: Client, kind: str) -> Iterator[str]:
    """What one would call the newest objects, each name once."""
    if kind == "simulations":
        yield from dict.fromkeys(each.name for each in islice(client.simulations.list(limit=MOST), MOST))
        return
    yield "last"
    for run in islice(client.runs.list(limit=MOST), MOST):
        yield run.external_id or run.id
