"""What the API's own role may do to the tables: exactly this, made so after every migration.

What everybody may do (PUBLIC) the API's role may as well, so nobody is left any right on what the operators own here.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import connection, transaction

from adapters.django_orm.apps import owned_models
from domain.errors import Unavailable

if TYPE_CHECKING:
    from collections.abc import Iterator

TENANTS = {"SELECT", "INSERT", "UPDATE", "DELETE"}
"""On every table with an owner, unless it is an exception."""
EXCEPTIONS = {
    "owner": {"SELECT"},
    "api_key": {"SELECT", "INSERT", "UPDATE"},  # a key that was ever shown is revoked, and stays
    "revision": {"SELECT", "INSERT"},  # none is ever changed
    "change_count": {"SELECT", "INSERT", "UPDATE (last)"},  # what is forgotten is for operators to say
    "django_migrations": {"SELECT"},  # the service wants to know whether all are applied
}

# Tables, views, materialized views and foreign tables of whoever runs migrations, each with the rights that the API's
# role and PUBLIC have on it or on a column.
_HELD = """
    SELECT class.oid::regclass::text,
        CASE WHEN relkind IN ('r', 'p') AND pg_table_is_visible(class.oid) THEN relname END,
        CASE held.grantee WHEN 0 THEN 'PUBLIC' ELSE quote_ident(%(role)s) END,
        held.privilege_type || coalesce(' (' || quote_ident(held.attname) || ')', '')
    FROM pg_class AS class LEFT JOIN LATERAL (
        SELECT NULL AS attname, privilege.* FROM aclexplode(relacl) AS privilege
        UNION ALL SELECT attname, privilege.* FROM pg_attribute, aclexplode(attacl) AS privilege
            WHERE attrelid = class.oid AND NOT attisdropped
    ) AS held ON held.grantee IN (0, (SELECT oid FROM pg_roles WHERE rolname = %(role)s))
    WHERE relkind IN ('r', 'p', 'v', 'm', 'f') AND relpersistence <> 't' AND pg_has_role(relowner, 'USAGE')
        AND relnamespace NOT IN (SELECT oid FROM pg_namespace WHERE nspname IN ('pg_catalog', 'information_schema'))
    ORDER BY 1
"""


def wanted() -> dict[str, set[str]]:
    """The privileges of the API's role on each table; of columns those that name them."""
    return {**dict.fromkeys((model._meta.db_table for model in owned_models()), TENANTS), **EXCEPTIONS}


def grant(role: str) -> None:
    """Gives the role what it should have and takes the rest. Raises ``Unavailable`` where there is no such role."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SELECT quote_ident(rolname) FROM pg_roles WHERE rolname = %s", [role])
        found = cursor.fetchone()
        if found is None:
            raise Unavailable(f"PostgreSQL has no role {role!r} for the API. Run: goatfish database create")
        cursor.execute(_HELD, {"role": role})
        for change in _changes(found[0], cursor.fetchall()):
            cursor.execute(change)


def _changes(role: str, rows: list[tuple[str, str | None, str | None, str | None]]) -> Iterator[str]:
    held: dict[tuple[str, str], set[str]] = {}
    needed: dict[tuple[str, str], set[str]] = {}
    for relation, table, grantee, privilege in rows:
        needed[relation, role] = wanted().get(table or "", set())
        if grantee is not None and privilege is not None:
            held.setdefault((relation, grantee), set()).add(privilege)
    for relation, grantee in sorted({*held, *needed}):
        has, needs = held.get((relation, grantee), set()), needed.get((relation, grantee), set())
        if has - needs:
            yield f"REVOKE {', '.join(sorted(has - needs))} ON {relation} FROM {grantee}"
        if has != needs and needs:  # a right revoked from a table is revoked from its columns as well
            yield f"GRANT {', '.join(sorted(needs))} ON {relation} TO {grantee}"
