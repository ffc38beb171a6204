"""Backups of PostgreSQL: restored into an empty database, every table, row, right and rule is as it was."""

from __future__ import annotations

import os
import secrets
import signal
import stat
import subprocess
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import psycopg
import pytest
from psycopg.sql import SQL, Identifier

from config.databases import DatabaseUrl
from tests.embedded_postgres import ServerError, find_binaries
from tests.integration.role_databases import Site, unmake
from tests.warm_start import goatfish

# What describes a database, one row an object, with nothing in it that differs between two that are alike.
CATALOGUE = {
    "relations": "SELECT c.oid::regclass::text, relkind, relowner::regrole, relrowsecurity, relforcerowsecurity,"
    " relpersistence, reloptions, (SELECT array_agg(held::text ORDER BY held::text) FROM"
    " unnest(coalesce(relacl, acldefault('r', relowner))) AS held) FROM pg_class AS c WHERE {mine}",
    "columns": "SELECT c.oid::regclass::text, attname, attnum - (SELECT count(*) FROM pg_attribute AS gone WHERE"
    " gone.attrelid = c.oid AND gone.attisdropped AND gone.attnum < a.attnum), format_type(atttypid, atttypmod),"
    " attnotnull, attcollation::regcollation, attidentity, attgenerated, attacl::text,"
    " pg_get_expr(adbin, adrelid) FROM pg_attribute AS a JOIN pg_class AS c ON attrelid = c.oid"
    " LEFT JOIN pg_attrdef ON adrelid = attrelid AND adnum = attnum WHERE attnum > 0 AND NOT attisdropped AND {mine}",
    "constraints": "SELECT conrelid::regclass::text, conname, contype, convalidated, pg_get_constraintdef(k.oid)"
    " FROM pg_constraint AS k JOIN pg_class AS c ON conrelid = c.oid WHERE {mine}",
    "indexes": "SELECT pg_get_indexdef(indexrelid), indisvalid FROM pg_index JOIN pg_class AS c ON indexrelid = c.oid"
    " WHERE {mine}",
    "policies": "SELECT polrelid::regclass::text, polname, polcmd, polpermissive, polroles::regrole[]::text,"
    " pg_get_expr(polqual, polrelid), pg_get_expr(polwithcheck, polrelid) FROM pg_policy"
    " JOIN pg_class AS c ON polrelid = c.oid WHERE {mine}",
    "triggers": "SELECT pg_get_triggerdef(t.oid), tgenabled FROM pg_trigger AS t JOIN pg_class AS c ON tgrelid = c.oid"
    " WHERE NOT tgisinternal AND {mine}",
    "functions": "SELECT pg_get_functiondef(p.oid), proowner::regrole, proacl::text FROM pg_proc AS p"
    " WHERE pronamespace = 'public'::regnamespace",
    "sequences": "SELECT schemaname, sequencename, data_type, start_value, increment_by, last_value FROM pg_sequences",
    "schemas": "SELECT nspname, nspowner::regrole, (SELECT array_agg(held::text ORDER BY held::text) FROM"
    " unnest(nspacl) AS held) FROM pg_namespace WHERE nspname !~ '^pg_' AND nspname <> 'information_schema'",
}
MINE = "c.relnamespace::regnamespace::text !~ '^(pg_|information_schema$)'"


def described(site: Site) -> dict[str, Any]:
    """The whole database: what it consists of, and the rows of every table."""
    found: dict[str, Any] = {}
    with psycopg.connect(site.administrator.of(site.api.database).with_password) as connection:
        connection.execute("SET search_path = ''")
        for name, query in CATALOGUE.items():
            found[name] = sorted(map(repr, connection.execute(query.format(mine=MINE)).fetchall()))
        tables = "SELECT schemaname, tablename FROM pg_tables WHERE schemaname !~ '^pg_' AND schemaname <> %s"
        for schema, table in connection.execute(tables, ["information_schema"]).fetchall():
            rows = connection.execute(SQL("SELECT t::text FROM {} AS t").format(Identifier(schema, table))).fetchall()
            found[f"rows of {schema}.{table}"] = sorted(text for (text,) in rows)
    return found


def with_programs() -> dict[str, str]:
    """The environment in which commands find client programs as new as the server."""
    try:
        programs = find_binaries()
    except ServerError:
        return {}
    return {"PATH": f"{programs}{os.pathsep}{os.environ['PATH']}"} if (programs / "pg_dump").exists() else {}


@pytest.fixture(scope="module")
def site() -> Iterator[Site]:
    """A database with data, rights of a third role, and a table, view and sequence that somebody has added."""
    administrator, name = DatabaseUrl(os.environ["TEST_DATABASE_URL"]), f"backups_{secrets.token_hex(4)}"
    site = Site(
        administrator.of("postgres"),
        administrator.of(name, f"{name} api", "pass"),
        administrator.of(name, f"{name} operator", "the pass"),
    )
    for command in (
        ("database", "create"),
        ("migrate",),
        ("seed", "--owners", "3", "--each", "12", "--runs", "150"),
        ("owner", "create", "Ω"),
        ("key", "create", "Ω"),
    ):
        done = site.goatfish(*command)
        assert done.returncode == 0, done.stderr
    reader = f"{name} reader"
    site.run("CREATE ROLE {}", reader)
    with psycopg.connect(site.operator.with_password) as connection:
        for change in (
            "GRANT SELECT ON simulation TO {}",
            "GRANT SELECT (id, name) ON owner TO {}",
            "CREATE POLICY reading ON simulation FOR SELECT TO {} USING (version > 1)",
            "CREATE TABLE added (n serial PRIMARY KEY, text text DEFAULT 'x'); INSERT INTO added VALUES (DEFAULT)",
            "CREATE VIEW counted AS SELECT count(*) FROM run",
            "GRANT SELECT ON counted TO {}",
        ):
            connection.execute(SQL(change).format(Identifier(reader)))
    yield site
    unmake(site)
    with psycopg.connect(site.administrator.with_password, autocommit=True) as connection:
        connection.execute(SQL("DROP ROLE {}").format(Identifier(reader)))


@pytest.fixture(scope="module")
def backup(site: Site, tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("backups") / "a backup"
    done = site.goatfish("backup", str(file), **with_programs())
    assert (done.returncode, done.stdout) == (0, ""), done.stderr
    assert f"is backed up to {file}, {file.stat().st_size} bytes." in done.stderr
    assert site.operator.password not in done.stderr
    return file


@pytest.fixture
def empty(site: Site) -> Iterator[Site]:
    """An empty database with the same roles."""
    copy = replace(site, api=site.api.of("restored"), operator=site.operator.of("restored"))
    assert copy.goatfish("database", "create").returncode == 0
    yield copy
    site.run("DROP DATABASE restored WITH (FORCE)")


def restored(site: Site, file: Path) -> subprocess.CompletedProcess[str]:
    return site.goatfish("restore", str(file), **with_programs())


def test_a_restored_database_is_as_it_was(site: Site, backup: Path, empty: Site) -> None:
    assert stat.S_IMODE(backup.stat().st_mode) == 0o600
    assert [path.name for path in backup.parent.iterdir()] == [backup.name]
    done = restored(empty, backup)
    assert (done.returncode, done.stdout) == (0, ""), done.stderr
    assert done.stderr == f"{backup} is restored to {empty.operator}.\n"
    before, after = described(site), described(empty)
    assert before.keys() == after.keys()
    assert len(before["rows of public.run"]) == 150
    assert len(before["rows of public.api_key"]) == 1
    for name, found in before.items():
        assert after[name] == found, name
    assert "ERROR" not in empty.goatfish("doctor").stdout


def test_a_database_that_is_not_empty_is_refused(site: Site, backup: Path, empty: Site) -> None:
    before = described(site)
    done = restored(site, backup)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == "The database is not empty: it has added. Restore into a new one.\n"
    assert described(site) == before
    empty.run("CREATE EXTENSION hstore")
    empty.run("CREATE TABLE of_extension (n int PRIMARY KEY)")  # which has an index, as in PostGIS
    empty.run("ALTER EXTENSION hstore ADD TABLE of_extension")
    empty.run("CREATE SCHEMA aside CREATE VIEW one AS SELECT 1")
    assert restored(empty, backup).stderr == "The database is not empty: it has aside.one. Restore into a new one.\n"


def test_what_the_role_could_not_create_is_left_out(site: Site, empty: Site, tmp_path: Path) -> None:
    """As managed databases have extensions and publications of their provider's."""
    extensions, file = ("hstore", "pg_stat_statements"), tmp_path / "file"
    for each in extensions:
        site.run("CREATE EXTENSION {}", each)
    site.run("CREATE PUBLICATION everything FOR ALL TABLES")
    try:
        done = site.goatfish("backup", str(file), **with_programs())
    finally:
        site.run("DROP PUBLICATION everything")
        for each in extensions:
            site.run("DROP EXTENSION {}", each)
    assert done.returncode == 0, done.stderr
    done = restored(empty, file)
    assert done.returncode == 0, done.stderr
    said = "Left out, since this role cannot create them here: the extensions pg_stat_statements.\n"
    assert done.stderr == f"{said}{file} is restored to {empty.operator}.\n"
    empty.run("DROP EXTENSION hstore")


def test_a_backup_can_be_restored_for_other_roles(site: Site, backup: Path) -> None:
    """As where one role without more rights is all there is; the roles of the backup do not exist there."""
    administrator, name = site.administrator, f"other_{secrets.token_hex(4)}"
    other = Site(administrator, administrator.of(name, f"{name}_api", "a"), administrator.of(name, f"{name}_op", "b"))
    assert other.goatfish("database", "create").returncode == 0
    try:
        done = restored(other, backup)
        assert done.returncode == 0, done.stderr
        before, after = described(site), described(other)
        for each in before:
            if each.startswith("rows of ") or each in {"columns", "constraints", "indexes", "triggers", "sequences"}:
                assert after[each] == before[each] or each == "columns", each
        assert "ERROR" not in other.goatfish("doctor").stdout
        assert other.goatfish("owner", "list").stdout == site.goatfish("owner", "list").stdout
    finally:
        unmake(other)


def test_one_role_without_more_rights_is_enough(site: Site, backup: Path, tmp_path: Path) -> None:
    """As on a managed database, where somebody else has made an empty one."""
    names = [f"managed_{secrets.token_hex(4)}" for _ in range(2)]
    databases = [replace(site, api=site.administrator.of(name, name, "word")) for name in names]
    databases = [replace(each, operator=each.api) for each in databases]
    try:
        for name in names:
            site.run("CREATE ROLE {} LOGIN PASSWORD 'word'", name)
            site.run("CREATE DATABASE {} OWNER {}", name, name)
        source = backup
        for each in databases:
            env = {"GOATFISH_ONE_ROLE": "true", "GOATFISH_OPERATOR_DATABASE_URL": "", **with_programs()}
            done = each.goatfish("restore", str(source), **env)
            assert done.returncode == 0, done.stderr
            assert "ERROR" not in each.goatfish("doctor", **env).stdout
            source = tmp_path / each.api.database
            assert each.goatfish("backup", str(source), **env).returncode == 0
        before, after = described(site), described(databases[1])
        rows = [name for name in before if name.startswith("rows of ")]
        assert {name: after[name] for name in rows} == {name: before[name] for name in rows}
    finally:
        for each in databases:
            unmake(each)


def test_a_role_that_does_not_see_all_rows_cannot_back_up(site: Site, tmp_path: Path) -> None:
    said = site.refusal(
        "backup", str(tmp_path / "part"), GOATFISH_OPERATOR_DATABASE_URL=site.api.with_password, **with_programs()
    )
    assert said.startswith(f"The role {site.api.user} may not see all rows of ")
    assert "simulation" in said
    assert list(tmp_path.iterdir()) == []
    with psycopg.connect(site.operator.with_password, autocommit=True) as connection:
        connection.execute("CREATE POLICY fewer ON run AS RESTRICTIVE USING (version > 1)")
        try:
            said = site.refusal("backup", str(tmp_path / "part"), **with_programs())
        finally:
            connection.execute("DROP POLICY fewer ON run")
    assert f"The role {site.operator.user} may not see all rows of run: " in said


PROGRAMS = {
    "": "pg_dump is not on PATH. Install PostgreSQL's client programs of version ",
    'echo "pg_dump (PostgreSQL) 9.6.24"': "pg_dump is of version 9, older than the server. Install ",
    "exit 0": "pg_dump does not tell its version. Install ",
    'case "$1" in --version) echo "pg_dump (PostgreSQL) 99.1";; *) echo half; echo "pg_dump: error: it broke" >&2;'
    " exit 3;; esac": "pg_dump failed: it broke\n",
    'case "$1" in --version) echo "pg_dump (PostgreSQL) 99.1";; *) kill -9 $$;; esac': "pg_dump failed: ended by"
    " SIGKILL (by somebody, or for want of memory)\n",
    'case "$1" in --version) echo "pg_dump (PostgreSQL) 99.1";; *) ulimit -f 1; while :; do echo too much; done;;'
    " esac": "pg_dump failed: ended by SIGXFSZ (the limit of file sizes, ulimit -f)\n",
    "kill -TERM $$": "pg_dump failed: ended by SIGTERM (terminated)\n",
    "#!/nothing": "pg_dump cannot be started: No such file or directory\n",
}


@pytest.mark.parametrize("script", PROGRAMS, ids=map(str, range(len(PROGRAMS))))
def test_programs_that_are_of_no_use_are_one_line(site: Site, script: str, tmp_path: Path) -> None:
    programs, place = tmp_path / "programs", tmp_path / "place"
    programs.mkdir()
    place.mkdir()
    if script:
        program = programs / "pg_dump"
        program.write_text(script if script.startswith("#!") else f"#!/bin/sh\n{script}\n")
        program.chmod(0o755)
    said = site.refusal("backup", str(place / "file"), PATH=str(programs))
    assert PROGRAMS[script] in said
    assert list(place.iterdir()) == []


def test_no_password_is_on_a_command_line(site: Site, tmp_path: Path) -> None:
    program, shown = tmp_path / "pg_dump", tmp_path / "shown"
    version = 'case "$1" in --version) echo "pg_dump (PostgreSQL) 99.1"; exit;; esac'
    program.write_text(f'#!/bin/sh\n{version}\necho "$@" > "{shown}"; echo "$PGPASSWORD" >> "{shown}"\n')
    program.chmod(0o755)
    url = f"{site.operator.with_password}?application_name=a%20b&keepalives_idle=7"
    done = site.goatfish(
        "backup", str(tmp_path / "x"), PATH=f"{tmp_path}:{os.environ['PATH']}", GOATFISH_OPERATOR_DATABASE_URL=url
    )
    assert done.returncode == 0, done.stderr
    arguments, password = shown.read_text().splitlines()
    assert "--enable-row-security" in arguments
    assert "keepalives_idle=7" in arguments
    assert site.operator.password not in arguments
    assert password == site.operator.password


def test_an_interrupted_backup_leaves_nothing(site: Site, tmp_path: Path) -> None:
    program, place, started = tmp_path / "pg_dump", tmp_path / "place", tmp_path / "started"
    place.mkdir()
    version = 'case "$1" in --version) echo "pg_dump (PostgreSQL) 99.1"; exit;; esac'
    tell = f'echo $$ > "{started}.new"; mv "{started}.new" "{started}"'
    program.write_text(f"#!/bin/sh\n{version}\necho half; {tell}; exec sleep 60\n")
    program.chmod(0o755)
    env = site.environment(PATH=f"{tmp_path}:{os.environ['PATH']}")
    with subprocess.Popen(goatfish("backup", str(place / "file")), env=env, stderr=subprocess.PIPE) as process:
        deadline = time.monotonic() + 30
        while not started.exists():
            assert time.monotonic() < deadline
            time.sleep(0.02)
        assert [path.name.startswith(".file.") for path in place.iterdir()] == [True]
        process.terminate()
        assert process.wait(30) == 128 + signal.SIGTERM
    assert list(place.iterdir()) == []
    with pytest.raises(ProcessLookupError):
        os.kill(int(started.read_text()), 0)


def test_a_database_without_tables_is_not_backed_up(empty: Site, tmp_path: Path) -> None:
    said = empty.refusal("backup", str(tmp_path / "file"), **with_programs())
    assert said == "The database has no tables of Goatfish. Run: goatfish migrate\n"
    assert list(tmp_path.iterdir()) == []


def test_a_file_that_is_no_backup_is_refused(empty: Site, backup: Path, tmp_path: Path) -> None:
    file = tmp_path / "file"
    for content, words in (
        (b"", f"{file} is not a backup made by goatfish backup."),
        (b"SQLite format 3\0and more", f"{file} is a backup of SQLite, and cannot be restored to {empty.operator}."),
        (b"PGDMP", "pg_restore failed: "),
        (backup.read_bytes()[: backup.stat().st_size // 2], "The backup is cut off in the middle of a table."),
    ):
        file.write_bytes(content)
        done = restored(empty, file)
        assert (done.returncode, done.stdout, done.stderr.count("\n")) == (1, "", 1), done.stderr
        assert words in done.stderr
        assert empty.run("SELECT count(*) FROM pg_tables WHERE schemaname = 'public'") == [(0,)]


def test_an_existing_file_is_replaced_only_if_asked(site: Site, backup: Path, tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_bytes(b"precious")
    assert "exists. Choose another name" in site.refusal("backup", str(file), **with_programs())
    assert file.read_bytes() == b"precious"
    assert site.goatfish("backup", str(file), "--overwrite", **with_programs()).returncode == 0
    assert file.read_bytes()[:5] == b"PGDMP"
    assert [path.name for path in tmp_path.iterdir()] == ["file"]
