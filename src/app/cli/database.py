"""Migrations, operators and Django's own commands, on the operator's database."""

import sys
from collections.abc import Sequence

import typer

from adapters.django_orm import operations
from adapters.django_orm.setup import set_up
from app.cli.terminal import MISCONFIGURED, fail, say


def require_migrations() -> None:
    """Ends the command unless the database is there and up to date."""
    set_up()
    names = operations.unapplied_migrations()
    operations.disconnect()
    if names:
        fail(f"The database is not up to date, {len(names)} migrations are not applied. Run: goatfish migrate")


def migrate() -> None:
    set_up()
    names = operations.migrate()
    for name in names:
        say(f"Applied {name}")
    say("The database is up to date." if names else "The database was up to date already.")


def create_operator(username: str, email: str, *, from_stdin: bool) -> None:
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
