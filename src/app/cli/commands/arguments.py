"""Arguments and options that several commands share, and how their text is parsed."""

from datetime import timedelta
from enum import StrEnum
from importlib.metadata import version
from typing import Annotated

import typer
from typer.core import TyperGroup

from app.cli.durations import parse_duration, parse_lifetime
from app.cli.terminal import print_result
from domain.access.api_key import Lifetime
from domain.access.scopes import Scope


def duration(text: str) -> timedelta:
    try:
        return parse_duration(text)
    except ValueError as error:
        raise typer.BadParameter(str(error)) from error


def lifetime(text: str) -> timedelta | Lifetime | None:
    try:
        return parse_lifetime(text)
    except ValueError as error:
        raise typer.BadParameter(str(error)) from error


def scope(text: str) -> Scope:
    try:
        return Scope(text)
    except ValueError:
        raise typer.BadParameter(f"{text!r} is not one of {', '.join(Scope)}.") from None


def address(text: str) -> str:
    from config.addresses import listening_address

    try:
        return listening_address(text)
    except ValueError as error:
        raise typer.BadParameter(f"It {error}.") from error


class LogFormat(StrEnum):
    """How the log of the service is written."""

    TEXT = "text"
    JSON = "json"


def command_group(help_text: str, cls: type[TyperGroup] | None = None) -> typer.Typer:
    """Commands under one name, which prints their help when it is called without a command."""
    return typer.Typer(help=help_text, cls=cls, no_args_is_help=True, pretty_exceptions_enable=False)


def print_version(wanted: bool) -> None:
    """Prints the version of the installed package, and ends the command."""
    if wanted:
        print_result(f"goatfish {version('goatfish')}")
        raise typer.Exit


OwnerArgument = Annotated[str, typer.Argument(metavar="OWNER", help="The owner's name or id.")]
KeyArgument = Annotated[str, typer.Argument(metavar="KEY", help="The key's id or prefix.")]
Version = Annotated[
    bool, typer.Option("--version", callback=print_version, is_eager=True, help="Print the version and exit.")
]
AsJson = Annotated[bool, typer.Option("--json", help="Print the result as JSON, for programs.")]
ExpiresIn = Annotated[
    timedelta | None,
    typer.Option(
        parser=duration, metavar="DURATION", help="How long it is valid, like 90d, 12h or 30m. Default: no expiry."
    ),
]
Scopes = Annotated[
    list[Scope] | None,
    typer.Option(
        parser=scope, metavar="SCOPE", help=f"A scope of the key, repeatable: {', '.join(Scope)}. Default: all."
    ),
]
Host = Annotated[
    str,
    typer.Option(parser=address, metavar="ADDRESS", help="The address to listen on; :: for all, of IPv6 and IPv4."),
]
Port = Annotated[
    int, typer.Option(min=0, max=65535, metavar="PORT", help="The port to listen on; 0 takes any free one.")
]
