"""What the API's own role may do to the tables: exactly this, made so after every migration."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.apps import apps
from django.db import connection, transaction

from domain.errors import Unavailable

if TYPE_CHECKING:
    from collections.abc import Iterator

TENANTS = {"SELECT", "INSERT", "UPDATE", "DELETE"}
"""On every table with an owner, unless it is an exception."""
EXCEPTIONS = {
    "owner": {"SELECT"},
    "api_key": {"SELECT", "INSERT", "UPDATE"},  # a key that was ever shown is revoked, and stays
    "revision": {"SELECT", "INSERT"},  # none is ever changed
    "change_count": {"SELECT", "INSERT", "UPDATE"},
    "django_migrations": {"SELECT"},  # the service wants to know whether all are applied
}

_HELD = """
    SELECT class.relname, privilege.privilege_type
    FROM pg_class AS class CROSS JOIN LATERAL aclexplode(class.relacl) AS privilege
    WHERE privilege.grantee = (SELECT oid FROM pg_roles WHERE rolname = %s)
      AND class.relkind IN ('r', 'p') AND pg_table_is_visible(class.oid)
"""


def wanted() -> dict[str, set[str]]:
    """The privileges of the API's role on each table."""
    models = apps.get_app_config("goatfish").get_models()
    owned = {
        model._meta.db_table
        for model in models
        if any(field.column == "owner_id" for field in model._meta.concrete_fields)
    }
    return {**dict.fromkeys(owned, TENANTS), **EXCEPTIONS}


def grant(role: str) -> None:
    """Gives the role what it should have and takes the rest. Raises ``Unavailable`` where there is no such role."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SELECT quote_ident(rolname) FROM pg_roles WHERE rolname = %s", [role])
        found = cursor.fetchone()
        if found is None:
            raise Unavailable(f"PostgreSQL has no role {role!r} for the API. Run: goatfish database create")
        held: dict[str, set[str]] = {}
        cursor.execute(_HELD, [role])
        for table, privilege in cursor.fetchall():
            held.setdefault(table, set()).add(privilege)
        for change in _changes(found[0], held, wanted()):
            cursor.execute(change)


def _changes(role: str, held: dict[str, set[str]], wanted: dict[str, set[str]]) -> Iterator[str]:
    for table in sorted({*held, *wanted}):
        has, needs = held.get(table, set()), wanted.get(table, set())
        name = connection.ops.quote_name(table)
        if has - needs:
            yield f"REVOKE {', '.join(sorted(has - needs))} ON {name} FROM {role}"
        if needs - has:
            yield f"GRANT {', '.join(sorted(needs - has))} ON {name} TO {role}"
