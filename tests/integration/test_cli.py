"""The goatfish command as a shell sees it, each test in a directory and with an SQLite database of its own."""

import json
import os
import re
import shutil
import signal
import socket
import sqlite3
import stat
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from urllib.request import Request, urlopen
from uuid import UUID

import pytest

ROOT = Path(__file__).parents[2]
GOATFISH = [sys.executable, "-m", "app.cli"]
PATIENCE = 30  # seconds


class Shell:
    """Runs goatfish in a directory, with nothing configured but what a test says."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory

    def environment(self, **variables: str) -> dict[str, str]:
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("GOATFISH_", "DJANGO_"))}
        return {**kept, "PYTHONPATH": os.pathsep.join([str(ROOT / "src"), str(ROOT)]), **variables}

    def __call__(self, *arguments: str, entered: str = "", **variables: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [*GOATFISH, *arguments],
            cwd=self.directory,
            env=self.environment(**variables),
            input=entered,
            capture_output=True,
            text=True,
            timeout=PATIENCE,
            check=False,
        )

    @contextmanager
    def running(self, *arguments: str, until: str) -> Iterator[str]:
        """A command that goes on: what it has said once it says ``until``; it is told to stop afterwards, and must."""
        said = self.directory / "said.txt"
        with said.open("w") as out:
            process = subprocess.Popen(
                [*GOATFISH, *arguments], cwd=self.directory, env=self.environment(), stdout=out, stderr=out
            )
        try:
            deadline = time.monotonic() + PATIENCE
            while until not in said.read_text():
                assert process.poll() is None, said.read_text()
                assert time.monotonic() < deadline, said.read_text()
                time.sleep(0.02)
            yield said.read_text()
            process.send_signal(signal.SIGTERM)
            assert process.wait(PATIENCE) == 0, said.read_text()
        finally:
            process.kill()
            process.wait()
        assert "Traceback" not in said.read_text()


@pytest.fixture
def bare(tmp_path: Path) -> Shell:
    """Without a database."""
    return Shell(tmp_path)


@pytest.fixture(scope="module")
def migrated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    directory = tmp_path_factory.mktemp("migrated")
    done = Shell(directory)("migrate")
    assert done.returncode == 0, done.stderr
    assert "Applied goatfish.0001_initial" in done.stderr
    return directory / "var"


@pytest.fixture
def goatfish(tmp_path: Path, migrated: Path) -> Shell:
    """With a database that is up to date and empty."""
    shutil.copytree(migrated, tmp_path / "var")
    return Shell(tmp_path)


def answer(url: str, key: str = "") -> tuple[int, bytes]:
    assert url.startswith("http://127.0.0.1:")
    with urlopen(Request(url, headers={"X-API-Key": key} if key else {}), timeout=PATIENCE) as response:
        return response.status, response.read()


def complaint(done: subprocess.CompletedProcess[str], status: int) -> str:
    """The one line that a command leaves when it fails with this status."""
    assert (done.returncode, done.stdout) == (status, ""), done
    assert done.stderr.count("\n") == 1, done.stderr
    return done.stderr


def test_help_needs_no_framework(bare: Shell) -> None:
    look = "sys.exit(any(name in sys.modules for name in ('django', 'fastapi', 'pydantic_settings')))"
    code = f"import sys; from app.cli import main; sys.argv[1:] = ['--help']\ntry: main()\nexcept SystemExit: {look}"
    subprocess.run([sys.executable, "-c", code], env=bare.environment(), check=True)


def test_an_owner_and_a_key_from_the_first_to_the_last(goatfish: Shell) -> None:
    made = goatfish("owner", "create", "Acme")
    assert made.returncode == 0, made.stderr
    assert made.stdout == f"{UUID(made.stdout.strip())}\n"
    assert complaint(goatfish("owner", "create", "Acme"), 1) == "An owner named 'Acme' exists.\n"
    assert goatfish("owner", "list").stdout.split("\t")[:2] == [made.stdout.strip(), "Acme"]

    key = goatfish("key", "create", "Acme", "--name", "CI", "--scope", "simulations:read", "--expires-in", "90d")
    assert re.fullmatch(r"gf_\w{14}_\w{49}\n", key.stdout), key
    assert key.stdout.strip() not in key.stderr
    prefix = key.stdout[:17]
    listed = goatfish("key", "list", made.stdout.strip()).stdout.rstrip("\n").split("\t")
    assert listed[1:4] == [prefix, "CI", "simulations:read"]
    assert listed[5] > listed[4]
    assert listed[7] == ""

    goatfish("owner", "create", "Beta")
    assert complaint(goatfish("key", "revoke", "Beta", prefix), 1) == "There is no such key.\n"
    assert goatfish("key", "revoke", "Acme", prefix).returncode == 0
    assert goatfish("key", "revoke", "Acme", listed[0]).returncode == 0
    goatfish("key", "create", "Acme")
    newer, older = (line.split("\t") for line in goatfish("key", "list", "Acme").stdout.splitlines())
    assert older[7] != ""
    assert newer[3] == "keys:manage simulations:read simulations:write"
    assert newer[5] == newer[7] == ""


@pytest.mark.parametrize(
    ("arguments", "status"),
    [
        (("key", "create", "Nobody"), 1),
        (("owner", "create", " "), 1),
        (("serve", "--host", "nowhere.invalid"), 1),
        (("serve", "--reload", "--workers", "2"), 2),
        (("operator", "create", "boss"), 2),
    ],
)
def test_what_cannot_be_done_is_one_line(goatfish: Shell, arguments: tuple[str, ...], status: int) -> None:
    complaint(goatfish(*arguments), status)


@pytest.mark.parametrize("option", [("--scope", "everything"), ("--expires-in", "soon")])
def test_an_option_that_makes_no_sense_is_refused(bare: Shell, option: tuple[str, str]) -> None:
    done = bare("key", "create", "Acme", *option)
    assert (done.returncode, done.stdout) == (2, "")
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("command", ["serve", "up", "owner list", "django check"])
def test_a_wrong_setting_stops_every_command_with_one_line(bare: Shell, command: str) -> None:
    line = complaint(bare(*command.split(), GOATFISH_POOL_SIZE="many"), 2)
    assert line.startswith("GOATFISH_POOL_SIZE: ")


@pytest.mark.parametrize("command", ["serve --port 0", "owner list"])
def test_a_database_that_is_not_up_to_date_is_said(bare: Shell, command: str) -> None:
    assert "Run: goatfish migrate" in complaint(bare(*command.split()), 1)


@pytest.mark.parametrize("command", ["serve --port 0", "django migrate"])
def test_a_database_out_of_reach_is_said(bare: Shell, command: str) -> None:
    url = "postgresql://somebody:topsecret@127.0.0.1:1/nothing"
    line = complaint(bare(*command.split(), GOATFISH_DATABASE_URL=url, GOATFISH_SECRET_KEY="x" * 32), 1)
    assert "cannot be used" in line
    assert "topsecret" not in line


def test_migrating_again_changes_nothing(goatfish: Shell) -> None:
    assert "was up to date already" in goatfish("migrate").stderr


def test_an_operator_is_made_once_and_with_a_good_password(goatfish: Shell) -> None:
    create = ("operator", "create", "boss", "--password-stdin")
    assert "too short" in complaint(goatfish(*create, entered="1234\n"), 1)
    assert goatfish(*create, entered="correct horse battery\n").returncode == 0
    assert complaint(goatfish(*create, entered="correct horse battery\n"), 1) == "An operator named 'boss' exists.\n"


def test_seeding_twice_adds_twice(goatfish: Shell) -> None:
    owners = [goatfish("seed", "--owners", "2", "--simulations", "25").stdout.split() for _ in range(2)]
    assert len({*owners[0], *owners[1]}) == 4
    with closing(sqlite3.connect(goatfish.directory / "var" / "goatfish.sqlite3")) as database:
        counts = dict(database.execute("SELECT owner_id, count(*) FROM simulation GROUP BY 1"))
    assert sorted(counts.values()) == [12, 12, 13, 13]
    assert {str(UUID(owner)) for owner in counts} == {*owners[0], *owners[1]}


def test_the_openapi_document_needs_no_configuration(bare: Shell) -> None:
    done = bare("openapi", GOATFISH_DATABASE_URL="nonsense")
    assert done.returncode == 0, done.stderr
    document = json.loads(done.stdout)
    assert "/api/v1/simulations" in document["paths"]
    assert done.stdout == json.dumps(document, indent=2, sort_keys=True, ensure_ascii=False) + "\n"
    assert not (bare.directory / "var").exists()


def test_the_doctor_finds_nothing_wrong_with_the_defaults(goatfish: Shell) -> None:
    done = goatfish("doctor")
    assert (done.returncode, done.stdout.count("WRONG")) == (0, 0), done.stdout


@pytest.mark.parametrize(
    ("variables", "words"),
    [
        ({"GOATFISH_SECRET_KEY": "abc" * 20}, "can be guessed"),
        ({"GOATFISH_POOL_SIZE": "0"}, "GOATFISH_POOL_SIZE: must be at least 1"),
        ({"GOATFISH_ALOWED_HOSTS": "x"}, "is GOATFISH_ALLOWED_HOSTS meant?"),
        ({"GOATFISH_DATABASE_URL": "sqlite:///new/empty.sqlite3"}, "migrations are not applied"),
    ],
)
def test_the_doctor_says_what_is_wrong(goatfish: Shell, variables: dict[str, str], words: str) -> None:
    done = goatfish("doctor", **variables)
    assert done.returncode == 1
    assert any(line.startswith("WRONG") and words in line for line in done.stdout.splitlines()), done.stdout


def test_every_command_of_djangos_is_there(goatfish: Shell) -> None:
    done = goatfish("django", "showmigrations", "--plan", "goatfish")
    assert done.returncode == 0
    assert "[X]  goatfish.0001_initial" in done.stdout


def test_serving_on_a_free_port_says_where_and_ends_when_told(goatfish: Shell) -> None:
    with goatfish.running("serve", "--port", "0", until="Application startup complete") as said:
        found = re.search(r"Goatfish listens on (http://127\.0\.0\.1:\d+)\n", said)
        assert found, said
        assert answer(found[1] + "/livez")[0] == 200
        assert answer(found[1] + "/admin/login/")[0] == 200


def test_serving_on_a_port_that_is_taken_fails_in_one_line(goatfish: Shell) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        assert f"Port {port} of 127.0.0.1 is taken." in complaint(goatfish("serve", "--port", port), 1)


def test_up_gives_a_working_key_again_and_again(bare: Shell) -> None:
    var = bare.directory / "var"
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        shown = [_up(bare, port), _up(bare, port)]
        for file in var.glob("goatfish.sqlite3*"):
            file.unlink()
        shown.append(_up(bare, port))
    files = [var / "demo.key", var / "admin.password"]
    assert {stat.S_IMODE(file.stat().st_mode) for file in files} == {0o600}
    assert shown == [tuple(file.read_text().strip() for file in files)] * 3


def _up(shell: Shell, taken: int) -> tuple[str, str]:
    """Starts it beside a port that is taken, tries what it shows, and gives the key and the admin's password."""
    with shell.running("up", "--port", str(taken), until="Ctrl-C stops it") as said:
        assert f"Port {taken} is taken" in said
        curl = re.search(r"^curl -H 'X-API-Key: (\S+)' (http://\S+)$", said, re.MULTILINE)
        sign_in = re.search(r"Sign in  admin / (\S+)$", said, re.MULTILINE)
        assert curl, said
        assert sign_in, said
        assert answer(curl[2], curl[1]) == (200, b'{"items":[],"next_cursor":null}')
        return curl[1], sign_in[1]
