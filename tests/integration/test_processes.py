"""Goatfish as a shell starts it, each test in a directory and with an SQLite database of its own."""

import errno
import fcntl
import json
import os
import pty
import re
import shutil
import signal
import socket
import sqlite3
import stat
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.error import HTTPError
from urllib.request import Request, urlopen
from uuid import UUID, uuid4

import pytest

from app.cli.serving import listen, listen_error, listen_once_free
from tests.ports import free_port, is_taken
from tests.restartable import wait_until
from tests.warm_start import goatfish as goatfish_command
from tests.warm_start import python

ROOT = Path(__file__).parents[2]
READY = "Application startup complete"
PATIENCE = 90  # seconds: the machine may be busy


class Shell:
    """Runs goatfish in a directory, with nothing configured but what a test says."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory

    def environment(self, **variables: str) -> dict[str, str]:
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("GOATFISH_", "DJANGO_"))}
        return {**kept, "GOATFISH_DRAIN_TIME": "0", **variables}

    def __call__(self, *arguments: str, entered: str = "", **variables: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            goatfish_command(*arguments),
            cwd=self.directory,
            env=self.environment(**variables),
            input=entered,
            capture_output=True,
            text=True,
            timeout=PATIENCE,
            check=False,
        )

    def each(self, *commands: str, **variables: str) -> list[subprocess.CompletedProcess[str]]:
        """Commands that do not mind each other, two at a time."""
        with ThreadPoolExecutor(2) as pool:
            return list(pool.map(lambda command: self(*command.split(), **variables), commands))

    @contextmanager
    def running(
        self,
        *arguments: str,
        until: str,
        program: str = "app.cli",
        ends: int = 0,
        variables: Mapping[str, str] | None = None,
    ) -> Iterator["Running"]:
        """A command that goes on, once it says ``until``; it is told to stop afterwards, and must, with this status."""
        with self.until_killed(*arguments, until=until, program=program, variables=variables) as running:
            yield running
            running.process.send_signal(signal.SIGTERM)
            assert running.process.wait(PATIENCE) == ends, running.said
        assert "Traceback" not in running.said
        assert "ERROR" not in running.said

    @contextmanager
    def until_killed(
        self, *arguments: str, until: str, program: str = "app.cli", variables: Mapping[str, str] | None = None
    ) -> Iterator["Running"]:
        """A command that goes on, once it says ``until``; it is killed afterwards."""
        said = self.directory / "said.txt"
        with said.open("w") as out:
            process = subprocess.Popen(
                python("-m", program, *arguments),
                cwd=self.directory,
                env=self.environment(**(variables or {})),
                stdout=out,
                stderr=out,
            )
        running = Running(process, said)
        try:
            running.wait(until)
            yield running
        finally:
            process.kill()
            process.wait()


@dataclass
class Running:
    """A command that goes on, and the file to which it talks."""

    process: subprocess.Popen[bytes]
    file: Path

    @property
    def said(self) -> str:
        return self.file.read_text()

    @property
    def url(self) -> str:
        found = re.search(r"(?:Goatfish listens|Uvicorn running) on (http://127\.0\.0\.1:\d+)", self.said)
        assert found, self.said
        return found[1]

    def wait(self, text: str, times: int = 1) -> None:
        deadline = time.monotonic() + PATIENCE
        while self.said.count(text) < times:
            assert self.process.poll() is None, self.said
            assert time.monotonic() < deadline, self.said
            time.sleep(0.02)


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


def status_lines(port: int, *requests: str) -> list[int]:
    """The answers to these, like "GET /", one after the other on one connection."""
    statuses = []
    with socket.create_connection(("127.0.0.1", port), PATIENCE) as connection, connection.makefile("rb") as answers:
        for request in requests:
            connection.sendall(f"{request} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
            statuses.append(int(answers.readline().split()[1]))
            fields = dict(iter(lambda: answers.readline().decode().lower().strip().partition(":")[::2], ("", "")))
            if not request.startswith("HEAD "):
                answers.read(int(fields["content-length"]))
    return statuses


def complaint(done: subprocess.CompletedProcess[str], status: int) -> str:
    """The one line that a command leaves when it fails with this status."""
    assert (done.returncode, done.stdout) == (status, ""), done
    assert done.stderr.count("\n") == 1, done.stderr
    return done.stderr


@pytest.fixture(scope="module")
def serving(tmp_path_factory: pytest.TempPathFactory, migrated: Path) -> Iterator[Running]:
    """One service for all tests that only send requests to it."""
    directory = tmp_path_factory.mktemp("serving")
    shutil.copytree(migrated, directory / "var")
    with Shell(directory).running("serve", "--port", "0", until=READY) as running:
        yield running


@pytest.fixture(scope="module")
def two_workers(tmp_path_factory: pytest.TempPathFactory, migrated: Path) -> Iterator[Running]:
    """A service of two processes, which do not wait long for requests."""
    directory = tmp_path_factory.mktemp("workers")
    shutil.copytree(migrated, directory / "var")
    options = ("--workers", "2", "--keep-alive", "0.5", "--head-timeout", "0.5")
    with Shell(directory).until_killed("serve", "--port", "0", *options, until=READY) as running:
        yield running


def test_help_needs_no_framework(bare: Shell) -> None:
    look = "sys.exit(any(name in sys.modules for name in ('django', 'fastapi', 'pydantic_settings')))"
    code = f"import sys; from app.cli import main; sys.argv[1:] = ['--help']\ntry: main()\nexcept SystemExit: {look}"
    subprocess.run([sys.executable, "-c", code], env=bare.environment(), check=True)


def test_results_are_alone_on_stdout(goatfish: Shell) -> None:
    made = goatfish("owner", "create", "Acme")
    assert made.stdout == f"{UUID(made.stdout.strip())}\n", made
    key = goatfish("key", "create", "Acme")
    assert re.fullmatch(r"gf_\w{14}_\w{49}\n", key.stdout), key
    assert key.stdout.strip() not in key.stderr


def test_an_invalid_setting_stops_every_command_with_one_line(bare: Shell) -> None:
    for done in bare.each("serve", "up", "owner list", "django check", GOATFISH_POOL_SIZE="many"):
        assert complaint(done, 2).startswith("GOATFISH_POOL_SIZE: ")


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ("--proxy nginx", "--proxy must be addresses or networks of proxies, got 'nginx' (no address; names are not"),
        ("--proxy 10.0.0.5/8", "got '10.0.0.5/8' (an address within the network): write 10.0.0.0/8 or 10.0.0.5"),
        ("--host *", "It must be one address, got '*': for all, write 0.0.0.0, or :: for IPv6 too."),
        ("--workers 0", "GOATFISH_WORKERS: must be at least 1, got '0'"),
        ("--keep-alive 0", "GOATFISH_KEEP_ALIVE: must be more than 0, got '0.0'"),
        ("--request-timeout 15", "GOATFISH_REQUEST_TIMEOUT: must be more than the sum of GOATFISH_POOL_TIMEOUT and"),
    ],
)
def test_an_invalid_option_stops_the_start_with_one_line(bare: Shell, options: str, words: str) -> None:
    assert words in complaint(bare("serve", *options.split()), 2)


@pytest.mark.parametrize("number", [errno.EAFNOSUPPORT, errno.EADDRNOTAVAIL])
def test_a_machine_without_ipv6_is_told_what_to_do(number: int) -> None:
    words = listen_error("::", 8000, OSError(number, os.strerror(number)))
    assert words == "This machine has no IPv6 address ::. For every IPv4 address, use --host 0.0.0.0."


def test_an_address_of_one_network_is_listened_on() -> None:
    here = [line.split() for line in Path("/proc/net/if_inet6").read_text().splitlines()]
    address, network = next(((line[0], line[5]) for line in here if line[0].startswith("fe80")), ("", ""))
    if not address:
        pytest.skip("no network of this machine has such an address")
    with listen(f"{':'.join(re.findall('....', address))}%{network}", 0) as listener:
        assert listener.getsockname()[3] == socket.if_nametoindex(network)


def test_two_sqlite_files_are_refused(goatfish: Shell) -> None:
    done = goatfish("serve", "--port", "0", GOATFISH_OPERATOR_DATABASE_URL="sqlite:///var/other.sqlite3")
    assert "but operators use another database: sqlite:///var/other.sqlite3" in complaint(done, 2)


def test_deadlines_are_options(two_workers: Running) -> None:
    port = int(two_workers.url.rpartition(":")[2])
    for sent, received in (
        (b"GET /livez HTTP/1.1\r\nHost: localhost\r\n\r\n", b"HTTP/1.1 200 "),
        (b"GET /livez HTTP/1.1\r\n", b"HTTP/1.1 408 "),
    ):
        with socket.create_connection(("127.0.0.1", port), PATIENCE) as connection:
            connection.sendall(sent)
            answered = b"".join(iter(lambda: connection.recv(65536), b""))  # until the server closes it
        assert answered.startswith(received)


def test_a_database_without_migrations_is_reported(bare: Shell) -> None:
    for done in bare.each("serve --port 0", "owner list"):
        assert "Run: goatfish migrate" in complaint(done, 1)


def test_of_three_processes_one_migrates_and_two_wait_for_it(bare: Shell) -> None:
    with ThreadPoolExecutor(3) as pool:
        done = list(pool.map(lambda _: bare("migrate"), range(3)))
    said = [each.stderr for each in done]
    assert [each.returncode for each in done] == [0, 0, 0], said
    assert sum("Applied goatfish.0001_initial\n" in text for text in said) == 1
    assert sum("The database was already up to date.\n" in text for text in said) == 2
    assert [path.name for path in (bare.directory / "var").iterdir()] == ["goatfish.sqlite3"]


def test_a_migration_that_does_not_end_is_waited_for_and_given_up(migrated: Path, bare: Shell) -> None:
    shutil.copytree(migrated, bare.directory / "var")
    descriptor = os.open(bare.directory / "var", os.O_RDONLY)
    fcntl.flock(descriptor, fcntl.LOCK_EX)
    done = bare("migrate", "--wait", "1")
    os.close(descriptor)
    waits, gave_up = done.stderr.splitlines()
    assert (done.returncode, waits) == (1, f"Waiting for another goatfish migrate in {bare.directory}/var.")
    assert gave_up.startswith("Gave up after 1 s of waiting for another goatfish migrate in ")
    assert bare("migrate").returncode == 0


def test_migrate_says_that_it_waits_for_whoever_writes(goatfish: Shell) -> None:
    with closing(sqlite3.connect(goatfish.directory / "var" / "goatfish.sqlite3")) as other:
        other.execute("BEGIN IMMEDIATE")
        done = goatfish("migrate", "--wait", "1")
        waits, gave_up = done.stderr.splitlines()
        assert (done.returncode, waits) == (1, "Waiting for another process, which writes to the database.")
        assert gave_up.startswith("Gave up after 1 s of waiting for another process, which writes to the database.")
    assert goatfish("migrate", "--wait", "1").stderr == "The database was already up to date.\n"


def test_an_unreachable_database_is_reported_without_its_password(bare: Shell) -> None:
    url = "postgresql://somebody:topsecret@127.0.0.1:1/nothing"
    variables = {"GOATFISH_DATABASE_URL": url, "GOATFISH_SECRET_KEY": "x" * 32}
    line = complaint(bare("django", "migrate", **variables), 1)
    assert "cannot be used" in line
    assert "topsecret" not in line
    with bare.running("serve", "--port", "0", until=READY, variables=variables) as running:
        assert answer(running.url + "/livez")[0] == 200
        with pytest.raises(HTTPError) as refused:
            answer(running.url + "/readyz")
        refused.value.close()
        assert refused.value.code == 503
        assert "cannot be used" in running.said
        assert "topsecret" not in running.said


def test_the_openapi_document_needs_no_configuration(bare: Shell) -> None:
    done = bare("openapi", GOATFISH_DATABASE_URL="nonsense")
    assert done.returncode == 0, done.stderr
    document = json.loads(done.stdout)
    assert "/api/v1/simulations" in document["paths"]
    assert done.stdout == json.dumps(document, indent=2, sort_keys=True, ensure_ascii=False) + "\n"
    assert not (bare.directory / "var").exists()


def test_the_doctor_reports_no_error_for_the_defaults(goatfish: Shell) -> None:
    done = goatfish("doctor")
    assert (done.returncode, done.stdout.count("ERROR")) == (0, 0), done.stdout


def test_the_doctor_says_how_webhooks_stand(goatfish: Shell) -> None:
    assert "Webhooks" not in goatfish("doctor").stdout
    with closing(sqlite3.connect(goatfish.directory / "var" / "goatfish.sqlite3")) as database, database:
        owner = uuid4().hex
        database.execute("INSERT INTO change_count VALUES (?, 9, 0)", [owner])
        columns = "id, owner_id, created_at, number, attempts, failing_since, next_attempt_at, active"
        for number, failing_since, active in ((4, "2026-11-01 08:00:00", True), (7, None, True), (0, None, False)):
            values = (uuid4().hex, owner, "2026-11-01", number, 0, failing_since, "2026-11-01", active)
            database.execute(f"INSERT INTO webhook_cursor ({columns}) VALUES (?, ?, ?, ?, ?, ?, ?, ?)", values)
    said = goatfish("doctor").stdout
    assert "warning  Webhooks: 2 behind, by 5 changes at most, 1 disabled. 1 of them fail, the first since" in said
    assert "2026-11-01 08:00 UTC" in said


def test_serve_prints_its_port_and_stops_on_sigterm(goatfish: Shell) -> None:
    with goatfish.running("serve", "--port", "0", until=READY) as running:
        assert answer(running.url + "/livez")[0] == 200
        assert answer(running.url + "/admin/login/")[0] == 200
        port = running.url.rpartition(":")[2]
        assert f"Port {port} of 127.0.0.1 is in use." in complaint(goatfish("serve", "--port", port), 1)


def test_a_connection_is_usable_after_a_head_request(serving: Running) -> None:
    port = int(serving.url.rpartition(":")[2])
    asked = ("HEAD /livez", "GET /livez", "HEAD /nothing", "GET /livez")
    assert status_lines(port, *asked) == [200, 200, 404, 200]


@pytest.mark.parametrize(
    ("start", "size", "status", "code"),
    [
        (b"GET /livez HTTP/1.1\r\nHost: localhost\r\nX: ", 70_000, 431, "headers_too_large"),
        (b"GET /livez HTTP/1.1\r\nHost: localhost\r\nX: ", 50 << 20, 431, "headers_too_large"),
        (b"GET /livez?", 70_000, 431, "headers_too_large"),
        (b"FOO BAR\r\n\r\n", 0, 400, "malformed_request"),
    ],
    ids=["header", "50-mb-of-header", "url", "no-http"],
)
def test_endless_headers_and_malformed_requests_are_problems(
    serving: Running, start: bytes, size: int, status: int, code: str
) -> None:
    port = int(serving.url.rpartition(":")[2])
    with socket.create_connection(("127.0.0.1", port), timeout=10) as connection:
        with suppress(ConnectionError):  # it is closed before all of too much is sent
            connection.sendall(start + b"x" * size)
        received = b""
        with suppress(ConnectionError):
            while chunk := connection.recv(65536):
                received += chunk
    if received:  # a connection that is cut while the client writes may lose the answer
        head, _, body = received.partition(b"\r\n\r\n")
        assert head.startswith(f"HTTP/1.1 {status} ".encode())
        problem = json.loads(body)
        assert problem["code"] == code
        assert f"x-request-id: {problem['request_id']}".encode() in head.lower()
        assert b"\r\nx-content-type-options: nosniff\r\n" in head.lower()
    assert received or size > 1 << 20
    assert answer(serving.url + "/livez")[0] == 200


def test_uvicorn_serves_the_application_by_its_name(goatfish: Shell) -> None:
    command = ("app.asgi:app", "--port", str(free_port()))
    with goatfish.running(*command, program="uvicorn", until=READY, ends=-signal.SIGTERM) as running:
        running.wait("Uvicorn running on")
        assert answer(running.url + "/readyz")[0] == 200


def test_a_worker_that_is_killed_is_replaced(two_workers: Running) -> None:
    two_workers.wait(READY, times=2)
    killed, other = map(int, re.findall(r"Started server process \[(\d+)\]", two_workers.said))
    os.kill(killed, signal.SIGKILL)
    two_workers.wait(READY, times=3)
    assert answer(two_workers.url + "/readyz")[0] == 200
    replaced = int(re.findall(r"Started server process \[(\d+)\]", two_workers.said)[-1])
    assert replaced not in {killed, other}


def test_a_port_is_free_once_the_parent_of_a_reloading_service_is_killed(goatfish: Shell) -> None:
    with goatfish.until_killed("serve", "--port", "0", "--reload", until=READY) as running:
        pass
    expect_free(running.url)


def test_a_port_is_free_once_the_parent_of_workers_is_killed(two_workers: Running) -> None:
    # The last test of this service, which it ends.
    two_workers.process.kill()
    expect_free(two_workers.url)


def test_a_start_waits_for_workers_of_a_parent_that_was_killed(monkeypatch: pytest.MonkeyPatch) -> None:
    with listen("127.0.0.1", 0) as orphaned:
        port = orphaned.getsockname()[1]
        monkeypatch.setattr("app.cli.serving.sleep", lambda _: orphaned.close())
        with listen_once_free("127.0.0.1", port) as found:
            assert found.getsockname()[1] == port
            monkeypatch.setattr("app.cli.serving.ORPHANS_TIME", 0)
            with pytest.raises(OSError, match="in use"):
                listen_once_free("127.0.0.1", port)


def expect_free(url: str) -> None:
    """Waits until nobody listens on the port of this URL, and listens as a service does."""
    port = int(url.rpartition(":")[2])
    wait_until(lambda: not is_taken(port), "the port is free")
    listen("127.0.0.1", port).close()


def test_the_address_of_every_interface_serves_ipv4_and_ipv6(goatfish: Shell) -> None:
    command = ("serve", "--host", "::", "--port", "0", "--proxy", "127.0.0.0/8")
    if not socket.has_dualstack_ipv6():
        assert "This machine has no IPv6 address" in complaint(goatfish(*command), 1)
        return
    with goatfish.running(*command, until=READY) as running:
        port = int(running.said.partition("listens on http://[::]:")[2].split()[0])
        for host, is_proxy in {"127.0.0.1": True, "::1": False}.items():
            with socket.create_connection((host, port), PATIENCE) as connection:
                lines = ("GET /livez HTTP/1.1", "Host: a", "X-Forwarded-Proto: https", "Connection: close", "", "")
                connection.sendall("\r\n".join(lines).encode())
                answered = b"".join(iter(lambda: connection.recv(65536), b""))
            assert answered.startswith(b"HTTP/1.1 200 OK")
            assert (b"strict-transport-security" in answered) is is_proxy


def test_up_prints_the_same_working_key_each_time(bare: Shell) -> None:
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
    in_json = {"GOATFISH_LOG_FORMAT": "json"}
    with shell.running("up", "--port", str(taken), until="Ctrl-C stops it", variables=in_json) as running:
        said = running.said
        assert f"Port {taken} is in use" in said
        curl = re.search(r"^curl -H 'X-API-Key: (\S+)' (http://\S+)$", said, re.MULTILINE)
        sign_in = re.search(r"Sign in    admin / (\S+)$", said, re.MULTILINE)
        assert curl, said
        assert sign_in, said
        assert answer(curl[2], curl[1]) == (200, b'{"items":[],"next_cursor":null}')
        running.wait('"route": "/api/v1/simulations", "status": 200')
        return curl[1], sign_in[1]


def test_erase_asks_for_the_name_at_a_terminal(goatfish: Shell) -> None:
    owner = goatfish("owner", "create", "Acme").stdout.strip()
    began = time.monotonic()
    goatfish("owner", "deactivate", "Acme")
    for answer_given, status, words in (
        ("acme", 1, "That is not its name. Nothing was deleted."),
        ("Acme", 0, "Owner 'Acme' is erased"),
    ):
        said, ended = _at_a_terminal(goatfish, ["owner", "erase", "Acme"], answer_given)
        assert (ended, words in said) == (status, True), said
        assert f"All 4 rows of owner 'Acme' ({owner}) will be deleted permanently." in said
    assert time.monotonic() - began > 1
    assert goatfish("owner", "list").stdout == ""


def _at_a_terminal(shell: Shell, arguments: Sequence[str], entered: str) -> tuple[str, int]:
    """All that a command says to a terminal where this is entered, and how it ends."""
    leader, follower = pty.openpty()
    command = goatfish_command(*arguments)
    environment = shell.environment()
    with subprocess.Popen(
        command, cwd=shell.directory, env=environment, stdin=follower, stdout=follower, stderr=follower
    ) as process:
        os.close(follower)
        os.write(leader, f"{entered}\n".encode())
        said = b""
        with suppress(OSError):  # how the end of a terminal reads on Linux
            while part := os.read(leader, 65536):
                said += part
        os.close(leader)
        return said.decode(), process.wait(PATIENCE)


def test_erase_waits_until_no_key_is_cached(goatfish: Shell) -> None:
    goatfish("owner", "create", "Acme")
    goatfish("owner", "deactivate", "Acme")
    deactivated = datetime.fromisoformat(goatfish("owner", "list").stdout.rstrip().split("\t")[3])
    assert goatfish("owner", "erase", "Acme", "--yes").returncode == 0
    assert datetime.now(UTC) > deactivated + timedelta(seconds=1)


def test_a_closed_pipe_ends_an_export_quietly(goatfish: Shell) -> None:
    owner = goatfish("seed", "--owners", "1", "--each", "3000").stdout.strip()
    command = goatfish_command("owner", "export", owner)
    with subprocess.Popen(
        command, cwd=goatfish.directory, env=goatfish.environment(), stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        assert process.stdout.readline().startswith(b'{"format":"goatfish-owner"')
        process.stdout.close()
        assert process.stderr.read() == b""
        assert process.wait(PATIENCE) == 1


def test_delivering_once_fails_while_the_database_is_away(bare: Shell) -> None:
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))  # where nobody listens, and no other process can begin to
        away = f"postgresql://goatfish@127.0.0.1:{bound.getsockname()[1]}/goatfish"
        done = bare("deliver", "--once", GOATFISH_DATABASE_URL=away, GOATFISH_SECRET_KEY="a" * 32)
    assert done.returncode == 1
    assert "The database cannot be used: connection refused" in done.stderr.splitlines()[-1]
