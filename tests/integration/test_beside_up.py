"""Commands beside a goatfish up work on its database, and say so where another could be meant."""

import json
import re
import signal
from pathlib import Path

import pytest

from tests.integration.test_processes import PATIENCE, Shell, answer


@pytest.fixture
def shell(tmp_path: Path) -> Shell:
    return Shell(tmp_path)


def test_commands_use_the_database_of_a_running_up_and_say_so(shell: Shell, tmp_path: Path) -> None:
    elsewhere = {"GOATFISH_DATABASE_URL": f"sqlite:///{tmp_path}/elsewhere.sqlite3"}
    with shell.running("up", "--port", "0", until="Ctrl-C stops it", variables=elsewhere, ends=-9) as running:
        assert f"Commands   goatfish works on {elsewhere['GOATFISH_DATABASE_URL']} here" in running.said
        made = shell("owner", "create", "Acme")
        assert made.returncode == 0, made.stderr
        line, _ = made.stderr.splitlines()
        assert line == f"Database: {elsewhere['GOATFISH_DATABASE_URL']}, of the running goatfish up."
        assert made.stdout.strip() in shell("owner", "list", **elsewhere).stdout
        assert f"warning  {line}\n" in shell("doctor").stdout
        other = shell("migrate", GOATFISH_DATABASE_URL="sqlite:///mine.sqlite3").stderr
        assert other.startswith("Database: sqlite:///mine.sqlite3, as configured. The running goatfish up uses another")
        running.process.send_signal(signal.SIGKILL)
        running.process.wait(PATIENCE)
        after = shell("owner", "list")
        assert after.returncode == 1
        warning, error = after.stderr.splitlines()
        assert warning.startswith("Database: sqlite:///var/goatfish.sqlite3. The last goatfish up used")
        assert warning.endswith("but it is not running.")
        assert "Run: goatfish migrate" in error
        assert "Database" not in shell("owner", "list", **elsewhere).stderr


def test_beside_an_up_on_the_usual_database_data_are_offered_and_nothing_is_said(shell: Shell) -> None:
    with shell.running("up", "--port", "0", until="Ctrl-C stops it") as running:
        assert "Data       none: --demo adds some, or goatfish seed --owner demo" in running.said
        assert shell("owner", "create", "Acme").stderr.count("\n") == 1
    assert shell("owner", "list").stderr == ""


def test_demo_data_are_created_once(shell: Shell) -> None:
    for created in (True, False):
        with shell.running("up", "--port", "0", "--demo", until="Ctrl-C stops it") as running:
            assert "Data       none" not in running.said
            assert ("has simulations already" not in running.said) == created
            found = re.search(r"Docs +(http://\S+)", running.said)
            assert found
            assert answer(found[1])[0] == 200  # it receives signals by now
        rows = json.loads(shell("owner", "erase", "demo", "--dry-run", "--json").stdout)["rows"]
        assert (rows["simulation"], rows["run"]) == (24, 600)
        assert rows["revision"] > 1200
