"""An incomplete, invalid or mixed-owner file imports nothing, and the error is one line."""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pytest
from django.db import connection

from adapters.django_orm.models import OwnerRow
from adapters.django_orm.tenant_data import bulk_insert, importing
from adapters.django_orm.tenant_data.erasing import rows_per_table
from domain.access.owner import Owner
from domain.access.token import ApiKeyToken
from domain.errors import Conflict, Invalid
from tests.integration.conftest import VENDOR
from tests.integration.owner_files import (
    Line,
    expect_refused,
    exported,
    file_from,
    imported,
    lines_of,
    remove,
    rows_of,
    stored_owner,
)

if TYPE_CHECKING:
    from django.db import models
    from pytest_django import DjangoDbBlocker


@pytest.fixture(scope="module")
def committing(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> Iterator[None]:
    with django_db_blocker.unblock():
        yield
        connection.close()


@pytest.fixture(scope="module")
def owner(committing: None) -> Owner:
    """An owner that is erased once its file is exported."""
    return asyncio.run(stored_owner(ApiKeyToken.new(os.urandom)))


@pytest.fixture(scope="module")
def file(owner: Owner) -> Iterator[bytes]:
    file = exported(owner.id)
    remove(owner.id)
    yield file
    remove(owner.id)


def edit_columns(table: str, row: int = 0, **values: Any) -> Callable[[list[Line]], None]:
    """An edit of one row's columns."""

    def change(lines: list[Line]) -> None:
        rows_of(lines, table)[row].update(values)

    return change


def drop_column(table: str, column: str) -> Callable[[list[Line]], None]:
    return lambda lines: rows_of(lines, table)[0].pop(column)


def remove_row(table: str, row: int = 0) -> Callable[[list[Line]], None]:
    """An edit that removes a row and corrects the counts."""

    def change(lines: list[Line]) -> None:
        lines.remove(rows_of(lines, table)[row])
        lines[-1]["rows"][table] -= 1

    return change


def repeat_row(table: str) -> Callable[[list[Line]], None]:
    def change(lines: list[Line]) -> None:
        lines.insert(-1, rows_of(lines, table)[0])
        lines[-1]["rows"][table] += 1

    return change


def edit_entity(table: str, side: str, **values: Any) -> Callable[[list[Line]], None]:
    """An edit of the entity that a row holds as JSON."""

    def change(lines: list[Line]) -> None:
        row = rows_of(lines, table)[1]
        row[side] = json.dumps({**json.loads(row[side]), **values})

    return change


def add_secret_to_record(lines: list[Line]) -> None:
    """Makes an idempotency record of a created key that contains its digest."""
    made = next(line for line in rows_of(lines, "revision") if line["kind"] == "key")
    key = json.loads(made["after"]) | {"digest": "0" * 64}
    rows_of(lines, "idempotency_record")[0].update(id=key["id"], operation="create_key", entity=json.dumps(key))


OTHER_OWNER = str(uuid4())
EDITS: dict[str, tuple[Callable[[list[Line]], Any], str]] = {
    "another format": (lambda lines: lines[0].update(format="other"), "This is 'other', version 1"),
    "another version": (lambda lines: lines[0].update(version=2), "version 2; only 'goatfish-owner', version 1"),
    "no header": (lambda lines: lines.pop(0), "not an exported owner"),
    "a foreign simulation": (edit_columns("simulation", 2, owner_id=OTHER_OWNER), "belongs to another owner"),
    "a foreign key": (edit_columns("api_key", owner_id=OTHER_OWNER), "belongs to another owner"),
    "a foreign revision": (edit_columns("revision", owner_id=OTHER_OWNER), "belongs to another owner"),
    "another owner's row": (edit_columns("owner", id=OTHER_OWNER), "belongs to another owner"),
    "another owner's header": (lambda lines: lines[0].update(owner=OTHER_OWNER), "belongs to another owner"),
    "a foreign entity in a revision": (edit_entity("revision", "after", owner_id=OTHER_OWNER), "not of the entity"),
    "another entity in a revision": (edit_entity("revision", "after", id=OTHER_OWNER), "not of the entity"),
    "a revision of nothing": (edit_columns("revision", before=None, after=None), "not of the entity"),
    "a revision of an unknown kind": (edit_columns("revision", kind="cat"), "cat"),
    "a secret in a revision": (
        lambda lines: edit_columns(
            "revision", after=json.dumps({**json.loads(rows_of(lines, "revision")[1]["after"]), "digest": "0" * 64})
        )(rows_of(lines, "revision")[1:2]),
        "holds a secret",
    ),
    "a foreign entity in an idempotency record": (
        edit_entity("idempotency_record", "entity", owner_id=OTHER_OWNER),
        "does not match the entity",
    ),
    "an array as recorded entity": (edit_columns("idempotency_record", entity="[]"), "in it is invalid"),
    "an incomplete recorded entity": (edit_entity("idempotency_record", "entity", name=None), "in it is invalid"),
    "an idempotency record of another kind": (
        edit_columns("idempotency_record", operation="create_key"),
        "in it is invalid",
    ),
    "an idempotency record of an unknown operation": (
        edit_columns("idempotency_record", operation="create"),
        "unknown operation",
    ),
    "a secret in an idempotency record": (add_secret_to_record, "the idempotency record contains a secret"),
    "a duplicate member in an entity": (
        edit_columns("idempotency_record", entity='{"id":"a","id":"b"}'),
        "it has a duplicate member",
    ),
    "an unknown table": (lambda lines: lines[3].update(table="cat"), "cat"),
    "an unknown column": (edit_columns("simulation", colour="red"), "colour"),
    "a missing column": (drop_column("simulation", "version"), "version"),
    "an invalid id": (edit_columns("simulation", id="x"), "UUID"),
    "a null": (edit_columns("simulation", name=None), "null"),
    "an empty name": (edit_columns("simulation", name=" ", name_folded=" "), "The name is empty"),
    "a control character": (edit_columns("simulation", name="a\tb", name_folded="a\tb"), "control characters"),
    "a NUL": (edit_columns("revision", actor="a\0"), "NUL"),
    "a NUL in a revision": (edit_entity("revision", "after", name="a\0"), "NUL"),
    "a NUL in an idempotency record": (edit_entity("idempotency_record", "entity", name="a\0"), "NUL"),
    "a name too long": (edit_columns("simulation", name="x" * 301, name_folded="x" * 301), "300"),
    "an owner without a name": (edit_columns("owner", name=""), "The name is empty"),
    "a wrong folded name": (edit_columns("simulation", name_folded="x"), "name_folded does not match"),
    "an end before the start": (edit_columns("simulation", end_date="1999-01-01"), "ends before it starts"),
    "an invalid date": (edit_columns("simulation", end_date="2026-02-30"), "date"),
    "a time without a zone": (edit_columns("simulation", updated_at="2026-01-01T00:00:00"), "timezone"),
    "a time of another zone": (edit_columns("simulation", updated_at="2026-01-01T00:00:00+02:00"), "not in UTC"),
    "version 0": (edit_columns("simulation", version=0), "at least 1"),
    "a version too high": (edit_columns("simulation", version=2**31 - 1), "1073741823"),
    "a change count at the maximum": (
        edit_columns("change_count", last=2**63 - 1, purged_through=2**63 - 1),
        "4611686018427387903",
    ),
    "an owner's name with blanks": (edit_columns("owner", name="Acme "), "begins or ends with blanks"),
    "an owner's name that reads as an id": (edit_columns("owner", name=str(uuid4())), "is a UUID"),
    "an unknown scope": (edit_columns("api_key", scopes="everything"), "everything"),
    "no scope": (edit_columns("api_key", scopes=""), "at least one scope"),
    "an invalid digest": (edit_columns("api_key", digest="secret"), "digest"),
    "two owners": (repeat_row("owner"), "exists already"),
    "no owner": (remove_row("owner"), "exactly one row of the table owner"),
    "a duplicate row": (repeat_row("simulation"), "exists already"),
    "a duplicate revision number": (edit_columns("revision", 3, number=3), "exists already"),
    "a missing revision number": (remove_row("revision", 3), "change count"),
    "no change count": (remove_row("change_count"), "change count"),
    "a change count too low": (edit_columns("change_count", last=3), "change count"),
    "a change count too high": (edit_columns("change_count", last=3000), "change count"),
    "a missing row": (lambda lines: lines.pop(5), "counts do not match"),
    "a footer with wrong counts": (lambda lines: lines[-1]["rows"].update(owner=2), "counts do not match"),
    "no footer": (lambda lines: lines.pop(), "truncated"),
    "a line after the footer": (lambda lines: lines.append(lines[1]), "nothing may follow"),
    "neither a row nor a footer": (lambda lines: lines.insert(3, {"a": 1}), "neither a row nor"),
    "an empty file": (lambda lines: lines.clear(), "not an exported owner"),
}


FOUND_BY_A_DATABASE = [
    *("an invalid date", "a NUL", "a NUL in a revision", "a NUL in an idempotency record"),
    *("two owners", "a duplicate row", "a duplicate revision number"),
]
EDITS_HERE = [*EDITS] if VENDOR == "sqlite" else FOUND_BY_A_DATABASE
"""The rest is found by our own code, which is the same on both: it is tried on one."""


@pytest.mark.parametrize("name", EDITS_HERE)
def test_an_edited_file_is_rejected_completely(owner: Owner, file: bytes, name: str) -> None:
    edit, reason = EDITS[name]
    lines = lines_of(file)
    edit(lines)
    expect_refused(owner.id, lines, reason)


@pytest.mark.parametrize(
    ("place", "old", "new", "message"),
    [
        (0, b'"name": "', b'"name": "\xff', "Line 1: it is not UTF-8."),
        (1, b'"name": "', b'"name": "\xff', "Line 2: it is not UTF-8."),
        (0, b'"version": ', b'"version": 1, "version": ', "Line 1: it has a duplicate member."),
        (1, b'"version": ', b'"version": 1, "version": ', "Line 2: it has a duplicate member."),
        (-1, b'"rows": ', b'"rows": {}, "rows": ', ": it has a duplicate member."),
    ],
)
def test_a_line_with_duplicate_members_or_invalid_utf_8_is_rejected(
    file: bytes, place: int, old: bytes, new: bytes, message: str
) -> None:
    parts = file_from(lines_of(file)).splitlines(keepends=True)
    assert old in parts[place]
    parts[place] = parts[place].replace(old, new, 1)
    with pytest.raises(Invalid) as refused:
        imported(b"".join(parts))
    assert refused.value.detail.endswith(message)


def test_an_escaped_backslash_before_u0000_is_not_a_nul(file: bytes, owner: Owner) -> None:
    name = "C:\\u0000dir"
    lines = lines_of(file)
    edit_columns("simulation", name=name, name_folded=name.casefold())(lines)
    edit_entity("revision", "after", name=name)(lines)
    imported(file_from(lines))
    assert name in {row["name"] for row in rows_of(lines_of(exported(owner.id)), "simulation")}
    remove(owner.id)


def test_large_rows_are_inserted_in_small_chunks(file: bytes, owner: Owner, monkeypatch: pytest.MonkeyPatch) -> None:
    chunk_sizes: list[int] = []

    def insert(model: type[models.Model], rows: list[tuple[object, ...]]) -> None:
        chunk_sizes.append(len(rows))
        bulk_insert.insert_rows(model, rows)

    monkeypatch.setattr(importing, "insert_rows", insert)
    monkeypatch.setattr(importing, "CHUNK_BYTES_MAX", 1)
    rows = imported(file)
    assert chunk_sizes == [1] * sum(rows.values())
    remove(owner.id)


def test_the_number_of_an_invalid_line_is_reported(file: bytes) -> None:
    lines = lines_of(file)
    place = next(place for place, line in enumerate(lines) if "start_date" in line)
    lines[place]["version"] = "x"
    with pytest.raises(Invalid) as refused:
        imported(file_from(lines))
    assert refused.value.detail == f"Line {place + 1}: Expected `int`, got `str` - at `$.version`."


def test_a_truncated_file_is_rejected(owner: Owner, file: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importing, "IMPORT_CHUNK", 2)
    ends = [place for place, byte in enumerate(file) if byte == ord("\n")]
    for end in (*ends[:-1:5], ends[-2] + 1, len(file) - 1, len(file) // 2, 10):
        for cut in (end, end + 1):
            if cut < len(file):
                with pytest.raises(Invalid):
                    imported(file[:cut])
    assert not any(rows_per_table(owner.id).values())


def test_a_too_long_line_is_rejected(file: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importing, "LINE_MAX", 100)
    with pytest.raises(Invalid):
        imported(file)


def test_an_existing_owner_is_not_imported_again(owner: Owner, file: bytes) -> None:
    assert imported(file) == lines_of(file)[-1]["rows"]
    for name in (None, f"Another {uuid4()}"):
        with pytest.raises(Conflict) as refused:
            imported(file, name)
        assert refused.value.detail == f"Owner {owner.id} exists already."
    before = exported(owner.id).partition(b"\n")[2]
    assert before == file.partition(b"\n")[2]
    remove(owner.id)


def test_a_duplicate_owner_name_is_rejected_unless_another_is_passed(owner: Owner, file: bytes) -> None:
    other = asyncio.run(stored_owner(ApiKeyToken.new(os.urandom), simulations=0))
    OwnerRow.objects.filter(id=other.id).update(name=owner.name)
    with pytest.raises(Conflict, match="exists already"):
        imported(file)
    assert not any(rows_per_table(owner.id).values())
    with pytest.raises(Invalid, match="The name is empty"):
        imported(file, " ")
    name = f"Another {uuid4()}"
    imported(file, name)
    assert OwnerRow.objects.get(id=owner.id).name == name
    for id in (owner.id, other.id):
        remove(id)
