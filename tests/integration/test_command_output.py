"""What commands print: tables that cut nothing, JSON on request, the version, completion, and no styles unasked."""

import fcntl
import json
import os
import pty
import re
import struct
import subprocess
import termios
from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from types import MappingProxyType
from typing import Any

import pytest
import typer
from typer.core import TyperGroup

from app.cli.commands import commands
from tests.integration.test_processes import PATIENCE, Shell
from tests.warm_start import goatfish as goatfish_command
from tests.warm_start import python

WITHOUT_JSON = {
    "up": "runs until it is stopped",
    "serve": "runs until it is stopped",
    "deliver": "runs until it is stopped",
    "openapi": "prints JSON anyway",
    "django": "passes everything on",
    "owner export": "writes JSON Lines",
}
BY_A_SERVER = {"database create"}  # needs PostgreSQL: test_roles.py


@pytest.fixture(scope="module")
def shell(tmp_path_factory: pytest.TempPathFactory) -> Shell:
    """With a database, the owner Acme and three keys of it."""
    made = Shell(tmp_path_factory.mktemp("shell"))
    for arguments in (("migrate",), ("owner", "create", "Acme"), *(("key", "create", "Acme"),) * 3):
        assert made(*arguments).returncode == 0
    return made


def leaves(group: Any, *above: str) -> Iterator[tuple[str, Any]]:
    """Every command, by its whole name."""
    for name, command in group.commands.items():
        if isinstance(command, TyperGroup):
            yield from leaves(command, *above, name)
        else:
            yield " ".join((*above, name)), command


def shown(shell: Shell, *arguments: str, columns: int = 80, variables: Mapping[str, str] = MappingProxyType({})) -> str:
    """All that a command writes to a terminal of this width."""
    leader, follower = pty.openpty()
    fcntl.ioctl(follower, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
    env = {**shell.environment(), "TERM": "xterm-256color", **variables}
    for name in {"NO_COLOR", "FORCE_COLOR", "COLUMNS"} - variables.keys():
        env.pop(name, None)
    with subprocess.Popen(
        goatfish_command(*arguments), cwd=shell.directory, env=env, stdin=follower, stdout=follower, stderr=follower
    ) as process:
        os.close(follower)
        said = b""
        with suppress(OSError):  # how the end of a terminal reads on Linux
            while part := os.read(leader, 65536):
                said += part
        os.close(leader)
        process.wait(PATIENCE)
    return said.decode().replace("\r\n", "\n")


def test_a_table_has_one_whole_line_for_each_row(shell: Shell) -> None:
    piped = [line.split("\t") for line in shell("key", "list", "Acme").stdout.splitlines()]
    (owner,) = shell("owner", "list").stdout.splitlines()
    for columns in (10, 40, 80, 250):
        header, *lines = shown(shell, "key", "list", "Acme", columns=columns).splitlines()
        assert header.split()[:4] == ["id", "prefix", "name", "scopes"], columns
        assert len(piped) == len(lines) == 3, columns
        for fields, line in zip(piped, lines, strict=True):
            assert re.split(r" {2,}", line)[:4] == fields[:4], columns
            assert all(field in line for field in fields), columns
        assert owner.split("\t")[0] in shown(shell, "owner", "list", columns=columns), columns


JSON_COMMANDS: tuple[tuple[str, tuple[str, ...], set[str]], ...] = (
    ("migrate", (), {"applied"}),
    ("doctor", (), {"severity", "text"}),
    ("purge", (), {"idempotency_records", "revisions"}),
    ("seed", ("--owners", "2", "--each", "4"), {"id", "name", "created_at", "deactivated_at"}),
    ("operator create", ("boss", "--password-stdin"), {"username", "email"}),
    ("owner create", ("Beta",), {"id", "name", "created_at", "deactivated_at"}),
    ("owner list", (), {"id", "name", "created_at", "deactivated_at"}),
    ("key create", ("Beta", "--expires-in", "1d"), {"id", "prefix", "key", "scopes", "expires_at"}),
    ("key list", ("Beta",), {"id", "prefix", "scopes", "last_used_at", "created_by"}),
    ("key roll", ("Beta", "PREFIX"), {"id", "prefix", "key"}),
    ("key revoke", ("Beta", "PREFIX"), {"id", "prefix", "revoked_at"}),
    ("owner deactivate", ("Beta",), {"id", "deactivated_at"}),
    ("owner erase", ("Beta", "--dry-run"), {"owner", "rows", "erased"}),
    ("owner activate", ("Beta",), {"id", "deactivated_at"}),
    ("owner import", ("-", "--name", "Gamma"), {"id", "name", "rows"}),
    ("backup", ("a.backup",), {"file", "bytes"}),
    ("restore", ("a.backup",), {"file", "not_as_it_was", "migrations_pending"}),
)


def test_every_command_that_has_a_result_prints_it_as_json(shell: Shell) -> None:
    prefix = ""
    for name, arguments, members in JSON_COMMANDS:
        given = [prefix if each == "PREFIX" else each for each in arguments]
        entered = "correct horse battery\n" if name == "operator create" else ""
        if name == "owner import":
            entered = shell("owner", "export", "Beta").stdout
            shell("owner", "deactivate", "Beta")
            shell("owner", "erase", "Beta", "--yes")
        elsewhere = {"GOATFISH_DATABASE_URL": "sqlite:///restored.sqlite3"} if name == "restore" else {}
        done = shell(*name.split(), *given, "--json", entered=entered, **elsewhere)
        assert done.returncode == 0, done.stderr
        result = json.loads(done.stdout)
        for each in result if isinstance(result, list) else [result]:
            assert members <= each.keys(), name
            assert not {"digest", "owner_id"} & each.keys()
            for member in each.keys() & {"created_at", "expires_at", "revoked_at", "deactivated_at"}:
                assert each[member] is None or re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z", each[member])
        if name == "key create":
            prefix = result["prefix"]
            assert result["key"].startswith(f"{prefix}_")


def test_no_command_with_a_result_lacks_json() -> None:
    tried = {name for name, _, _ in JSON_COMMANDS} | BY_A_SERVER
    for name, command in leaves(typer.main.get_command(commands)):
        options = {option for parameter in command.params for option in parameter.opts}
        assert (name in tried) != (name in WITHOUT_JSON), name
        assert ("--json" in options) == (name in tried), name


def test_nothing_but_json_is_on_stdout_when_a_list_is_empty(shell: Shell) -> None:
    shell("owner", "create", "Empty")
    assert shell("key", "list", "Empty", "--json").stdout == "[]\n"
    failed = shell("key", "list", "Nobody", "--json")
    assert (failed.returncode, failed.stdout) == (1, "")


def test_the_version_needs_no_configuration(tmp_path: Path) -> None:
    done = Shell(tmp_path)("--version", GOATFISH_POOL_SIZE="many")
    assert (done.returncode, done.stderr) == (0, "")
    assert re.fullmatch(r"goatfish \d+\.\d+\.\d+\S*\n", done.stdout)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("kind", "variables"),
    [
        ("bash", {"COMP_WORDS": "goatfish key ro", "COMP_CWORD": "2"}),
        ("zsh", {"_TYPER_COMPLETE_ARGS": "goatfish key ro"}),
        (
            "fish",
            {"_TYPER_COMPLETE_ARGS": "goatfish key ro", "_TYPER_COMPLETE_FISH_ACTION": "get-args"},
        ),
    ],
)
def test_commands_are_completed_and_completion_is_installed(
    tmp_path: Path, kind: str, variables: dict[str, str]
) -> None:
    shell = Shell(tmp_path)
    program = "import sys; from app.cli import main; sys.argv = ['goatfish', *sys.argv[1:]]; main()"
    completed = run_as_goatfish(shell, program, _GOATFISH_COMPLETE=f"complete_{kind}", **variables)
    assert "roll" in completed
    assert "revoke" not in completed
    install = f"from typer.completion import install; install({kind!r}, 'goatfish', '_GOATFISH_COMPLETE')"
    run_as_goatfish(shell, install, HOME=str(tmp_path))
    assert [*tmp_path.rglob("*goatfish*")] != []
    assert "--install-completion" in shell("--help", COLUMNS="200").stdout


def run_as_goatfish(shell: Shell, program: str, **variables: str) -> str:
    done = subprocess.run(
        python("-c", program),
        cwd=shell.directory,
        env=shell.environment(**variables),
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=True,
    )
    return done.stdout


STYLED = (("key", "--help"), ("key", "list", "Acme", "--nonsense"))


@pytest.mark.parametrize("arguments", STYLED, ids=" ".join)
def test_styles_are_written_as_is_usual(shell: Shell, arguments: tuple[str, ...]) -> None:
    assert "\x1b[" in shown(shell, *arguments)
    for variables in ({"NO_COLOR": "1"}, {"TERM": "dumb"}, {"NO_COLOR": "1", "FORCE_COLOR": "1"}):
        assert "\x1b" not in shown(shell, *arguments, variables=variables), variables
    piped = shell(*arguments)
    assert "\x1b" not in piped.stdout + piped.stderr
    forced = shell(*arguments, FORCE_COLOR="1", TERM="xterm-256color")
    assert "\x1b[" in forced.stdout + forced.stderr


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ("key lst", "No such command 'lst'. Did you mean 'list'? See: goatfish key --help"),
        ("--nonsense", "No such option: --nonsense. See: goatfish --help"),
        ("key create", "Missing argument 'OWNER'. See: goatfish key create --help"),
        ("key create Acme --expires-in 0d", "A duration must be more than 0. See: goatfish key create --help"),
        ("purge extra", "Got unexpected extra argument(s) (extra). See: goatfish purge --help"),
        ("serve --port x", "unable to parse string as an integer. See: goatfish serve --help"),
    ],
)
def test_wrong_arguments_are_one_line_where_nobody_looks(shell: Shell, arguments: str, said: str) -> None:
    done = shell(*arguments.split())
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (2, "", 1), done
    assert done.stderr.replace("python -m app.cli", "goatfish").endswith(f"{said}\n")
    assert "╭" in shown(shell, *arguments.split())


def test_a_group_alone_prints_its_help(shell: Shell) -> None:
    assert "Roll (rotate) a key" in (done := shell("key")).stdout + done.stderr


def test_django_writes_no_colours_either(shell: Shell) -> None:
    assert "\x1b[" in shown(shell, "django", "showmigrations", "goatfish")
    assert "\x1b" not in shown(shell, "django", "showmigrations", "goatfish", variables={"NO_COLOR": "1"})
