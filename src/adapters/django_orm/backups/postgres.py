"""Backups of PostgreSQL by pg_dump, with the rows of all owners or not at all, and restoring by pg_restore."""

from __future__ import annotations

import re
import tempfile
from pathlib import Path

from django.db import connection, transaction
from django.db.migrations.recorder import MigrationRecorder

from adapters.django_orm.backups.postgres_programs import client_program, database_option, lines_of, run, server_version
from adapters.django_orm.backups.scripts import run_script
from adapters.django_orm.row_security.grants import grant
from adapters.django_orm.row_security.policies import OPERATOR_POLICY
from adapters.django_orm.schema import unknown_migrations
from domain.errors import Unavailable

MAGIC = b"PGDMP"
LOCK_TIMEOUT = 60_000  # milliseconds that pg_dump waits for a table

# Tables of which row-level security may hide rows from this role: no policy lets it read all of them, or another takes
# some away. Of a superuser, a role with BYPASSRLS and the like, row_security_active is false.
_HIDDEN = """
    WITH policies AS (
        SELECT polrelid, polpermissive, pg_get_expr(polqual, polrelid) AS seen FROM pg_policy
        WHERE polcmd IN ('*', 'r')
            AND EXISTS (SELECT FROM unnest(polroles) AS role WHERE role = 0 OR pg_has_role(role, 'USAGE'))
    )
    SELECT oid::regclass::text FROM pg_class
    WHERE relkind IN ('r', 'p') AND row_security_active(oid) AND (
        NOT EXISTS (SELECT FROM policies WHERE polrelid = pg_class.oid AND polpermissive AND seen = 'true')
        OR EXISTS (SELECT FROM policies WHERE polrelid = pg_class.oid AND NOT polpermissive)
    )
    ORDER BY 1
"""
# What is in the database but for PostgreSQL's own and extensions.
_OBJECTS = """
    SELECT oid::regclass::text FROM pg_class
    WHERE relkind IN ('r', 'p', 'v', 'm', 'f', 'S') AND relnamespace IN (
        SELECT oid FROM pg_namespace WHERE nspname !~ '^pg_' AND nspname <> 'information_schema'
    ) AND NOT EXISTS (
        SELECT FROM pg_depend WHERE classid = 'pg_class'::regclass AND objid = pg_class.oid AND deptype = 'e'
    )
    ORDER BY relkind = 'r' DESC, 1
"""
_OPERATOR_ENTRY = re.compile(r"\d+; \d+ \d+ POLICY public (\w+) operator ")
_MIGRATIONS_ENTRY = re.compile(r"\d+; \d+ \d+ TABLE DATA public django_migrations ")
_EXTENSION_ENTRY = re.compile(r"\d+; \d+ \d+ EXTENSION - (\S+) ")
# Those of these extensions that are neither here nor can be created by this role.
_NOT_CREATABLE = """
    SELECT name FROM unnest(%s::text[]) AS given (name)
    WHERE name NOT IN (SELECT extname FROM pg_extension) AND NOT EXISTS (
        SELECT FROM pg_available_extension_versions AS known, pg_roles
        WHERE known.name = given.name AND rolname = current_user AND (
            rolsuper OR ((trusted OR NOT superuser) AND has_database_privilege(current_database(), 'CREATE'))
        )
    )
    ORDER BY 1
"""
_COMMENT_ENTRY = re.compile(r"\d+; \d+ \d+ COMMENT - EXTENSION ")
_GRANTEE = re.compile(r'^GRANT .* TO ("(?:[^"]|"")+"|\w+)(?: WITH GRANT OPTION)?;$', re.MULTILINE)


def back_up(target: Path) -> None:
    """Writes a consistent snapshot of all tables, rights and policies to a file. Raises ``Unavailable``."""
    program = client_program("pg_dump", since=server_version())
    with connection.cursor() as cursor:
        cursor.execute(_HIDDEN)
        hidden = [name for (name,) in cursor.fetchall()]
        cursor.execute("SELECT current_user, to_regclass('django_migrations')")
        ((role, migrations),) = cursor.fetchall()
    if migrations is None:
        raise Unavailable("The database has no tables of Goatfish. Run: goatfish migrate")
    if hidden:
        raise Unavailable(
            f"The role {role} may not see all rows of {', '.join(hidden)}: back up as the role that migrates."
        )
    # Policies stay in force for the operators' role, which theirs shows all rows; by default pg_dump would refuse.
    options = ["--format=custom", "--encoding=UTF8", "--enable-row-security", "--no-password"]
    # What replicates this database is no part of it, and a role that is no superuser could not restore all of it.
    options += [f"--lock-wait-timeout={LOCK_TIMEOUT}", "--no-publications", "--no-subscriptions"]
    run([program, *options, database_option()], output=target)


def restore(source: Path, api_role: str | None) -> list[str]:
    """Restores a backup into an empty database, all of it or nothing; returns what is not as it was.

    What belonged to the operators' role of the backup belongs to the one of this database. Raises ``Unavailable``.
    """
    program = client_program("pg_restore", since=0)
    with connection.cursor() as cursor:
        cursor.execute(_OBJECTS)
        if found := cursor.fetchone():
            raise Unavailable(f"The database is not empty: it has {found[0]}. Restore into a new one.")
    entries = run([program, "--list", str(source)]).splitlines()
    if not any(_MIGRATIONS_ENTRY.match(entry) for entry in entries):
        raise Unavailable(f"{source} has no tables of Goatfish.")
    tables = [match[1] for match in map(_OPERATOR_ENTRY.match, entries) if match]
    extensions = _not_creatable([match[1] for match in map(_EXTENSION_ENTRY.match, entries) if match])
    kept = [entry for entry in entries if _is_kept(entry, extensions)]
    missing = _missing_roles(run([program, "--schema-only", "--file=-", str(source)]))
    with tempfile.NamedTemporaryFile("w", prefix="goatfish-", errors="surrogateescape") as listing:
        listing.write("\n".join(kept))
        listing.flush()
        options = [f"--use-list={listing.name}", "--no-owner", *(["--no-privileges"] if missing else []), "--file=-"]
        with transaction.atomic(), connection.cursor() as cursor:
            with lines_of([program, *options, str(source)]) as lines:
                run_script(cursor, lines)
            cursor.execute("RESET ALL")  # the script has no search path
            for table in tables:
                cursor.execute(f"CREATE POLICY operator ON {connection.ops.quote_name(table)} {OPERATOR_POLICY}")
            if api_role is not None:
                # A later version may have granted what this one does not know.
                grant(api_role, revoke=not unknown_migrations(MigrationRecorder(connection).applied_migrations()))
    connection.close()  # with what the script has set
    changed = []
    if missing:
        named = ", ".join(missing)
        changed.append(f"Rights are set as goatfish migrate sets them: the backup also names {named}, unknown here.")
    if extensions:
        changed.append(f"Left out, since this role cannot create them here: the extensions {', '.join(extensions)}.")
    return changed


def _is_kept(entry: str, not_creatable: list[str]) -> bool:
    """Whether an entry of the backup's list is restored by pg_restore."""
    extension = _EXTENSION_ENTRY.match(entry)
    left_out = extension is not None and extension[1] in not_creatable
    return not (left_out or _OPERATOR_ENTRY.match(entry) or _COMMENT_ENTRY.match(entry))


def _not_creatable(extensions: list[str]) -> list[str]:
    """Those that would stop a restore. Goatfish needs none; managed databases have some, as for statistics."""
    with connection.cursor() as cursor:
        cursor.execute(_NOT_CREATABLE, [extensions])
        return [name for (name,) in cursor.fetchall()]


def _missing_roles(script: str) -> list[str]:
    """The roles to which a script grants rights, and that this server does not have."""
    quoted = _GRANTEE.findall(script)
    named = {name[1:-1].replace('""', '"') if name.startswith('"') else name for name in quoted}
    with connection.cursor() as cursor:
        cursor.execute("SELECT rolname FROM pg_roles")
        return sorted(named - {"PUBLIC"} - {name for (name,) in cursor.fetchall()})
