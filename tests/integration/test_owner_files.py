"""One owner's data is exported, erased and imported completely, in every table."""

from __future__ import annotations

import asyncio
import os
import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Any

import pytest
from django.apps import apps
from django.db import connection, models
from django.test.utils import isolate_apps
from uuid_utils.compat import uuid7

from adapters.django_orm import bootstrap
from adapters.django_orm.apps import owned_models
from adapters.django_orm.columns import indexed_maps
from adapters.django_orm.entity_models import TenantRow
from adapters.django_orm.tenant_data import erasing
from adapters.django_orm.tenant_data.erasing import erase, rows_per_table
from adapters.django_orm.tenant_data.exporting import open_export
from adapters.django_orm.tenant_data.file_format import row_type
from adapters.django_orm.tenant_tables import tenant_tables
from domain.access.authentication import Authentication
from domain.access.owner import Owner
from domain.access.token import ApiKeyToken
from domain.errors import Invalid, NotFound
from domain.repository import OwnerId
from domain.simulations.simulation import Simulation
from tests.contracts.resources import RESOURCES
from tests.factories import CONTEXT, SimulationFactory, WebhookFactory
from tests.integration.conftest import VENDOR, opened
from tests.integration.owner_files import (
    add_and_change,
    exported,
    file_from,
    imported,
    lines_of,
    rows_of,
    stored_owner,
)

if TYPE_CHECKING:
    from pytest_django import DjangoDbBlocker

pytestmark = pytest.mark.usefixtures("committing")


@pytest.fixture
def committing(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> Iterator[None]:
    """Lets Django's connection commit; exports need their own transaction."""
    with django_db_blocker.unblock():
        yield
        connection.close()


@pytest.fixture
def text() -> ApiKeyToken:
    return ApiKeyToken.new(os.urandom)


@pytest.fixture
def owner(committing: None, text: ApiKeyToken) -> Iterator[Owner]:
    made = asyncio.run(stored_owner(text))
    yield made
    erase_all(made.id)


def erase_all(owner: OwnerId) -> dict[str, int]:
    erased: dict[str, int] = {}
    for table, count in erase(owner):
        erased[table] = erased.get(table, 0) + count
    return erased


def test_tenant_tables_are_all_tables_with_an_owner_and_have_an_order() -> None:
    followed = {table for model in owned_models() for table in indexed_maps(model).values()}  # triggers write them
    with connection.cursor() as cursor:
        names = connection.introspection.table_names(cursor)
        with_owner = {
            name
            for name in names
            if "owner_id" in {column.name for column in connection.introspection.get_table_description(cursor, name)}
        }
    tables = tenant_tables()
    assert {table.name for table in tables} == (with_owner - followed) | {"owner"}
    assert tables[0].name == "owner"
    assert {table.name: table.order for table in tables} == {
        "owner": (),
        "api_key": ("created_at", "id"),
        **{resource.kind: ("created_at", "id") for resource in RESOURCES},
        "webhook": ("created_at", "id"),
        "webhook_cursor": ("id",),
        "webhook_delivery": ("webhook_id", "created_at", "id"),
        "idempotency_record": ("operation", "key"),
        "change_count": (),
        "revision": ("number",),
    }


def test_an_erased_owner_is_imported_byte_for_byte_and_its_keys_work(owner: Owner, text: ApiKeyToken) -> None:
    before = exported(owner.id)
    assert all(rows_per_table(owner.id).values())
    assert erase_all(owner.id) == lines_of(before)[-1]["rows"]
    assert not any(rows_per_table(owner.id).values())
    assert imported(before) == lines_of(before)[-1]["rows"]
    assert exported(owner.id).partition(b"\n")[2] == before.partition(b"\n")[2]

    async def authenticate_and_activate() -> None:
        async with opened(bootstrap.django_storage(size=1)) as storage:
            authenticator = Authentication(directory=storage.owners, now=lambda: datetime.now(UTC), monotonic=lambda: 0)
            assert await authenticator.authenticate(text.reveal()) is None
            last = await storage.revisions.of(owner.id).span()
            await storage.owners.change(owner.id, Owner.activate, CONTEXT)
            authenticator = Authentication(directory=storage.owners, now=lambda: datetime.now(UTC), monotonic=lambda: 0)
            caller = await authenticator.authenticate(text.reveal())
            assert caller is not None
            assert caller.owner.name == owner.name
            assert (await storage.revisions.of(owner.id).span()).last == last.last + 1

    asyncio.run(authenticate_and_activate())


def test_no_file_contains_the_secret_of_a_webhook(owner: Owner) -> None:
    made = WebhookFactory.build(owner_id=owner.id, secret="sealed-secret", previous_secret="sealed-before")

    async def add() -> None:
        async with opened(bootstrap.django_storage(size=1)) as storage:
            await storage.webhooks.of(owner.id).add(made, CONTEXT)

    asyncio.run(add())
    assert b"sealed-" not in exported(owner.id)


@pytest.mark.parametrize("table", ["webhook", "webhook_cursor"])
def test_webhooks_without_their_cursors_are_not_imported(owner: Owner, table: str) -> None:
    lines = [line for line in lines_of(exported(owner.id)) if line.get("table") != table]
    lines[-1]["rows"][table] = 0
    erase_all(owner.id)
    with pytest.raises(Invalid, match="do not match their cursors"):
        imported(file_from(lines))


def test_a_file_has_a_header_rows_and_a_footer_with_counts(owner: Owner) -> None:
    header, *rows, closing = lines_of(exported(owner.id))
    assert (header["format"], header["version"], header["owner"]) == ("goatfish-owner", 1, str(owner.id))
    assert datetime.fromisoformat(header["exported_at"]).tzinfo is not None
    tables = [table.name for table in tenant_tables()]
    assert closing == {"rows": {table: len(rows_of(rows, table)) for table in tables}}
    assert [row["table"] for row in rows] == sorted((row["table"] for row in rows), key=tables.index)
    (made,) = rows_of(rows, "owner")
    assert made["created_at"] == f"{owner.created_at:%Y-%m-%dT%H:%M:%S}.000000Z"
    assert [row["number"] for row in rows_of(rows, "revision")] == list(range(1, 1 + closing["rows"]["revision"]))


def test_a_part_of_a_file_has_few_large_rows(owner: Owner) -> None:
    large = SimulationFactory.build(owner_id=owner.id, description="🐐" * 4000, created_at=owner.created_at)

    async def add() -> None:
        async with opened(bootstrap.django_storage(size=1)) as storage:
            simulations = storage.repository(Simulation).of(owner.id)
            await simulations.add_all([replace(large, id=uuid7()) for _ in range(100)], CONTEXT)

    asyncio.run(add())
    with open_export(owner.id, datetime.now(UTC)) as (total, parts):
        sizes = [(count, len(part)) for count, part in parts]
    assert sum(count for count, _ in sizes) == total
    assert max(size for _, size in sizes) < 1_100_000
    assert sum(size for _, size in sizes) > 3_000_000


def test_an_export_that_is_given_up_leaves_the_connection_as_it_was(owner: Owner) -> None:
    with open_export(owner.id, datetime.now(UTC)) as (_, parts):
        assert [next(parts)[0], next(parts)[0]] == [0, 1]
        parts.close()  # type: ignore[attr-defined]  # -- a generator
    assert lines_of(exported(owner.id))[-1]["rows"]["owner"] == 1


def test_exporting_an_unknown_owner_is_not_found() -> None:
    with pytest.raises(NotFound):
        exported(OwnerId(uuid7()))


def test_an_export_is_a_snapshot_and_does_not_block_writers(owner: Owner) -> None:
    async def write() -> None:
        async with opened(bootstrap.django_storage(size=1)) as storage:
            await add_and_change(storage, owner.id, CONTEXT)

    before = exported(owner.id)
    with open_export(owner.id, datetime.now(UTC)) as (total, parts):
        first = next(parts)[1]
        asyncio.run(write())
        file = first + b"".join(part for _, part in parts)
    assert file.partition(b"\n")[2] == before.partition(b"\n")[2]
    assert total == sum(lines_of(before)[-1]["rows"].values()) < sum(rows_per_table(owner.id).values())


def test_erasing_keeps_the_rows_of_other_owners(owner: Owner, text: ApiKeyToken) -> None:
    other = asyncio.run(stored_owner(ApiKeyToken.new(os.urandom)))
    before = exported(owner.id)
    erase_all(other.id)
    assert exported(owner.id).partition(b"\n")[2] == before.partition(b"\n")[2]


def test_an_interrupted_erasure_can_be_continued(owner: Owner, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(erasing, "ERASE_CHUNK", 3)
    before = rows_per_table(owner.id)
    steps = erase(owner.id)
    erased_chunks = [next(steps) for _ in range(9)]
    del steps
    assert all(count <= 3 for _, count in erased_chunks)
    assert sum(rows_per_table(owner.id).values()) == sum(before.values()) - sum(count for _, count in erased_chunks)
    assert rows_per_table(owner.id)["owner"] == 1
    erase_all(owner.id)
    assert not any(rows_per_table(owner.id).values())


@pytest.mark.parametrize(
    "after", ["api_key", "run", "simulation", "idempotency_record", "revision", "change_count", "owner"]
)
def test_rows_written_during_erasing_are_erased_too(owner: Owner, monkeypatch: pytest.MonkeyPatch, after: str) -> None:
    async def write() -> None:
        async with opened(bootstrap.django_storage(size=1)) as storage:
            await add_and_change(storage, owner.id, CONTEXT)

    monkeypatch.setattr(erasing, "ERASE_CHUNK", 3)
    steps = []
    for table, _ in erase(owner.id):
        if table == after and after not in steps:
            asyncio.run(write())
        steps.append(table)
    assert after in steps
    assert not any(rows_per_table(owner.id).values())


def test_every_chunk_is_read_by_an_index_range(owner: Owner, monkeypatch: pytest.MonkeyPatch) -> None:
    chunks: list[tuple[str, Any]] = []

    def record_chunk(execute: Callable[..., Any], sql: str, params: Any, many: bool, context: Any) -> Any:
        # For so few rows PostgreSQL may choose another index.
        if " AND (" in sql and not (sql.startswith("DELETE") and "revision" in sql):
            chunks.append((sql, params))
        return execute(sql, params, many, context)

    monkeypatch.setattr(erasing, "ERASE_CHUNK", 3)
    with connection.execute_wrapper(record_chunk):
        erase_all(owner.id)
    assert len(chunks) > 10
    with connection.cursor() as cursor:
        if VENDOR == "postgresql":  # as if the tables were large
            cursor.execute("SET enable_seqscan = off; SET enable_bitmapscan = off; SET enable_sort = off")
        for sql, params in chunks:
            cursor.execute(f"EXPLAIN {'QUERY PLAN ' * (VENDOR == 'sqlite')}{sql}", params)
            plan = "\n".join(str(row[-1]).strip() for row in cursor.fetchall())
            place = r"(\(.*?\)|number)" if VENDOR == "sqlite" else r"(ROW\(.*|number)"
            assert re.search(rf"owner_id ?= ?[^()]*\)? AND \(?{place} ?[<>]", plan), plan
            assert "Sort" not in plan
            assert "TEMP B-TREE" not in plan


@pytest.fixture
def new_table(committing: None) -> Iterator[type[models.Model]]:
    """A tenant table that a later version might add."""
    with isolate_apps("adapters.django_orm"):

        class NoteRow(TenantRow):
            text = models.TextField()
            pinned = models.BooleanField(null=True)
            on = models.DateField(null=True)

            class Meta:
                app_label = "goatfish"
                db_table = "note"
                indexes = (models.Index(fields=["owner_id", "created_at", "id"], name="note_newest"),)

    ours = apps.get_app_config("goatfish")
    known = list(ours.get_models())
    with connection.schema_editor() as editor:
        editor.create_model(NoteRow)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(ours, "get_models", lambda **_: [*known, NoteRow])
        yield NoteRow
    with connection.schema_editor() as editor:
        editor.delete_model(NoteRow)


def test_a_new_tenant_table_is_exported_erased_and_imported(owner: Owner, new_table: type[models.Model]) -> None:
    notes = new_table._default_manager
    for number, pinned in enumerate((None, True, False)):
        fields = {
            "text": f"{number}\n🐐",
            "pinned": pinned,
            "on": date(1, 1, 1 + number) if number else None,
        }
        notes.create(id=uuid7(), owner_id=owner.id, created_at=datetime.now(UTC), **fields)
    rows = list(notes.order_by("id").values())
    file = exported(owner.id)
    assert lines_of(file)[-1]["rows"]["note"] == 3
    assert erase_all(owner.id)["note"] == 3
    assert not notes.exists()
    imported(file)
    assert list(notes.order_by("id").values()) == rows
    erase_all(owner.id)


def test_a_table_without_an_order_or_with_an_unsupported_column_is_rejected(committing: None) -> None:
    with isolate_apps("adapters.django_orm"):

        class Unordered(TenantRow):
            class Meta:
                app_label = "goatfish"

        class Unknown(models.Model):
            owner_id = models.UUIDField(primary_key=True)
            file = models.BinaryField()

            class Meta:
                app_label = "goatfish"

    ours = apps.get_app_config("goatfish")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(ours, "get_models", lambda **_: [Unordered])
        with pytest.raises(TypeError, match="Unordered needs an index"):
            tenant_tables()
        patch.setattr(ours, "get_models", lambda **_: [Unknown])
        with pytest.raises(TypeError, match="BinaryField"):
            row_type(tenant_tables()[1])
