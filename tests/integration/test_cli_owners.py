"""The `goatfish owner` commands, on connections that commit: their output, effects and errors."""

from __future__ import annotations

import asyncio
import os
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from django.db import connection
from typer.testing import CliRunner, Result

from adapters.django_orm.models import OwnerRow
from adapters.django_orm.tenant_data.erasing import erase, rows_per_table
from app.cli.commands import commands
from domain.access.owner import Owner
from domain.access.token import ApiKeyToken
from tests.integration.owner_files import lines_of, stored_owner

if TYPE_CHECKING:
    pass


pytestmark = pytest.mark.usefixtures("configured")


@pytest.fixture
def owner(configured: None) -> Iterator[Owner]:
    """A deactivated owner with a row in every table."""
    made = asyncio.run(stored_owner(ApiKeyToken.new(os.urandom), simulations=2))
    yield made
    for _ in erase(made.id):
        pass


def goatfish(*arguments: str, stdin: str | bytes = "") -> Result:
    done = CliRunner().invoke(commands, arguments, input=stdin)
    if done.exception is not None and not isinstance(done.exception, SystemExit):
        raise done.exception
    return done


def error_line(done: Result, status: int = 1) -> str:
    """The error of a command that fails with this status; it must be one line."""
    assert (done.exit_code, done.stdout) == (status, ""), done.output
    assert done.stderr.count("\n") == 1, done.stderr
    return done.stderr


def deactivated_at(owner: Owner) -> str:
    """The deactivation time in the list of owners; empty for an active owner."""
    listed = (line.split("\t") for line in goatfish("owner", "list").stdout.splitlines())
    return next(columns[3] for columns in listed if columns[0] == str(owner.id))


def test_an_owner_can_be_activated_and_deactivated(owner: Owner) -> None:
    assert deactivated_at(owner) != ""
    assert "is active" in goatfish("owner", "activate", owner.name).stderr
    assert deactivated_at(owner) == ""
    assert "is deactivated since 20" in goatfish("owner", "deactivate", str(owner.id)).stderr
    since = deactivated_at(owner)
    assert goatfish("owner", "deactivate", str(owner.id)).exit_code == 0
    assert deactivated_at(owner) == since != ""


@pytest.mark.parametrize("command", ["deactivate", "activate", "erase", "export"])
def test_an_unknown_owner_is_reported(command: str) -> None:
    for name in ("Nobody", "01a202fc-68d7-701f-8c34-8b4cd79b5521"):
        assert error_line(goatfish("owner", command, name)) == "There is no such owner.\n"


def test_a_dry_run_counts_rows_and_deletes_nothing(owner: Owner) -> None:
    before = rows_per_table(owner.id)
    done = goatfish("owner", "erase", owner.name, "--dry-run")
    assert done.stdout == "".join(f"{table}\t{count}\n" for table, count in before.items())
    assert done.stderr.startswith("Nothing was deleted.")
    assert rows_per_table(owner.id) == before
    assert all(before.values())


def test_an_active_owner_cannot_be_erased(owner: Owner) -> None:
    goatfish("owner", "activate", owner.name)
    line = error_line(goatfish("owner", "erase", owner.name, "--yes"))
    assert line == f"Owner {owner.name!r} is active. First: goatfish owner deactivate {owner.id}\n"
    assert rows_per_table(owner.id)["simulation"]


def test_erasing_without_a_terminal_requires_yes(owner: Owner) -> None:
    assert "use --yes" in error_line(goatfish("owner", "erase", owner.name, stdin=f"{owner.name}\n"), 2)
    assert rows_per_table(owner.id)["simulation"]


def test_erasing_deletes_all_rows_and_reports_counts(owner: Owner) -> None:
    counts = ", ".join(f"{count} {table}" for table, count in rows_per_table(owner.id).items())
    done = goatfish("owner", "erase", owner.name, "--yes")
    assert done.exit_code == 0
    assert done.stderr == f"Owner {owner.name!r} is erased: {counts}. Checked again: no rows are left.\n"
    assert not any(rows_per_table(owner.id).values())
    assert error_line(goatfish("owner", "erase", str(owner.id), "--yes")) == "There is no such owner.\n"


def test_leftover_rows_of_a_deleted_owner_can_be_erased_by_id(owner: Owner) -> None:
    with connection.cursor() as cursor:
        key = OwnerRow._meta.pk.get_db_prep_value(owner.id, connection)
        cursor.execute("DELETE FROM api_key WHERE owner_id = %s", [key])
        cursor.execute("DELETE FROM owner WHERE id = %s", [key])
    assert error_line(goatfish("owner", "erase", owner.name, "--yes")) == "There is no such owner.\n"
    assert goatfish("owner", "erase", str(owner.id), "--yes").exit_code == 0
    assert not any(rows_per_table(owner.id).values())


def test_an_export_is_private_and_can_be_imported_again(owner: Owner, tmp_path: Path) -> None:
    path = tmp_path / "acme.jsonl"
    path.write_text("existing content")
    done = goatfish("owner", "export", owner.name, "--output", str(path))
    assert (done.exit_code, done.stdout) == (0, "")
    assert f"{sum(rows_per_table(owner.id).values())} rows" in done.stderr
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert [each.name for each in tmp_path.iterdir()] == ["acme.jsonl"]
    assert f"Owner {owner.id} exists already." in error_line(goatfish("owner", "import", str(path)))
    goatfish("owner", "erase", owner.name, "--yes")
    back = goatfish("owner", "import", str(path))
    assert back.stdout == f"{owner.id}\n"
    counts = ", ".join(f"{count} {table}" for table, count in rows_per_table(owner.id).items())
    assert f"is imported: {counts}." in back.stderr
    assert "It is deactivated, as it was when exported." in back.stderr
    again = goatfish("owner", "export", owner.name)
    assert again.stdout_bytes.partition(b"\n")[2] == path.read_bytes().partition(b"\n")[2]


def test_an_export_can_be_piped_and_imported_under_another_name(owner: Owner) -> None:
    file = goatfish("owner", "export", str(owner.id), "--output", "-").stdout_bytes
    assert lines_of(file)[0]["name"] == owner.name
    goatfish("owner", "erase", owner.name, "--yes")
    name = f"{owner.name} again"
    assert goatfish("owner", "import", "-", "--name", name, stdin=file).stdout == f"{owner.id}\n"
    assert OwnerRow.objects.get(id=owner.id).name == name


def test_an_unreadable_or_unwritable_path_prints_one_line(owner: Owner, tmp_path: Path) -> None:
    assert "no-such-file" in error_line(goatfish("owner", "import", "no-such-file"))
    assert "no-such-directory" in error_line(
        goatfish("owner", "export", owner.name, "--output", "no-such-directory/file")
    )
    assert list(tmp_path.iterdir()) == []


def test_an_invalid_file_is_rejected_in_one_line(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("hello\n")
    assert "not an exported owner" in error_line(goatfish("owner", "import", "file"))


def test_a_failing_export_keeps_the_existing_file(
    owner: Owner, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "acme.jsonl"
    path.write_text("before")

    def full(descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    assert "No space left" in error_line(goatfish("owner", "export", owner.name, "--output", str(path)))
    assert path.read_text() == "before"
    assert [each.name for each in tmp_path.iterdir()] == ["acme.jsonl"]


def test_an_export_to_a_device_does_not_replace_it(owner: Owner) -> None:
    assert goatfish("owner", "export", owner.name, "--output", os.devnull).exit_code == 0
    assert Path(os.devnull).is_char_device()
