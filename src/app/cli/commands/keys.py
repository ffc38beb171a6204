"""``goatfish key``."""

from datetime import timedelta
from typing import Annotated, Any

import typer

from app.cli.commands.arguments import (
    AsJson,
    ExpiresIn,
    KeyArgument,
    OwnerArgument,
    Scopes,
    command_group,
    duration,
    lifetime,
)
from domain.access.scopes import Scope

key = command_group("Manage API keys, with which an owner's programs authenticate.")


@key.command("create")
def key_create(
    *,
    of: OwnerArgument,
    name: Annotated[str, typer.Option(help="What the key is for.")] = "default",
    scope: Scopes = None,
    expires_in: ExpiresIn = None,
    as_json: AsJson = False,
) -> None:
    """Create a key and print it; it cannot be shown again."""
    from app.cli.keys import create_key

    create_key(of, name, frozenset(scope or Scope), expires_in, as_json=as_json)


@key.command("list")
def key_list(*, of: OwnerArgument, as_json: AsJson = False) -> None:
    """List an owner's keys: id, prefix, name, scopes, created, expires, last used, revoked, created by."""
    from app.cli.keys import list_keys

    list_keys(of, as_json=as_json)


@key.command("roll")
def key_roll(
    *,
    of: OwnerArgument,
    key: KeyArgument,
    overlap: Annotated[
        timedelta, typer.Option(parser=duration, metavar="DURATION", help="How long the old key stays valid.")
    ] = "1d",  # type: ignore[assignment]  # -- Typer parses a default as it parses what is given
    expires_in: Annotated[
        Any,
        typer.Option(
            parser=lifetime, metavar="DURATION|never|same", help="How long the new key is valid; same: as the old one."
        ),
    ] = "same",
    as_json: AsJson = False,
) -> None:
    """Roll (rotate) a key: create its successor, with the same name and scopes, and print it."""
    from app.cli.keys import roll_key

    roll_key(of, key, overlap, expires_in, as_json=as_json)


@key.command("revoke")
def key_revoke(*, of: OwnerArgument, key: KeyArgument, as_json: AsJson = False) -> None:
    """Revoke a key permanently."""
    from app.cli.keys import revoke_key

    revoke_key(of, key, as_json=as_json)
