"""A file that is not whole, not of one owner, or not by the rules brings nothing in, and says why in a line."""

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
from adapters.django_orm.tenant_data.erasing import erase, rows_per_table
from domain.access.owner import Owner
from domain.access.token import ApiKeyToken
from domain.errors import Conflict, DomainError, Invalid
from tests.integration.owner_files import Line, exported, file_of, imported, lines_of, of_table, with_everything

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
    """An owner who was here, and of whom the file is left."""
    return asyncio.run(with_everything(ApiKeyToken.new(os.urandom)))


@pytest.fixture(scope="module")
def file(owner: Owner) -> Iterator[bytes]:
    file = exported(owner.id)
    for _ in erase(owner.id):
        pass
    yield file
    for _ in erase(owner.id):
        pass


def setting(table: str, row: int = 0, **values: Any) -> Callable[[list[Line]], None]:
    """A change of one row's columns."""

    def change(lines: list[Line]) -> None:
        of_table(lines, table)[row].update(values)

    return change


def dropping(table: str, column: str) -> Callable[[list[Line]], None]:
    return lambda lines: of_table(lines, table)[0].pop(column)


def without(table: str, row: int = 0) -> Callable[[list[Line]], None]:
    """A row left out, and the counts made to fit."""

    def change(lines: list[Line]) -> None:
        lines.remove(of_table(lines, table)[row])
        lines[-1]["rows"][table] -= 1

    return change


def twice(table: str) -> Callable[[list[Line]], None]:
    def change(lines: list[Line]) -> None:
        lines.insert(-1, of_table(lines, table)[0])
        lines[-1]["rows"][table] += 1

    return change


def retold(table: str, side: str, **values: Any) -> Callable[[list[Line]], None]:
    """A change of the entity that a row holds as JSON."""

    def change(lines: list[Line]) -> None:
        row = of_table(lines, table)[1]
        row[side] = json.dumps({**json.loads(row[side]), **values})

    return change


def secret_in_an_outcome(lines: list[Line]) -> None:
    """The outcome of a key that was made, with its digest."""
    made = next(line for line in of_table(lines, "revision") if line["kind"] == "key")
    key = json.loads(made["after"]) | {"digest": "0" * 64}
    of_table(lines, "idempotency_record")[0].update(id=key["id"], operation="create_key", entity=json.dumps(key))


STRANGER = str(uuid4())
EDITS: dict[str, tuple[Callable[[list[Line]], Any], str]] = {
    "another format": (lambda lines: lines[0].update(format="other"), "This is 'other', version 1"),
    "another version": (lambda lines: lines[0].update(version=2), "version 2; only 'goatfish-owner', version 1"),
    "no header": (lambda lines: lines.pop(0), "not an exported owner"),
    "a foreign simulation": (setting("simulation", 2, owner_id=STRANGER), "belongs to another owner"),
    "a foreign key": (setting("api_key", owner_id=STRANGER), "belongs to another owner"),
    "a foreign revision": (setting("revision", owner_id=STRANGER), "belongs to another owner"),
    "another owner's row": (setting("owner", id=STRANGER), "belongs to another owner"),
    "another owner's header": (lambda lines: lines[0].update(owner=STRANGER), "belongs to another owner"),
    "a foreign entity in a revision": (retold("revision", "after", owner_id=STRANGER), "not of the entity"),
    "another entity in a revision": (retold("revision", "after", id=STRANGER), "not of the entity"),
    "a revision of nothing": (setting("revision", before=None, after=None), "not of the entity"),
    "a revision of an unknown kind": (setting("revision", kind="cat"), "cat"),
    "a secret in a revision": (
        lambda lines: setting(
            "revision", after=json.dumps({**json.loads(of_table(lines, "revision")[1]["after"]), "digest": "0" * 64})
        )(of_table(lines, "revision")[1:2]),
        "holds a secret",
    ),
    "a foreign entity in an outcome": (
        retold("idempotency_record", "entity", owner_id=STRANGER),
        "does not match the entity",
    ),
    "an outcome of no entity": (setting("idempotency_record", entity="[]"), "in it is invalid"),
    "an outcome of half an entity": (retold("idempotency_record", "entity", name=None), "in it is invalid"),
    "an outcome of another kind": (setting("idempotency_record", operation="create_key"), "in it is invalid"),
    "an outcome of an unknown operation": (setting("idempotency_record", operation="create"), "unknown operation"),
    "a secret in an outcome": (secret_in_an_outcome, "the idempotency record contains a secret"),
    "a member twice in an entity": (
        setting("idempotency_record", entity='{"id":"a","id":"b"}'),
        "it has a duplicate member",
    ),
    "an unknown table": (lambda lines: lines[3].update(table="cat"), "cat"),
    "an unknown column": (setting("simulation", colour="red"), "colour"),
    "a missing column": (dropping("simulation", "version"), "version"),
    "no id": (setting("simulation", id="x"), "UUID"),
    "a null": (setting("simulation", name=None), "null"),
    "an empty name": (setting("simulation", name=" ", name_folded=" "), "The name is empty"),
    "a control character": (setting("simulation", name="a\tb", name_folded="a\tb"), "control characters"),
    "a NUL": (setting("revision", actor="a\0"), "NUL"),
    "a NUL in a revision": (retold("revision", "after", name="a\0"), "NUL"),
    "a NUL in an outcome": (retold("idempotency_record", "entity", name="a\0"), "NUL"),
    "a name too long": (setting("simulation", name="x" * 301, name_folded="x" * 301), "300"),
    "an owner without a name": (setting("owner", name=""), "The name is empty"),
    "a name folded otherwise": (setting("simulation", name_folded="x"), "name_folded does not match"),
    "an end before the start": (setting("simulation", end_date="1999-01-01"), "ends before it starts"),
    "no date": (setting("simulation", end_date="2026-02-30"), "date"),
    "a time without a zone": (setting("simulation", updated_at="2026-01-01T00:00:00"), "timezone"),
    "a time of another zone": (setting("simulation", updated_at="2026-01-01T00:00:00+02:00"), "not in UTC"),
    "version 0": (setting("simulation", version=0), "at least 1"),
    "a version too high": (setting("simulation", version=2**31 - 1), "1073741823"),
    "a count that cannot go on": (
        setting("change_count", last=2**63 - 1, purged_through=2**63 - 1),
        "4611686018427387903",
    ),
    "an owner's name with blanks": (setting("owner", name="Acme "), "begins or ends with blanks"),
    "an owner's name that reads as an id": (setting("owner", name=str(uuid4())), "is a UUID"),
    "an unknown scope": (setting("api_key", scopes="everything"), "everything"),
    "no scope": (setting("api_key", scopes=""), "at least one scope"),
    "no digest": (setting("api_key", digest="secret"), "digest"),
    "two owners": (twice("owner"), "exists already"),
    "no owner": (without("owner"), "exactly one row of the table owner"),
    "a row twice": (twice("simulation"), "exists already"),
    "a number twice": (setting("revision", 3, number=3), "exists already"),
    "a number left out": (without("revision", 3), "change count"),
    "no count of changes": (without("change_count"), "change count"),
    "a count too low": (setting("change_count", last=3), "change count"),
    "a count too high": (setting("change_count", last=3000), "change count"),
    "a row too few": (lambda lines: lines.pop(5), "counts do not match"),
    "a closing line of other counts": (lambda lines: lines[-1]["rows"].update(owner=2), "counts do not match"),
    "no closing line": (lambda lines: lines.pop(), "truncated"),
    "something behind the end": (lambda lines: lines.append(lines[1]), "nothing may follow"),
    "neither row nor end": (lambda lines: lines.insert(3, {"a": 1}), "neither a row nor"),
    "an empty file": (lambda lines: lines.clear(), "not an exported owner"),
}


@pytest.mark.parametrize("name", EDITS)
def test_a_file_that_was_edited_is_refused_whole(owner: Owner, file: bytes, name: str) -> None:
    edit, words = EDITS[name]
    lines = lines_of(file)
    edit(lines)
    try:
        with pytest.raises(DomainError) as refused:
            imported(file_of(lines))
        assert not any(rows_per_table(owner.id).values())
    finally:
        for _ in erase(owner.id):
            pass
    assert words in refused.value.detail
    assert "\n" not in refused.value.detail


@pytest.mark.parametrize(
    ("place", "old", "new", "words"),
    [
        (0, b'"name": "', b'"name": "\xff', "Line 1: it is not UTF-8."),
        (1, b'"name": "', b'"name": "\xff', "Line 2: it is not UTF-8."),
        (0, b'"version": ', b'"version": 1, "version": ', "Line 1: it has a duplicate member."),
        (1, b'"version": ', b'"version": 1, "version": ', "Line 2: it has a duplicate member."),
        (-1, b'"rows": ', b'"rows": {}, "rows": ', ": it has a duplicate member."),
    ],
)
def test_a_line_that_can_be_read_in_two_ways_or_none_is_refused(
    file: bytes, place: int, old: bytes, new: bytes, words: str
) -> None:
    parts = file_of(lines_of(file)).splitlines(keepends=True)
    assert old in parts[place]
    parts[place] = parts[place].replace(old, new, 1)
    with pytest.raises(Invalid) as refused:
        imported(b"".join(parts))
    assert refused.value.detail.endswith(words)


def test_a_backslash_before_u0000_is_no_nul(file: bytes, owner: Owner) -> None:
    name = "C:\\u0000dir"
    lines = lines_of(file)
    setting("simulation", name=name, name_folded=name.casefold())(lines)
    retold("revision", "after", name=name)(lines)
    imported(file_of(lines))
    assert name in {row["name"] for row in of_table(lines_of(exported(owner.id)), "simulation")}
    for _ in erase(owner.id):
        pass


def test_large_rows_are_not_held_by_the_thousand(file: bytes, owner: Owner, monkeypatch: pytest.MonkeyPatch) -> None:
    held: list[int] = []

    def insert(model: type[models.Model], rows: list[tuple[object, ...]]) -> None:
        held.append(len(rows))
        bulk_insert.insert_rows(model, rows)

    monkeypatch.setattr(importing, "insert_rows", insert)
    monkeypatch.setattr(importing, "CHUNK_BYTES_MAX", 1)
    rows = imported(file)
    assert held == [1] * sum(rows.values())
    for _ in erase(owner.id):
        pass


def test_the_line_that_is_wrong_is_named(file: bytes) -> None:
    lines = lines_of(file)
    place = next(place for place, line in enumerate(lines) if "start_date" in line)
    lines[place]["version"] = "x"
    with pytest.raises(Invalid) as refused:
        imported(file_of(lines))
    assert refused.value.detail == f"Line {place + 1}: Expected `int`, got `str` - at `$.version`."


def test_a_file_that_ends_anywhere_else_is_refused(owner: Owner, file: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importing, "IMPORT_CHUNK", 2)
    ends = [place for place, byte in enumerate(file) if byte == ord("\n")]
    for end in (*ends[:-1:5], ends[-2] + 1, len(file) - 1, len(file) // 2, 10):
        for cut in (end, end + 1):
            if cut < len(file):
                with pytest.raises(Invalid):
                    imported(file[:cut])
    assert not any(rows_per_table(owner.id).values())


def test_a_line_without_end_is_not_read_to_its_end(file: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importing, "LINE_MAX", 100)
    with pytest.raises(Invalid):
        imported(file)


def test_whoever_is_here_already_is_not_imported_again(owner: Owner, file: bytes) -> None:
    assert imported(file) == lines_of(file)[-1]["rows"]
    for name in (None, f"Another {uuid4()}"):
        with pytest.raises(Conflict) as refused:
            imported(file, name)
        assert refused.value.detail == f"Owner {owner.id} exists already."
    before = exported(owner.id).partition(b"\n")[2]
    assert before == file.partition(b"\n")[2]
    for _ in erase(owner.id):
        pass


def test_a_name_that_is_taken_is_refused_unless_another_is_given(owner: Owner, file: bytes) -> None:
    other = asyncio.run(with_everything(ApiKeyToken.new(os.urandom), simulations=0))
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
        for _ in erase(id):
            pass
