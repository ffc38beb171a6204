"""Whether the role that a connection has could see past row-level security, asked of the catalogue itself."""

from __future__ import annotations

from typing import TYPE_CHECKING

from adapters.django_orm.statements import Statement

if TYPE_CHECKING:
    from adapters.django_orm.statements import Executor

_SWITCH = "(GOATFISH_ONE_ROLE=true does without, to develop)"
_ROLE_HINT = f"Have goatfish database create make a role for the API {_SWITCH}."
_TABLE_HINT = f"The migrations have to protect every table with an owner {_SWITCH}."

# The session's user counts, not the current one: whoever has changed from one to the other can change back. A policy
# that does not look at what the transaction has named is open to all whom it is made for.
_FAULTS = Statement(
    f"""
    WITH me AS (
        SELECT oid, rolname, rolsuper, rolbypassrls, rolcreaterole FROM pg_roles WHERE rolname = session_user
    ), reachable AS (
        SELECT role.* FROM pg_roles AS role, me WHERE role.oid <> me.oid AND pg_has_role(me.oid, role.oid, 'MEMBER')
    ), tenants AS (
        SELECT * FROM pg_class AS class
        WHERE relkind IN ('r', 'p') AND relnamespace <> 'pg_catalog'::regnamespace AND pg_table_is_visible(oid) AND (
            relname = 'owner'
            OR EXISTS (SELECT FROM pg_attribute WHERE attrelid = class.oid AND attname = 'owner_id' AND attnum > 0)
        )
    ), policies AS (
        SELECT policy.*, concat(pg_get_expr(polqual, polrelid)) AS seen,
            concat(pg_get_expr(polwithcheck, polrelid)) AS taken
        FROM pg_policy AS policy, me
        WHERE EXISTS (SELECT FROM unnest(polroles) AS role WHERE role = 0 OR pg_has_role(me.oid, role, 'MEMBER'))
    ), faults AS (
        SELECT 1 AS rank, '' AS name, 'is a superuser' AS fault FROM me WHERE rolsuper
        UNION ALL SELECT 2, '', 'has BYPASSRLS' FROM me WHERE rolbypassrls
        UNION ALL SELECT 3, rolname, format('may act as %s, who is held to no policy', rolname)
            FROM reachable WHERE rolsuper OR rolbypassrls
        UNION ALL SELECT 4, relname, format('owns the table %s', relname) FROM tenants, me WHERE relowner = me.oid
        UNION ALL SELECT 5, relname, format('may act as %s, who owns the table %s', rolname, relname)
            FROM tenants JOIN reachable ON reachable.oid = relowner
        UNION ALL SELECT 6, '', 'may give itself other roles (CREATEROLE)' FROM me WHERE rolcreaterole
        UNION ALL SELECT 7, relname, format('finds no row-level security on the table %s', relname)
            FROM tenants WHERE NOT relrowsecurity
        UNION ALL SELECT 8, relname, format('finds row-level security of the table %s not forced', relname)
            FROM tenants WHERE NOT relforcerowsecurity
        UNION ALL SELECT 9, relname, format('finds no policy on the table %s', relname)
            FROM tenants WHERE NOT EXISTS (SELECT FROM pg_policy WHERE polrelid = tenants.oid)
        UNION ALL SELECT 10, relname, format('is let past the owner by the policy %s of the table %s', polname, relname)
            FROM tenants JOIN policies ON polrelid = tenants.oid
            WHERE polpermissive AND (
                (seen <> '' AND position('goatfish.' IN seen) = 0)
                OR (taken <> '' AND position('goatfish.' IN taken) = 0)
            )
        UNION ALL SELECT 11, relname, format('may empty the table %s or hang triggers on it', relname)
            FROM tenants, me WHERE has_table_privilege(me.oid, tenants.oid, 'TRUNCATE, TRIGGER, REFERENCES')
        UNION ALL SELECT 12, relname, format('may not read the table %s', relname)
            FROM pg_class, me
            WHERE relname IN (SELECT relname FROM tenants UNION SELECT 'django_migrations')
                AND relkind IN ('r', 'p') AND pg_table_is_visible(pg_class.oid)
                AND NOT has_table_privilege(me.oid, pg_class.oid, 'SELECT')
    )
    SELECT format('The database role %s %s. ', (SELECT rolname FROM me), fault)
        || CASE WHEN rank < 7 THEN '{_ROLE_HINT}' WHEN rank < 11 THEN '{_TABLE_HINT}' ELSE 'Run: goatfish migrate' END
    FROM faults ORDER BY rank, name LIMIT 1
    """,  # noqa: S608 -- a constant of ours
    (),
    (None,),
)


async def bypass_of(executor: Executor) -> str | None:
    """How the executor's role could reach rows of an owner that it has not named, in one line; None if it cannot.

    PostgreSQL only. Raises ``Unavailable``.
    """
    for (fault,) in await executor.fetch("", _FAULTS, {}):
        return str(fault)
    return None
