"""The ``goatfish`` command: the command line for operators."""

from app.cli.commands import commands


def main() -> None:
    """Runs the command line of this process."""
    commands()
