"""The ``goatfish`` command: everything an operator does from a terminal."""

from app.cli.commands import commands


def main() -> None:
    """Runs the command line of this process."""
    commands()
