"""A database with its own API and operator roles, and ways for a role to bypass row-level security."""

from __future__ import annotations

import json
import os
import subprocess
from dataclasses import dataclass
from typing import Any
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import psycopg
from psycopg.sql import SQL, Identifier
from typer.testing import CliRunner

from app.cli.commands import commands
from config.databases import DatabaseUrl
from config.loading import load
from tests.embedded_postgres import Server
from tests.warm_start import goatfish

NAME, API, OPERATORS = 'an "odd" 100% name', 'the "api"', "operators"


BYPASSES = {  # the SQL that grants it, the SQL that revokes it, and the error message
    "superuser": ("ALTER ROLE {api} SUPERUSER", "ALTER ROLE {api} NOSUPERUSER", f"{API} is a superuser."),
    "bypassrls": ("ALTER ROLE {api} BYPASSRLS", "ALTER ROLE {api} NOBYPASSRLS", f"{API} has BYPASSRLS."),
    "createrole": ("ALTER ROLE {api} CREATEROLE", "ALTER ROLE {api} NOCREATEROLE", "may grant itself other roles"),
    "owner of a table": (
        "ALTER TABLE simulation OWNER TO {api}",
        "ALTER TABLE simulation OWNER TO operators; GRANT SELECT, INSERT, UPDATE, DELETE ON simulation TO {api}",
        "owns the table simulation.",
    ),
    "member of a table's owner": (
        "GRANT operators TO {api} WITH INHERIT FALSE",
        "REVOKE operators FROM {api}",
        "is a member of operators, which owns the table api_key.",
    ),
    "member of a superuser": ("GRANT goatfish TO {api}", "REVOKE goatfish FROM {api}", "is a member of goatfish"),
    "row-level security disabled": (
        "ALTER TABLE revision DISABLE ROW LEVEL SECURITY",
        "ALTER TABLE revision ENABLE ROW LEVEL SECURITY",
        "can access the table revision, which has no row-level security.",
    ),
    "row-level security not forced": (
        "ALTER TABLE owner NO FORCE ROW LEVEL SECURITY",
        "ALTER TABLE owner FORCE ROW LEVEL SECURITY",
        "can access the table owner, whose row-level security is not forced.",
    ),
    "row-level security of runs disabled": (
        "ALTER TABLE run DISABLE ROW LEVEL SECURITY",
        "ALTER TABLE run ENABLE ROW LEVEL SECURITY",
        "can access the table run, which has no row-level security.",
    ),
    "row-level security of labels disabled": (
        "ALTER TABLE run_labels DISABLE ROW LEVEL SECURITY",
        "ALTER TABLE run_labels ENABLE ROW LEVEL SECURITY",
        "can access the table run_labels, which has no row-level security.",
    ),
    "an additional policy of labels": (
        "CREATE POLICY everything ON simulation_labels USING (true)",
        "DROP POLICY everything ON simulation_labels",
        "is not restricted to one owner by the policy everything of the table simulation_labels.",
    ),
    "a run without a foreign key to its parent": (
        "ALTER TABLE run DROP CONSTRAINT run_parent_id_refers",
        "ALTER TABLE run ADD CONSTRAINT run_parent_id_refers"
        " FOREIGN KEY (owner_id, parent_id) REFERENCES run (owner_id, id) DEFERRABLE",
        "can write parent_id of the table run, which has no matching foreign key.",
    ),
    "changes of labels": (
        "GRANT UPDATE ON run_labels TO {api}",
        "REVOKE UPDATE ON run_labels FROM {api}",
        "has UPDATE on run_labels.",
    ),
    "no policy": (
        "CREATE TABLE unguarded (owner_id uuid);"
        " ALTER TABLE unguarded ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY",
        "DROP TABLE unguarded",
        "can access the table unguarded, which has no policy.",
    ),
    "a permissive policy": (
        "CREATE POLICY everything ON idempotency_record USING (true)",
        "DROP POLICY everything ON idempotency_record",
        "is not restricted to one owner by the policy everything of the table idempotency_record.",
    ),
    "an altered policy": (
        "ALTER POLICY owner_isolation ON idempotency_record"
        " USING (current_setting('goatfish.owner', true) IS NULL OR owner_id IS NOT NULL)",
        "ALTER POLICY owner_isolation ON idempotency_record"
        " USING (owner_id = NULLIF(current_setting('goatfish.owner', true), '')::uuid)",
        "is not restricted to one owner by the policy owner_isolation of the table idempotency_record.",
    ),
    "an additional policy": (
        "CREATE POLICY more ON idempotency_record"
        " USING (owner_id = NULLIF(current_setting('goatfish.owner', true), '')::uuid OR fingerprint = '')",
        "DROP POLICY more ON idempotency_record",
        "is not restricted to one owner by the policy more of the table idempotency_record.",
    ),
    "replication": ("ALTER ROLE {api} REPLICATION", "ALTER ROLE {api} NOREPLICATION", "(REPLICATION)"),
    "member of a role with replication": (
        "CREATE ROLE copier REPLICATION; GRANT copier TO {api}",
        "DROP ROLE copier",
        "is a member of copier, which no policy restricts.",
    ),
    "owner of the database": (
        'ALTER DATABASE "an ""odd"" 100% name" OWNER TO {api}',
        'ALTER DATABASE "an ""odd"" 100% name" OWNER TO operators;'
        ' GRANT CONNECT ON DATABASE "an ""odd"" 100% name" TO {api}',
        "owns the database.",
    ),
    **{
        role: (
            f"GRANT {role} TO {{api}}",
            f"REVOKE {role} FROM {{api}}",
            f"is a member of {role}, which can access data",
        )
        for role in (
            "pg_execute_server_program",
            "pg_maintain",
            "pg_read_all_data",
            "pg_read_server_files",
            "pg_write_all_data",
            "pg_write_server_files",
        )
    },
    "truncate privilege": (
        "GRANT TRUNCATE ON simulation TO {api}",
        "REVOKE TRUNCATE ON simulation FROM {api}",
        "has TRUNCATE on simulation. Run: goatfish migrate",
    ),
    "a view": (
        "CREATE VIEW leak AS SELECT * FROM simulation; GRANT SELECT ON leak TO {api}",
        "DROP VIEW leak",
        "has SELECT on leak.",
    ),
    "a materialized view in another schema": (
        "CREATE SCHEMA aside; GRANT USAGE ON SCHEMA aside TO PUBLIC;"
        " CREATE MATERIALIZED VIEW aside.leak AS SELECT * FROM simulation; GRANT SELECT ON aside.leak TO PUBLIC",
        "DROP SCHEMA aside CASCADE",
        "has SELECT on aside.leak.",
    ),
    "a foreign table": (
        "CREATE FOREIGN DATA WRAPPER w; CREATE SERVER s FOREIGN DATA WRAPPER w;"
        " CREATE FOREIGN TABLE far (id int) SERVER s; GRANT SELECT ON far TO {api}",
        "DROP FOREIGN DATA WRAPPER w CASCADE",
        "has SELECT on far.",
    ),
    "a privilege of another role": (
        "CREATE ROLE reader; GRANT SELECT ON django_session TO reader; GRANT reader TO {api} WITH INHERIT FALSE",
        "DROP OWNED BY reader; DROP ROLE reader",
        "has SELECT on django_session.",
    ),
    "a table granted to PUBLIC": (
        "GRANT SELECT ON django_session TO PUBLIC",
        "REVOKE SELECT ON django_session FROM PUBLIC",
        "has SELECT on django_session.",
    ),
    "a column privilege": (
        "GRANT SELECT (password) ON goatfish_operator TO {api}",
        "REVOKE SELECT (password) ON goatfish_operator FROM {api}",
        "has SELECT on goatfish_operator (password).",
    ),
    "revisions granted to PUBLIC": (
        "GRANT UPDATE ON revision TO PUBLIC",
        "REVOKE UPDATE ON revision FROM PUBLIC",
        "has UPDATE on revision.",
    ),
    "a column of change_count": (
        "GRANT UPDATE (purged_through) ON change_count TO {api}",
        "REVOKE UPDATE (purged_through) ON change_count FROM {api}",
        "has UPDATE on change_count (purged_through).",
    ),
    "a SECURITY DEFINER function": (
        "CREATE FUNCTION names() RETURNS SETOF text SECURITY DEFINER RETURN (SELECT name FROM owner LIMIT 1)",
        "DROP FUNCTION names",
        "may call names(), which runs with its owner's privileges.",
    ),
    "a disabled trigger": (
        "ALTER TABLE revision DISABLE TRIGGER revision_is_kept",
        "ALTER TABLE revision ENABLE TRIGGER revision_is_kept",
        "is not prevented by a trigger from DELETE of revisions.",
    ),
    "a missing privilege": (
        "REVOKE SELECT ON revision FROM {api}",
        "GRANT SELECT ON revision TO {api}",
        "may not read the table revision. Run: goatfish migrate",
    ),
}


@dataclass(frozen=True)
class Site:
    """A database on a server, and the URLs of its roles."""

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
        """Runs a command; in a subprocess if it needs Django, which can be configured once per process."""
        env = self.environment(**variables)
        if arguments[0] != "database":
            return subprocess.run(
                goatfish(*arguments), env=env, capture_output=True, text=True, timeout=60, check=False
            )
        unset = dict.fromkeys(name for name in os.environ if name.startswith("GOATFISH_"))
        load.cache_clear()
        done = CliRunner().invoke(commands, arguments, env={**unset, **env})
        load.cache_clear()
        return subprocess.CompletedProcess(arguments, done.exit_code, done.stdout, done.stderr)

    def refusal(self, *arguments: str, **variables: str) -> str:
        """The error of a command that must fail: one line, without a password."""
        done = self.goatfish(*arguments, **variables)
        assert (done.returncode, done.stdout) == (1, ""), done
        assert done.stderr.count("\n") == 1, done.stderr
        for url in (self.administrator, self.api, self.operator):
            assert url.password not in done.stderr
        return done.stderr

    def run(self, sql: str, *names: str) -> list[tuple[Any, ...]]:
        """Runs SQL in this database as the administrator; ``names`` are quoted into its {}."""
        url = self.administrator.of(self.api.database).with_password
        with psycopg.connect(url, autocommit=True) as connection:
            cursor = connection.execute(SQL(sql).format(*map(Identifier, names)))
            return cursor.fetchall() if cursor.description else []

    def attributes(self) -> dict[str, set[str]]:
        """The attributes of the two roles, with "owns" for the owner of the database."""
        columns = ("rolcanlogin", "rolsuper", "rolcreatedb", "rolcreaterole", "rolbypassrls", "rolreplication")
        own = "oid = (SELECT datdba FROM pg_database WHERE datname = current_database())"
        rows = self.run(f"SELECT rolname, {', '.join(columns)}, {own} FROM pg_roles")
        found = {
            role: {name for name, has in zip((*columns, "owns"), held, strict=True) if has} for role, *held in rows
        }
        return {url.user: found[url.user] for url in (self.api, self.operator)}


def site_on(server: Server) -> Site:
    administrator = DatabaseUrl(server.administrator_url).of("postgres")
    return Site(administrator, administrator.of(NAME, API, "pass"), administrator.of(NAME, OPERATORS, "word"))


def unmake(site: Site) -> None:
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
