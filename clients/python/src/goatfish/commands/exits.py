"""How commands end: the exit statuses of ``gf``, and the exception that ends a command with one of them."""

from __future__ import annotations

FINE = 0
REFUSED = 1
"""The service refused or was wrong, nothing was found, or something here went wrong, such as a full disk."""
USAGE = 2
AWAY = 3
"""The service cannot be reached, does not answer in time, or says that it is unavailable."""
NOT_SIGNED_IN = 4
"""There is no key, or the service does not accept it, or it lacks a scope."""
INTERRUPTED = 130
PIPE_CLOSED = 141
"""Whoever read the output has stopped reading; what a shell says of a program that SIGPIPE ended."""


class CommandFailed(Exception):
    """Ends the command with this one sentence on standard error, and this exit status."""

    def __init__(self, message: str, status: int = REFUSED) -> None:
        super().__init__(message)
        self.status = status
