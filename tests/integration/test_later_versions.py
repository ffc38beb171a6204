"""This version beside a later one, which has migrated the database: it starts, is ready, reads and writes."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import Any

import httpx
import psycopg
import pytest

from adapters.django_orm.bootstrap import asyncpg_storage
from adapters.django_orm.row_security import role_audit
from adapters.django_orm.row_security.grants import EXCEPTIONS
from adapters.django_orm.storage import Storage
from config.databases import DatabaseUrl
from domain.errors import Unavailable
from tests.contracts.http_api import SIMULATIONS, WING
from tests.embedded_postgres import Server
from tests.integration.conftest import opened
from tests.restartable import wait_until
from tests.running_service import Live, served

RUNS = "/api/v1/runs"
OWNER = "NULLIF(current_setting('goatfish.owner', true), '')::uuid"
LATER = "A later version of Goatfish has migrated the database: 0099_notes."

TABLES = f"""
    CREATE TABLE note (
        id uuid, owner_id uuid, text text NOT NULL, simulation_id uuid NOT NULL, PRIMARY KEY (id, owner_id),
        CONSTRAINT note_simulation_id_refers FOREIGN KEY (owner_id, simulation_id)
            REFERENCES simulation (owner_id, id) DEFERRABLE
    );
    ALTER TABLE note ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
    CREATE POLICY operator ON note TO CURRENT_ROLE USING (true) WITH CHECK (true);
    CREATE POLICY owner_isolation ON note FOR ALL USING (owner_id = {OWNER}) WITH CHECK (owner_id = {OWNER});
    CREATE POLICY owner_reading ON run FOR SELECT USING (owner_id = {OWNER});
    CREATE POLICY no_locked ON run AS RESTRICTIVE FOR UPDATE USING (true);
    ALTER TABLE run ADD priority integer NOT NULL DEFAULT 0;
    CREATE INDEX run_by_priority ON run (owner_id, priority, id);
"""
RECORDED = "INSERT INTO django_migrations (app, name, applied) VALUES ('goatfish', '0099_notes', now())"
GRANTS = "GRANT SELECT, INSERT, UPDATE, DELETE ON note TO {api}; GRANT DELETE ON api_key TO {api}"
HELD = """
    SELECT relname, relacl::text, array(SELECT polname FROM pg_policy WHERE polrelid = class.oid ORDER BY 1)::text
    FROM pg_class AS class WHERE relnamespace = 'public'::regnamespace ORDER BY relname
"""
REVISION = """
    WITH counted AS (UPDATE change_count SET last = last + 1 RETURNING owner_id, last)
    INSERT INTO revision (id, owner_id, created_at, number, kind, entity_id, version, actor, request_id, before, after)
    SELECT gen_random_uuid(), owner_id, now(), last, %s, gen_random_uuid(), 1, 'key:later', '', NULL, %s FROM counted
"""
UNPROTECTED = {  # what a table that this version does not know may lack, and how to take it back
    "row-level security": (
        "ALTER TABLE note DISABLE ROW LEVEL SECURITY",
        "ALTER TABLE note ENABLE ROW LEVEL SECURITY",
        "can access the table note, which has no row-level security.",
    ),
    "force": (
        "ALTER TABLE note NO FORCE ROW LEVEL SECURITY",
        "ALTER TABLE note FORCE ROW LEVEL SECURITY",
        "can access the table note, whose row-level security is not forced.",
    ),
    "a policy for the owner alone": (
        f"CREATE POLICY shared ON note USING (owner_id = {OWNER} OR text = '')",
        "DROP POLICY shared ON note",
        "is not restricted to one owner by the policy shared of the table note.",
    ),
    "a limit of what is granted": (
        "GRANT TRUNCATE ON note TO {api}",
        "REVOKE TRUNCATE ON note FROM {api}",
        "has TRUNCATE on note.",
    ),
    "a grant to the role alone": (
        "GRANT SELECT ON note TO PUBLIC",
        "REVOKE SELECT ON note FROM PUBLIC",
        "has SELECT on note.",
    ),
    "an owner": (
        "CREATE TABLE shared (id uuid); GRANT SELECT ON shared TO {api}",
        "DROP TABLE shared",
        "has SELECT on shared. Run with the later version: goatfish migrate",
    ),
    "a view": (
        "CREATE VIEW leak AS SELECT * FROM note; GRANT SELECT ON leak TO {api}",
        "DROP VIEW leak",
        "has SELECT on leak.",
    ),
}


class Database:
    """The database as the role that migrates sees it."""

    def __init__(self, server: Server) -> None:
        self._url, self._api = server.operator_url, DatabaseUrl(server.url).user

    def __call__(self, sql: str, *values: object) -> list[tuple[Any, ...]]:
        with psycopg.connect(self._url, autocommit=True) as connection:
            cursor = connection.execute(sql.replace("{api}", f'"{self._api}"').encode(), values or None)
            return cursor.fetchall() if cursor.description else []


@pytest.fixture(scope="module")
def client(running: Live) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=running.url, headers={"X-API-Key": running.key}) as client:
        yield client


def check(server: Server) -> None:
    """What the start and readiness check, without what readiness remembers for a second. Raises ``Unavailable``."""

    async def checked() -> None:
        url = DatabaseUrl(server.url).with_password
        executor = asyncpg_storage(url, size=1, acquire_timeout=5, statement_timeout=10, list_timeout=2).executor
        async with opened(Storage(executor, enforce_rls=True)) as storage:
            await storage.check()

    asyncio.run(checked())


@pytest.fixture(scope="module")
def rights_in_service() -> Iterator[None]:
    """Without the right that other tests need."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(EXCEPTIONS, "api_key", EXCEPTIONS["api_key"] - {"DELETE"})
        role_audit._audit.cache_clear()
        yield
    role_audit._audit.cache_clear()


@pytest.fixture(scope="module")
def database(server: Server, running: Live, rights_in_service: None) -> Database:
    """The database once the later version has migrated; this one accepts what each of its transactions leaves."""
    del running  # it has migrated, and goes on
    database = Database(server)
    for step in (TABLES, RECORDED, GRANTS):
        database(step)
        check(server)
    return database


def test_rows_are_read_and_written_beside_what_was_added(client: httpx.Client, database: Database) -> None:
    simulation = client.post(SIMULATIONS, json=WING).json()["id"]
    artifact = {"name": "log", "uri": "s3://bucket/log"}
    made = client.post(RUNS, json={"simulation_id": simulation, "artifacts": [artifact]})
    assert made.status_code == 201
    path = f"{RUNS}/{made.json()['id']}"
    database("""UPDATE run SET priority = 7, artifacts = jsonb_set(artifacts, '{0,later}', '1')""")
    assert client.get(path).json() == made.json()
    assert client.patch(path, json={"name": "anew"}).status_code == 200
    assert database("SELECT priority, name, artifacts #>> '{0,later}' FROM run") == [(7, "anew", "1")]
    assert client.delete(path).status_code == 204


def test_what_data_of_a_later_version_refers_to_is_not_deleted(client: httpx.Client, database: Database) -> None:
    path = client.post(SIMULATIONS, json=WING).headers["Location"]
    database("INSERT INTO note SELECT gen_random_uuid(), owner_id, '', id FROM simulation WHERE id = %s", path[-36:])
    refused = client.delete(path)
    assert (refused.status_code, refused.json()["code"]) == (503, "unavailable")
    assert client.get(path).status_code == 200
    database("DELETE FROM note")
    assert client.delete(path).status_code == 204


def test_the_feed_goes_on_past_what_only_a_later_version_knows(client: httpx.Client, database: Database) -> None:
    end = client.get("/api/v1/changes", params={"after": "latest"}).json()["next_cursor"]
    simulation = client.post(SIMULATIONS, json=WING).json()
    path = f"{SIMULATIONS}/{simulation['id']}"
    kept = "SELECT after::jsonb || %s::jsonb FROM revision WHERE kind = %s ORDER BY number DESC LIMIT 1"
    for kind, later in (("api_key", '{"scopes": ["runs:read", "notes:read"]}'), ("simulation", '{"priority": 7}')):
        ((state,),) = database(f"SELECT ({kept})::text", later, kind)
        database(REVISION, kind, state)
    database(REVISION, "note", '{"text": "later"}')
    assert client.delete(path).status_code == 204
    feed = client.get("/api/v1/changes", params={"after": end}).json()
    assert [(each["kind"], each["action"]) for each in feed["items"]] == [
        ("simulation", "created"),
        ("simulation", "created"),
        ("simulation", "deleted"),
    ]
    assert feed["items"][1]["after"] == simulation
    assert client.get(f"{path}/revisions").status_code == 200


def test_a_key_with_a_scope_of_a_later_version_can_do_the_rest(
    running: Live, client: httpx.Client, database: Database
) -> None:
    key = running.goatfish("key", "create", "tests", "--scope", "runs:read").stdout.strip()
    database("UPDATE api_key SET scopes = 'notes:read runs:read' WHERE public_id = %s", key.split("_")[1])
    mine = client.get("/api/v1/me", headers={"X-API-Key": key})
    assert (mine.status_code, mine.json()["key"]["scopes"]) == (200, ["runs:read"])
    assert client.get("/api/v1/keys").status_code == 200
    used = "SELECT scopes FROM api_key WHERE public_id = %s AND last_used_at IS NOT NULL"
    wait_until(lambda: database(used, key.split("_")[1]) == [("notes:read runs:read",)], "its use is recorded")


def test_migrate_changes_nothing_and_says_so(running: Live, database: Database) -> None:
    before = database(HELD)
    said = running.goatfish("migrate").stderr
    assert said == f"{LATER} This version changes nothing.\nThe database was already up to date.\n"
    assert database(HELD) == before


def test_a_later_version_is_named_by_the_start_and_doctor(
    running: Live, client: httpx.Client, database: Database
) -> None:
    del database
    with served(running.env) as url:
        assert httpx.get(url + "/readyz").status_code == 200
    assert f"warning  {LATER}\n" in running.goatfish("doctor").stdout
    assert running.goatfish("serve", "--port", running.url.rpartition(":")[2], check=False).stderr.startswith(LATER)
    assert client.get("/readyz").status_code == 200


def test_an_owner_is_not_exported_or_erased_in_part(running: Live, database: Database) -> None:
    del database
    for command in (["export", "tests"], ["erase", "tests", "--dry-run"]):
        refused = running.goatfish("owner", *command, check=False)
        assert (refused.returncode, refused.stdout) == (1, "")
        assert refused.stderr == (
            f"{LATER} It may keep data of owners that this version does not know: use that version.\n"
        )


@pytest.mark.parametrize("lack", UNPROTECTED)
def test_an_unknown_table_that_lacks_protection_is_refused(server: Server, database: Database, lack: str) -> None:
    change, back, fault = UNPROTECTED[lack]
    database(change)
    try:
        with pytest.raises(Unavailable) as refused:
            check(server)
        assert fault in str(refused.value)
    finally:
        database(back)
    check(server)
