"""The privileges of the API's role on tables, which are set to exactly these after every migration.

The API's role also has the privileges of PUBLIC, so PUBLIC is left none on any table of the operators' role.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import connection, transaction

from adapters.django_orm.apps import owned_models
from adapters.django_orm.columns import indexed_maps
from domain.errors import Unavailable

if TYPE_CHECKING:
    from collections.abc import Iterator

TENANTS = {"SELECT", "INSERT", "UPDATE", "DELETE"}
"""On every tenant table that is not in ``EXCEPTIONS``."""
MEMBERS = {"SELECT", "INSERT", "DELETE"}
"""On the tables of the members of maps, which triggers write as the API's role."""
EXCEPTIONS = {
    "owner": {"SELECT"},
    "api_key": {"SELECT", "INSERT", "UPDATE"},  # keys are revoked, never deleted
    "revision": {"SELECT", "INSERT"},  # revisions are append-only
    "change_count": {"SELECT", "INSERT", "UPDATE (last)"},  # only operators purge revisions
    "webhook_delivery": {"SELECT", "INSERT"},  # only operators purge deliveries
    "django_migrations": {"SELECT"},  # to check that all are applied
}

# The tables, views, materialized views and foreign tables of the role that migrates, with the privileges that the API's
# role and PUBLIC have on each or on its columns.
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


def required_privileges() -> dict[str, set[str]]:
    """The required privileges of the API's role on each table, or on the columns in parentheses."""
    models = owned_models()
    tenants = dict.fromkeys((model._meta.db_table for model in models), TENANTS)
    members = dict.fromkeys((table for model in models for table in indexed_maps(model).values()), MEMBERS)
    return {**tenants, **members, **EXCEPTIONS}


def grant(role: str, *, revoke: bool = True) -> None:
    """Grants the role what is required, and revokes the rest. Raises ``Unavailable`` where there is no such role."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SELECT quote_ident(rolname) FROM pg_roles WHERE rolname = %s", [role])
        found = cursor.fetchone()
        if found is None:
            raise Unavailable(f"PostgreSQL has no role {role!r} for the API. Run: goatfish database create")
        cursor.execute(_HELD, {"role": role})
        for change in _changes(found[0], cursor.fetchall(), revoke=revoke):
            cursor.execute(change)


def _changes(role: str, rows: list[tuple[str, str | None, str | None, str | None]], *, revoke: bool) -> Iterator[str]:
    held: dict[tuple[str, str], set[str]] = {}
    needed: dict[tuple[str, str], set[str]] = {}
    for relation, table, grantee, privilege in rows:
        needed[relation, role] = required_privileges().get(table or "", set())
        if grantee is not None and privilege is not None:
            held.setdefault((relation, grantee), set()).add(privilege)
    for relation, grantee in sorted({*held, *needed}):
        has, needs = held.get((relation, grantee), set()), needed.get((relation, grantee), set())
        if revoke and has - needs:
            yield f"REVOKE {', '.join(sorted(has - needs))} ON {relation} FROM {grantee}"
        if has != needs and needs:  # revoking from a table also revokes from its columns
            yield f"GRANT {', '.join(sorted(needs))} ON {relation} TO {grantee}"
