"""Arguments and options that several commands share, and how their text is parsed."""

from datetime import timedelta
from typing import Annotated

import typer
from typer.core import TyperGroup

from app.cli.durations import parse_duration, parse_lifetime
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


def command_group(help_text: str, cls: type[TyperGroup] | None = None) -> typer.Typer:
    """Commands under one name, which prints their help when it is called without a command."""
    return typer.Typer(
        help=help_text, cls=cls, no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False
    )


OwnerArgument = Annotated[str, typer.Argument(metavar="OWNER", help="The owner's name or id.")]
KeyArgument = Annotated[str, typer.Argument(metavar="KEY", help="The key's id or prefix.")]
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
Host = Annotated[str, typer.Option(help="The address to listen on; :: for all, of IPv6 and IPv4.")]
Port = Annotated[int, typer.Option(min=0, max=65535, help="The port to listen on; 0 takes any free one.")]
