"""Backups of SQLite: made beside writers, restored into an empty database, and never taken for another file."""

from __future__ import annotations

import os
import shutil
import sqlite3
import stat
import subprocess
import sys
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from tests.integration.test_processes import Shell, complaint

SUCCESS = "It contains the data of all owners and the digests of their keys: store it securely."


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Shell:
    shell = Shell(tmp_path_factory.mktemp("filled"))
    for command in ("migrate", "seed --owners 2 --each 6 --runs 100", "owner create Ω"):
        assert shell(*command.split()).returncode == 0
    return shell


@pytest.fixture
def backup(made_backup: Path, tmp_path: Path) -> Path:
    """A backup that a test may spoil."""
    return Path(shutil.copy(made_backup, tmp_path / "file"))


@pytest.fixture(scope="module")
def made_backup(filled: Shell) -> Path:
    assert filled("backup", "made").returncode == 0
    return filled.directory / "made"


def content(database: Path) -> list[str]:
    """The whole database as SQL."""
    with closing(sqlite3.connect(database)) as connection:
        return list(connection.iterdump())


def test_a_restored_database_is_as_it_was(filled: Shell, tmp_path: Path) -> None:
    shutil.copytree(filled.directory / "var", tmp_path / "var")
    shell, database = Shell(tmp_path), tmp_path / "var" / "goatfish.sqlite3"
    with closing(sqlite3.connect(database, isolation_level=None)) as writer:
        before = content(database)
        writer.execute("BEGIN IMMEDIATE")
        writer.execute("DELETE FROM run")  # what is not committed is not in the backup
        done = shell("backup", "a ?#% backup")
        writer.execute("ROLLBACK")
    file = tmp_path / "a ?#% backup"
    assert (done.returncode, done.stdout) == (0, "")
    assert SUCCESS in done.stderr
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert sorted(path.name for path in tmp_path.iterdir()) == [file.name, "var"]
    done = shell("restore", file.name, GOATFISH_DATABASE_URL="sqlite:///new/copy.sqlite3")
    assert (done.returncode, done.stderr) == (0, f"{file.name} is restored to sqlite:///new/copy.sqlite3.\n")
    copy = tmp_path / "new" / "copy.sqlite3"
    assert stat.S_IMODE(copy.stat().st_mode) == 0o600
    assert [path.name for path in copy.parent.iterdir()] == [copy.name]
    assert content(copy) == before
    assert "ERROR" not in shell("doctor", GOATFISH_DATABASE_URL="sqlite:///new/copy.sqlite3").stdout


def test_a_database_that_is_not_empty_is_refused(filled: Shell, backup: Path) -> None:
    before = content(filled.directory / "var" / "goatfish.sqlite3")
    assert complaint(filled("restore", str(backup)), 1).startswith("The database is not empty: it has ")
    assert content(filled.directory / "var" / "goatfish.sqlite3") == before


def test_a_database_in_use_is_no_backup_of_itself(filled: Shell, tmp_path: Path) -> None:
    database = filled.directory / "var" / "goatfish.sqlite3"
    with closing(sqlite3.connect(database)) as connection:  # what it writes is beside the file until it is closed
        connection.execute("UPDATE owner SET name = name")
        connection.commit()
        done = Shell(tmp_path)("restore", str(database))
    said = f"{database} is not a backup but a database: goatfish.sqlite3-wal has changes that it lacks."
    assert complaint(done, 1) == f"{said} Use goatfish backup.\n"
    assert list(tmp_path.iterdir()) == []


def test_a_backup_of_a_later_version_is_restored_and_named(backup: Path, tmp_path: Path) -> None:
    with closing(sqlite3.connect(backup)) as connection:
        connection.execute("INSERT INTO django_migrations (app, name, applied) VALUES ('goatfish', '0999_later', 0)")
        connection.commit()
    done = Shell(tmp_path)("restore", str(backup))
    assert done.returncode == 0, done.stderr
    assert done.stderr.startswith("A later version of Goatfish has migrated the database: 0999_later.\n")


def test_an_existing_file_is_replaced_only_if_asked(filled: Shell, tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_bytes(b"precious")
    assert "exists. Choose another name" in complaint(filled("backup", str(file)), 1)
    assert file.read_bytes() == b"precious"
    assert filled("backup", str(file), "--overwrite").returncode == 0
    assert file.read_bytes()[:6] == b"SQLite"


@pytest.mark.parametrize(
    ("place", "words"),
    [
        ("/dev/full", "is not a file"),
        ("-", "is not a file"),
        (".", "is not a file"),
        ("no/folder", "No such file"),
        ("x" * 300, "too long"),
    ],
)
def test_a_file_that_cannot_be_written_is_one_line(filled: Shell, place: str, words: str) -> None:
    done = filled("backup", place)
    assert (done.returncode != 0, done.stdout, done.stderr.count("\n")) == (True, "", 1)
    assert words in done.stderr


@pytest.mark.parametrize("suffix", ["", "-wal", "-shm", "-journal"])
def test_the_database_is_not_replaced_by_its_backup(filled: Shell, suffix: str) -> None:
    """The service would go on writing to what has no name any more, or read another journal."""
    before = content(filled.directory / "var" / "goatfish.sqlite3")
    (filled.directory / "link").unlink(missing_ok=True)
    (filled.directory / "link").symlink_to("var")
    done = filled("backup", f"link/goatfish.sqlite3{suffix}", "--overwrite")
    assert complaint(done, 2) == f"link/goatfish.sqlite3{suffix} belongs to the database itself. Choose another name.\n"
    assert content(filled.directory / "var" / "goatfish.sqlite3") == before


def test_errors_name_no_unfinished_file(filled: Shell, tmp_path: Path) -> None:
    goatfish = str(Path(sys.executable).with_name("goatfish"))
    environment = {**os.environ, "GOATFISH_DATABASE_URL": f"sqlite:///{filled.directory}/var/goatfish.sqlite3"}
    environment.pop("GOATFISH_OPERATOR_DATABASE_URL", None)
    limited = ["sh", "-c", 'ulimit -f 200; exec "$0" backup file', goatfish]
    done = subprocess.run(limited, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (1, "", "The backup cannot be made: disk I/O error\n")
    (tmp_path / "empty").touch()
    _empty_database(tmp_path / "empty")
    done = filled("backup", "file", GOATFISH_DATABASE_URL=f"sqlite:///{tmp_path}/empty")
    assert done.stderr.endswith("The database has no tables of Goatfish.\n")
    assert [path.name for path in tmp_path.iterdir() if "file" in path.name] == []


def _flip(file: Path) -> None:
    data = bytearray(file.read_bytes())
    data[len(data) // 2 :] = bytes(len(data) - len(data) // 2)
    file.write_bytes(data)


def _empty_database(file: Path) -> None:
    file.unlink()
    with closing(sqlite3.connect(file)) as connection:
        connection.execute("CREATE TABLE other (x)")


SPOILT: dict[str, tuple[Callable[[Path], object], str]] = {
    "missing": (os.remove, "No such file or directory"),
    "empty": (lambda file: file.write_bytes(b""), "is not a backup made by goatfish backup"),
    "text": (lambda file: file.write_text("hello"), "is not a backup made by goatfish backup"),
    "PostgreSQL": (lambda file: file.write_bytes(b"PGDMP and more"), "is a backup of PostgreSQL, and cannot be"),
    "cut": (lambda file: os.truncate(file, file.stat().st_size // 2), "file: database disk image is malformed"),
    "damaged": (_flip, "file"),
    "another": (_empty_database, "has no tables of Goatfish"),
}


@pytest.mark.parametrize("kind", SPOILT)
def test_a_file_that_is_no_backup_is_refused(backup: Path, tmp_path: Path, kind: str) -> None:
    spoil, words = SPOILT[kind]
    spoil(backup)
    place = tmp_path / "place"
    place.mkdir()
    assert words in complaint(Shell(place)("restore", str(backup)), 1)
    assert list(place.iterdir()) == []
