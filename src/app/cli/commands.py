"""Every command with its arguments; what it does is imported when it runs, so that help and mistakes cost little."""

from datetime import timedelta
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from app.cli.durations import parse_duration, parse_lifetime
from app.cli.terminal import plain_errors
from domain.access.api_key import Lifetime
from domain.access.scopes import Scope


class _Plain(TyperGroup):
    def invoke(self, ctx: Any) -> Any:
        with plain_errors():
            return super().invoke(ctx)


def _duration(text: str) -> timedelta:
    try:
        return parse_duration(text)
    except ValueError as error:
        raise typer.BadParameter(str(error)) from error


def _lifetime(text: str) -> timedelta | Lifetime | None:
    try:
        return parse_lifetime(text)
    except ValueError as error:
        raise typer.BadParameter(str(error)) from error


def _scope(text: str) -> Scope:
    try:
        return Scope(text)
    except ValueError:
        raise typer.BadParameter(f"{text!r} is none of {', '.join(Scope)}.") from None


def _group(text: str, cls: type[TyperGroup] | None = None) -> typer.Typer:
    return typer.Typer(help=text, cls=cls, no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False)


commands = _group("Goatfish: simulations of many owners over HTTP.", _Plain)
owner = _group("Owners: the tenants, whose data is kept apart.")
database = _group("The database and its roles, made by an administrator of the server.")
key = _group("Keys: what an owner's programs call the API with.")
operator = _group("Operators: who signs in to the admin.")
commands.add_typer(database, name="database")
commands.add_typer(owner, name="owner")
commands.add_typer(key, name="key")
commands.add_typer(operator, name="operator")

OwnerArgument = Annotated[str, typer.Argument(metavar="OWNER", help="The owner's name or id.")]
KeyArgument = Annotated[str, typer.Argument(metavar="KEY", help="The key's id or prefix.")]
ExpiresIn = Annotated[
    timedelta | None, typer.Option(parser=_duration, metavar="DURATION", help="Like 90d, 12h or 30m.")
]
Scopes = Annotated[
    list[Scope] | None,
    typer.Option(
        parser=_scope, metavar="SCOPE", help=f"What it may do, once for each of {', '.join(Scope)}. All by default."
    ),
]
Host = Annotated[str, typer.Option(help="The address to listen on.")]
Port = Annotated[int, typer.Option(min=0, max=65535, help="The port to listen on; 0 takes any free one.")]


@commands.command()
def up(*, host: Host = "127.0.0.1", port: Port = 8000) -> None:
    """Starts everything for a first look: database, a demo owner with a key, an operator, the server."""
    from app.cli.up import up

    up(host, port)


@commands.command()
def serve(
    *,
    host: Host = "127.0.0.1",
    port: Port = 8000,
    workers: Annotated[
        int | None, typer.Option(min=1, help="How many processes serve; GOATFISH_WORKERS unless given.")
    ] = None,
    reload: Annotated[bool, typer.Option("--reload", help="Start again when the source changes.")] = False,
    proxy: Annotated[
        str, typer.Option(metavar="ADDRESSES", help="Believe X-Forwarded-For and -Proto of these proxies; * of all.")
    ] = "",
    access_log: Annotated[bool, typer.Option("--access-log", help="Log a line for each request.")] = False,
) -> None:
    """Serves the API, its documentation and the admin."""
    from app.cli.serving import serve

    serve(host, port, workers=workers, reload=reload, proxies=proxy, access_log=access_log)


@commands.command()
def migrate() -> None:
    """Brings the database up to date."""
    from app.cli.database import migrate

    migrate()


@database.command("create")
def database_create(
    administrator_url: Annotated[
        str,
        typer.Option(
            envvar="ADMINISTRATOR_DATABASE_URL", show_default=False, help="How an administrator reaches the server."
        ),
    ],
) -> None:
    """Makes or corrects the PostgreSQL roles and the database that the configuration names."""
    from app.cli.database import create_database

    create_database(administrator_url)


@owner.command("create")
def owner_create(name: str) -> None:
    """Makes an owner and prints its id."""
    from app.cli.tenants import create_owner

    create_owner(name)


@owner.command("list")
def owner_list() -> None:
    """Lists all owners: id, name, when created, when deactivated."""
    from app.cli.tenants import list_owners

    list_owners()


@owner.command("deactivate")
def owner_deactivate(of: OwnerArgument) -> None:
    """Shuts an owner out: its keys open nothing any more, and nothing is deleted."""
    from app.cli.owners import deactivate_owner

    deactivate_owner(of)


@owner.command("activate")
def owner_activate(of: OwnerArgument) -> None:
    """Lets an owner in again."""
    from app.cli.owners import activate_owner

    activate_owner(of)


@owner.command("erase")
def owner_erase(
    *,
    of: OwnerArgument,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only count the rows of each table.")] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask for the owner's name.")] = False,
) -> None:
    """Deletes an owner that is deactivated, and everything of theirs, for good; again goes on where it was cut off."""
    from app.cli.owners import erase_owner

    erase_owner(of, dry_run=dry_run, confirmed=yes)


@owner.command("export")
def owner_export(
    of: OwnerArgument,
    output: Annotated[str, typer.Option("--output", "-o", metavar="FILE", help="Where to; - is stdout.")] = "-",
) -> None:
    """Writes everything of an owner as JSON Lines, as it is at one moment."""
    from app.cli.owners import export_owner

    export_owner(of, output)


@owner.command("import")
def owner_import(
    source: Annotated[str, typer.Argument(metavar="FILE", help="What export wrote; - is stdin.")],
    name: Annotated[str | None, typer.Option(help="Another name, where the owner's own is taken.")] = None,
) -> None:
    """Brings an exported owner back, everything or nothing, and prints its id."""
    from app.cli.owners import import_owner

    import_owner(source, name)


@key.command("create")
def key_create(
    *,
    of: OwnerArgument,
    name: Annotated[str, typer.Option(help="What it is for.")] = "default",
    scope: Scopes = None,
    expires_in: ExpiresIn = None,
) -> None:
    """Makes a key and prints it; it is never shown again."""
    from app.cli.tenants import create_key

    create_key(of, name, frozenset(scope or Scope), expires_in)


@key.command("list")
def key_list(of: OwnerArgument) -> None:
    """Lists an owner's keys: id, prefix, name, scopes, when created, expiring, last used, revoked."""
    from app.cli.tenants import list_keys

    list_keys(of)


@key.command("roll")
def key_roll(
    *,
    of: OwnerArgument,
    key: KeyArgument,
    overlap: Annotated[
        timedelta, typer.Option(parser=_duration, metavar="DURATION", help="How long the old one still opens.")
    ] = "1d",  # type: ignore[assignment]  # -- Typer parses a default as it parses what is given
    expires_in: Annotated[
        Any,
        typer.Option(parser=_lifetime, metavar="DURATION|never|same", help="When the new one ends; same: as the old."),
    ] = "same",
) -> None:
    """Makes a key that takes the place of another, with its name and scopes, and prints it."""
    from app.cli.tenants import roll_key

    roll_key(of, key, overlap, expires_in)


@key.command("revoke")
def key_revoke(of: OwnerArgument, key: KeyArgument) -> None:
    """Ends a key for good."""
    from app.cli.tenants import revoke_key

    revoke_key(of, key)


@operator.command("create")
def operator_create(
    username: Annotated[str, typer.Argument(metavar="NAME", help="The name to sign in with.")],
    email: Annotated[str, typer.Option(help="Where to write to them; nothing is ever sent.")] = "",
    password_stdin: Annotated[
        bool, typer.Option("--password-stdin", help="Take the password from the first line of stdin.")
    ] = False,
) -> None:
    """Makes somebody who may do everything in the admin."""
    from app.cli.database import create_operator

    create_operator(username, email, from_stdin=password_stdin)


@commands.command()
def seed(
    owners: Annotated[int, typer.Option(min=1, help="How many new owners.")] = 10,
    each: Annotated[int, typer.Option(min=0, help="How many of each kind of object, spread over them.")] = 10_000,
) -> None:
    """Fills the database with invented objects and prints the new owners' ids."""
    from app.cli.seeding import seed

    seed(owners, each)


@commands.command()
def purge() -> None:
    """Deletes what is kept only for a time and is too old: outcomes of idempotent requests, and revisions."""
    from app.cli.tenants import purge

    purge()


@commands.command()
def openapi() -> None:
    """Prints the OpenAPI document; needs neither database nor configuration."""
    from app.cli.document import openapi

    openapi()


@commands.command()
def doctor(
    workers: Annotated[int, typer.Option(min=1, help="How many processes are meant to serve.")] = 1,
) -> None:
    """Says what is wrong with the configuration; exit status 1 if anything is."""
    from app.cli.doctor import doctor

    doctor(workers)


@commands.command(context_settings={"allow_extra_args": True, "ignore_unknown_options": True, "help_option_names": []})
def django(ctx: typer.Context) -> None:
    """Runs any command of Django's, like "goatfish django shell"."""
    from app.cli.database import django

    django(ctx.args)
