"""The command ``gf``: one module a command, each with ``add(subparsers)`` and ``execute(arguments)``."""

from __future__ import annotations

from goatfish.commands.frame import main

__all__ = ["main"]
