"""Starts, stops, restarts and crashes a PostgreSQL server, which never outlives the process that started it."""

import os
import re
import select
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from types import TracebackType
from typing import Self

import psycopg

from app.database_roles import DatabaseRoleError, provision
from config.databases import DatabaseUrl
from config.secret_files import load_or_create_secret
from tests.embedded_postgres.places import Account, ServerError, find_binaries, lasting_home, runnable, temporary_home
from tests.ports import free_port

DATABASE = "goatfish"
ADMINISTRATOR, OPERATOR, API = "goatfish", "goatfish_operator", "goatfish_api"
START_TIMEOUT = 60.0  # seconds, recovery after a crash included
STOP_TIMEOUT = 20.0  # seconds for an orderly stop before a hard one
MAX_CONNECTIONS = 200
TEMPLATE = "TEST_POSTGRES_TEMPLATE"
"""The variable that names a directory with new data and their password, which temporary servers copy."""
BUILTIN_LOCALE_SINCE = 17  # PostgreSQL's own Unicode rules, the same on every machine
SCRAM_ITERATIONS_SINCE = 16

# A shell stands between us and the server. It learns of our death, however sudden, by the end of its input, and then
# does what stop() would have done. Its output ends when the server does, which is how we learn of that.
GUARD = """
scrap=$1; shift
"$@" & server=$!
echo $server; exec >&-
read -r word
kill -INT $server 2>/dev/null; wait $server
[ "$word" = keep ] || [ -z "$scrap" ] || rm -rf -- "$scrap"
"""


# Data that were made when there was one role: its tables become the operators'.
ADOPT = f"""
DO $$ DECLARE found record; BEGIN
    FOR found IN SELECT oid::regclass AS name FROM pg_class WHERE relnamespace = 'public'::regnamespace
        AND relkind IN ('r', 'p') AND pg_get_userbyid(relowner) = '{ADMINISTRATOR}'
    LOOP EXECUTE format('ALTER TABLE %s OWNER TO {OPERATOR}', found.name); END LOOP;
END $$
"""


class Server:
    """A server on 127.0.0.1 behind random passwords; its data stay in `home`, or go with it when none is given.

    A directory that the server's user cannot enter (root drops privileges, and root's folders are closed to others) is
    replaced by a link to one below /var/lib/goatfish. Every method raises ServerError where PostgreSQL does not obey.
    With ``in_memory``, temporary data are kept in memory, if there is much. With ``template``, others may copy the data
    as they were before the first start. ``settings`` are more settings of PostgreSQL.
    """

    def __init__(
        self,
        home: Path | None = None,
        *,
        in_memory: bool = False,
        template: bool = False,
        settings: Mapping[str, str] | None = None,
    ) -> None:
        self._given_home = home
        self._settings = settings or {}
        self._in_memory = in_memory
        self._keeps_template = template
        self._home: Path | None = None
        self._binaries = Path()
        self._guard: subprocess.Popen[bytes] | None = None
        self._pid = 0
        self._port = 0
        self._passwords: dict[str, str] = {}
        self._account = Account.for_server()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    @property
    def url(self) -> str:
        """The database as the API reaches it, password included; this and the other URLs stay as they are."""
        return self._url(API)

    @property
    def operator_url(self) -> str:
        """The same as migrations, command line and admin reach it."""
        return self._url(OPERATOR)

    @property
    def administrator_url(self) -> str:
        """The same as the server's superuser."""
        return self._url(ADMINISTRATOR)

    @property
    def port(self) -> int:
        """The port of 127.0.0.1 that it listens on."""
        return self._port

    @property
    def template(self) -> Path:
        """The directory for TEMPLATE, for as long as this server runs."""
        assert self._home is not None
        return self._home / "template"

    @property
    def home(self) -> Path:
        """The directory of the data and the passwords, which the server's user can enter, for as long as it runs."""
        assert self._home is not None
        return self._home

    def start(self) -> None:
        """Make the database where there is none, and return when it takes connections."""
        try:
            self._prepare()
            self._port = free_port()
            self._launch()
            self._provision()
        except (OSError, ValueError, subprocess.SubprocessError, DatabaseRoleError, psycopg.Error) as error:
            self.stop()
            raise ServerError(f"PostgreSQL could not be set up: {error}") from error
        except BaseException:
            self.stop()
            raise

    def stop(self) -> None:
        """Stop the server, by force if it will not, and remove a temporary one's data. Harmless when repeated."""
        self._halt(keep=False)
        if self._home and not self._given_home:
            shutil.rmtree(self._home, ignore_errors=True)
        self._home = None

    def restart(self) -> None:
        """Stop, or pick up after a crash, and start again at the same URL."""
        self._halt(keep=True)
        self._launch()

    def crash(self) -> None:
        """Abort as if the server had died: no farewell to clients, no checkpoint. restart() recovers it."""
        if self._guard:
            self._signal(signal.SIGQUIT)
        if not self._gone(within=STOP_TIMEOUT):
            raise ServerError("PostgreSQL did not crash")

    @contextmanager
    def frozen(self) -> Iterator[None]:
        """All its processes stand still meanwhile: the kernel takes connections for it, and nobody answers."""
        children = Path(f"/proc/{self._pid}/task/{self._pid}/children").read_text().split()
        pids = [self._pid, *map(int, children)]
        for pid in pids:
            os.kill(pid, signal.SIGSTOP)
        try:
            yield
        finally:
            for pid in pids:
                with suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGCONT)

    def _url(self, role: str, database: str = DATABASE) -> str:
        return f"postgresql://{role}:{self._passwords[role]}@127.0.0.1:{self._port}/{database}"

    def _prepare(self) -> None:
        given, account = self._given_home, self._account
        self._home = (
            lasting_home(given.absolute(), account) if given else temporary_home(account, in_memory=self._in_memory)
        )
        self._binaries = runnable(find_binaries(), self._home, account)
        data = self._home / "data"
        template = None if given else os.environ.get(TEMPLATE)
        if template:
            self._copy(Path(template), self._home)
        files = {ADMINISTRATOR: "password", OPERATOR: "operator.password", API: "api.password"}
        self._passwords = {role: load_or_create_secret(self._home / file) for role, file in files.items()}
        version = self._call("postgres", "--version").split()[2]
        if not data.exists():
            self._initdb(data, self._home / files[ADMINISTRATOR], version)
        if self._keeps_template:
            self.template.mkdir()
            account.own(self.template)
            for name in ("data", files[ADMINISTRATOR]):
                self._copy(self._home / name, self.template / name)
        if _major(kept := (data / "PG_VERSION").read_text().strip()) != _major(version):
            raise ServerError(f"{data} was made by PostgreSQL {kept}, but {version} is installed: remove {self._home}.")

    def _initdb(self, data: Path, password: Path, version: str) -> None:
        self._account.own(password)
        draft = data.with_name("data.new")  # an interrupted initdb must not look finished
        shutil.rmtree(draft, ignore_errors=True)
        options = [*_initdb_options(_major(version)), *([] if self._given_home else ["--no-sync"])]
        self._call("initdb", f"--pgdata={draft}", f"--pwfile={password}", *options)
        draft.rename(data)

    def _copy(self, source: Path, target: Path) -> None:
        """Copy a file, or a directory's content, as the server's user."""
        command = ["cp", "-R", "-p", f"{source}/." if source.is_dir() else str(source), str(target)]
        subprocess.run(command, check=True, **self._account.process)

    def _launch(self) -> None:
        assert self._home is not None
        options = {
            "listen_addresses": "127.0.0.1",
            "port": str(self._port),
            "unix_socket_directories": "",
            "max_connections": str(MAX_CONNECTIONS),
        }
        if not self._given_home:
            # Survives a crash of the server, if not of the machine: enough for data that are thrown away, and that do
            # not live long enough for a vacuum.
            options |= {"fsync": "off", "full_page_writes": "off", "autovacuum": "off"}
            if _major((self._home / "data" / "PG_VERSION").read_text()) >= SCRAM_ITERATIONS_SINCE:
                options["scram_iterations"] = "1"  # nobody guesses the random passwords; 4096 take each client 3 ms
        options |= self._settings
        server = [str(self._binaries / "postgres"), "-D", str(self._home / "data")]
        server += [part for name, value in options.items() for part in ("-c", f"{name}={value}")]
        log = self._home / "server.log"
        with log.open("wb") as errors:
            self._guard = subprocess.Popen(
                ["/bin/sh", "-c", GUARD, "guard", "" if self._given_home else str(self._home), *server],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=errors,
                start_new_session=True,  # a Ctrl-C is ours to answer, not the server's
                **self._account.process,
            )
        assert self._guard.stdout is not None
        self._pid = int(self._guard.stdout.readline())
        deadline = time.monotonic() + START_TIMEOUT
        while not self._ready():
            if self._gone(within=0.02) or time.monotonic() > deadline:
                raise ServerError(f"PostgreSQL did not start:\n{log.read_text(errors='replace').strip()}")

    def _ready(self) -> bool:
        """Whether postmaster.pid is of this very server and says so, in its first and its eighth line."""
        assert self._home is not None
        try:
            lines = (self._home / "data" / "postmaster.pid").read_text().splitlines()
        except FileNotFoundError:
            return False
        return lines[:1] == [str(self._pid)] and lines[7:8] != [] and lines[7].strip() in {"ready", "standby"}

    def _provision(self) -> None:
        administrator = DatabaseUrl(self._url(ADMINISTRATOR, "postgres"))
        provision(administrator, api=DatabaseUrl(self.url), operator=DatabaseUrl(self.operator_url))
        if self._given_home:
            with psycopg.connect(self.administrator_url) as connection:
                connection.execute(ADOPT)

    def _halt(self, *, keep: bool) -> None:
        guard, self._guard = self._guard, None
        if guard is None:
            return
        word: bytes | None = b"keep\n" if keep else b""
        for harder in (signal.SIGQUIT, signal.SIGKILL, None):
            try:
                guard.communicate(word, timeout=STOP_TIMEOUT)
            except subprocess.TimeoutExpired:
                word = None  # said once
                if harder:
                    self._signal(harder)
            else:
                return
        raise ServerError(f"PostgreSQL (process {self._pid}) cannot be stopped")

    def _signal(self, number: signal.Signals) -> None:
        with suppress(ProcessLookupError):
            os.kill(self._pid, number)

    def _gone(self, within: float) -> bool:
        """Whether the server ends, or has ended, in so many seconds."""
        if self._guard is None or self._guard.stdout is None:
            return True
        return bool(select.select([self._guard.stdout], [], [], within)[0])

    def _call(self, program: str, *arguments: str) -> str:
        command = [str(self._binaries / program), *arguments]
        done: subprocess.CompletedProcess[str] = subprocess.run(
            command, capture_output=True, text=True, check=False, **self._account.process
        )
        if done.returncode:
            raise ServerError(f"{program} failed:\n{done.stderr.strip()}")
        return done.stdout


def _initdb_options(version: int) -> list[str]:
    options = [f"--username={ADMINISTRATOR}", "--auth=scram-sha-256", "--encoding=UTF8"]
    if version >= BUILTIN_LOCALE_SINCE:
        return [*options, "--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8"]
    return [*options, "--locale=C.UTF-8"]


def _major(version: str) -> int:
    return int(re.split(r"\D", version, maxsplit=1)[0])
