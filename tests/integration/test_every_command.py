"""What holds for every command: what it makes, and how it ends where a stream or an argument is of no use."""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, TypeAlias

import pytest

from tests.command_table import CREATORS, WRITERS, every_command, name_of, names
from tests.warm_start import goatfish

PATIENCE = 60  # seconds
Command: TypeAlias = tuple[str, ...]
Done: TypeAlias = "subprocess.CompletedProcess[str]"


def environment(**variables: str) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("GOATFISH_", "DJANGO_"))}
    return {**kept, "PGSSLMODE": "disable", **variables}


def run(command: Command, directory: Path, **streams: Any) -> Done:
    streams = {"stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE} | streams
    return subprocess.run(
        goatfish(*command), cwd=directory, env=environment(), text=True, timeout=PATIENCE, check=False, **streams
    )


def run_each(work: Callable[[Command], Done], kinds: list[Command] | None = None) -> Iterator[tuple[str, Done]]:
    """The commands, two at a time, with their names."""
    kinds = every_command() if kinds is None else kinds
    with ThreadPoolExecutor(2) as pool:
        yield from zip(map(name_of, kinds), pool.map(work, kinds), strict=True)


@pytest.fixture(scope="module")
def migrated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a database and an owner whose name is not in Latin-1."""
    directory = tmp_path_factory.mktemp("migrated")
    for command in (("migrate",), ("owner", "create", "Ω")):
        done = run(command, directory)
        assert done.returncode == 0, done.stderr
    (directory / "given.file").write_bytes(b"nothing that any command wrote\n")
    return directory


@pytest.fixture
def folder(migrated: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(migrated, tmp_path / "folder"))


def content(directory: Path) -> dict[str, str]:
    """Every file below it, with a digest; a folder has none."""
    return {
        str(path.relative_to(directory)): hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else ""
        for path in sorted(directory.rglob("*"))
    }


def without_traceback(name: str, done: Done) -> None:
    said = done.stderr or ""
    assert "Traceback" not in said, (name, said)
    assert "Exception ignored" not in said, (name, said)


def test_the_tables_of_commands_name_none_that_is_gone() -> None:
    assert set(names()) >= WRITERS


def test_no_command_makes_anything_where_there_is_no_database(tmp_path: Path) -> None:
    def work(command: Command) -> Done:
        place = tmp_path / "-".join(name_of(command).split())
        place.mkdir()
        return run(command, place)

    for name, done in run_each(work, [each for each in every_command() if name_of(each) not in CREATORS]):
        assert content(tmp_path / "-".join(name.split())) == {}, name
        without_traceback(name, done)
        if name not in {"openapi", "database create"}:
            assert done.returncode != 0, name
            assert "There is no database at" in done.stdout + done.stderr or name == "operator create", (name, done)


def test_commands_that_only_read_leave_the_folder_as_it_was(folder: Path, tmp_path: Path) -> None:
    def work(command: Command) -> Done:
        # Of two processes that close an SQLite database at the same time, neither may be the last, which tidies up.
        return run(command, shutil.copytree(folder, tmp_path / "-".join(name_of(command).split())))

    before = content(folder)
    readers = [each for each in every_command() if name_of(each) not in WRITERS]
    assert len(readers) > 5
    for name, done in run_each(work, readers):
        without_traceback(name, done)
        assert content(tmp_path / "-".join(name.split())) == before, name


PRINTERS = ("openapi", "doctor", "owner list", "owner export", "key create", "django")
"""Commands that write results in the different ways that there are."""


def test_results_that_cannot_be_written_are_one_line(folder: Path) -> None:
    with Path("/dev/full").open("w") as full:
        for name, done in run_each(lambda command: run(command, folder, stdout=full), every_command(*PRINTERS)):
            without_traceback(name, done)
            assert done.returncode == 1, name
            last = done.stderr.splitlines()[-1]
            assert last == "The output cannot be written: No space left on device", (name, done.stderr)


def test_a_closed_pipe_ends_a_command_silently(folder: Path) -> None:
    reader, writer = os.pipe()
    os.close(reader)
    for name, done in run_each(lambda command: run(command, folder, stdout=writer), every_command(*PRINTERS)):
        without_traceback(name, done)
        assert done.returncode == 1, name
        assert "pipe" not in done.stderr
        assert done.stderr == "" or name == "key create", (name, done.stderr)
    os.close(writer)


def test_results_are_written_where_messages_cannot(folder: Path) -> None:
    with Path("/dev/full").open("w") as full:
        for name, done in run_each(
            lambda command: run(command, folder, stderr=full), every_command("key create", "key revoke")
        ):
            printed = re.fullmatch(r"gf_\w{14}_\w{49}\n", done.stdout)
            assert (done.returncode, bool(printed)) == (1, name == "key create"), done


@pytest.mark.parametrize("closed", ["<&-", ">&-", "<&- >&- 2>&-"])
def test_closed_streams_cause_no_traceback(folder: Path, closed: str) -> None:
    # Where all are closed, Python itself starts so, and has to end so; that takes two seconds.
    is_cold = "2>" in closed
    kinds = every_command("owner list") if is_cold else every_command("owner list", "operator create")

    def work(command: Command) -> Done:
        start = [sys.executable, "-m", "app.cli", *command] if is_cold else goatfish(*command)
        shell = ["/bin/sh", "-c", f'exec "$0" "$@" {closed}', *start]
        return subprocess.run(
            shell, cwd=folder, env=environment(), capture_output=True, text=True, timeout=PATIENCE, check=False
        )

    for name, done in run_each(work, kinds):
        without_traceback(name, done)
        prints = name == "owner list"
        assert done.returncode == (0 if prints and not re.search(r"(^|\s)>", closed) else 1 + (not prints)), (
            name,
            done,
        )
