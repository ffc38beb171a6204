"""Owners that share two connections of PgBouncer in transaction mode read and write only their own rows."""

from __future__ import annotations

import asyncio
import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

import httpx2
import psycopg
import pytest

from app.cli.use_case_runner import operator_context, with_use_cases
from app.container import UseCases
from config.databases import DatabaseUrl
from domain.access.scopes import Scope
from tests.contracts.http_api import SIMULATIONS, WING
from tests.embedded_postgres.places import Account, temporary_home
from tests.ports import free_port, is_taken
from tests.restartable import PATIENCE, wait_until
from tests.running_service import served
from tests.warm_start import goatfish

OWNERS, ROUNDS, SERVER_CONNECTIONS = 12, 8, 2
PREPARED_STATEMENTS_SINCE = (1, 21)
TABLES = ("simulation", "api_key", "owner", "revision")


def require_pgbouncer() -> str:
    found = shutil.which("pgbouncer", path=os.pathsep.join([os.environ["PATH"], "/usr/sbin"]))
    if found is None:
        pytest.fail("pgbouncer is not on PATH. On Debian: apt install pgbouncer", pytrace=False)
    return found


def version() -> tuple[int, ...]:
    output = subprocess.run([require_pgbouncer(), "--version"], capture_output=True, text=True, check=True).stdout
    number = re.search(r"PgBouncer (\d+)\.(\d+)", output)
    assert number, output
    return tuple(map(int, number.groups()))


@contextmanager
def running_pgbouncer(to: DatabaseUrl, home: Path, account: Account, ignored: str = "") -> Iterator[DatabaseUrl]:
    """The same database behind a PgBouncer that refuses start-up parameters of clients, or ignores these."""
    port = free_port()
    (home / "users.txt").write_text(f'"{to.user}" "{to.password}"\n')
    (home / "pgbouncer.ini").write_text(f"""
[databases]
* = host={to.parts.hostname} port={to.parts.port}
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = {port}
unix_socket_dir =
auth_type = scram-sha-256
auth_file = {home}/users.txt
pool_mode = transaction
ignore_startup_parameters = {ignored}
default_pool_size = {SERVER_CONNECTIONS}
{"max_prepared_statements = 100" if version() >= PREPARED_STATEMENTS_SINCE else ""}
""")
    for file in home.iterdir():
        account.own(file)
    with (
        (home / "pgbouncer.log").open("wb") as log,
        subprocess.Popen(
            [require_pgbouncer(), str(home / "pgbouncer.ini")], stdout=log, stderr=log, **account.process
        ) as process,
    ):
        try:
            url = DatabaseUrl(to.parts._replace(netloc=to.parts.netloc.rpartition(":")[0] + f":{port}").geturl())
            wait_until(lambda: is_taken(port) or process.poll() is not None, "PgBouncer listens")
            assert process.poll() is None, (home / "pgbouncer.log").read_text()
            yield url
        finally:
            process.terminate()


@pytest.fixture(scope="module")
def bouncer() -> Iterator[DatabaseUrl]:
    """The URL of the API's role for the migrated database, through PgBouncer."""
    subprocess.run(goatfish("migrate"), check=True, timeout=60)
    account = Account.for_server()
    home = temporary_home(account)
    try:
        with running_pgbouncer(DatabaseUrl(os.environ["GOATFISH_DATABASE_URL"]), home, account) as url:
            yield url
    finally:
        shutil.rmtree(home)


@dataclass(frozen=True)
class Tenant:
    """An owner's name and key."""

    name: str
    key: str


@pytest.fixture(scope="module")
def tenants(bouncer: DatabaseUrl) -> list[Tenant]:
    async def make(use_cases: UseCases) -> list[Tenant]:
        made = []
        for number in range(OWNERS):
            owner = await use_cases.owners().create(f"owner {number}", operator_context())
            _, text = await use_cases.keys().create(owner.id, operator_context(), name="tests", scopes=frozenset(Scope))
            made.append(Tenant(owner.name, text.reveal()))
        return made

    return asyncio.run(with_use_cases(make))


def modes() -> list[str]:
    """The values of GOATFISH_PREPARED_STATEMENTS that this PgBouncer supports."""
    return ["false", "true"] if version() >= PREPARED_STATEMENTS_SINCE else ["false"]


@pytest.mark.parametrize("prepared", modes())
def test_concurrent_owners_read_and_write_only_their_own_rows(
    bouncer: DatabaseUrl, tenants: list[Tenant], prepared: str
) -> None:
    env = os.environ | {"GOATFISH_DATABASE_URL": bouncer.with_password, "GOATFISH_PREPARED_STATEMENTS": prepared}
    with served(env | {"GOATFISH_RATE_LIMIT": "0"}) as url:
        listed = asyncio.run(_use_concurrently(url, tenants, prepared))
    for tenant in tenants:
        assert listed[tenant] == [[f"{prepared} {tenant.name}"] * number for number in range(1, ROUNDS + 1)]
    sessions = _sessions(bouncer)
    assert len({session.backend for session in sessions}) == SERVER_CONNECTIONS
    for session in sessions:
        assert not any(session.named), "a connection still has an owner or a key in its settings"
        assert session.rows == dict.fromkeys(TABLES, 0)
    with psycopg.connect(os.environ["TEST_DATABASE_URL"]) as administrator:
        used = "SELECT pid FROM pg_stat_activity WHERE usename = %s"
        pids = {pid for (pid,) in administrator.execute(used, [bouncer.user])}
    assert pids == {session.backend for session in sessions}


@pytest.mark.parametrize("prepared", modes())
def test_list_timeout_leaves_no_settings_in_the_session(
    bouncer: DatabaseUrl, tenants: list[Tenant], prepared: str
) -> None:
    env = os.environ | {"GOATFISH_DATABASE_URL": bouncer.with_password, "GOATFISH_PREPARED_STATEMENTS": prepared}
    headers = {"X-API-Key": tenants[0].key}
    with (
        served(env | {"GOATFISH_LIST_TIMEOUT": "0.3"}) as url,
        httpx2.Client(base_url=url, headers=headers, timeout=PATIENCE) as http,
        psycopg.connect(os.environ["TEST_DATABASE_URL"]) as locking,
        psycopg.connect(os.environ["TEST_DATABASE_URL"], autocommit=True) as watching,  # a transaction sees one moment
    ):
        wait_until(lambda: http.get(SIMULATIONS, params={"name": "x"}).status_code == 200, "lists are answered")
        with locking.transaction():
            locking.execute("LOCK TABLE simulation IN ACCESS EXCLUSIVE MODE")
            answer = http.get(SIMULATIONS, params={"name": "x"})
            assert (answer.status_code, answer.json()["code"]) == (503, "list_timeout")
            busy = "SELECT query FROM pg_stat_activity WHERE usename = %s AND state <> 'idle'"
            # The answer does not wait for its end.
            wait_until(lambda: not watching.execute(busy, [bouncer.user]).fetchall(), "no session is busy")
        wait_until(lambda: http.get(SIMULATIONS, params={"name": "x"}).status_code == 200, "lists are answered again")
    for _ in range(SERVER_CONNECTIONS):
        with psycopg.connect(bouncer.with_password, prepare_threshold=None) as client:
            assert client.execute("SHOW statement_timeout").fetchall() == [("0",)]


async def _use_concurrently(url: str, tenants: list[Tenant], mark: str) -> dict[Tenant, list[list[str]]]:
    """Each tenant creates and renames a simulation in each round; returns the names in its list after each round."""
    async with httpx2.AsyncClient(base_url=url, timeout=PATIENCE) as http:

        async def use(tenant: Tenant) -> list[list[str]]:
            headers, found = {"X-API-Key": tenant.key}, []
            for _ in range(ROUNDS):
                name = f"{mark} {tenant.name}"
                answer = await http.post(SIMULATIONS, json=WING | {"name": name}, headers=headers)
                assert answer.status_code == 201, answer.text
                one = f"{SIMULATIONS}/{answer.json()['id']}"
                changed = await http.patch(one, json={"end_date": "2027-01-01"}, headers=headers)
                assert changed.status_code == 200, changed.text
                listed = await http.get(SIMULATIONS, params={"name": mark}, headers=headers)
                found.append([each["name"] for each in listed.json()["items"]])
            return found

        return dict(zip(tenants, await asyncio.gather(*map(use, tenants)), strict=True))


@dataclass(frozen=True)
class Session:
    """A server connection after use: its backend, the owner and key in its settings, and its visible rows."""

    backend: int
    named: list[str | None]
    rows: dict[str, int]


def _sessions(bouncer: DatabaseUrl) -> list[Session]:
    """The state of all server connections, as the next client gets them."""
    ask = "SELECT pg_backend_pid(), current_setting('goatfish.owner', true), current_setting('goatfish.key', true)"
    found = []
    with ExitStack() as stack:  # each client holds its connection until all have one
        for _ in range(SERVER_CONNECTIONS):
            client = stack.enter_context(psycopg.connect(bouncer.with_password, prepare_threshold=None))
            ((backend, *named),) = client.execute(ask).fetchall()
            counted = {table: client.execute(f"SELECT count(*) FROM {table}".encode()).fetchall() for table in TABLES}
            found.append(Session(backend, named, {table: count for table, ((count,),) in counted.items()}))
    return found


def test_migrations_through_it_run_one_at_a_time_and_leave_no_lock(bouncer: DatabaseUrl) -> None:
    administrator = DatabaseUrl(os.environ["TEST_DATABASE_URL"])
    operator = DatabaseUrl(os.environ["GOATFISH_OPERATOR_DATABASE_URL"]).of("through_bouncer")
    account = Account.for_server()
    home = temporary_home(account)
    with psycopg.connect(administrator.with_password, autocommit=True) as connection:
        connection.execute(f'CREATE DATABASE through_bouncer OWNER "{operator.user}"')
        try:
            with running_pgbouncer(operator, home, account) as url:
                env = os.environ | {"GOATFISH_OPERATOR_DATABASE_URL": url.with_password}
                env["GOATFISH_DATABASE_URL"] = bouncer.of("through_bouncer").with_password
                done = [
                    subprocess.Popen(goatfish("migrate"), env=env, stderr=subprocess.PIPE, text=True) for _ in range(3)
                ]
                said = [process.communicate(timeout=60)[1] for process in done]
                assert [process.returncode for process in done] == [0, 0, 0], said
                assert sum("Applied goatfish.0001_initial\n" in text for text in said) == 1
                locks = "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory'"
                assert connection.execute(locks).fetchall() == [(0,)]
        finally:
            shutil.rmtree(home)
            connection.execute("DROP DATABASE through_bouncer WITH (FORCE)")


def _doctor(bouncer: DatabaseUrl) -> subprocess.CompletedProcess[str]:
    """Both drivers connect through PgBouncer, since operators have no URL of their own."""
    env = os.environ | {"GOATFISH_DATABASE_URL": bouncer.with_password, "GOATFISH_OPERATOR_DATABASE_URL": ""}
    env |= {"GOATFISH_PREPARED_STATEMENTS": "false"}
    return subprocess.run(goatfish("doctor"), env=env, capture_output=True, text=True, timeout=60, check=False)


def test_both_drivers_connect_where_start_up_parameters_are_refused(bouncer: DatabaseUrl) -> None:
    done = _doctor(bouncer)
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize(
    ("setting", "value", "usable"),
    [
        ("DateStyle", "German", True),
        ("TimeZone", "Asia/Kathmandu", True),
        ("default_transaction_isolation", "serializable", True),
        ("default_transaction_read_only", "on", False),
        ("row_security", "off", False),
        ("search_path", "pg_catalog", False),
        ("goatfish.owner", "01a21c4a-0027-7329-aede-bf2983227776", False),
    ],
)
def test_settings_of_the_role_that_cannot_be_used_are_named(
    bouncer: DatabaseUrl, setting: str, value: str, *, usable: bool
) -> None:
    role = psycopg.sql.Identifier(bouncer.user)
    end = "SELECT pg_terminate_backend(pid, 60000) FROM pg_stat_activity WHERE usename = %s"  # which waits for its end
    with psycopg.connect(os.environ["TEST_DATABASE_URL"], autocommit=True) as administrator:
        change = psycopg.sql.SQL("ALTER ROLE {} SET {} = {}")
        administrator.execute(change.format(role, psycopg.sql.Identifier(setting), psycopg.sql.Literal(value)))
        administrator.execute(end, [bouncer.user])
        try:
            done = _doctor(bouncer)
        finally:
            administrator.execute(psycopg.sql.SQL("ALTER ROLE {} RESET ALL").format(role))
            administrator.execute(end, [bouncer.user])
    assert (done.returncode == 0) is usable, done.stdout
    assert usable or f"cannot be used: {setting}. Reset them" in done.stdout, done.stdout


@pytest.mark.parametrize("driver", ["asyncpg", "psycopg"])
@pytest.mark.parametrize(
    ("ignored", "options", "said"),
    [
        ("", "-c work_mem=5MB", "refuses the URL's options (unsupported startup parameter"),
        ("options", "-c work_mem=5MB", "the URL's options set work_mem. Set them for the role instead"),
        ("options", "-cjit=off --work-mem=5MB", "the URL's options set work_mem. Set them for the role instead"),
        ("options", "-c nonsense=1", "the URL's options set nonsense. Set them for the role instead"),
        ("options", "-c work_mem=much", 'refuses the URL\'s options (invalid value for parameter "work_mem": "much")'),
        ("options", "-c work_mem=7168kB", ""),
        ("options,search_path,row_security,extra_float_digits", "-c work_mem=5MB", "the URL's options set work_mem."),
    ],
)
def test_options_of_the_url_are_in_force_or_refused_with_either_driver(
    bouncer: DatabaseUrl, driver: str, ignored: str, options: str, said: str
) -> None:
    variable, command = {
        "asyncpg": ("GOATFISH_DATABASE_URL", "doctor"),
        "psycopg": ("GOATFISH_OPERATOR_DATABASE_URL", "migrate"),
    }[driver]
    direct = DatabaseUrl(os.environ[variable])
    account = Account.for_server()
    home = temporary_home(account)
    change = psycopg.sql.SQL("ALTER ROLE {} {}")
    role = psycopg.sql.Identifier(direct.user)
    with psycopg.connect(os.environ["TEST_DATABASE_URL"], autocommit=True) as administrator:
        of_role = psycopg.sql.SQL("SET work_mem = '7MB'; ALTER ROLE {} SET jit = off").format(role)
        administrator.execute(change.format(role, of_role))
        try:
            with running_pgbouncer(direct, home, account, ignored) as url:
                env = os.environ | {variable: f"{url.with_password}?options={quote(options)}"}
                env |= {"GOATFISH_PREPARED_STATEMENTS": "false"}
                done = subprocess.run(
                    goatfish(command), env=env, capture_output=True, text=True, timeout=60, check=False
                )
        finally:
            administrator.execute(change.format(role, psycopg.sql.SQL("RESET ALL")))
            shutil.rmtree(home)
    assert (done.returncode == 0) is (said == ""), done
    assert said in done.stdout + done.stderr
