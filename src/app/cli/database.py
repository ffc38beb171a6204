"""Database commands: roles, migrations, operators and Django's own; and the checks before commands that need it."""

import asyncio
import os
import sys
from collections.abc import Sequence

import typer

from adapters.django_orm import bootstrap, management
from adapters.django_orm.bootstrap import setup_django
from app.cli.terminal import MISCONFIGURED, fail, print_message
from app.database_roles import DatabaseRoleError, provision
from config.databases import DatabaseUrl
from config.settings import Settings, load
from config.verification import require_verified, unverified
from domain.errors import Unavailable


def require_operator_database() -> None:
    """Fails without an operators' database URL: row-level security hides most rows from the API's role."""
    if not load().has_operator:
        fail("This command needs GOATFISH_OPERATOR_DATABASE_URL, which is not set.", MISCONFIGURED)


def require_migrations() -> None:
    """Fails unless the database can be reached and every migration is applied."""
    setup_django()
    names = management.unapplied_migrations()
    management.disconnect()
    if names:
        fail(f"The database is not up to date: {len(names)} migrations are not applied. Run: goatfish migrate")


async def check_storage(settings: Settings) -> None:
    """Raises ``Unavailable`` unless the service can use its database, and operators use the same one."""
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
    """Raises ``Unavailable`` where the two PostgreSQL URLs lead to different databases."""
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
        raise Unavailable(different_databases(settings))


def different_databases(settings: Settings) -> str:
    """The error where the service and the operators would use different databases."""
    return f"The service uses {settings.database_url}, but operators use another database: {settings.operator_url}."


def may_be_same(settings: Settings) -> bool:
    """Whether both URLs may lead to one database, as far as can be told without connecting."""
    service, operators = settings.database_url, settings.operator_url
    if service.is_sqlite and operators.is_sqlite:
        return os.path.realpath(service.path) == os.path.realpath(operators.path)
    return service.is_sqlite == operators.is_sqlite


def require_storage() -> None:
    """Fails unless the service can use its database, with a role that row-level security restricts."""
    require_verified(load())
    if not may_be_same(load()):
        fail(different_databases(load()), MISCONFIGURED)
    require_migrations()
    if not load().database_url.is_sqlite:
        asyncio.run(check_storage(load()))


def create_database(administrator_url: str) -> None:
    settings = load()
    require_verified(settings)
    try:
        administrator = DatabaseUrl(administrator_url)
    except ValueError as error:
        is_postgresql = administrator_url.startswith(("postgresql:", "postgres:"))
        fail(f"The administrator's URL {error if is_postgresql else 'must begin with postgresql://'}", MISCONFIGURED)
    if why := unverified(administrator, os.environ):
        fail(f"The administrator's URL: {why}", MISCONFIGURED)
    try:
        done = provision(administrator, api=settings.database_url, operator=settings.operator_url)
    except DatabaseRoleError as error:
        fail(str(error))
    for line in done:
        print_message(line)
    print_message("Next: goatfish migrate")


def migrate() -> None:
    setup_django()
    names = management.migrate(load().api_role)
    for name in names:
        print_message(f"Applied {name}")
    print_message("The database is up to date." if names else "The database was already up to date.")


def create_operator(username: str, email: str, *, from_stdin: bool) -> None:
    require_operator_database()
    if from_stdin:
        password = sys.stdin.readline().rstrip("\r\n")
    elif sys.stdin.isatty():
        password = typer.prompt("Password", hide_input=True, confirmation_prompt=True, err=True)
    else:
        fail("stdin is not a terminal, so no password can be prompted for: use --password-stdin.", MISCONFIGURED)
    require_migrations()
    management.create_operator(username, password, email=email)
    print_message(f"Operator {username!r} can sign in to the admin.")


def django(arguments: Sequence[str]) -> None:
    setup_django()
    management.run_command(arguments)
