"""``gf login``: ask for a service and a key, try them, and keep them for the next time."""

from __future__ import annotations

import argparse

from goatfish.commands.grammar import Subparsers


def add(subparsers: Subparsers) -> None:
    """Add ``gf login``."""
    subparsers.add_parser("login", help="store the URL of a service and a key, after trying them")


def execute(arguments: argparse.Namespace) -> int:
    """Ask, try, store."""
    raise NotImplementedError(arguments)
