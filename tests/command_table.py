"""Every command of the command line with arguments that it takes: a new command is in the table by itself."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import typer.main

from app.cli.commands import commands

CREATORS = {"migrate", "restore", "up"}
"""The commands that may make a database where there is none."""
WRITERS = CREATORS | {
    *("serve", "deliver", "seed", "purge", "backup", "operator create", "key create", "key roll", "key revoke"),
    *("owner create", "owner deactivate", "owner activate", "owner erase", "owner import"),
}
"""The commands that may change the folder in which they run."""
VALUES = {  # of arguments and options that must be given, by name
    "administrator_url": "postgresql://nobody:word@127.0.0.1:1/postgres",
    "file": "given.file",
    "source": "given.file",
    "key": "gf_00000000000000",
    "of": "Ω",
}
ELSEWHERE = ("--host", "nowhere.invalid")
"""For commands that would go on serving."""
REST = {"django": ["showmigrations"]}
"""What commands get that take any arguments."""


def every_command(*chosen: str) -> list[tuple[str, ...]]:
    """The words and arguments of each command, or of those with these names."""
    every = [(*path, *_arguments(command), *REST.get(" ".join(path), [])) for path, command in _leaves()]
    return [command for command in every if not chosen or name_of(command) in chosen]


def names() -> list[str]:
    """The name of each command, like "owner list"."""
    return [" ".join(path) for path, _ in _leaves()]


def name_of(command: tuple[str, ...]) -> str:
    """The name of one of these commands."""
    return next(name for name in names() if command[: len(name.split())] == tuple(name.split()))


def _leaves() -> Iterator[tuple[tuple[str, ...], Any]]:
    def walk(path: tuple[str, ...], command: Any) -> Iterator[tuple[tuple[str, ...], Any]]:
        for name, inner in getattr(command, "commands", {}).items():
            yield from walk((*path, name), inner)
        if not hasattr(command, "commands"):
            yield path, command

    return walk((), typer.main.get_command(commands))


def _arguments(command: Any) -> list[str]:
    arguments: list[str] = []
    for parameter in command.params:
        if parameter.name == "host":
            arguments += ELSEWHERE
        elif parameter.name == "once":
            arguments.append("--once")
        elif parameter.required and parameter.param_type_name == "argument":
            arguments.append(VALUES.get(parameter.name, "Some"))
        elif parameter.required:
            arguments += [parameter.opts[0], VALUES[parameter.name]]
    return arguments
