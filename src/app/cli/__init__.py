"""The ``goatfish`` command: the command line for operators."""

import os

from app.cli.commands import commands


def main() -> None:
    """Runs the command line of this process."""
    if os.environ.get("NO_COLOR"):
        _without_styles()
    commands()


def _without_styles() -> None:
    """Has nothing write any style: by itself Rich would leave out colours alone, and Django nothing."""
    from typer import rich_utils

    rich_utils.COLOR_SYSTEM = None
    os.environ.setdefault("DJANGO_COLORS", "nocolor")
