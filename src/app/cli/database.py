"""The database: its roles, migrations, operators and Django's own commands."""

import asyncio
import sys
from collections.abc import Sequence

import typer

from adapters.django_orm import operations
from adapters.django_orm.setup import set_up
from app.cli.terminal import MISCONFIGURED, fail, say
from app.provision import Refused, provision
from config.databases import DatabaseUrl
from config.settings import Settings, load


def require_operator() -> None:
    """Ends the command where operators cannot work from: to the API's role, most rows are not there."""
    if not load().has_operator:
        fail("Operators work with GOATFISH_OPERATOR_DATABASE_URL, which is not set here.", MISCONFIGURED)


def require_migrations() -> None:
    """Ends the command unless the database is there and up to date."""
    set_up()
    names = operations.unapplied_migrations()
    operations.disconnect()
    if names:
        fail(f"The database is not up to date, {len(names)} migrations are not applied. Run: goatfish migrate")


async def check_storage(settings: Settings) -> None:
    """Raises ``Unavailable`` unless the database is in order as the service itself reaches it."""
    from app.container import Container

    storage = Container(settings=settings).storage()
    await storage.open()
    try:
        await storage.check()
    finally:
        await storage.close()


def require_storage() -> None:
    """Ends the command, with why, unless the service can work on its database, and on no other owner's rows."""
    require_migrations()
    if not load().database_url.is_sqlite:
        asyncio.run(check_storage(load()))


def create_database(administrator_url: str) -> None:
    settings = load()
    try:
        administrator = DatabaseUrl(administrator_url)
    except ValueError as error:
        fail(f"The administrator's URL {error}", MISCONFIGURED)
    try:
        done = provision(administrator, api=settings.database_url, operator=settings.operator_url)
    except Refused as error:
        fail(str(error))
    for line in done:
        say(line)
    say("Next: goatfish migrate")


def migrate() -> None:
    set_up()
    names = operations.migrate(load().api_role)
    for name in names:
        say(f"Applied {name}")
    say("The database is up to date." if names else "The database was up to date already.")


def create_operator(username: str, email: str, *, from_stdin: bool) -> None:
    require_operator()
    if from_stdin:
        password = sys.stdin.readline().rstrip("\r\n")
    elif sys.stdin.isatty():
        password = typer.prompt("Password", hide_input=True, confirmation_prompt=True, err=True)
    else:
        fail("There is no terminal to ask for a password: use --password-stdin.", MISCONFIGURED)
    require_migrations()
    operations.create_operator(username, password, email=email)
    say(f"Operator {username!r} can sign in to the admin.")


def django(arguments: Sequence[str]) -> None:
    set_up()
    operations.run_command(arguments)
