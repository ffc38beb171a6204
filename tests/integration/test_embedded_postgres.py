"""The server that tests and the demo run on: started, crashed, restarted, and never left behind."""

import os
import re
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import asyncpg
import psycopg
import pytest

from tests.embedded_postgres import Server, ServerError, places
from tests.embedded_postgres.places import Account, find_binaries, runnable
from tests.file_system_in_memory import memory
from tests.restartable import wait_until
from tests.warm_start import python


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    with Server(in_memory=True) as running:
        yield running


@pytest.fixture
def open_directory() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(dir=memory()) as name:
        Path(name).chmod(0o711)
        yield Path(name)


def on_a_server(*command: str) -> list[str]:
    """This command on a server of its own."""
    return python("-m", "tests.embedded_postgres", "--", *command)


def ask(server: Server, question: str) -> object:
    with psycopg.connect(server.operator_url) as connection:
        return connection.execute(question.encode()).fetchall()[0][0]


def answers(url: str) -> bool:
    try:
        psycopg.connect(url).close()
    except psycopg.OperationalError:
        return False
    return True


def without_a_server() -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if name != "TEST_DATABASE_URL"}


async def test_every_driver_connects_by_its_urls(server: Server) -> None:
    for url, role in (
        (server.url, "goatfish_api"),
        (server.operator_url, "goatfish_operator"),
        (server.administrator_url, "goatfish"),
    ):
        connection = await asyncpg.connect(url)
        try:
            (found,) = await connection.fetch("SELECT current_database(), session_user")
            assert tuple(found) == ("goatfish", role)
        finally:
            await connection.close()
    assert ask(server, "SHOW max_connections") == "200"


def test_folds_case_as_unicode_does(server: Server) -> None:
    assert ask(server, "SELECT lower('ÄÉ')") == "äé"


def test_a_password_is_required(server: Server) -> None:
    with pytest.raises(psycopg.OperationalError, match="password"):
        psycopg.connect(re.sub(r":[^:@]+@", ":guess@", server.url))


def test_keeps_url_and_data_through_crash_and_restart(server: Server) -> None:
    with psycopg.connect(server.operator_url) as connection:
        connection.execute("CREATE TABLE kept AS SELECT 1 AS n")
    urls = (server.url, server.operator_url, server.administrator_url)

    server.crash()
    with pytest.raises(psycopg.OperationalError):
        psycopg.connect(server.url)
    server.restart()

    assert (server.url, server.operator_url, server.administrator_url) == urls
    assert ask(server, "SELECT n FROM kept") == 1
    server.restart()
    assert ask(server, "SELECT n FROM kept") == 1


def test_a_data_directory_serves_one_server_of_one_version(
    tmp_path: Path, open_directory: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(places, "SHELTER", open_directory)
    home = tmp_path / "home"  # below a directory that only its owner may enter, and for root that is not the server
    with Server(home) as first, psycopg.connect(first.operator_url) as connection:
        connection.execute("CREATE TABLE kept AS SELECT 2 AS n")

    with Server(home) as second:
        assert ask(second, "SELECT n FROM kept") == 2
        with pytest.raises(ServerError, match="did not start"):
            Server(home).start()
        assert ask(second, "SELECT n FROM kept") == 2

    (home / "data" / "PG_VERSION").write_text("9\n")
    with pytest.raises(ServerError, match="made by PostgreSQL 9"):
        Server(home).start()


def test_data_of_a_single_role_are_given_to_the_operators(
    open_directory: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(places, "SHELTER", open_directory)
    home = open_directory / "home"
    with Server(home) as first, psycopg.connect(first.administrator_url, autocommit=True) as connection:
        connection.execute("ALTER DATABASE goatfish OWNER TO goatfish")
        connection.execute("DROP OWNED BY goatfish_api, goatfish_operator")
        connection.execute("DROP ROLE goatfish_api, goatfish_operator")
        connection.execute("CREATE TABLE kept AS SELECT 3 AS n")
    for role in ("api", "operator"):
        (home / f"{role}.password").unlink()

    with Server(home) as second:
        assert ask(second, "SELECT n FROM kept") == 3
        assert ask(second, "SELECT tableowner FROM pg_tables WHERE tablename = 'kept'") == "goatfish_operator"
        psycopg.connect(second.url).close()


def test_programs_in_an_unreadable_directory_are_copied(open_directory: Path) -> None:
    class Stranger(Account):
        def may_execute(self, path: Path) -> bool:
            del path
            return False

    copied = runnable(find_binaries(), open_directory, Stranger())

    assert open_directory in copied.parents
    for program in ("initdb", "postgres"):
        subprocess.run([copied / program, "--version"], check=True, stdout=subprocess.DEVNULL)


@pytest.mark.parametrize("blow", [signal.SIGTERM, signal.SIGKILL])
def test_server_and_command_end_with_the_process_that_started_them(blow: signal.Signals) -> None:
    script = 'echo "$GOATFISH_DATABASE_URL"; exec sleep 60'
    pipe = subprocess.PIPE
    command = on_a_server("sh", "-c", script)
    with subprocess.Popen(command, stdin=pipe, stdout=pipe, text=True, env=without_a_server()) as starter:
        assert starter.stdout
        url = starter.stdout.readline().strip()
        psycopg.connect(url).close()
        starter.send_signal(blow)
        assert starter.stdout.read() == ""  # at the end of the command

    wait_until(lambda: not answers(url), "the server has ended")


def test_a_command_runs_with_a_server_and_its_status_is_passed_on() -> None:
    script = 'test "$TEST_DATABASE_URL" != "$GOATFISH_OPERATOR_DATABASE_URL" && exit 7'

    done = subprocess.run(on_a_server("sh", "-c", script), check=False, env=without_a_server())
    assert done.returncode == 7


USE = """
import os, psycopg
for name in ("GOATFISH_DATABASE_URL", "GOATFISH_OPERATOR_DATABASE_URL", "TEST_DATABASE_URL"):
    print(os.environ[name])
with psycopg.connect(os.environ["GOATFISH_OPERATOR_DATABASE_URL"], autocommit=True) as connection:
    connection.execute("CREATE DATABASE left_behind_by_a_test")
"""


def test_roles_and_database_on_a_given_server_are_dropped_afterwards(server: Server) -> None:
    env = {**os.environ, "TEST_DATABASE_URL": server.administrator_url}
    count = "SELECT (SELECT count(*) FROM pg_roles) + (SELECT count(*) FROM pg_database)"
    before = ask(server, count)

    command = on_a_server(sys.executable, "-c", USE)
    runs = [subprocess.run(command, check=True, env=env, stdout=subprocess.PIPE, text=True) for _ in range(2)]

    (api, operator, given), (other, *_) = (run.stdout.split() for run in runs)
    assert len({api, operator, other}) == 3
    assert given == server.administrator_url
    assert ask(server, count) == before
