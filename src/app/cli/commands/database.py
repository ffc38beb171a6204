"""Commands for the database: ``goatfish database``, ``operator``, and those that fill, purge and migrate it."""

from typing import Annotated

import typer

from app.cli.commands.arguments import command_group

database = command_group("Create the PostgreSQL database and its roles, as an administrator of the server.")
operator = command_group("Manage operators, who sign in to the admin.")


@database.command("create")
def database_create(
    administrator_url: Annotated[
        str,
        typer.Option(
            envvar="ADMINISTRATOR_DATABASE_URL",
            show_default=False,
            help="The server's URL, with the user and password of an administrator.",
        ),
    ],
) -> None:
    """Create, or correct, the PostgreSQL roles and the database that the configuration names."""
    from app.cli.database import create_database

    create_database(administrator_url)


@operator.command("create")
def operator_create(
    username: Annotated[str, typer.Argument(metavar="NAME", help="The name to sign in with.")],
    email: Annotated[str, typer.Option(help="An address for other operators to see; no mail is ever sent.")] = "",
    password_stdin: Annotated[
        bool, typer.Option("--password-stdin", help="Read the password from the first line of stdin.")
    ] = False,
) -> None:
    """Create an operator with all permissions in the admin."""
    from app.cli.database import create_operator

    create_operator(username, email, from_stdin=password_stdin)


def migrate(
    wait: Annotated[
        int,
        typer.Option(min=1, help="For how many seconds to wait for others who migrate or lock tables."),
    ] = 60,
) -> None:
    """Apply all pending database migrations, without making the service wait for locks."""
    from app.cli.database import migrate

    migrate(wait)


def backup(
    file: Annotated[str, typer.Argument(metavar="FILE", help="The file to write.")],
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace the file if there is one.")] = False,
) -> None:
    """Write the whole database to a file, with pg_dump or SQLite's online backup: a consistent snapshot."""
    from app.cli.backups import back_up

    back_up(file, overwrite=overwrite)


def restore(
    file: Annotated[str, typer.Argument(metavar="FILE", help="The backup to read.")],
) -> None:
    """Restore a backup into an empty database, all of it or nothing."""
    from app.cli.backups import restore

    restore(file)


def seed(
    owners: Annotated[int, typer.Option(min=1, help="How many owners to create.")] = 10,
    each: Annotated[
        int, typer.Option(min=0, help="How many objects of each kind but runs to create, spread over these owners.")
    ] = 10_000,
    runs: Annotated[
        int,
        typer.Option(min=0, help="How many runs to create: sweeps of CFD and FEA studies, 48 a simulation or more."),
    ] = 0,
) -> None:
    """Fill the database with fake owners, simulations and runs, and print the ids of the owners."""
    if runs and each < owners:
        raise typer.BadParameter("Runs need a simulation of each owner: --each must be at least --owners.")
    from app.cli.seeding import seed

    seed(owners, each, runs)


def purge() -> None:
    """Delete expired idempotency records, and revisions older than GOATFISH_REVISIONS_KEPT days."""
    from app.cli.purging import purge

    purge()


def django(ctx: typer.Context) -> None:
    """Run one of Django's own commands, like "goatfish django shell"."""
    from app.cli.database import django

    django(ctx.args)
