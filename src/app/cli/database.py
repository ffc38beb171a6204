"""The database: its roles, migrations, operators and Django's own commands."""

import asyncio
import os
import sys
from collections.abc import Sequence

import typer

from adapters.django_orm import bootstrap, management
from adapters.django_orm.bootstrap import setup_django
from app.cli.terminal import MISCONFIGURED, fail, say
from app.database_roles import RolesRefused, provision
from config.databases import DatabaseUrl
from config.settings import Settings, load
from config.verification import require_verified, unverified
from domain.errors import Unavailable


def require_operator() -> None:
    """Ends the command where operators cannot work from: to the API's role, most rows are not there."""
    if not load().has_operator:
        fail("Operators work with GOATFISH_OPERATOR_DATABASE_URL, which is not set here.", MISCONFIGURED)


def require_migrations() -> None:
    """Ends the command unless the database is there and up to date."""
    setup_django()
    names = management.unapplied_migrations()
    management.disconnect()
    if names:
        fail(f"The database is not up to date, {len(names)} migrations are not applied. Run: goatfish migrate")


async def check_storage(settings: Settings) -> None:
    """Raises ``Unavailable`` unless the database is in order as the service itself reaches it, and the operators'."""
    from app.container import Container

    storage = Container(settings=settings).storage()
    await storage.open()
    try:
        await storage.check()
    finally:
        await storage.close()
    service, operators = settings.database_url, settings.operator_database_url
    if operators is not None and not service.is_sqlite and not operators.is_sqlite:
        await _check_same(settings)


async def _check_same(settings: Settings) -> None:
    """Raises ``Unavailable`` where PostgreSQL's two URLs lead to two databases."""
    service = bootstrap.asyncpg_storage(
        settings.database_url.with_password,
        size=1,
        acquire_timeout=settings.pool_timeout,
        statement_timeout=settings.statement_timeout,
        list_timeout=settings.list_timeout,
        prepared_statements=settings.prepared_statements,
    )
    identities = set()
    for storage in (service, bootstrap.django_storage(size=1)):
        await storage.open()
        try:
            identities.add(await storage.identity())
        finally:
            await storage.close()
    if len(identities) > 1:
        raise Unavailable(two_databases(settings))


def two_databases(settings: Settings) -> str:
    """What is said where the service and the operators do not meet in one database."""
    return f"These are two databases: {settings.database_url} is the service's, {settings.operator_url} the operators'."


def require_storage() -> None:
    """Ends the command, with why, unless the service can work on its database, and on no other owner's rows."""
    require_verified(load())
    require_migrations()
    if not load().database_url.is_sqlite:
        asyncio.run(check_storage(load()))


def create_database(administrator_url: str) -> None:
    settings = load()
    require_verified(settings)
    try:
        administrator = DatabaseUrl(administrator_url)
    except ValueError as error:
        known = administrator_url.startswith(("postgresql:", "postgres:"))
        fail(f"The administrator's URL {error if known else 'must begin with postgresql://'}", MISCONFIGURED)
    if why := unverified(administrator, os.environ):
        fail(f"The administrator's URL: {why}", MISCONFIGURED)
    try:
        done = provision(administrator, api=settings.database_url, operator=settings.operator_url)
    except RolesRefused as error:
        fail(str(error))
    for line in done:
        say(line)
    say("Next: goatfish migrate")


def migrate() -> None:
    setup_django()
    names = management.migrate(load().api_role)
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
    management.create_operator(username, password, email=email)
    say(f"Operator {username!r} can sign in to the admin.")


def django(arguments: Sequence[str]) -> None:
    setup_django()
    management.run_command(arguments)
