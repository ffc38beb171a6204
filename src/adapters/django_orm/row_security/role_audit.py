"""Checks in PostgreSQL's catalogue whether the current role could bypass row-level security.

A later version may have added tables, policies and grants. They are accepted where row-level security confines them,
which can be checked without knowing them: it is enabled and forced, and every policy is the condition on the owner.
"""

from __future__ import annotations

import re
from functools import cache
from typing import TYPE_CHECKING

from adapters.django_orm.columns import indexed_maps, reference_constraint, references_in
from adapters.django_orm.row_security.grants import TENANTS, required_privileges
from adapters.django_orm.row_security.policies import ProtectTenants, policies_of, reference_definition
from adapters.django_orm.sql.statement import Statement
from adapters.django_orm.tenant_tables import TenantTable, tenant_tables

if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Final

    from adapters.django_orm.sql.statement import Executor

_SWITCH = "(for development, GOATFISH_ONE_ROLE=true allows it)"
_ROLE_HINT = f"Create a role for the API with goatfish database create {_SWITCH}."
_MEMBER_HINT = f"An administrator has to revoke that membership {_SWITCH}."
_TABLE_HINT = f"A migration has to protect every table with an owner {_SWITCH}."
_TRIGGER_HINT = "Run as the operator role: ALTER TABLE revision ENABLE TRIGGER USER"
_MIGRATE_HINT = "Run: goatfish migrate"
_LATER_MIGRATE_HINT = "Run with the later version: goatfish migrate"
_GRANT_HINT = "{migrate} (then revoke what is left, from PUBLIC too)"
_FUNCTION_HINT = "Revoke EXECUTE on it, from PUBLIC too."

# Predefined roles with access to data; the others read settings and activity, or signal sessions.
_DATA_ROLES: Final = (
    "pg_database_owner",
    "pg_execute_server_program",
    "pg_maintain",
    "pg_read_all_data",
    "pg_read_server_files",
    "pg_write_all_data",
    "pg_write_server_files",
)
_COMMANDS: Final = {"ALL": "*", "SELECT": "r"}  # as pg_policy has them
_CHANGES: Final = {"DELETE": 8, "UPDATE": 16, "TRUNCATE": 32}  # as bits of pg_trigger.tgtype; 2 is BEFORE

# What PostgreSQL adds when it prints an expression; removed on both sides before they are compared.
_PRINTED_EXTRAS = r"\s|[()]|::text"

# The session user is checked, not the current one, since SET ROLE can be reset. A member of a role can become it, with
# or without INHERIT. Objects of extensions are not checked.
_AUDIT = """
    WITH granted (name, privilege, attname) AS (VALUES {granted}),
    expected (name, polname, polcmd, seen, taken) AS (VALUES {expected}),
    refers (name, attname, conname, definition) AS (VALUES {refers}),
    me AS (SELECT * FROM pg_roles WHERE rolname = session_user),
    actors AS (SELECT role.* FROM pg_roles AS role, me WHERE pg_has_role(me.oid, role.oid, 'MEMBER')),
    reachable AS (SELECT * FROM actors WHERE rolname <> session_user),
    schemas AS (
        SELECT oid FROM pg_namespace WHERE nspname NOT IN ('pg_catalog', 'information_schema')
            AND EXISTS (SELECT FROM actors WHERE has_schema_privilege(actors.oid, pg_namespace.oid, 'USAGE'))
    ), tenants AS (
        SELECT * FROM pg_class AS class
        WHERE relkind IN ('r', 'p') AND relnamespace <> 'pg_catalog'::regnamespace AND pg_table_is_visible(oid) AND (
            relname = 'owner'
            OR EXISTS (SELECT FROM pg_attribute WHERE attrelid = class.oid AND attname = 'owner_id' AND attnum > 0)
        )
    ), relations AS (
        SELECT oid, relacl, relowner,
            CASE WHEN relkind IN ('r', 'p') AND pg_table_is_visible(oid) THEN relname END AS name
        FROM pg_class AS class
        WHERE relkind IN ('r', 'p', 'v', 'm', 'f') AND relpersistence <> 't'
            AND relnamespace IN (SELECT oid FROM schemas)
            AND NOT EXISTS (
                SELECT FROM pg_depend
                WHERE classid = 'pg_class'::regclass AND objid = class.oid AND objsubid = 0 AND deptype = 'e'
            )
    ), held AS (
        SELECT relations.oid, name, NULL AS attname, grantee, privilege_type
        FROM relations, aclexplode(coalesce(relacl, acldefault('r', relowner)))
        UNION ALL SELECT relations.oid, name, attname, grantee, privilege_type
        FROM relations JOIN pg_attribute ON attrelid = relations.oid, aclexplode(attacl) WHERE NOT attisdropped
    ), policies AS (
        SELECT relname, polname, polcmd::text,
            regexp_replace(concat(pg_get_expr(polqual, polrelid)), '{added}', '', 'g') AS seen,
            regexp_replace(concat(pg_get_expr(polwithcheck, polrelid)), '{added}', '', 'g') AS taken
        FROM pg_policy JOIN tenants ON tenants.oid = polrelid
        WHERE polpermissive
            AND EXISTS (SELECT FROM unnest(polroles) AS role WHERE role = 0 OR role IN (SELECT oid FROM actors))
    ), faults AS (
        SELECT 1 AS rank, '' AS name, 'is a superuser' AS fault, '{role}' AS hint FROM me WHERE rolsuper
        UNION ALL SELECT 2, '', 'has BYPASSRLS', '{role}' FROM me WHERE rolbypassrls
        UNION ALL SELECT 3, '', 'may copy the whole server (REPLICATION)', '{role}' FROM me WHERE rolreplication
        UNION ALL SELECT 4, rolname, format('is a member of %s, which no policy restricts', rolname), '{member}'
            FROM reachable WHERE rolsuper OR rolbypassrls OR rolreplication
        UNION ALL SELECT 5, relname, format('owns the table %s', relname), '{role}'
            FROM tenants, me WHERE relowner = me.oid
        UNION ALL SELECT 6, relname, format('is a member of %s, which owns the table %s', rolname, relname), '{member}'
            FROM tenants JOIN reachable ON reachable.oid = relowner
        UNION ALL SELECT 7, '', 'owns the database', '{role}'
            FROM pg_database, me WHERE datname = current_database() AND datdba = me.oid
        UNION ALL SELECT 8, '', 'may grant itself other roles (CREATEROLE)', '{role}' FROM me WHERE rolcreaterole
        UNION ALL SELECT 9, rolname,
                format('is a member of %s, which can access data without grants', rolname), '{member}'
            FROM reachable WHERE rolname IN ({data_roles}) OR rolcreaterole
        UNION ALL SELECT 10, relname,
                format('can access the table %s, which has no row-level security', relname), '{table}'
            FROM tenants WHERE NOT relrowsecurity
        UNION ALL SELECT 11, relname,
                format('can access the table %s, whose row-level security is not forced', relname), '{table}'
            FROM tenants WHERE NOT relforcerowsecurity
        UNION ALL SELECT 12, relname, format('can access the table %s, which has no policy', relname), '{table}'
            FROM tenants WHERE NOT EXISTS (SELECT FROM pg_policy WHERE polrelid = tenants.oid)
        UNION ALL SELECT 13, relname,
                format('is not restricted to one owner by the policy %s of the table %s', polname, relname), '{table}'
            FROM policies
            WHERE (relname, polname, polcmd, seen, taken) NOT IN (SELECT * FROM expected)
                AND NOT (seen IN ('', '{of_owner}') AND taken IN ('', '{of_owner}'))
        UNION ALL SELECT 13, expected.name,
                format('is missing the policy %s on the table %s', expected.polname, expected.name), '{table}'
            FROM expected JOIN tenants ON relname = expected.name
            WHERE expected.polname NOT IN (SELECT polname FROM pg_policy WHERE polrelid = tenants.oid)
        UNION ALL SELECT 14, refers.name,
                format('can write %s of the table %s, which has no matching foreign key', attname, refers.name),
                '{table}'
            FROM refers JOIN tenants ON relname = refers.name
            WHERE NOT EXISTS (
                SELECT FROM pg_constraint WHERE conrelid = tenants.oid AND pg_constraint.conname = refers.conname
                    AND replace(pg_get_constraintdef(pg_constraint.oid), '"', '') = definition
            )
        UNION ALL SELECT 14, change, format('is not prevented by a trigger from %s of revisions', change), '{trigger}'
            FROM tenants, (VALUES {changes}) AS changes (change, bit)
            WHERE relname = 'revision' AND NOT EXISTS (
                SELECT FROM pg_trigger WHERE tgrelid = tenants.oid AND tgenabled IN ('O', 'A')
                    AND tgtype & (bit | 2) = (bit | 2)
            )
        UNION ALL SELECT 15, oid::regclass::text,
                format('has %s on %s%s', privilege_type, oid::regclass, ' (' || quote_ident(attname) || ')'), '{grant}'
            FROM held
            WHERE (grantee = 0 OR grantee IN (SELECT oid FROM actors)) AND NOT EXISTS (
                SELECT FROM granted WHERE granted.name = held.name AND privilege = privilege_type
                    AND coalesce(granted.attname = held.attname, granted.attname IS NULL)
            ) AND NOT (
                {later} AND grantee <> 0 AND privilege_type IN ({tenant_privileges})
                AND oid IN (SELECT oid FROM tenants)
            )
        UNION ALL SELECT 16, proname,
                format('may call %s, which runs with its owner''s privileges', proc.oid::regprocedure),
                '{function}'
            FROM pg_proc AS proc
            WHERE prosecdef AND pronamespace IN (SELECT oid FROM schemas)
                AND prorettype NOT IN ('trigger'::regtype, 'event_trigger'::regtype)
                AND EXISTS (SELECT FROM actors WHERE has_function_privilege(actors.oid, proc.oid, 'EXECUTE'))
                AND NOT EXISTS (
                    SELECT FROM pg_depend
                    WHERE classid = 'pg_proc'::regclass AND objid = proc.oid AND deptype = 'e'
                )
        UNION ALL SELECT 17, relname, format('may not read the table %s', relname), '{migrate}'
            FROM pg_class, me
            WHERE relname IN (SELECT name FROM granted)
                AND relkind IN ('r', 'p') AND pg_table_is_visible(pg_class.oid)
                AND NOT has_table_privilege(me.oid, pg_class.oid, 'SELECT')
        UNION ALL SELECT 18, relname,
                format('lacks %s on the table %s', concat(privilege, ' (' || attname || ')'), relname), '{migrate}'
            FROM granted JOIN pg_class ON relname = granted.name, me
            WHERE relkind IN ('r', 'p') AND pg_table_is_visible(pg_class.oid) AND NOT CASE
                WHEN attname IS NULL THEN has_table_privilege(me.oid, pg_class.oid, privilege)
                ELSE has_column_privilege(me.oid, pg_class.oid, attname, privilege)
            END
    )
    SELECT format('The database role %s %s. %s', session_user, fault, hint) FROM faults ORDER BY rank, name LIMIT 1
"""


@cache
def _audit(tables: tuple[TenantTable, ...], later: bool) -> Statement:
    migrate = _LATER_MIGRATE_HINT if later else _MIGRATE_HINT
    of_owner = ProtectTenants().policies()["owner_isolation"].using
    return Statement(
        _AUDIT.format(
            granted=_rows(_granted()),
            expected=_rows(_expected(tables)),
            of_owner=_printed(of_owner).replace("'", "''"),
            later=later,
            tenant_privileges=", ".join(map(_literal, sorted(TENANTS))),
            refers=_rows(_references(tables)),
            changes=", ".join(f"('{change}', {bit})" for change, bit in _CHANGES.items()),
            data_roles=", ".join(f"'{role}'" for role in _DATA_ROLES),
            added=_PRINTED_EXTRAS,
            role=_ROLE_HINT,
            member=_MEMBER_HINT,
            table=_TABLE_HINT,
            trigger=_TRIGGER_HINT,
            grant=_GRANT_HINT.format(migrate=migrate),
            function=_FUNCTION_HINT,
            migrate=migrate,
        ),
        (),
        (None,),
    )


def _granted() -> Iterable[tuple[str | None, ...]]:
    for table, privileges in required_privileges().items():
        for privilege in privileges:
            name, _, column = privilege.partition(" ")
            yield table, name, column.strip("()") or None


def _expected(tables: Iterable[TenantTable]) -> Iterable[tuple[str | None, ...]]:
    names = [name for table in tables for name in (table.name, *indexed_maps(table.model).values())]
    for table in names:
        for name, policy in policies_of(table).items():
            yield table, name, _COMMANDS[policy.command], _printed(policy.using), _printed(policy.with_check)


def _printed(expression: str) -> str:
    """The expression as it is compared with what PostgreSQL prints."""
    return re.sub(_PRINTED_EXTRAS, "", expression)


def _references(tables: Iterable[TenantTable]) -> Iterable[tuple[str | None, ...]]:
    yield None, None, None, None  # VALUES has at least one row
    for table in tables:
        for field in references_in(table.model):
            name, definition = reference_constraint(table.name, field.column), reference_definition(field, str)
            yield table.name, field.column, name, definition


def _rows(rows: Iterable[tuple[str | None, ...]]) -> str:
    return ", ".join(f"({', '.join(map(_literal, row))})" for row in rows)


def _literal(value: str | None) -> str:
    return "NULL" if value is None else "'{}'".format(value.replace("'", "''"))


async def role_bypass(executor: Executor, *, later: bool = False) -> str | None:
    """How the executor's role could access rows of an owner other than the current one, in one line; None if it cannot.

    ``later`` says whether a later version has migrated: it may have granted the role more on tables with an owner.
    PostgreSQL only. Raises ``Unavailable``.
    """
    for (violation,) in await executor.fetch("", _audit(tuple(tenant_tables()), later), {}):
        return str(violation)
    return None
