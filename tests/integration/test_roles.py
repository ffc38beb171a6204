"""The service has a role of its own, which row-level security binds: one command makes it, and serve insists on it."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from dataclasses import replace

import psycopg
import pytest

from app.database_checks import check_storage
from config.databases import DatabaseUrl
from config.loading import load
from config.settings import Settings
from domain.errors import Unavailable
from tests.contracts.http_api import SIMULATIONS, WING
from tests.embedded_postgres import Server
from tests.integration.role_databases import (
    API,
    BYPASSES,
    OPERATORS,
    Site,
    ask,
    site_on,
    unmake,
)
from tests.restartable import wait_until
from tests.running_service import served


@pytest.fixture(scope="module")
def made(server: Server) -> Iterator[Site]:
    """A site that its commands have made and migrated."""
    site = site_on(server)
    for command in (("database", "create"), ("migrate",)):
        done = site.goatfish(*command)
        assert done.returncode == 0, done.stderr
    yield site
    unmake(site)


@pytest.fixture(scope="module")
def key(made: Site) -> str:
    """The key of a tenant there."""
    made.goatfish("owner", "create", "Acme")
    return made.goatfish("key", "create", "Acme").stdout.strip()


@pytest.fixture
def bare(server: Server) -> Iterator[Site]:
    """A site for which nothing is made yet."""
    site = replace(
        site_on(server),
        api=DatabaseUrl(server.url).of("bare", "bare_api", "api's p@ss/word\\%s"),
        operator=DatabaseUrl(server.url).of("bare", "bare_operators", "operators' pass"),
    )
    yield site
    unmake(site)


def test_database_create_makes_roles_and_database_for_the_service(made: Site, key: str) -> None:
    assert made.attributes() == {API: {"rolcanlogin"}, OPERATORS: {"rolcanlogin", "owns"}}
    with served(made.environment()) as url:
        assert ask(url + SIMULATIONS, key, WING) == 201
        assert ask(url + "/readyz") == 200
        assert ask(url + "/admin/login/") == 200
        made.run("GRANT pg_read_all_data TO {}", API)
        try:
            wait_until(lambda: ask(url + "/readyz") == 503)
        finally:
            made.run("REVOKE pg_read_all_data FROM {}", API)
        wait_until(lambda: ask(url + "/readyz") == 200)
    assert made.goatfish("doctor").stdout.count("ERROR") == 0


def test_a_replica_without_the_operators_url_serves_the_api_alone(made: Site, key: str) -> None:
    with served(made.environment(GOATFISH_OPERATOR_DATABASE_URL="")) as url:
        assert ask(url + SIMULATIONS, key, WING) == 201
        assert ask(url + "/readyz") == 200
        assert ask(url + "/admin/login/") == ask(url + "/static/admin/css/base.css") == 404


def test_other_roles_cannot_connect_and_the_api_role_cannot_create_tables(made: Site) -> None:
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


def test_database_create_again_corrects_what_was_changed(bare: Site) -> None:
    assert bare.goatfish("database", "create").stderr.splitlines() == [
        "Role bare_operators is created.",
        "Role bare_api is created.",
        "Database bare is created.",
        "Next: goatfish migrate",
    ]
    before = bare.attributes()
    made_again = bare.goatfish("database", "create", "--json")
    again = made_again.stderr.splitlines()
    assert json.loads(made_again.stdout)["done"] == again[:-1]
    assert again[:3] == [
        "Role bare_operators exists, its password is set.",
        "Role bare_api exists, its password is set.",
        "Database bare exists.",
    ]
    bare.run("ALTER ROLE bare_api SUPERUSER CREATEROLE BYPASSRLS NOLOGIN PASSWORD 'another'")
    bare.run("ALTER DATABASE bare OWNER TO bare_api")
    bare.run("GRANT CREATE ON SCHEMA public TO PUBLIC, bare_api")
    assert bare.goatfish("database", "create").stderr.splitlines()[:3] == [
        "Role bare_operators exists, its password is set.",
        "Role bare_api is corrected, its password is set.",
        "Database bare now belongs to bare_operators.",
    ]
    assert bare.attributes() == before
    with psycopg.connect(bare.api.with_password) as connection, pytest.raises(psycopg.errors.InsufficientPrivilege):
        connection.execute("CREATE TABLE public.mine (id int)")


def test_other_roles_that_may_connect_are_reported(bare: Site) -> None:
    bare.goatfish("database", "create")
    renamed = replace(bare, api=bare.api.of("bare", 'new "api"', "another p@ss"))
    try:
        (line,) = (line for line in renamed.goatfish("database", "create").stderr.splitlines() if "bare_api" in line)
        assert line.startswith("Role bare_api may also connect.")
        bare.run(line.partition("needed: ")[2])
        again = renamed.goatfish("database", "create").stderr
        assert ('new "api" exists' in again, "bare_api" in again) == (True, False)
        with pytest.raises(psycopg.OperationalError, match="permission denied for database"):
            psycopg.connect(bare.api.with_password)
    finally:
        unmake(renamed)


def test_no_password_is_sent_in_clear_text(bare: Site, server: Server) -> None:
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


def test_an_administrator_need_not_be_a_superuser(bare: Site) -> None:
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
        unmake(bare)
        with psycopg.connect(bare.administrator.with_password, autocommit=True) as connection:
            connection.execute("DROP ROLE chief")


def test_a_failed_database_create_prints_one_line(bare: Site) -> None:
    def refused(**urls: DatabaseUrl | str) -> str:
        variables = {
            name.upper() + "_DATABASE_URL": str(getattr(url, "with_password", url)) for name, url in urls.items()
        }
        return bare.refusal("database", "create", **variables)

    assert "different roles, but both URLs name bare_api" in refused(goatfish_operator=bare.api)
    assert "different roles" in refused(goatfish_operator="")
    assert "but operators use another database" in refused(goatfish_operator=bare.operator.of("other"))
    assert "not the administrator's: goatfish" in refused(goatfish=bare.administrator.of("bare"))
    assert "SQLite" in refused(goatfish="sqlite:///x.sqlite3", goatfish_operator="")
    for name in ("postgres", "template0", "template1"):
        urls = {"goatfish": bare.api.of(name), "goatfish_operator": bare.operator.of(name)}
        assert f"{name} is a system database: choose another name." in refused(**urls)
    assert "must name a user" in refused(goatfish=DatabaseUrl("postgresql://127.0.0.1/bare"))
    wrong = bare.administrator.of("postgres", "goatfish", "guess")
    assert "password authentication failed" in refused(administrator=wrong)
    done = bare.goatfish("database", "create", ADMINISTRATOR_DATABASE_URL="mysql://goatfish:guess@127.0.0.1/x")
    assert (done.returncode, done.stderr) == (2, "The administrator's URL must begin with postgresql://\n")
    done = bare.goatfish("database", "create", ADMINISTRATOR_DATABASE_URL=wrong.with_password + "?color=guess")
    assert (done.returncode, "guess" in done.stderr) == (2, False)
    assert done.stderr.startswith("The administrator's URL has the option 'color', which is not supported")
    assert bare.goatfish("database", "create").returncode == 0
    for url in (bare.api, bare.operator):
        other = replace(
            bare, api=bare.api.of("bare", "one", "pass 1"), operator=bare.operator.of("bare", "two", "pass 2")
        )
        line = other.refusal("database", "create", ADMINISTRATOR_DATABASE_URL=url.with_password)
        assert f"The administrator {url.user} lacks a privilege: permission denied to create role" in line


@pytest.fixture
def of_a_replica(made: Site, monkeypatch: pytest.MonkeyPatch) -> Iterator[Settings]:
    """The settings of a replica there, which has no operators' URL."""
    monkeypatch.setenv("GOATFISH_DATABASE_URL", made.api.with_password)
    monkeypatch.delenv("GOATFISH_OPERATOR_DATABASE_URL")
    load.cache_clear()
    yield load()
    load.cache_clear()


@pytest.mark.parametrize("bypass", BYPASSES)
def test_a_role_that_bypasses_row_level_security_is_refused(made: Site, of_a_replica: Settings, bypass: str) -> None:
    # By what serve asks, which prints the words: see the next test.
    change, back, words = (text.replace("{api}", '"the ""api"""') for text in BYPASSES[bypass])
    made.run(change)
    try:
        with pytest.raises(Unavailable) as refused:
            asyncio.run(check_storage(of_a_replica))
    finally:
        made.run(back)
    assert str(refused.value).startswith("The database role ")
    assert words in str(refused.value)
    assert "\n" not in str(refused.value)


def test_one_role_is_refused_by_serve_and_doctor_unless_the_switch_allows_it(made: Site, key: str) -> None:
    one = replace(made, api=made.operator)
    line = one.refusal("serve", "--port", "0")
    assert line.startswith("The database role operators owns the table api_key.")
    assert "goatfish database create" in line
    assert "GOATFISH_ONE_ROLE" in line
    examined = one.goatfish("doctor")
    assert examined.returncode == 1
    assert "operators owns the table" in examined.stdout
    with served(one.environment(GOATFISH_ONE_ROLE="true")) as url:
        assert ask(url + SIMULATIONS, key, WING) == 201
        assert ask(url + "/readyz") == ask(url + "/admin/login/") == 200


def test_two_databases_are_refused_by_serve_and_doctor(made: Site, bare: Site) -> None:
    for command in ("database create", "migrate"):
        assert bare.goatfish(*command.split()).returncode == 0
    apart = replace(made, api=bare.api)
    line = apart.refusal("serve", "--port", "0")
    assert line == f"The service uses {bare.api}, but operators use another database: {made.operator}.\n"
    examined = apart.goatfish("doctor")
    assert (examined.returncode, examined.stdout.count("ERROR")) == (1, 1)
    assert "but operators use another database" in examined.stdout
    assert bare.goatfish("doctor").stdout.count("ERROR") == 0


def test_a_failed_connection_is_explained(made: Site, of_a_replica: Settings) -> None:
    for url, words in (
        (made.api.of(made.api.database, API, "guess"), "The database cannot be used: password authentication failed"),
        (DatabaseUrl("postgresql://goatfish:guess@127.0.0.1:1/x"), "The database cannot be used: connection refused"),
    ):
        settings = of_a_replica.model_copy(update={"database_url": url})
        with pytest.raises(Unavailable) as error:
            asyncio.run(check_storage(settings))
        assert str(error.value).startswith(words)
        assert "Error" not in str(error.value)
        assert "guess" not in str(error.value)


def test_missing_migrations_are_reported_to_a_replica_too(bare: Site) -> None:
    assert bare.goatfish("database", "create").returncode == 0
    assert "Run: goatfish migrate" in bare.refusal("serve", "--port", "0", GOATFISH_OPERATOR_DATABASE_URL="")
