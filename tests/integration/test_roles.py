"""The service has a role of its own, which row-level security binds: one command makes it, and serve insists on it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import psycopg
import pytest
from psycopg.sql import SQL, Identifier

from app.embedded_postgres import Server
from config.databases import DatabaseUrl
from tests.contracts.http_api import SIMULATIONS, WING
from tests.live import GOATFISH, served

ROOT = Path(__file__).parents[2]
NAME, API, OPERATORS = 'an "odd" 100% name', 'the "api"', "operators"


@dataclass(frozen=True)
class Site:
    """A database on the server, and the URLs of those who come to it."""

    administrator: DatabaseUrl
    api: DatabaseUrl
    operator: DatabaseUrl

    def environment(self, **variables: str) -> dict[str, str]:
        env = {name: value for name, value in os.environ.items() if not name.startswith("GOATFISH_")}
        env |= {
            "GOATFISH_SECRET_KEY": "a secret key that serves the tests alone",
            "GOATFISH_DATABASE_URL": self.api.with_password,
            "GOATFISH_OPERATOR_DATABASE_URL": self.operator.with_password,
            "ADMINISTRATOR_DATABASE_URL": self.administrator.with_password,
        }
        return env | variables

    def goatfish(self, *arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
        env = self.environment(**variables)
        return subprocess.run([*GOATFISH, *arguments], env=env, capture_output=True, text=True, timeout=60, check=False)

    def refusal(self, *arguments: str, **variables: str) -> str:
        """The one line with which a command ends that cannot be done; no password is in it."""
        done = self.goatfish(*arguments, **variables)
        assert (done.returncode, done.stdout) == (1, ""), done
        assert done.stderr.count("\n") == 1, done.stderr
        for url in (self.administrator, self.api, self.operator):
            assert url.password not in done.stderr
        return done.stderr

    def run(self, sql: str, *names: str) -> list[tuple[Any, ...]]:
        """What the administrator is told in this database; names stand for the {} in it."""
        url = self.administrator.of(self.api.database).with_password
        with psycopg.connect(url, autocommit=True) as connection:
            cursor = connection.execute(SQL(sql).format(*map(Identifier, names)))
            return cursor.fetchall() if cursor.description else []

    def attributes(self) -> dict[str, set[str]]:
        """What the two roles may, and whether they own the database."""
        columns = ("rolcanlogin", "rolsuper", "rolcreatedb", "rolcreaterole", "rolbypassrls", "rolreplication")
        own = "oid = (SELECT datdba FROM pg_database WHERE datname = current_database())"
        rows = self.run(f"SELECT rolname, {', '.join(columns)}, {own} FROM pg_roles")
        found = {
            role: {name for name, has in zip((*columns, "owns"), held, strict=True) if has} for role, *held in rows
        }
        return {url.user: found[url.user] for url in (self.api, self.operator)}


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    with Server() as running:
        yield running


@pytest.fixture(scope="module")
def made(server: Server) -> Iterator[Site]:
    """A site that its commands have made and migrated."""
    site = _site(server)
    for command in (("database", "create"), ("migrate",)):
        done = site.goatfish(*command)
        assert done.returncode == 0, done.stderr
    yield site
    _unmake(site)


@pytest.fixture(scope="module")
def key(made: Site) -> str:
    """The key of a tenant there."""
    made.goatfish("owner", "create", "Acme")
    return made.goatfish("key", "create", "Acme").stdout.strip()


@pytest.fixture
def bare(server: Server) -> Iterator[Site]:
    """A site for which nothing is made yet."""
    site = replace(
        _site(server),
        api=DatabaseUrl(server.url).of("bare", "bare_api", "api's p@ss/word\\%s"),
        operator=DatabaseUrl(server.url).of("bare", "bare_operators", "operators' pass"),
    )
    yield site
    _unmake(site)


def _site(server: Server) -> Site:
    administrator = DatabaseUrl(server.administrator_url).of("postgres")
    return Site(administrator, administrator.of(NAME, API, "pass"), administrator.of(NAME, OPERATORS, "word"))


def _unmake(site: Site) -> None:
    with psycopg.connect(site.administrator.with_password, autocommit=True) as connection:
        connection.execute(SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(Identifier(site.api.database)))
        for role in (site.api.user, site.operator.user):
            connection.execute(SQL("DROP ROLE IF EXISTS {}").format(Identifier(role)))


def ask(url: str, key: str = "", body: object = None) -> int:
    data = None if body is None else json.dumps(body).encode()
    request = Request(url, data, {"X-API-Key": key, "Content-Type": "application/json"})
    try:
        with urlopen(request, timeout=10) as answer:
            return int(answer.status)
    except HTTPError as error:
        return error.code


def test_one_command_makes_what_the_service_works_with(made: Site, key: str) -> None:
    assert made.attributes() == {API: {"rolcanlogin"}, OPERATORS: {"rolcanlogin", "owns"}}
    with served(made.environment()) as url:
        assert ask(url + SIMULATIONS, key, WING) == 201
        assert ask(url + "/readyz") == 200
        assert ask(url + "/admin/login/") == 200
    assert made.goatfish("doctor").stdout.count("WRONG") == 0


def test_a_replica_without_the_operators_url_serves_the_api_alone(made: Site, key: str) -> None:
    with served(made.environment(GOATFISH_OPERATOR_DATABASE_URL="")) as url:
        assert ask(url + SIMULATIONS, key, WING) == 201
        assert ask(url + "/readyz") == 200
        assert ask(url + "/admin/login/") == ask(url + "/static/admin/css/base.css") == 404


def test_nobody_else_may_connect_and_the_apis_role_makes_no_tables(made: Site) -> None:
    for right in ("CONNECT", "TEMPORARY", "CREATE"):
        ((public, api),) = made.run(
            "SELECT has_database_privilege('public', current_database(), {0}),"
            " has_database_privilege({1}, current_database(), {0})".replace("{0}", f"'{right}'").replace(
                "{1}", f"'{API}'"
            )
        )
        assert (public, api) == (False, right == "CONNECT")
    with psycopg.connect(made.api.with_password) as connection, pytest.raises(psycopg.errors.InsufficientPrivilege):
        connection.execute("CREATE TABLE public.mine (id int)")


def test_made_again_it_changes_nothing_and_what_was_changed_is_put_right(bare: Site) -> None:
    assert bare.goatfish("database", "create").stderr.splitlines() == [
        "Role bare_operators is made.",
        "Role bare_api is made.",
        "Database bare is made.",
        "Next: goatfish migrate",
    ]
    before = bare.attributes()
    again = bare.goatfish("database", "create").stderr.splitlines()
    assert again[:3] == ["Role bare_operators was there.", "Role bare_api was there.", "Database bare was there."]
    bare.run("ALTER ROLE bare_api SUPERUSER CREATEROLE BYPASSRLS NOLOGIN PASSWORD 'another'")
    bare.run("ALTER DATABASE bare OWNER TO bare_api")
    bare.run("GRANT CREATE ON SCHEMA public TO PUBLIC, bare_api")
    assert bare.goatfish("database", "create").stderr.splitlines()[:3] == [
        "Role bare_operators was there.",
        "Role bare_api is corrected.",
        "Database bare is bare_operators's now.",
    ]
    assert bare.attributes() == before
    with psycopg.connect(bare.api.with_password) as connection, pytest.raises(psycopg.errors.InsufficientPrivilege):
        connection.execute("CREATE TABLE public.mine (id int)")


def test_no_password_reaches_the_server_in_clear(bare: Site, server: Server) -> None:
    assert server._home is not None
    log = server._home / "server.log"
    with psycopg.connect(bare.administrator.with_password, autocommit=True) as connection:
        connection.execute("ALTER SYSTEM SET log_statement = 'all'")
        connection.execute("SELECT pg_reload_conf()")
        try:
            assert [bare.goatfish("database", "create").returncode for _ in range(2)] == [0, 0]
        finally:
            connection.execute("ALTER SYSTEM RESET log_statement")
            connection.execute("SELECT pg_reload_conf()")
    for url in (bare.api, bare.operator):
        psycopg.connect(url.with_password).close()
        ((kept,),) = bare.run(f"SELECT rolpassword FROM pg_authid WHERE rolname = '{url.user}'")
        assert kept.startswith("SCRAM-SHA-256$")
        said = log.read_text()
        assert f'ALTER ROLE "{url.user}" PASSWORD \'SCRAM-SHA-256$' in said
        assert url.password not in said
        assert url.password.replace("'", "''") not in said


def test_an_administrator_needs_to_be_no_superuser(bare: Site) -> None:
    with psycopg.connect(bare.administrator.with_password, autocommit=True) as connection:
        connection.execute("CREATE ROLE chief LOGIN CREATEROLE CREATEDB PASSWORD 'secret'")
    try:
        chief = bare.administrator.of("postgres", "chief", "secret").with_password
        for _ in range(2):
            done = bare.goatfish("database", "create", ADMINISTRATOR_DATABASE_URL=chief)
            assert done.returncode == 0, done.stderr
        assert bare.attributes()["bare_operators"] == {"rolcanlogin", "owns"}
        assert bare.run("SELECT pg_has_role('chief', 'bare_operators', 'USAGE')") == [(False,)]
        assert bare.goatfish("migrate").returncode == 0
    finally:
        _unmake(bare)
        with psycopg.connect(bare.administrator.with_password, autocommit=True) as connection:
            connection.execute("DROP ROLE chief")


def test_what_cannot_be_made_is_one_line(bare: Site) -> None:
    def refused(**urls: DatabaseUrl | str) -> str:
        variables = {
            name.upper() + "_DATABASE_URL": str(getattr(url, "with_password", url)) for name, url in urls.items()
        }
        return bare.refusal("database", "create", **variables)

    assert "two roles, and both URLs name bare_api" in refused(goatfish_operator=bare.api)
    assert "two roles" in refused(goatfish_operator="")
    assert "These are two databases" in refused(goatfish_operator=bare.operator.of("other"))
    assert "goatfish is the administrator" in refused(goatfish=bare.administrator.of("bare"))
    assert "SQLite" in refused(goatfish="sqlite:///x.sqlite3", goatfish_operator="")
    assert "must name a user" in refused(goatfish=DatabaseUrl("postgresql://127.0.0.1/bare"))
    wrong = bare.administrator.of("postgres", "goatfish", "guess")
    assert "password authentication failed" in refused(administrator=wrong)
    assert "is not a valid URL" in refused(administrator=wrong.with_password + "?guess=guess")
    assert bare.goatfish("database", "create").returncode == 0
    for url in (bare.api, bare.operator):
        other = replace(
            bare, api=bare.api.of("bare", "one", "pass 1"), operator=bare.operator.of("bare", "two", "pass 2")
        )
        line = other.refusal("database", "create", ADMINISTRATOR_DATABASE_URL=url.with_password)
        assert f"The administrator {url.user} may not do this: permission denied to create role" in line


BYPASSES = {
    "superuser": ("ALTER ROLE {api} SUPERUSER", "ALTER ROLE {api} NOSUPERUSER", f"{API} is a superuser."),
    "bypassrls": ("ALTER ROLE {api} BYPASSRLS", "ALTER ROLE {api} NOBYPASSRLS", f"{API} has BYPASSRLS."),
    "createrole": ("ALTER ROLE {api} CREATEROLE", "ALTER ROLE {api} NOCREATEROLE", "may give itself other roles"),
    "owner": (
        "ALTER TABLE simulation OWNER TO {api}",
        "ALTER TABLE simulation OWNER TO operators",
        "owns the table simulation.",
    ),
    "member of the owner": (
        "GRANT operators TO {api} WITH INHERIT FALSE",
        "REVOKE operators FROM {api}",
        "may act as operators, who owns the table api_key.",
    ),
    "member of a superuser": ("GRANT goatfish TO {api}", "REVOKE goatfish FROM {api}", "may act as goatfish"),
    "not enabled": (
        "ALTER TABLE revision DISABLE ROW LEVEL SECURITY",
        "ALTER TABLE revision ENABLE ROW LEVEL SECURITY",
        "finds no row-level security on the table revision.",
    ),
    "not forced": (
        "ALTER TABLE owner NO FORCE ROW LEVEL SECURITY",
        "ALTER TABLE owner FORCE ROW LEVEL SECURITY",
        "finds row-level security of the table owner not forced.",
    ),
    "no policy": (
        "CREATE TABLE project (owner_id uuid); ALTER TABLE project ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY",
        "DROP TABLE project",
        "finds no policy on the table project.",
    ),
    "a policy for all": (
        "CREATE POLICY everything ON outcome USING (true)",
        "DROP POLICY everything ON outcome",
        "is let past the owner by the policy everything of the table outcome.",
    ),
    "truncate": (
        "GRANT TRUNCATE ON simulation TO {api}",
        "REVOKE TRUNCATE ON simulation FROM {api}",
        "may empty the table simulation",
    ),
    "not granted": (
        "REVOKE SELECT ON revision FROM {api}",
        "GRANT SELECT ON revision TO {api}",
        "may not read the table revision. Run: goatfish migrate",
    ),
}


@pytest.mark.parametrize("bypass", BYPASSES)
def test_serve_refuses_a_role_that_could_see_past_the_policies(made: Site, bypass: str) -> None:
    change, back, words = (text.replace("{api}", '"the ""api"""') for text in BYPASSES[bypass])
    made.run(change)
    try:
        line = made.refusal("serve", "--port", "0", GOATFISH_OPERATOR_DATABASE_URL="")
    finally:
        made.run(back)
    assert line.startswith("The database role ")
    assert words in line


def test_one_role_is_refused_by_serve_doctor_and_readyz_unless_the_switch_allows_it(made: Site, key: str) -> None:
    one = replace(made, api=made.operator)
    line = one.refusal("serve", "--port", "0")
    assert line.startswith("The database role operators owns the table api_key.")
    assert "goatfish database create" in line
    assert "GOATFISH_ONE_ROLE" in line
    examined = one.goatfish("doctor")
    assert examined.returncode == 1
    assert "operators owns the table" in examined.stdout
    look = "import asyncio; from starlette.testclient import TestClient; from app.asgi import app\n"
    look += "with TestClient(app, base_url='http://localhost') as http: print(http.get('/readyz').status_code)"
    probe = [sys.executable, "-c", look]
    for switch, ready in (("", "503"), ("true", "200")):
        env = one.environment(GOATFISH_ONE_ROLE=switch)
        assert subprocess.run(probe, env=env, capture_output=True, text=True, check=True).stdout.strip() == ready
    with served(one.environment(GOATFISH_ONE_ROLE="true")) as url:
        assert ask(url + SIMULATIONS, key, WING) == 201
        assert ask(url + "/admin/login/") == 200


def test_a_database_that_is_not_up_to_date_is_said_to_a_replica_too(bare: Site) -> None:
    assert bare.goatfish("database", "create").returncode == 0
    assert "Run: goatfish migrate" in bare.refusal("serve", "--port", "0", GOATFISH_OPERATOR_DATABASE_URL="")
