"""The client of a command: signed in as the arguments, the environment or the configuration say."""

from __future__ import annotations

import argparse
import logging
import sys
import warnings
from pathlib import Path
from typing import TYPE_CHECKING

from goatfish.commands.exits import USAGE, CommandFailed
from goatfish.commands.output import say

if TYPE_CHECKING:
    from goatfish import Client

RETRIES = 2
"""Who sits at a terminal would rather try again than wait."""
LONGEST_KEY_FILE = 4096


def open_client(arguments: argparse.Namespace, *, timeout: float = 30.0, max_retries: int | None = None) -> Client:
    """A client for this command, to be closed. Raises ConfigurationError where no service or key is known."""
    from goatfish import Client

    say_warnings()
    key = key_in(arguments.key_file)
    return Client(
        url=arguments.url, key=key, timeout=timeout, max_retries=RETRIES if max_retries is None else max_retries
    )


def key_in(path: str | None) -> str | None:
    """The key in this file, without the white space round it; None without a file."""
    if path is None:
        return None
    if path == "-":
        content = sys.stdin.read(LONGEST_KEY_FILE) if sys.stdin is not None else ""
    else:
        with Path(path).open(encoding="utf-8", errors="replace") as file:
            content = file.read(LONGEST_KEY_FILE)
    if len(content.split()) != 1:
        raise CommandFailed(f"{path} does not contain a key alone", USAGE)
    return content.strip()


def say_warnings() -> None:
    """Say the library's warnings as one line each, as everything else, and what it waits for."""
    warnings.showwarning = lambda message, *_args, **_kwargs: say(f"warning: {message}")
    logger = logging.getLogger("goatfish")
    if not any(isinstance(each, Speaker) for each in logger.handlers):
        logger.addHandler(Speaker(logging.INFO))
        logger.setLevel(min(logging.INFO, logger.level or logging.INFO))


class Speaker(logging.Handler):
    """Says log records on standard error."""

    def emit(self, record: logging.LogRecord) -> None:
        """Say this record."""
        say(record.getMessage())
