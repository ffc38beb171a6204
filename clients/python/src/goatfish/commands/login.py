"""``gf login``: ask for a service and a key, try them, and keep them for the next time."""

from __future__ import annotations

import argparse
import getpass
import os
import sys
from collections.abc import Mapping
from typing import Any

from goatfish.commands.exits import FINE, NOT_SIGNED_IN, USAGE, CommandFailed
from goatfish.commands.grammar import Subparsers, service_url
from goatfish.commands.output import Terminal, is_a_terminal, say, write_line
from goatfish.commands.session import RETRIES, key_in, say_warnings
from goatfish.commands.showing import moment_text

USUAL_URL = "http://127.0.0.1:8000"
TIMEOUT = 10.0
LONGEST_INPUT = 16384
EPILOG = """It asks for what is not given. From a pipe it reads the key alone, or the URL in the first line and the key
in the second: gf login --url https://goatfish.example < key.txt"""


def add(subparsers: Subparsers) -> None:
    """Add ``gf login``."""
    subparsers.add_parser("login", help="store the URL of a service and a key, after trying them", epilog=EPILOG)


def execute(arguments: argparse.Namespace) -> int:
    """Ask, try, store, and say who it is."""
    from goatfish import Client, configuration, errors
    from goatfish.recording import learn_owner

    say_warnings()
    url, key = asked(arguments)
    try:
        with Client(url, key, timeout=TIMEOUT, max_retries=RETRIES) as client:
            caller, url = client.me(), client.url
            learn_owner(client)
    except errors.AuthenticationError:
        raise CommandFailed(
            f"the service at {url} does not accept this key; nothing is stored", NOT_SIGNED_IN
        ) from None
    except errors.NotFound:
        raise CommandFailed(
            f"there is no Goatfish at {url}; its URL is like {USUAL_URL}, with no path after it"
        ) from None
    except errors.ConfigurationError as error:
        raise CommandFailed(str(error), USAGE) from None
    who = greeting(url, caller.to_dict())
    path = configuration.save(url, key)
    terminal = Terminal.of(sys.stdout)
    write_line(terminal.printable(who))
    write_line(terminal.printable(f"Stored in {path}, which only you can read."))
    for name in ("GOATFISH_URL", "GOATFISH_KEY"):
        if os.environ.get(name):
            say(f"{name} is set, and is used instead of what is stored")
    return FINE


def greeting(url: str, caller: Mapping[str, Any]) -> str:
    """Who it is, and what the key is for. Raises CommandFailed where the answer does not say."""
    try:
        owner, key, scopes, end = caller["owner"]["name"], caller["key"]["name"], caller["scopes"], caller["expires_at"]
        expiry = f"expires at {moment_text(end)}" if end else "does not expire"
        return f"Signed in at {url} as {owner}; the key {key!r} is for {', '.join(scopes)}, and {expiry}."
    except (LookupError, TypeError, ValueError):
        raise CommandFailed(f"the answer of {url} is not one of Goatfish's; nothing is stored") from None


def asked(arguments: argparse.Namespace) -> tuple[str, str]:
    """The URL and the key: from the arguments, from a pipe, or asked for."""
    url, key = arguments.url, key_in(arguments.key_file)
    if not is_a_terminal(sys.stdin):
        return piped(url, key)
    try:
        if url is None:
            url = checked_url(asked_url())
        if key is None:
            key = getpass.getpass("Key (it is not shown): ")
    except EOFError:
        raise CommandFailed("nothing was entered; nothing is stored", USAGE) from None
    return url, checked_key(key)


def asked_url() -> str:
    """The URL that somebody types, or the one that is known already."""
    usual = known_url() or USUAL_URL
    sys.stderr.write(f"URL of the service [{usual}]: ")
    sys.stderr.flush()
    line = sys.stdin.readline()
    if not line:
        raise EOFError
    return line.strip() or usual


def known_url() -> str | None:
    """The URL of the environment or the configuration, if there is one."""
    from goatfish import configuration, errors

    try:
        return configuration.load(key="unknown").url
    except errors.ConfigurationError:
        return None


def piped(url: str | None, key: str | None) -> tuple[str, str]:
    """The URL and the key, what is not given from standard input, a line each."""
    lines = [] if key is not None and url is not None else standard_input().split()
    if key is None and lines:
        key = lines.pop()
    if url is None:
        url = checked_url(lines.pop()) if lines else known_url()
    if key is None or url is None or lines:
        raise CommandFailed("give the key on standard input, and the URL by --url or in a line before it", USAGE)
    return url, checked_key(key)


def standard_input() -> str:
    """What standard input has to say."""
    return sys.stdin.read(LONGEST_INPUT) if sys.stdin is not None else ""


def checked_url(url: str) -> str:
    """The URL. Raises CommandFailed where it is none."""
    try:
        return service_url(url)
    except argparse.ArgumentTypeError as error:
        raise CommandFailed(str(error), USAGE) from None


def checked_key(key: str) -> str:
    """The key without the white space round it. Raises CommandFailed where nothing is left."""
    if not key.strip():
        raise CommandFailed("the key is empty; nothing is stored", USAGE)
    return key.strip()
