"""What lists have in common: how many, in which form, and the words about what is not shown."""

from __future__ import annotations

import argparse
import re
import sys
from collections.abc import Iterable, Mapping, Sequence
from itertools import islice
from typing import TYPE_CHECKING, Any

from goatfish.commands.documents import spreadsheet, write_csv, write_json
from goatfish.commands.grammar import positive, text
from goatfish.commands.output import Terminal, is_a_terminal, say, write
from goatfish.commands.table import Column, hidden, lines_of

if TYPE_CHECKING:
    from goatfish import Pages

USUAL_LIMIT = 20
LARGEST_PAGE = 100
LABEL_KEY = re.compile(r"[A-Za-z0-9._/-]+=")


def add_list_options(parser: argparse.ArgumentParser, sorts: str) -> None:
    """Add the options of a list: which objects, how many, in which order."""
    parser.add_argument("--name", type=text, help="only those whose name contains this")
    add_label_option(parser)
    parser.add_argument("--sort", type=text, help=f"{sorts}; with - before it, the greatest first")
    number = parser.add_mutually_exclusive_group()
    number.add_argument("-n", "--limit", type=positive, default=USUAL_LIMIT, help=f"how many (default: {USUAL_LIMIT})")
    number.add_argument("-a", "--all", action="store_true", help="all of them")
    add_form_options(parser, json_help="one JSON object a line, as the service gives it")


def add_label_option(parser: argparse.ArgumentParser) -> None:
    """Add ``--label``."""
    parser.add_argument(
        "-l",
        "--label",
        type=label,
        action="append",
        default=[],
        metavar="KEY[=VALUE]",
        help="only those that have this label; may be repeated, and all must hold",
    )


def add_form_options(parser: argparse.ArgumentParser, json_help: str) -> None:
    """Add ``--json`` and ``--csv``."""
    form = parser.add_mutually_exclusive_group()
    form.add_argument("--json", action="store_true", help=json_help)
    form.add_argument("--csv", action="store_true", help="CSV with a header, in UTF-8")


def label(argument: str) -> str:
    """A label as the service filters by it; ``KEY=VALUE`` is ``KEY:VALUE``."""
    argument = text(argument)
    key = LABEL_KEY.match(argument)
    return f"{key[0][:-1]}:{argument[key.end() :]}" if key else argument


def filters_of(arguments: argparse.Namespace, *names: str) -> dict[str, Any]:
    """The filters among the arguments that are given."""
    return {name: getattr(arguments, name) for name in names if getattr(arguments, name)}


def page_size(arguments: argparse.Namespace) -> int:
    """The page size to request: as many as are shown and one more, which shows whether there are more."""
    return LARGEST_PAGE if arguments.all else min(arguments.limit + 1, LARGEST_PAGE)


def items_of(pages: Pages[Any], arguments: argparse.Namespace) -> tuple[Iterable[Mapping[str, Any]], Iterable[Any]]:
    """The objects that are asked for, as JSON, and the iterator that would give more."""
    iterator = iter(pages)
    wanted = iterator if arguments.all else islice(iterator, arguments.limit)
    return (each.to_dict() for each in wanted), iterator


def write_document(
    items: Iterable[Mapping[str, Any]], arguments: argparse.Namespace, columns_at_least: Sequence[str]
) -> None:
    """Write the objects as JSON Lines, each as it comes, or as CSV, which has a header in any case."""
    if arguments.json:
        write_json(items)
    else:
        write_csv(spreadsheet(list(items), columns_at_least))


def write_table(columns: Sequence[Column], more: Iterable[Any], what: str) -> None:
    """Write the table; to somebody who looks at it, say what is not shown."""
    terminal = Terminal.of(sys.stdout)
    if not columns[0].texts:
        say_aside(f"no {what}")
        return
    for line in lines_of(columns, terminal):
        write(line + "\n")
    missing = hidden(columns, terminal)
    if missing:
        say_aside(f"no room for {', '.join(missing)}: a wider terminal, --csv or --json shows all")
    if is_a_terminal(sys.stdout) and next(iter(more), None) is not None:
        say_aside(f"there are more {what}: --limit N or --all")


def say_aside(sentence: str) -> None:
    """Say this on standard error, if the output goes to a terminal."""
    if is_a_terminal(sys.stdout):
        sys.stdout.flush()
        say(sentence)
