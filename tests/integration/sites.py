"""Databases with roles of their own on a server, as operators make them, and what is asked of them there."""

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

from app.embedded_postgres import Server
from config.databases import DatabaseUrl
from tests.live import GOATFISH

NAME, API, OPERATORS = 'an "odd" 100% name', 'the "api"', "operators"


BYPASSES = {  # what makes it, what takes it back, and what is said of it
    "superuser": ("ALTER ROLE {api} SUPERUSER", "ALTER ROLE {api} NOSUPERUSER", f"{API} is a superuser."),
    "bypassrls": ("ALTER ROLE {api} BYPASSRLS", "ALTER ROLE {api} NOBYPASSRLS", f"{API} has BYPASSRLS."),
    "createrole": ("ALTER ROLE {api} CREATEROLE", "ALTER ROLE {api} NOCREATEROLE", "may give itself other roles"),
    "owner": (
        "ALTER TABLE simulation OWNER TO {api}",
        "ALTER TABLE simulation OWNER TO operators; GRANT SELECT, INSERT, UPDATE, DELETE ON simulation TO {api}",
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
