"""Commands for the database: ``goatfish database``, ``operator``, and those that fill, purge and migrate it."""

from typing import Annotated

import typer

from app.cli.commands.arguments import AsJson, command_group

DEFAULT_OWNERS = 10

database = command_group("Create the PostgreSQL database and its roles, as an administrator of the server.")
operator = command_group("Manage operators, who sign in to the admin.")


@database.command("create")
def database_create(
    *,
    administrator_url: Annotated[
        str,
        typer.Option(
            envvar="ADMINISTRATOR_DATABASE_URL",
            show_default=False,
            help="The server's URL, with the user and password of an administrator.",
        ),
    ],
    as_json: AsJson = False,
) -> None:
    """Create, or correct, the PostgreSQL roles and the database that the configuration names."""
    from app.cli.database import create_database

    create_database(administrator_url, as_json=as_json)


@operator.command("create")
def operator_create(
    *,
    username: Annotated[str, typer.Argument(metavar="NAME", help="The name to sign in with.")],
    email: Annotated[str, typer.Option(help="An address for other operators to see; no mail is ever sent.")] = "",
    password_stdin: Annotated[
        bool, typer.Option("--password-stdin", help="Read the password from the first line of stdin.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Create an operator with all permissions in the admin."""
    from app.cli.database import create_operator

    create_operator(username, email, from_stdin=password_stdin, as_json=as_json)


def migrate(
    wait: Annotated[
        int,
        typer.Option(min=1, help="For how many seconds to wait for others who migrate or lock tables."),
    ] = 60,
    *,
    as_json: AsJson = False,
) -> None:
    """Apply all pending database migrations, without making the service wait for locks."""
    from app.cli.database import migrate

    migrate(wait, as_json=as_json)


def backup(
    file: Annotated[str, typer.Argument(metavar="FILE", help="The file to write.")],
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace the file if there is one.")] = False,
    *,
    as_json: AsJson = False,
) -> None:
    """Write the whole database to a file, with pg_dump or SQLite's online backup: a consistent snapshot."""
    from app.cli.backups import back_up

    back_up(file, overwrite=overwrite, as_json=as_json)


def restore(
    file: Annotated[str, typer.Argument(metavar="FILE", help="The backup to read.")],
    *,
    as_json: AsJson = False,
) -> None:
    """Restore a backup into an empty database, all of it or nothing."""
    from app.cli.backups import restore

    restore(file, as_json=as_json)


def seed(
    *,
    owners: Annotated[
        int | None, typer.Option(min=1, help=f"How many owners to create. Default: {DEFAULT_OWNERS}.")
    ] = None,
    each: Annotated[
        int, typer.Option(min=0, help="How many objects of each kind except runs to create, in all owners together.")
    ] = 10_000,
    runs: Annotated[
        int,
        typer.Option(min=0, help="How many runs to create: sweeps of CFD and FEA studies, 48 a simulation or more."),
    ] = 0,
    owner: Annotated[
        str | None, typer.Option(metavar="OWNER", help="Fill this owner, by name or id, instead of new ones.")
    ] = None,
    revisions: Annotated[
        bool,
        typer.Option(help="Whether there is a revision of each change. Without, millions of rows take half the time."),
    ] = True,
    as_json: AsJson = False,
) -> None:
    """Fill the database with fake owners, simulations and runs and their history; print the ids of the owners."""
    if owner is not None and owners is not None:
        raise typer.BadParameter("--owner fills an owner that is there; --owners creates new ones.")
    count = 1 if owner is not None else owners or DEFAULT_OWNERS
    if runs and each < count:
        raise typer.BadParameter("Runs need a simulation of each owner: --each must be at least --owners.")
    from app.cli.fake_data.seeding import seed

    seed(count, each, runs, of=owner, history=revisions, as_json=as_json)


def purge(*, as_json: AsJson = False) -> None:
    """Delete expired idempotency records, old deliveries, and revisions older than GOATFISH_REVISIONS_KEPT days."""
    from app.cli.purging import purge

    purge(as_json=as_json)


def django(ctx: typer.Context) -> None:
    """Run one of Django's own commands, like "goatfish django shell"."""
    from app.cli.database import django

    django(ctx.args)
