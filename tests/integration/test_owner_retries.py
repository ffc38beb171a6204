"""Exports, imports and erasing are repeated where PostgreSQL rolls them back, unless something was written already."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.contracts.http_api import SIMULATIONS, WING
from tests.embedded_postgres import Server
from tests.integration.role_databases import ask
from tests.integration.test_server_faults import FAILING, MENDED, administer, changed
from tests.running_service import Live

# A policy that lets an export fail for the first so many times. It counts by locks of the session: the transaction is
# read-only, and rolled back.
UNREADABLE = """
    CREATE FUNCTION fail() RETURNS boolean LANGUAGE plpgsql AS $$ DECLARE failed int; BEGIN
        SELECT count(*) INTO failed FROM pg_locks WHERE pid = pg_backend_pid() AND classid = 77;
        IF current_query() LIKE '%{query}%' AND failed < {failures} THEN
            PERFORM pg_advisory_lock(77, failed);
            RAISE 'lo que sea' USING ERRCODE = '40001';
        END IF;
        RETURN true;
    END $$;
    CREATE POLICY failing ON simulation AS RESTRICTIVE TO goatfish_operator USING (fail());
"""
READABLE = "DROP POLICY failing ON simulation; DROP FUNCTION fail"
IN_THE_WAY = "Other transactions got in the way: lo que sea."


@pytest.fixture(scope="module")
def owner(running: Live) -> str:
    """The name of the service's owner, with some simulations."""
    for _ in range(3):
        assert ask(running.url + SIMULATIONS, running.key, WING) == 201
    return "tests"


@pytest.fixture(scope="module")
def file(running: Live, owner: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The owner's file, from which each test that erases the owner has it back."""
    file = tmp_path_factory.mktemp("owner") / "exported"
    running.goatfish("owner", "export", owner, "-o", str(file))
    return file


@pytest.mark.parametrize(
    ("query", "failures", "output", "said"),
    [
        ("count(*)", 2, "-", ""),
        ("ORDER BY", 2, "file", ""),
        ("ORDER BY", 1, "-", f"{IN_THE_WAY} The export is incomplete: run the command again.\n"),
        ("ORDER BY", 3, "file", f"{IN_THE_WAY} The export is incomplete: run the command again.\n"),
    ],
)
def test_export_is_repeated_while_nothing_was_written(
    server: Server, running: Live, owner: str, tmp_path: Path, *, query: str, failures: int, output: str, said: str
) -> None:
    place = tmp_path / "file"
    with changed(server, UNREADABLE.format(query=query, failures=failures), READABLE):
        done = running.goatfish("owner", "export", owner, "-o", str(place) if output == "file" else "-", check=False)
    if said:
        assert (done.returncode, done.stderr, [*tmp_path.iterdir()]) == (1, said, [])
        return
    lines = (place.read_text() if output == "file" else done.stdout).splitlines()
    assert done.returncode == 0
    assert json.loads(lines[-1])["rows"]["simulation"] >= 3
    assert len(lines) == sum(json.loads(lines[-1])["rows"].values()) + 2


@pytest.fixture
def erased(running: Live, owner: str, file: Path) -> Iterator[Path]:
    """The file of the owner, who is erased, and there again afterwards."""
    running.goatfish("owner", "deactivate", owner)
    running.goatfish("owner", "erase", owner, "--yes")
    yield file
    if running.goatfish("owner", "list").stdout == "":
        running.goatfish("owner", "import", str(file))
    running.goatfish("owner", "activate", owner)


@pytest.mark.parametrize(
    ("sqlstate", "failures", "source", "said"),
    [
        ("40001", 2, "file", ""),
        ("40P01", 3, "file", f"{IN_THE_WAY} Nothing was imported: run the command again.\n"),
        ("40001", 1, "-", f"{IN_THE_WAY} Nothing was imported: run the command again.\n"),
    ],
)
def test_import_is_repeated_where_the_file_can_be_read_again(
    server: Server, running: Live, erased: Path, *, sqlstate: str, failures: int, source: str, said: str
) -> None:
    of_stdin = source == "-"
    with changed(server, FAILING.format(failures=failures, sqlstate=sqlstate), MENDED):
        name = "-" if of_stdin else str(erased)
        done = running.goatfish("owner", "import", name, check=False, stdin=erased.read_text() if of_stdin else "")
    assert (done.returncode, done.stderr) == (1, said) if said else done.returncode == 0, done.stderr
    assert (running.goatfish("owner", "list").stdout == "") is bool(said)


@pytest.mark.parametrize(("failures", "status"), [(2, 0), (3, 1)])
def test_erasing_repeats_a_transaction(server: Server, running: Live, file: Path, failures: int, status: int) -> None:
    running.goatfish("owner", "deactivate", "tests")
    failing = FAILING.format(failures=failures, sqlstate="40P01").replace("INSERT", "DELETE").replace("NEW", "OLD")
    with changed(server, failing, MENDED):
        done = running.goatfish("owner", "erase", "tests", "--yes", check=False)
    assert done.returncode == status, done.stderr
    if status:
        assert done.stderr == f"{IN_THE_WAY} It is not completely erased: run the command again.\n"
        running.goatfish("owner", "erase", "tests", "--yes")
    assert administer(server, "SELECT count(*) FROM simulation") == [(0,)]
    running.goatfish("owner", "import", str(file))
    running.goatfish("owner", "activate", "tests")
