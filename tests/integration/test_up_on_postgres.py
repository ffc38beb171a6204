"""Commands beside a goatfish up that PostgreSQL serves, as ./run up --postgres starts it."""

import json
import signal
from pathlib import Path

import psycopg
import pytest

from tests.embedded_postgres import Server
from tests.integration.test_processes import PATIENCE, Shell
from tests.running_service import SECRET_KEY


@pytest.mark.parametrize("ending", [signal.SIGTERM, signal.SIGKILL])
def test_commands_work_on_its_database_while_it_runs(tmp_path: Path, ending: signal.Signals) -> None:
    shell = Shell(tmp_path)
    with Server(in_memory=True) as server:
        given = {
            "GOATFISH_DATABASE_URL": server.url,
            "GOATFISH_OPERATOR_DATABASE_URL": server.operator_url,
            "GOATFISH_SECRET_KEY": SECRET_KEY,
        }
        ends = 0 if ending is signal.SIGTERM else -ending
        with shell.running("up", "--port", "0", until="Ctrl-C stops it", variables=given, ends=ends) as running:
            made = shell("owner", "create", "Acme", "--json")
            assert made.returncode == 0, made.stderr
            assert made.stderr.startswith("Database: postgresql://goatfish_operator:***@127.0.0.1:")
            with psycopg.connect(server.operator_url) as connection:
                found = connection.execute("SELECT id FROM owner WHERE name = 'Acme'").fetchall()
            assert [str(id) for (id,) in found] == [json.loads(made.stdout)["id"]]
            assert shell("key", "create", "Acme").returncode == 0
            running.process.send_signal(ending)
            running.process.wait(PATIENCE)
    after = shell("owner", "create", "Other")
    assert after.returncode == 1
    assert after.stderr.startswith("Database: sqlite:///var/goatfish.sqlite3. The last goatfish up used postgresql://")
    assert server_password(given["GOATFISH_OPERATOR_DATABASE_URL"]) not in made.stderr + after.stderr


def server_password(url: str) -> str:
    return url.split(":")[2].partition("@")[0]
