"""Every command with its arguments. The modules that do the work are imported by the command, so ``--help`` is fast."""

import sys
from collections.abc import Sequence
from typing import Any

from typer.core import TyperGroup

from app.cli.commands import database, keys, owners, service
from app.cli.commands.arguments import Version, command_group
from app.cli.streams import as_texts, checked_streams
from app.cli.terminal import one_line_errors, one_line_usage_errors


class _RootGroup(TyperGroup):
    def main(self, args: Sequence[str] | None = None, *rest: Any, **named: Any) -> Any:
        arguments = sys.argv[1:] if args is None else args
        with checked_streams(for_people="--help" in arguments):
            return super().main(as_texts(arguments), *rest, **named)

    def make_context(self, *given: Any, **named: Any) -> Any:
        with one_line_usage_errors():
            return super().make_context(*given, **named)

    def invoke(self, ctx: Any) -> Any:
        with one_line_errors(), one_line_usage_errors():
            return super().invoke(ctx)


commands = command_group("Goatfish: a multi-tenant HTTP API for simulations and their runs.", _RootGroup)


@commands.callback()
def _root(*, version: Version = False) -> None:
    del version  # its callback has printed it


commands.command()(service.up)
commands.command()(service.serve)
commands.command()(service.deliver)
commands.command()(service.doctor)
commands.command()(service.openapi)
commands.command()(database.migrate)
commands.command()(database.backup)
commands.command()(database.restore)
commands.command()(database.seed)
commands.command()(database.purge)
commands.add_typer(database.database, name="database")
commands.add_typer(owners.owner, name="owner")
commands.add_typer(keys.key, name="key")
commands.add_typer(database.operator, name="operator")
commands.command(  # all arguments go to Django, --help among them
    context_settings={"allow_extra_args": True, "ignore_unknown_options": True, "help_option_names": []}
)(database.django)
