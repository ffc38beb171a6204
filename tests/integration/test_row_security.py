"""Row-level security in plain SQL that commits: the API's role sees and writes only the current owner's rows."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator, Iterator
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

import asyncpg
import psycopg
import pytest
from django.db import connection
from django.db.migrations.executor import MigrationExecutor
from uuid_utils.compat import uuid7

from adapters.django_orm.bootstrap import asyncpg_storage
from adapters.django_orm.management import migrate
from adapters.django_orm.row_security.grants import EXCEPTIONS, grant
from adapters.django_orm.storage import Storage
from domain.errors import Unavailable
from domain.registry import ENTITIES
from tests.factories import ApiKeyFactory, OwnerFactory
from tests.integration.conftest import opened

SET_OWNER = "WITH o AS MATERIALIZED (SELECT set_config('goatfish.owner', $1, true) AS v)"
ALL = f"{SET_OWNER} SELECT owner_id FROM simulation WHERE (SELECT v FROM o) IS NOT NULL"
ONE = f"{SET_OWNER} SELECT owner_id FROM simulation WHERE owner_id = $2 AND (SELECT v FROM o) IS NOT NULL"
# Without labels, as a version that does not have them: the column's default is in the database.
COLUMNS = "id, owner_id, created_at, name, name_folded, start_date, end_date, updated_at, version"
VALUES = "gen_random_uuid(), $2, now(), 'x', 'x', DATE '2026-01-01', DATE '2026-01-02', now(), 1"
ADD = f"{SET_OWNER} INSERT INTO simulation ({COLUMNS}) SELECT {VALUES.replace('$2', '$2::uuid')} FROM o"
MOVE = f"{SET_OWNER} UPDATE simulation SET owner_id = $2 WHERE (SELECT v FROM o) IS NOT NULL"
REMOVE = f"{SET_OWNER} DELETE FROM simulation WHERE owner_id = $2 AND (SELECT v FROM o) IS NOT NULL"
ADD_WITHOUT_OWNER = f"INSERT INTO simulation ({COLUMNS}) VALUES ({VALUES.replace('$2', '$1')})"


@pytest.fixture(params=["custom", "generic"])
async def api(pool_url: str, request: pytest.FixtureRequest) -> AsyncIterator[asyncpg.Connection[Any]]:
    """A connection of the API's role, with custom or generic plans."""
    connection = await asyncpg.connect(pool_url)
    await connection.execute(f"SET plan_cache_mode = force_{request.param}_plan")
    yield connection
    await connection.close()


@pytest.fixture
def operator(operator_url: str) -> Iterator[psycopg.Connection[tuple[Any, ...]]]:
    with psycopg.connect(operator_url, autocommit=True) as connection:
        yield connection


@pytest.fixture
async def owners(api: asyncpg.Connection[Any]) -> tuple[UUID, UUID]:
    """Two owners with a simulation each."""
    mine, theirs = uuid7(), uuid7()
    for owner in (mine, theirs):
        await api.execute(ADD, str(owner), owner)
    return mine, theirs


async def seen(api: asyncpg.Connection[Any], owner: UUID, *more: UUID) -> list[UUID]:
    rows = await api.fetch(ONE if more else ALL, str(owner), *more)
    return [row["owner_id"] for row in rows]


async def test_a_statement_sees_only_the_rows_of_its_owner(
    api: asyncpg.Connection[Any], owners: tuple[UUID, UUID]
) -> None:
    mine, theirs = owners
    for _ in range(7):  # by default, PostgreSQL considers a generic plan after the fifth
        assert await seen(api, mine) == [mine]
        assert await seen(api, theirs) == [theirs]
        assert await seen(api, mine, mine) == [mine]
        assert await seen(api, mine, theirs) == []


async def test_a_statement_writes_only_the_rows_of_its_owner(
    api: asyncpg.Connection[Any], owners: tuple[UUID, UUID]
) -> None:
    mine, theirs = owners
    await api.execute(ADD, str(mine), mine)
    for sql in (ADD, MOVE):
        with pytest.raises(asyncpg.InsufficientPrivilegeError, match="row-level security"):
            await api.execute(sql, str(mine), theirs)
    assert await api.execute(REMOVE, str(mine), theirs) == "DELETE 0"
    assert await seen(api, theirs) == [theirs]
    assert await api.execute(REMOVE, str(mine), mine) == "DELETE 2"


async def test_the_owner_is_reset_after_a_commit(api: asyncpg.Connection[Any], owners: tuple[UUID, UUID]) -> None:
    mine, _ = owners
    async with api.transaction():
        assert await seen(api, mine) == [mine]
        assert await api.fetchval("SELECT count(*) FROM simulation") == 1
    assert await api.fetchval("SELECT current_setting('goatfish.owner', true)") == ""
    await _sees_and_writes_nothing(api, mine)


async def test_a_connection_without_an_owner_sees_and_writes_nothing(
    api: asyncpg.Connection[Any], operator: psycopg.Connection[tuple[Any, ...]]
) -> None:
    mine = uuid7()
    operator.execute(f"INSERT INTO simulation ({COLUMNS}) SELECT {VALUES.replace('$2', '%s')}".encode(), [mine])
    assert await api.fetchval("SELECT current_setting('goatfish.owner', true)") is None
    await _sees_and_writes_nothing(api, mine)
    assert operator.execute("SELECT count(*) FROM simulation WHERE owner_id = %s", [mine]).fetchall() == [(1,)]


async def _sees_and_writes_nothing(api: asyncpg.Connection[Any], mine: UUID) -> None:
    for table in (
        *("simulation", "run", "idempotency_record", "revision", "change_count", "api_key", "owner"),
        *("webhook", "webhook_cursor", "webhook_delivery"),
    ):
        assert await api.fetchval(f"SELECT count(*) FROM {table}") == 0
    assert await api.execute("UPDATE simulation SET name = 'y'") == "UPDATE 0"
    assert await api.execute("DELETE FROM simulation") == "DELETE 0"
    with pytest.raises(asyncpg.InsufficientPrivilegeError, match="row-level security"):
        await api.execute(ADD_WITHOUT_OWNER, mine)


async def test_a_public_id_gives_read_access_to_its_key_and_owner_only(
    api: asyncpg.Connection[Any], operator: psycopg.Connection[tuple[Any, ...]]
) -> None:
    owner, stranger = OwnerFactory.build(), OwnerFactory.build()
    keys = [ApiKeyFactory.build(owner_id=who.id) for who in (owner, owner, stranger)]
    for who in (owner, stranger):
        operator.execute(
            "INSERT INTO owner (id, name, created_at, version) VALUES (%s, %s, now(), 1)",
            [who.id, who.name],
        )
    for key in keys:
        operator.execute(
            "INSERT INTO api_key (id, owner_id, name, public_id, digest, scopes, created_at, version)"
            " VALUES (%s, %s, 'k', %s, %s, '', now(), 1)",
            [key.id, key.owner_id, key.public_id, key.digest],
        )
    async with api.transaction():
        await api.execute("SELECT set_config('goatfish.key', $1, true)", keys[0].public_id)
        assert [row["id"] for row in await api.fetch("SELECT id FROM api_key")] == [keys[0].id]
        assert [row["id"] for row in await api.fetch("SELECT id FROM owner")] == [owner.id]
        assert await api.execute("UPDATE api_key SET name = 'z'") == "UPDATE 0"
    async with api.transaction():
        await api.execute("SELECT set_config('goatfish.owner', $1, true)", str(owner.id))
        assert {row["id"] for row in await api.fetch("SELECT id FROM api_key")} == {keys[0].id, keys[1].id}
        assert [row["id"] for row in await api.fetch("SELECT id FROM owner")] == [owner.id]
        assert await api.execute("UPDATE api_key SET name = 'z'") == "UPDATE 2"
    assert await api.fetchval("SELECT count(*) FROM owner") == 0


async def test_deliverers_read_cursors_and_counts_of_all_owners_and_nothing_else(
    api: asyncpg.Connection[Any], operator: psycopg.Connection[tuple[Any, ...]]
) -> None:
    ids, owner_ids = [uuid7(), uuid7()], [uuid7(), uuid7()]
    for id, owner in zip(ids, owner_ids, strict=True):
        operator.execute(
            "INSERT INTO webhook_cursor (id, owner_id, created_at, number, attempts, next_attempt_at, active)"
            " VALUES (%s, %s, now(), 1, 0, now(), true)",
            [id, owner],
        )
        operator.execute("INSERT INTO change_count (owner_id, last, purged_through) VALUES (%s, 1, 0)", [owner])
    for table in ("webhook_cursor", "change_count"):
        assert await api.fetchval(f"SELECT count(*) FROM {table}") == 0
    async with api.transaction():
        await api.execute("SELECT set_config('goatfish.deliverer', $1, true)", str(UUID(int=0)))
        assert {row["id"] for row in await api.fetch("SELECT id FROM webhook_cursor")} >= {*ids}
        assert {row["owner_id"] for row in await api.fetch("SELECT owner_id FROM change_count")} >= {*owner_ids}
        assert await api.execute("UPDATE webhook_cursor SET number = 9") == "UPDATE 0"
        assert await api.execute("UPDATE change_count SET last = 9") == "UPDATE 0"
        assert await api.execute("DELETE FROM webhook_cursor") == "DELETE 0"
        for table in ("webhook", "webhook_delivery", "revision", "simulation"):
            assert await api.fetchval(f"SELECT count(*) FROM {table}") == 0
    for table in ("webhook_cursor", "change_count"):
        assert await api.fetchval(f"SELECT count(*) FROM {table}") == 0
        operator.execute(f"DELETE FROM {table} WHERE owner_id = ANY(%s)".encode(), [owner_ids])


@pytest.mark.django_db
def test_migrate_grants_the_api_role_exactly_what_it_needs(monkeypatch: pytest.MonkeyPatch) -> None:
    role = str(urlsplit(os.environ["GOATFISH_DATABASE_URL"]).username)
    monkeypatch.setitem(EXCEPTIONS, "api_key", {"SELECT", "INSERT", "UPDATE"})  # without the DELETE that tests need
    privileges_sql = (
        "SELECT name, string_agg(privilege_type, ' ' ORDER BY privilege_type) FROM ("
        " SELECT relname::text AS name, grantee, privilege_type FROM pg_class, aclexplode(relacl)"
        " WHERE relnamespace = 'public'::regnamespace"
        " UNION ALL SELECT concat(attrelid::regclass, '.', attname), grantee, privilege_type"
        " FROM pg_attribute, aclexplode(attacl) WHERE attrelid > 16383"
        ") AS held WHERE grantee IN (0, %s::regrole) GROUP BY 1"
    )
    needed = {
        "api_key": "INSERT SELECT UPDATE",
        "webhook": "DELETE INSERT SELECT UPDATE",
        "webhook_cursor": "DELETE INSERT SELECT UPDATE",
        "webhook_delivery": "INSERT SELECT",
        "change_count": "INSERT SELECT",
        "change_count.last": "UPDATE",
        "django_migrations": "SELECT",
        "idempotency_record": "DELETE INSERT SELECT UPDATE",
        "owner": "SELECT",
        "revision": "INSERT SELECT",
        **{entity.KIND: "DELETE INSERT SELECT UPDATE" for entity in ENTITIES},
        **{f"{entity.KIND}_labels": "DELETE INSERT SELECT" for entity in ENTITIES},
    }
    with connection.cursor() as cursor:
        cursor.execute("CREATE VIEW leak AS SELECT * FROM simulation")
        cursor.execute('CREATE MATERIALIZED VIEW "the leak" AS SELECT * FROM simulation')
        cursor.execute("CREATE SCHEMA aside CREATE TABLE copied (id int)")
        for change in (
            'GRANT ALL ON django_session, simulation, change_count, leak, "the leak", aside.copied TO',
            "GRANT SELECT (password), UPDATE (password) ON goatfish_operator TO",
            "GRANT UPDATE (digest) ON api_key TO",
            "REVOKE INSERT ON idempotency_record FROM",
        ):
            cursor.execute(f"{change} {connection.ops.quote_name(role)}")
        cursor.execute('GRANT SELECT ON django_session, leak, "the leak", aside.copied TO PUBLIC')
        cursor.execute("GRANT UPDATE, DELETE, SELECT (version) ON simulation, revision TO PUBLIC")
        assert migrate(role) == []
        cursor.execute(privileges_sql, [role])
        assert dict(cursor.fetchall()) == needed
        cursor.execute("SELECT has_table_privilege(%s, 'aside.copied', 'SELECT')", [role])
        assert cursor.fetchone() == (False,)


@pytest.mark.django_db
def test_a_grant_without_revoking_leaves_what_it_does_not_know() -> None:
    """As where an older version restores the backup of a later one."""
    role = str(urlsplit(os.environ["GOATFISH_DATABASE_URL"]).username)
    with connection.cursor() as cursor:
        cursor.execute("CREATE TABLE note (owner_id uuid)")
        for change in ("GRANT SELECT ON note TO", "REVOKE INSERT ON simulation FROM"):
            cursor.execute(f"{change} {connection.ops.quote_name(role)}")
        held = "SELECT has_table_privilege(%s, 'note', 'SELECT'), has_table_privilege(%s, 'simulation', 'INSERT')"
        for revoke, expected in ((False, (True, True)), (True, (False, True))):
            grant(role, revoke=revoke)
            cursor.execute(held, [role, role])
            assert cursor.fetchone() == expected


async def test_the_audit_of_the_role_is_cached_for_a_second(
    pool_url: str, operator: psycopg.Connection[tuple[Any, ...]]
) -> None:
    now = 0.0
    executor = asyncpg_storage(pool_url, size=1, acquire_timeout=5, statement_timeout=10, list_timeout=2).executor
    async with opened(Storage(executor, enforce_rls=True, monotonic=lambda: now)) as storage:
        await storage.check()
        operator.execute("GRANT SELECT ON django_session TO PUBLIC")
        try:
            now = 0.9
            await storage.check()
            now = 1.0
            for _ in range(2):
                with pytest.raises(Unavailable, match="has SELECT on django_session"):
                    await storage.check()
        finally:
            operator.execute("REVOKE SELECT ON django_session FROM PUBLIC")
        now = 1.9
        with pytest.raises(Unavailable):
            await storage.check()
        now = 2.0
        await storage.check()


async def test_the_api_role_can_count_changes_and_not_purge_them(
    api: asyncpg.Connection[Any], owners: tuple[UUID, UUID]
) -> None:
    mine, _ = owners
    count = (
        f"{SET_OWNER} INSERT INTO change_count (owner_id, last, purged_through) SELECT $2::uuid, 1, 0 FROM o"
        " ON CONFLICT (owner_id) DO UPDATE SET last = change_count.last + 1 RETURNING last"
    )
    assert [await api.fetchval(count, str(mine), mine) for _ in range(2)] == [1, 2]
    with pytest.raises(asyncpg.InsufficientPrivilegeError, match="permission denied for table change_count"):
        await api.execute(f"{SET_OWNER} UPDATE change_count SET purged_through = last FROM o", str(mine))


@pytest.mark.django_db
def test_a_missing_role_is_reported() -> None:
    with pytest.raises(Unavailable, match="no role 'nobody; --' for the API"):
        migrate("nobody; --")


@pytest.mark.django_db
def test_the_migration_can_be_reversed_and_reapplied() -> None:
    before = _protected()
    assert before
    MigrationExecutor(connection).migrate([("goatfish", "0002_append_only_revisions")])
    assert _protected() == set()
    executor = MigrationExecutor(connection)
    executor.migrate(executor.loader.graph.leaf_nodes("goatfish"))
    assert _protected() == before


def _protected() -> set[tuple[str, str]]:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT relname, polname FROM pg_class LEFT JOIN pg_policy ON polrelid = pg_class.oid"
            " WHERE relrowsecurity OR relforcerowsecurity OR polname IS NOT NULL"
        )
        return set(cursor.fetchall())
