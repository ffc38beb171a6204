"""Lints the SQL of migrations on PostgreSQL: a release may change nothing that the one before it still needs.

Squawk has the rules, and here are some of our own. A migration that breaks one on purpose says why in its attribute
``accepted_risks``, by the names of the rules. Nothing connects to a database.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import sqlparse

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from django.db.migrations import Migration
    from django.db.migrations.state import ProjectState

SQUAWK = Path(sys.executable).with_name("squawk")
POSTGRESQL_OLDEST = "14.0"
EXCLUDED = (
    "prefer-bigint-over-int",  # the types are those of the fields
    "prefer-robust-stmts",  # a migration is one transaction, or its operations can be repeated
    "prefer-text-field",
    "require-lock-timeout",  # goatfish migrate sets both
    "require-statement-timeout",
)
TOGETHER = ("0001_initial", "0002_append_only_revisions", "0003_row_level_security")
"""No release has only some of these migrations."""
_WITHOUT_SQL = "-- THIS OPERATION CANNOT BE WRITTEN AS SQL"  # Django's words
_TABLE = r'(?:"?\w+"?\.)?"?(\w+)"?'
_EXISTING = rf"(?:IF EXISTS )?(?:ONLY )?{_TABLE}"
_ALTERED = re.compile(rf"^(?:ALTER TABLE|CREATE (?:UNIQUE )?INDEX \S+ ON) {_EXISTING}", re.IGNORECASE)
_CREATED = re.compile(rf"^CREATE TABLE (?:IF NOT EXISTS )?{_TABLE} \((.*)", re.IGNORECASE)
_SECURED = re.compile(rf"^ALTER TABLE {_TABLE} ENABLE ROW LEVEL SECURITY, FORCE", re.IGNORECASE)
_OWN = (  # a rule, what breaks it, with the table, and why it is unsafe
    (
        "unprotecting-table",
        rf"^(?:CREATE|DROP|ALTER) POLICY .* ON {_TABLE}"
        rf"|^ALTER TABLE {_EXISTING} .*(?:DISABLE|NO FORCE) ROW LEVEL SECURITY",
        "The previous release is not ready without the policies that it knows, nor with others.",
    ),
    (
        "adding-check",
        rf"^ALTER TABLE {_EXISTING} ADD (?:CONSTRAINT \S+ )?CHECK",
        "The previous release may write what the constraint refuses.",
    ),
    (
        "adding-unique-index",
        rf"^CREATE UNIQUE INDEX (?:CONCURRENTLY )?(?:IF NOT EXISTS )?\S+ ON {_TABLE}",
        "The previous release may write a value that is taken, and does not know how to say so.",
    ),
    (
        "adding-trigger",
        rf"^CREATE (?:OR REPLACE )?(?:CONSTRAINT )?TRIGGER \S+ .* ON {_TABLE}"
        rf"|^CREATE (?:OR REPLACE )?RULE \S+ AS ON \w+ TO {_TABLE}",
        "It also runs when the previous release writes, as the API's role, which has no rights on a new table until the"
        " migrations are done.",
    ),
    (
        "removing-trigger",
        rf"^DROP TRIGGER .* ON {_TABLE}|^ALTER TABLE {_EXISTING} DISABLE TRIGGER",
        "The previous release relies on it.",
    ),
    (
        "replacing-function",
        r"^(?:CREATE OR REPLACE|ALTER) (?:FUNCTION|PROCEDURE)()",
        "The triggers of the previous release run it.",
    ),
    (
        "locking-table",
        rf"^(?:LOCK|TRUNCATE|CLUSTER|VACUUM FULL)(?: TABLE)? {_EXISTING}"
        rf"|^ALTER TABLE {_EXISTING} .*SET (?:LOGGED|UNLOGGED|TABLESPACE|ACCESS METHOD)",
        "The requests of the previous release wait for it, or miss what it removes.",
    ),
    (
        "changing-rows",
        rf"^(?:UPDATE|DELETE FROM|MERGE INTO) {_EXISTING}",
        "The rows are locked until the migration ends, for which the previous release's requests wait.",
    ),
    (
        "granting",
        rf"^(?:GRANT|REVOKE) .* ON (?:TABLE )?{_TABLE}|^ALTER TABLE {_EXISTING} OWNER TO",
        "goatfish migrate sets the rights, after all migrations. Earlier ones make the previous release not ready.",
    ),
    ("without-sql", f"^(?:{_WITHOUT_SQL}|(?:DO|CALL) )()", "Nothing can be said about it: read it."),
)


class Finding(NamedTuple):
    """A rule that a statement breaks, and why that is unsafe."""

    rule: str
    statement: str
    reason: str


def findings(sql: str, *, atomic: bool = True) -> list[Finding]:
    """What is unsafe in the SQL of one migration."""
    statements = _statements(sql)
    created = {found[1]: found[2] for statement in statements if (found := _CREATED.match(statement))}
    return [*_of_squawk(statements, created, atomic=atomic), *_of_tables(statements, created)]


def _statements(sql: str) -> list[str]:
    """The statements, each in one line and without comments, but for Django's own about what it cannot write."""
    found = [sqlparse.format(each, strip_comments=_WITHOUT_SQL not in each) for each in sqlparse.split(sql)]
    return [line for each in found if (line := " ".join(each.split()))]


def _of_squawk(statements: Sequence[str], created: Mapping[str, str], *, atomic: bool) -> Iterator[Finding]:
    options = ["--reporter=json", f"--pg-version={POSTGRESQL_OLDEST}", f"--exclude={','.join(EXCLUDED)}"]
    options += ["--assume-in-transaction"] if atomic else []
    done = subprocess.run([SQUAWK, *options], input="\n".join(statements), capture_output=True, text=True, check=False)
    for found in json.loads(done.stdout):
        statement = statements[found["line"]]
        altered = _ALTERED.match(statement)
        if not altered or altered[1] not in created:
            yield Finding(found["rule_name"], statement, found["message"])


def _of_tables(statements: Sequence[str], created: Mapping[str, str]) -> Iterator[Finding]:
    secured = {found[1] for statement in statements if (found := _SECURED.match(statement))}
    for table, columns in created.items():
        if "owner_id" in columns.lower() and table not in secured:
            reason = "Until ProtectTenants has run, the previous release is not ready: put both into one migration."
            yield Finding("unprotected-table", table, reason)
    for rule, pattern, reason in _OWN:
        for statement in statements:
            found = re.match(pattern, statement, re.IGNORECASE)
            if found and not created.keys() & {*found.groups()}:
                yield Finding(rule, found[0], reason)


def sql_of(migration: Migration, before: ProjectState) -> str:
    """The SQL of a migration, which is applied to a state, without any connection."""
    from django.db import OperationalError, connection
    from django.db.backends.postgresql.schema import DatabaseSchemaEditor

    class Collector(DatabaseSchemaEditor):
        def execute(self, sql: object, params: object = ()) -> None:
            values = tuple(map(self.quote_value, params or ()))  # type: ignore[call-overload]  # -- a tuple, or None
            self.collected_sql.append((str(sql) % values if values else str(sql)).rstrip(";") + ";")

    try:
        with Collector(connection, collect_sql=True, atomic=False) as editor:
            migration.apply(before, editor, collect_sql=True)
    except OperationalError:  # it looks for the name of a constraint in the database
        return _WITHOUT_SQL
    return "\n".join(editor.collected_sql)


def faults(migration: Migration, before: ProjectState) -> Iterator[str]:
    """What is unsafe in a migration, without the risks that it accepts; and those that it does not take."""
    accepted: dict[str, str] = getattr(migration, "accepted_risks", {})
    found = findings(sql_of(migration, before), atomic=migration.atomic)
    for rule, statement, reason in found:
        if rule not in accepted:
            yield f"{migration.name}: {rule}: {statement[:200]}\n    {reason}\n"
    for rule in accepted.keys() - {each.rule for each in found}:
        yield f"{migration.name}: {rule}: accepted, but nothing breaks this rule\n"


def main() -> bool:
    """Prints what is unsafe in the migrations of this version; returns whether anything is."""
    from adapters.django_orm.bootstrap import setup_django

    setup_django()
    from django.db.migrations.loader import MigrationLoader

    from adapters.django_orm.apps import GoatfishConfig

    loader = MigrationLoader(None)
    linted = sorted(key for key in loader.disk_migrations if key[0] == GoatfishConfig.label and key[1] not in TOGETHER)
    lines = [
        line
        for key in linted
        for line in faults(loader.disk_migrations[key], loader.project_state([key], at_end=False))
    ]
    sys.stdout.writelines(lines)
    return bool(lines)


if __name__ == "__main__":
    sys.exit(main())
