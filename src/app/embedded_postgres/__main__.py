"""Runs a command with a PostgreSQL server in its environment: a temporary one, or that of TEST_DATABASE_URL."""

import os
import signal
import subprocess
import sys
from types import FrameType

from app.embedded_postgres.places import ServerError
from app.embedded_postgres.server import Server


def main(arguments: list[str]) -> int:
    """Run a command with GOATFISH_DATABASE_URL and TEST_DATABASE_URL set; returns its exit status."""
    command = arguments[1:] if arguments[:1] == ["--"] else arguments
    if not command:
        print("usage: python -m app.embedded_postgres -- COMMAND [ARGUMENT …]", file=sys.stderr)
        return 2
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, _leave)
    try:
        if given := os.environ.get("TEST_DATABASE_URL"):
            return _run(command, given)
        with Server() as server:
            return _run(command, server.url)
    except ServerError as error:
        print(error, file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 128 + signal.SIGINT


def _leave(number: int, frame: FrameType | None) -> None:
    del frame
    raise SystemExit(128 + number)


def _run(command: list[str], url: str) -> int:
    names = ("TEST_DATABASE_URL", "GOATFISH_DATABASE_URL", "GOATFISH_OPERATOR_DATABASE_URL")
    # The terminal sends a Ctrl-C to the command too: it ends as it sees fit, and we after it.
    before = signal.signal(signal.SIGINT, lambda *_: None)
    process = subprocess.Popen(command, env={**os.environ, **dict.fromkeys(names, url)})
    try:
        status = process.wait()
    except SystemExit:
        process.terminate()
        process.wait()
        raise
    finally:
        signal.signal(signal.SIGINT, before)
    return status if status >= 0 else 128 - status


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
