"""The grammar of ``gf``'s arguments: parsers with the options that all commands share, and types of arguments."""

from __future__ import annotations

import argparse
import sys
from typing import TYPE_CHECKING, Any, NoReturn

from goatfish.commands.exits import USAGE
from goatfish.commands.output import say, write

if TYPE_CHECKING:
    Subparsers = argparse._SubParsersAction[argparse.ArgumentParser]
else:
    Subparsers = argparse._SubParsersAction


class DescribedSubparsers(Subparsers):
    """Commands, whose own help begins as ``gf --help`` describes them."""

    def add_parser(self, name: str, **kwargs: Any) -> argparse.ArgumentParser:
        """Add the parser of this command."""
        about = kwargs.get("help", "")
        kwargs.setdefault("description", f"{about[:1].upper()}{about[1:]}.")
        return super().add_parser(name, **kwargs)


class Parser(argparse.ArgumentParser):
    """A parser of ``gf`` that says what is wrong in one line, and never abbreviates options."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        kwargs.setdefault("allow_abbrev", False)
        super().__init__(*args, **kwargs)
        self.register("action", "parsers", DescribedSubparsers)

    def error(self, message: str) -> NoReturn:
        say(f"{message} (try {self.prog} --help)", of=self.prog)
        sys.exit(USAGE)

    def _print_message(self, message: str, file: Any = None) -> None:
        if message:
            write(message, file)


DASHED = ("--sort", "--since")
"""Options whose values may begin with a dash: descending sorts, and cursors by chance."""


class CommandParser(Parser):
    """A parser of one command, which takes the options about the service after the command's name too."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        add_service_options(self, default=argparse.SUPPRESS)

    def parse_known_args(self, args: Any = None, namespace: Any = None) -> Any:
        """As argparse does, but that a value with a dash before it is one behind these options."""
        joined: list[str] = []
        for each in args or ():
            last = joined[-1] if joined else ""
            known = self._option_string_actions
            if last in DASHED and last in known and each.startswith("-") and each not in known:
                joined[-1] = f"{last}={each}"
            else:
                joined.append(each)
        return super().parse_known_args(joined, namespace)


def add_service_options(parser: argparse.ArgumentParser, default: str | None = None) -> None:
    """Add ``--url`` and ``--key-file``; a key itself is never an argument, as others can see those."""
    group = parser.add_argument_group("the service")
    group.add_argument(
        "--url", type=service_url, default=default, help="its URL, instead of GOATFISH_URL or the one of gf login"
    )
    group.add_argument(
        "--key-file",
        metavar="FILE",
        default=default,
        help="a file that contains the key, instead of GOATFISH_KEY or the one of gf login; - is standard input",
    )


def text(argument: str) -> str:
    """Text that can be sent: the type of every argument but paths and other programs' arguments."""
    try:
        argument.encode()
    except UnicodeEncodeError:
        raise argparse.ArgumentTypeError(f"{argument!r} is not UTF-8") from None
    if not argument.strip():
        raise argparse.ArgumentTypeError("it is empty")
    return argument


def likely_scheme(host: str) -> str:
    """HTTP on this machine, HTTPS elsewhere."""
    return "http" if host.startswith(("localhost", "127.", "[::1]")) else "https"


def service_url(argument: str) -> str:
    """The URL of a service, without a slash at its end."""
    url = text(argument).strip()
    scheme, separator, rest = url.partition("://")
    if not separator:
        raise argparse.ArgumentTypeError(f"{url!r} has no scheme; perhaps {likely_scheme(url)}://{url}")
    if scheme.lower() not in {"http", "https"}:
        raise argparse.ArgumentTypeError(f"{scheme!r} is no scheme of a service; use https:// or http://")
    if not rest.partition("/")[0]:
        raise argparse.ArgumentTypeError(f"{url!r} names no host")
    return url.rstrip("/")


def positive(argument: str) -> int:
    """A number of things, 1 or more."""
    if not argument.isascii() or not argument.isdigit() or len(argument) > len("1000000000") or int(argument) == 0:
        raise argparse.ArgumentTypeError(f"{argument!r} is not a whole number of 1 or more")
    return int(argument)
