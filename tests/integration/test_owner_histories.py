"""Revisions and idempotency records in an imported file are validated like rows."""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any
from uuid import UUID, uuid4

import pytest
from django.db import connection

from adapters.django_orm import bootstrap
from adapters.django_orm.models import RevisionRow
from adapters.django_orm.tenant_data.erasing import rows_per_table
from domain.access.owner import Owner
from domain.access.token import ApiKeyToken
from domain.entity import checked
from domain.entity_spec import EntitySpec
from domain.errors import (
    DomainError,
    Invalid,
    Unfit,
    Violation,
)
from domain.history import History
from domain.revisions import is_of_moment
from domain.simulations.simulation import Simulation
from domain.use_cases import EntityUseCases
from domain.write_context import IdempotencyKey
from tests.factories import CONTEXT
from tests.integration.conftest import VENDOR, opened
from tests.integration.owner_files import Line, exported, file_from, imported, lines_of, remove, rows_of, stored_owner

if TYPE_CHECKING:
    from pytest_django import DjangoDbBlocker


@pytest.fixture(scope="module")
def owner(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> Iterator[Owner]:
    """An owner that is erased once its file is exported."""
    with django_db_blocker.unblock():
        yield asyncio.run(stored_owner(ApiKeyToken.new(os.urandom)))
        connection.close()


@pytest.fixture(scope="module")
def file(owner: Owner) -> bytes:
    file = exported(owner.id)
    remove(owner.id)
    return file


@pytest.fixture(autouse=True)
def erase_after_test(owner: Owner, file: bytes) -> Iterator[None]:
    yield
    remove(owner.id)


def revision(lines: list[Line], kind: str, action: str = "updated") -> Line:
    """The first revision of this kind and action."""
    present = {"created": (False, True), "updated": (True, True), "deleted": (True, False)}[action]
    found = (
        line
        for line in rows_of(lines, "revision")
        if (line["kind"], line["before"] is not None, line["after"] is not None) == (kind, *present)
    )
    return next(found)


def edit_state(kind: str, side: str = "after", action: str = "updated", **members: Any) -> Callable[[list[Line]], None]:
    """An edit of the state in a revision; ``...`` removes a member."""

    def change(lines: list[Line]) -> None:
        row = revision(lines, kind, action)
        state = {**json.loads(row[side]), **members}
        row[side] = json.dumps({name: value for name, value in state.items() if value is not ...})

    return change


def edit_record(**members: Any) -> Callable[[list[Line]], None]:
    def change(lines: list[Line]) -> None:
        row = rows_of(lines, "idempotency_record")[0]
        row["entity"] = json.dumps({**json.loads(row["entity"]), **members})

    return change


def edit_columns(of: str, action: str = "updated", /, **columns: Any) -> Callable[[list[Line]], None]:
    return lambda lines: revision(lines, of, action).update(columns)


def edit_version(version: int) -> Callable[[list[Line]], None]:
    """An edit that gives a revision another version, in its column and its states."""

    def change(lines: list[Line]) -> None:
        edit_state("simulation", version=version)(lines)
        edit_state("simulation", "before", version=version - 1)(lines)
        edit_columns("simulation", version=version)(lines)

    return change


def duplicate_revision(lines: list[Line]) -> None:
    row = revision(lines, "simulation")
    count = rows_of(lines, "change_count")[0]
    count["last"] += 1
    lines.insert(lines.index(count), {**row, "id": str(uuid4()), "number": count["last"]})
    lines[-1]["rows"]["revision"] += 1


def state_of_key(lines: list[Line]) -> None:
    """Gives a simulation's revision the entity id and state of a key."""
    row, key = revision(lines, "simulation"), revision(lines, "key", "created")
    row.update(entity_id=key["entity_id"], before=None, after=key["after"])


INVALID_NAMES = {"a NUL": "a\0", "a tab": "a\tb", "blanks": " a", "empty": "", "too long": "x" * 301, "C1": "a\x9b31m"}
NAME_EDITS: dict[str, Callable[..., Callable[[list[Line]], None]]] = {
    "the state before": partial(edit_state, "simulation", "before"),
    "the state after": partial(edit_state, "simulation", "after"),
    "a created state": partial(edit_state, "simulation", "after", "created"),
    "a deleted state": partial(edit_state, "simulation", "before", "deleted"),
    "an idempotency record": edit_record,
    "an owner": partial(edit_state, "owner", "after", "created"),
    "a key": partial(edit_state, "key", "after", "created"),
}
INVALID_STATES: dict[str, tuple[Callable[[list[Line]], Any], str]] = {
    **{
        f"name of {whose}: {what}": (holder(name=text), "")
        for whose, holder in NAME_EDITS.items()
        for what, text in INVALID_NAMES.items()
    },
    "a lone surrogate": (edit_state("simulation", name="\ud800"), "in it is invalid"),
    "an owner's name that reads as an id": (edit_state("owner", action="created", name=str(uuid4())), "is a UUID"),
    "an end before the start": (edit_state("simulation", end_date="1999-01-01"), "ends before it starts"),
    "an end before the start in an idempotency record": (edit_record(end_date="1999-01-01"), "ends before it starts"),
    "an invalid date": (edit_state("simulation", end_date="2026-02-30"), "in it is invalid"),
    "a year 0": (edit_state("simulation", start_date="0000-01-01"), "in it is invalid"),
    "a missing member": (edit_state("simulation", name=...), "name"),
    "an unknown member": (edit_state("simulation", colour="red"), "a simulation has no member 'colour'"),
    "an unknown member with a NUL within": (edit_state("simulation", more=[["a\0"]]), "NUL"),
    "an unknown member named with a NUL": (edit_state("simulation", **{"a\0": "b"}), "NUL"),
    "an unknown member of an idempotency record": (edit_record(digest="0" * 64), "a simulation has no member 'digest'"),
    "a time without a zone": (edit_state("simulation", created_at="2026-01-01T00:00:00"), "not in UTC"),
    "a change at a time without a zone": (edit_state("simulation", updated_at="2026-01-01T00:00:00"), "not in UTC"),
    "a time of another zone": (edit_state("simulation", updated_at="2026-01-01T00:00:00+02:00"), "not in UTC"),
    "a time of another zone in an idempotency record": (
        edit_record(updated_at="2026-01-01T00:00:00+02:00"),
        "not in UTC",
    ),
    "two creation times in a revision": (edit_state("simulation", created_at="2020-01-01T00:00:00Z"), "two moments"),
    "another creation time in an idempotency record": (
        edit_record(created_at="2020-01-01T00:00:00Z"),
        "does not match the entity",
    ),
    "another version after": (edit_state("simulation", version=3), "not that of the entity"),
    "another version before": (edit_state("simulation", "before", version=7), "not that of the entity"),
    "another version of a deletion": (edit_columns("simulation", "deleted", version=9), "not that of the entity"),
    "another version of a revision": (edit_columns("simulation", version=1), "not that of the entity"),
    "a version 0": (edit_version(1), "must be between 1 and"),
    "a version below 0": (edit_state("simulation", version=-5), "must be between 1 and"),
    "a version above the maximum": (edit_version(2**40), "must be between 1 and"),
    "a version beyond 64 bits": (edit_state("simulation", version=10**30), "must be between 1 and"),
    "a boolean version": (edit_state("simulation", version=True), "in it is invalid"),
    "a version 0 in an idempotency record": (edit_record(version=0), "must be between 1 and"),
    "a version later than the row's": (edit_version(1000), "do not match its revisions"),
    "two revisions of a version": (duplicate_revision, "or is in it twice"),
    "a state of another kind": (state_of_key, "in it is invalid"),
    "another kind": (edit_columns("simulation", kind="key"), "in it is invalid"),
    "a revision of a revision": (edit_columns("simulation", kind="revision"), "is unknown"),
    "an array as state": (edit_columns("simulation", after="[]"), "in it is invalid"),
    "invalid JSON": (edit_columns("simulation", after="{"), "in it is invalid"),
    "too deep nesting": (edit_columns("simulation", after="[" * 100_000), "in it is invalid"),
    "an unknown scope": (edit_state("key", action="created", scopes=["everything"]), "in it is invalid"),
    "no scope": (edit_state("key", action="created", scopes=[]), "at least one scope"),
    "a digest": (edit_state("key", action="created", digest="0" * 64), "holds a secret"),
    "another public id": (edit_state("key", action="created", public_id="gf_"), "public id"),
    "a creator with an escape": (edit_state("key", action="created", created_by="operator:\x1b[2J"), "plain text"),
    "an original expiry that is not later": (
        edit_state("key", action="created", original_expires_at="2020-01-01T00:00:00Z"),
        "not later than the present one",
    ),
    "an actor with an escape": (edit_columns("simulation", actor="operator:\x1b[2J"), "control characters"),
    "a request id with a line break": (edit_columns("simulation", request_id="a\nb"), "control characters"),
    "an idempotency key with a line break": (
        lambda lines: rows_of(lines, "idempotency_record")[0].update(key="a\nb"),
        "control characters",
    ),
}


INVALID_HERE = [*INVALID_STATES] if VENDOR == "sqlite" else [*INVALID_STATES][::8]
"""States are read by the same code before any is inserted: all of them are tried on one database, some on the other."""


@pytest.mark.parametrize("name", INVALID_HERE)
def test_a_file_with_an_invalid_state_is_rejected(owner: Owner, file: bytes, name: str) -> None:
    edit, message = INVALID_STATES[name]
    lines = lines_of(file)
    edit(lines)
    encoded_lines = [json.dumps(line).encode() + b"\n" for line in lines]
    with pytest.raises(DomainError) as refused:
        imported(b"".join(encoded_lines))
    assert not any(rows_per_table(owner.id).values())
    assert message in refused.value.detail
    assert "\n" not in refused.value.detail


def as_batch(lines: list[Line], entity: str | None = None) -> Line:
    """Makes the first idempotency record one of a batch, of its own entity unless another text is given."""
    row = rows_of(lines, "idempotency_record")[0]
    row.update(operation="create_simulations", entity=json.dumps([row["id"]]) if entity is None else entity)
    return row


async def replayed(owner: Owner, record: Line) -> Sequence[Simulation]:
    """What a repeated batch is answered with."""
    key = IdempotencyKey(operation=record["operation"], key=record["key"], fingerprint="")
    async with opened(bootstrap.django_storage(size=1)) as storage:
        found = await storage.idempotency_records.of(owner.id).find_many(key, Simulation, owner.created_at)
        assert found is not None
        return found.entity


def test_a_record_of_a_batch_is_imported_and_replayed(owner: Owner, file: bytes) -> None:
    lines = lines_of(file)
    record = as_batch(lines)
    assert imported(file_from(lines)) == lines[-1]["rows"]
    (simulation,) = asyncio.run(replayed(owner, record))
    assert (str(simulation.id), simulation.version) == (record["id"], 1)
    assert record["entity"] in [row["entity"] for row in rows_of(lines_of(exported(owner.id)), "idempotency_record")]


@pytest.mark.parametrize("entity", ["[]", "{}", "[1]", '["x"]', f'["{uuid4()}"]', f'["{uuid4()}", 1]', "["])
def test_a_record_of_a_batch_without_its_ids_is_rejected(owner: Owner, file: bytes, entity: str) -> None:
    lines = lines_of(file)
    as_batch(lines, entity)
    with pytest.raises(DomainError, match="idempotency record does not"):
        imported(file_from(lines))


def test_revisions_of_files_from_before_get_ids_of_their_own_time(owner: Owner, file: bytes) -> None:
    lines = lines_of(file)
    for row in rows_of(lines, "revision"):
        row["id"] = str(uuid4())
    assert imported(file_from(lines)) == lines[-1]["rows"]
    stored = list(RevisionRow.objects.filter(owner_id=owner.id).order_by("number"))
    assert all(is_of_moment(row.id, row.created_at) for row in stored)
    assert len(stored) == len(rows_of(lines, "revision"))


@pytest.mark.parametrize("column", ["name", "updated_at"])
def test_a_file_with_a_valid_edit_is_imported(owner: Owner, file: bytes, column: str) -> None:
    lines = lines_of(file)
    edit_state("simulation", **{column: {"name": "🐐" * 300, "updated_at": "2020-01-01T00:00:00Z"}[column]})(lines)
    assert imported(file_from(lines)) == lines[-1]["rows"]


def test_a_file_without_created_by_of_keys_is_imported(owner: Owner, file: bytes) -> None:
    lines = lines_of(file)
    for key in rows_of(lines, "api_key"):
        del key["created_by"], key["original_expires_at"]
    for row in rows_of(lines, "revision"):
        if row["kind"] == "key":
            row["after"] = json.dumps(
                {k: v for k, v in json.loads(row["after"]).items() if k not in {"created_by", "original_expires_at"}}
            )
    assert imported(file_from(lines)) == lines[-1]["rows"]
    assert [key["created_by"] for key in rows_of(lines_of(exported(owner.id)), "api_key")] == [None, None]


@pytest.mark.parametrize("action", ["updated", "deleted"])
def test_a_formerly_valid_state_is_imported_and_cannot_be_restored(
    owner: Owner, file: bytes, action: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    row = revision(lines_of(file), "simulation", action)
    name = json.loads(row["before"])["name"]

    def stricter(spec: EntitySpec, values: Mapping[str, Any]) -> tuple[dict[str, Any], list[Violation]]:
        if values.get("name") == name:
            raise Invalid([Violation("name", "not_any_more", "The name is none any more.")])
        return checked(spec, values)

    async def restore(version: int) -> Simulation:
        async with opened(bootstrap.django_storage(size=1)) as storage:
            simulations = EntityUseCases(
                entity=Simulation,
                repository=storage.repository(Simulation),
                history=History(revisions=storage.revisions),
                new_id=uuid4,
            )
            return await simulations.restore(owner.id, UUID(row["entity_id"]), CONTEXT, version=version)

    assert imported(file) == lines_of(file)[-1]["rows"]
    before = exported(owner.id).partition(b"\n")[2]
    with monkeypatch.context() as patch:
        patch.setattr("domain.entity.checked", stricter)
        with pytest.raises(Unfit, match="is not restored: The name is none any more"):
            asyncio.run(restore(row["version"] - 1))
    assert exported(owner.id).partition(b"\n")[2] == before
    assert asyncio.run(restore(row["version"] - 1)).name == name
