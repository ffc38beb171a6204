"""The frame of all commands: the parser, which module executes, and every failure as one line and an exit status."""

from __future__ import annotations

import argparse
import errno
import os
import sys
from collections.abc import Sequence
from importlib import import_module
from typing import Any, Protocol, cast

from goatfish.commands.exits import AWAY, FINE, INTERRUPTED, NOT_SIGNED_IN, PIPE_CLOSED, REFUSED, USAGE, CommandFailed
from goatfish.commands.grammar import CommandParser, Parser, Subparsers, add_service_options
from goatfish.commands.output import abandon_output, say

COMMANDS = (
    "login",
    "run",
    "runs",
    "sims",
    "show",
    "compare",
    "follow",
    "export",
    "sync",
    "open",
    "completion",
)
"""The modules, in the order of ``gf --help``."""
FILTERS = frozenset({"where", "sort", "label", "name"})
"""Query parameters that are options with the same name, whose values the service alone can tell to be wrong."""
EPILOG = """Exit status: 0 fine, 1 the service refused or something else failed, 2 wrong usage, 3 the service is away,
4 not signed in, 130 interrupted; gf run has the status of its command"""


class Command(Protocol):
    """A module of this package."""

    def add(self, subparsers: Subparsers) -> None:
        """Add the command's parser."""

    def execute(self, arguments: argparse.Namespace) -> int:
        """Do it; the exit status."""


def main(argv: Sequence[str] | None = None) -> int:
    """Run ``gf`` with these arguments, by default those of the process; the exit status."""
    try:
        try:
            status = dispatch(sys.argv[1:] if argv is None else argv)
        except SystemExit as ended:  # argparse's
            status = ended.code if isinstance(ended.code, int) else FINE
        if sys.stdout is not None:
            sys.stdout.flush()
    except KeyboardInterrupt:
        return INTERRUPTED
    except Exception as error:
        if os.environ.get("GOATFISH_TRACEBACK"):
            raise
        return explain(error)
    return status


def dispatch(argv: Sequence[str]) -> int:
    """Read the arguments and execute their command. Raises what the command raises."""
    top = parser()
    if not argv:
        top.print_help(sys.stderr)
        return USAGE
    arguments = top.parse_args(argv)
    return command(arguments.command).execute(arguments)


def command(name: str) -> Command:
    """The module of this command."""
    return cast(Command, import_module(f"goatfish.commands.{name}"))


def parser() -> Parser:
    """The parser of ``gf`` with all commands."""
    top = Parser(prog="gf", description="Record simulation runs with Goatfish, and read them back.", epilog=EPILOG)
    top.add_argument("--version", action=Version)
    add_service_options(top)
    commands: Any = top.add_subparsers(dest="command", metavar="COMMAND", required=True, parser_class=CommandParser)
    for name in COMMANDS:
        command(name).add(commands)
    return top


class Version(argparse.Action):
    """Says which version this is."""

    def __init__(self, option_strings: Sequence[str], dest: str) -> None:
        super().__init__(option_strings, dest, nargs=0, default=argparse.SUPPRESS, help="print the version and exit")

    def __call__(self, parser: argparse.ArgumentParser, *_: object) -> None:
        from goatfish import __version__

        parser._print_message(f"gf {__version__}\n")
        parser.exit()


def explain(error: Exception) -> int:
    """Say what went wrong in one line; the exit status."""
    if isinstance(error, BrokenPipeError):
        abandon_output()
        return PIPE_CLOSED
    if isinstance(error, CommandFailed):
        say(str(error))
        return error.status
    if isinstance(error, OSError):
        return explain_system_error(error)
    if isinstance(error, UnicodeEncodeError):
        say(f"an argument is not UTF-8: {error.object!r}")
        return USAGE
    return explain_answer(error)


def explain_system_error(error: OSError) -> int:
    """Say what the operating system refused."""
    if error.errno in {errno.ENOSPC, errno.EBADF, errno.EIO, errno.EDQUOT}:
        abandon_output()
    what = os.fsdecode(error.filename) + ": " if isinstance(error.filename, (str, bytes)) else ""
    say(f"{what}{error.strerror or error}")
    return REFUSED


def explain_answer(error: Exception) -> int:
    """Say why the service did not do it."""
    from goatfish import errors

    if not isinstance(error, errors.GoatfishError):
        say(f"unexpected {type(error).__name__}: {error} (GOATFISH_TRACEBACK=1 shows where)")
        return REFUSED
    refused = wrong_arguments(error)
    if refused:
        say(f"{refused} (try gf --help)")
        return USAGE
    say(str(error))
    if isinstance(error, errors.APIError):
        if error.status in {401, 403}:
            return NOT_SIGNED_IN
        return AWAY if error.status in {502, 503, 504} else REFUSED
    if isinstance(error, errors.ConfigurationError):
        return NOT_SIGNED_IN
    return AWAY if isinstance(error, (errors.ConnectionFailed, errors.TimedOut)) else REFUSED


def wrong_arguments(error: Exception) -> str:
    """What is wrong with which options, where the service has refused nothing else."""
    from goatfish import errors

    if not isinstance(error, errors.InvalidRequest) or any(each.parameter not in FILTERS for each in error.errors):
        return ""
    return "; ".join(f"argument --{each.parameter}: {each.detail.rstrip('.')}" for each in error.errors)
