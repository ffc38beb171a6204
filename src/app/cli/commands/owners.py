"""``goatfish owner``."""

from typing import Annotated

import typer

from app.cli.commands.arguments import AsJson, OwnerArgument, command_group

owner = command_group("Manage owners: the tenants, whose data is kept apart.")


@owner.command("create")
def owner_create(
    *,
    name: Annotated[
        str, typer.Argument(metavar="NAME", help="What it is called: a name that no other owner has, and no UUID.")
    ],
    as_json: AsJson = False,
) -> None:
    """Create an owner and print its id."""
    from app.cli.owners import create_owner

    create_owner(name, as_json=as_json)


@owner.command("list")
def owner_list(*, as_json: AsJson = False) -> None:
    """List all owners: id, name, time of creation, time of deactivation."""
    from app.cli.owners import list_owners

    list_owners(as_json=as_json)


@owner.command("deactivate")
def owner_deactivate(*, of: OwnerArgument, as_json: AsJson = False) -> None:
    """Reject all API keys of an owner until it is activated again; nothing is deleted."""
    from app.cli.owners import deactivate_owner

    deactivate_owner(of, as_json=as_json)


@owner.command("activate")
def owner_activate(*, of: OwnerArgument, as_json: AsJson = False) -> None:
    """Accept the API keys of a deactivated owner again."""
    from app.cli.owners import activate_owner

    activate_owner(of, as_json=as_json)


@owner.command("erase")
def owner_erase(
    *,
    of: OwnerArgument,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only count the rows of each table.")] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask for confirmation.")] = False,
    as_json: AsJson = False,
) -> None:
    """Permanently delete a deactivated owner and all its data. Run it again to resume after an interruption."""
    from app.cli.owner_data import erase_owner

    erase_owner(of, dry_run=dry_run, confirmed=yes, as_json=as_json)


@owner.command("export")
def owner_export(
    of: OwnerArgument,
    output: Annotated[
        str, typer.Option("--output", "-o", metavar="FILE", help="The file to write; - is stdout.")
    ] = "-",
) -> None:
    """Write all data of an owner as JSON Lines: a consistent snapshot."""
    from app.cli.owner_data import export_owner

    export_owner(of, output)


@owner.command("import")
def owner_import(
    *,
    source: Annotated[str, typer.Argument(metavar="FILE", help="The exported file to read; - is stdin.")],
    name: Annotated[str | None, typer.Option(help="A new name, where the owner's own is taken.")] = None,
    as_json: AsJson = False,
) -> None:
    """Import an exported owner, all of it or nothing, and print its id."""
    from app.cli.owner_data import import_owner

    import_owner(source, name, as_json=as_json)
