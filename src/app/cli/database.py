"""Database commands: roles, migrations, operators and Django's own; and the checks before commands that need it."""

import asyncio
import os
import sys
from collections.abc import Sequence

import typer

from adapters.django_orm import management
from adapters.django_orm.bootstrap import setup_django
from app.cli.terminal import MISCONFIGURED, fail, print_json, print_message
from app.database_checks import check_storage, different_databases, is_in_reach, may_be_same
from app.database_roles import DatabaseRoleError, provision
from config.databases import DatabaseUrl
from config.loading import load, load_for_service
from config.running_up import read_left
from config.settings import Settings
from config.verification import require_verified, unverified


def require_operator_database() -> None:
    """Fails without an operators' database URL: row-level security hides most rows from the API's role."""
    if not load().has_operator:
        fail("This command needs GOATFISH_OPERATOR_DATABASE_URL, which is not set.", MISCONFIGURED)


def _keep_secret_key() -> None:
    """Stores the secret key that serving needs. Fails where SQLite has no database, so that nothing is made there."""
    url = load().operator_url
    if url.is_sqlite and not url.path.exists():
        fail(f"There is no database at {url.path}. Run: goatfish migrate")
    load_for_service()


def require_migrations() -> None:
    """Fails unless the database can be reached and its tables are those of this version."""
    setup_django()
    fault = management.schema_fault()
    management.disconnect()
    if fault:
        fail(f"The database is not up to date: {fault}")


def require_operators() -> None:
    """Fails unless operators have a database that is up to date; says which one it is, where that may be in doubt."""
    require_operator_database()
    say_which_database()
    require_migrations()


def say_which_database() -> None:
    """Prints a line where the last ``goatfish up`` in this directory would lead one to expect another database."""
    if line := which_database():
        print_message(line)


def which_database() -> str | None:
    """That line; None where there is no doubt."""
    settings, left = load(), read_left()
    if left is None:
        return None
    (of_up, runs), url = left, settings.operator_url
    if url == of_up.operator_url:
        is_usual = url == Settings.model_fields["database_url"].default
        return f"Database: {url}, of the running goatfish up." if runs and not is_usual else None
    if runs:
        return f"Database: {url}, as configured. The running goatfish up uses another, {of_up.operator_url}."
    if settings.model_fields_set & {"database_url", "operator_database_url"}:
        return None
    return f"Database: {url}. The last goatfish up used {of_up.operator_url}, but it is not running."


def require_storage() -> None:
    """Fails unless the service can use its database, with a role that row-level security restricts.

    A database that is out of reach at present is checked by each worker before its first request.
    """
    require_verified(load())
    if not may_be_same(load()):
        fail(different_databases(load()), MISCONFIGURED)
    _keep_secret_key()
    setup_django()
    if load().database_url.is_sqlite:
        _require_this_or_a_later_version()
    elif asyncio.run(is_in_reach(load())):
        _require_this_or_a_later_version()
        asyncio.run(check_storage(load()))


def _require_this_or_a_later_version() -> None:
    """Fails unless the tables are there, and says which migrations a later version has applied."""
    require_migrations()
    if later := management.later_version():
        print_message(later)
    management.disconnect()


def create_database(administrator_url: str, *, as_json: bool) -> None:
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
    if as_json:
        print_json({"done": done})


def migrate(wait: int, *, as_json: bool) -> None:
    say_which_database()
    setup_django()
    names = management.migrate(load().api_role, wait=wait, report=print_message)
    management.disconnect()
    for name in names:
        print_message(f"Applied {name}")
    print_message("The database is up to date." if names else "The database was already up to date.")
    if as_json:
        print_json({"applied": names})


def create_operator(username: str, email: str, *, from_stdin: bool, as_json: bool) -> None:
    require_operator_database()
    say_which_database()
    if from_stdin:
        password = sys.stdin.readline().rstrip("\r\n")
    elif sys.stdin.isatty():
        password = typer.prompt("Password", hide_input=True, confirmation_prompt=True, err=True)
    else:
        fail("stdin is not a terminal, so no password can be prompted for: use --password-stdin.", MISCONFIGURED)
    require_migrations()
    management.create_operator(username, password, email=email)
    print_message(f"Operator {username!r} can sign in to the admin.")
    if as_json:
        print_json({"username": username, "email": email})


def django(arguments: Sequence[str]) -> None:
    say_which_database()
    setup_django()
    management.run_command(arguments)
