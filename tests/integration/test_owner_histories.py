"""What a file says of the past is held to the rules that rows are held to: no state comes in that was never stored."""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from typing import TYPE_CHECKING, Any
from uuid import UUID, uuid4

import pytest
from django.db import connection

from adapters.django_orm import bootstrap
from adapters.django_orm.tenant_data.erasing import erase, rows_per_table
from domain.access.owner import Owner
from domain.access.token import ApiKeyToken
from domain.entity import validated
from domain.errors import (
    DomainError,
    Invalid,
    Unfit,
    Violation,
)
from domain.revisions import History
from domain.simulations.simulation import Simulation
from domain.use_cases import EntityUseCases
from tests.factories import CONTEXT
from tests.integration.conftest import opened
from tests.integration.owner_files import Line, exported, file_of, imported, lines_of, of_table, with_everything

if TYPE_CHECKING:
    from pytest_django import DjangoDbBlocker


@pytest.fixture(scope="module")
def owner(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> Iterator[Owner]:
    """An owner who was here, and of whom the file is left."""
    with django_db_blocker.unblock():
        yield asyncio.run(with_everything(ApiKeyToken.new(os.urandom)))
        connection.close()


@pytest.fixture(scope="module")
def file(owner: Owner) -> bytes:
    file = exported(owner.id)
    erased(owner)
    return file


@pytest.fixture(autouse=True)
def afterwards(owner: Owner, file: bytes) -> Iterator[None]:
    yield
    erased(owner)


def erased(owner: Owner) -> None:
    for _ in erase(owner.id):
        pass


def revision(lines: list[Line], kind: str, action: str = "updated") -> Line:
    """One of these: of what was made, changed, or deleted at last."""
    sides = {"created": (False, True), "updated": (True, True), "deleted": (True, False)}[action]
    found = (
        line
        for line in of_table(lines, "revision")
        if (line["kind"], line["before"] is not None, line["after"] is not None) == (kind, *sides)
    )
    return next(found)


def retold(kind: str, side: str = "after", action: str = "updated", **members: Any) -> Callable[[list[Line]], None]:
    """A change of what a revision holds; a member that is ``...`` is left out."""

    def change(lines: list[Line]) -> None:
        row = revision(lines, kind, action)
        state = {**json.loads(row[side]), **members}
        row[side] = json.dumps({name: value for name, value in state.items() if value is not ...})

    return change


def outcome(**members: Any) -> Callable[[list[Line]], None]:
    def change(lines: list[Line]) -> None:
        row = of_table(lines, "idempotency_record")[0]
        row["entity"] = json.dumps({**json.loads(row["entity"]), **members})

    return change


def setting(of: str, action: str = "updated", /, **columns: Any) -> Callable[[list[Line]], None]:
    return lambda lines: revision(lines, of, action).update(columns)


def renumbered(version: int) -> Callable[[list[Line]], None]:
    """A revision of another version, in its column and in what it holds."""

    def change(lines: list[Line]) -> None:
        retold("simulation", version=version)(lines)
        retold("simulation", "before", version=version - 1)(lines)
        setting("simulation", version=version)(lines)

    return change


def told_twice(lines: list[Line]) -> None:
    row = revision(lines, "simulation")
    count = of_table(lines, "change_count")[0]
    count["last"] += 1
    lines.insert(lines.index(count), {**row, "id": str(uuid4()), "number": count["last"]})
    lines[-1]["rows"]["revision"] += 1


def of_another_kind(lines: list[Line]) -> None:
    """A key's history is told as that of a simulation."""
    row, key = revision(lines, "simulation"), revision(lines, "key", "created")
    row.update(entity_id=key["entity_id"], before=None, after=key["after"])


NAMES = {"a NUL": "a\0", "a tab": "a\tb", "blanks": " a", "nothing": "", "too much": "x" * 301, "C1": "a\x9b31m"}
NAMED: dict[str, Callable[..., Callable[[list[Line]], None]]] = {
    "what was": partial(retold, "simulation", "before"),
    "what came of it": partial(retold, "simulation", "after"),
    "what was made": partial(retold, "simulation", "after", "created"),
    "what was deleted": partial(retold, "simulation", "before", "deleted"),
    "an outcome": outcome,
    "an owner": partial(retold, "owner", "after", "created"),
    "a key": partial(retold, "key", "after", "created"),
}
STATES: dict[str, tuple[Callable[[list[Line]], Any], str]] = {
    **{
        f"{what} in the name of {whose}": (holder(name=text), "")
        for whose, holder in NAMED.items()
        for what, text in NAMES.items()
    },
    "a lone surrogate": (retold("simulation", name="\ud800"), "in it is invalid"),
    "an owner's name that reads as an id": (retold("owner", action="created", name=str(uuid4())), "is a UUID"),
    "an end before the start": (retold("simulation", end_date="1999-01-01"), "ends before it starts"),
    "an end before the start in an outcome": (outcome(end_date="1999-01-01"), "ends before it starts"),
    "no date": (retold("simulation", end_date="2026-02-30"), "in it is invalid"),
    "a year 0": (retold("simulation", start_date="0000-01-01"), "in it is invalid"),
    "a missing member": (retold("simulation", name=...), "name"),
    "an unknown member": (retold("simulation", colour="red"), "a simulation has no member 'colour'"),
    "an unknown member with a NUL within": (retold("simulation", more=[["a\0"]]), "NUL"),
    "an unknown member named with a NUL": (retold("simulation", **{"a\0": "b"}), "NUL"),
    "an unknown member of an outcome": (outcome(digest="0" * 64), "a simulation has no member 'digest'"),
    "a time without a zone": (retold("simulation", created_at="2026-01-01T00:00:00"), "not in UTC"),
    "a change at a time without a zone": (retold("simulation", updated_at="2026-01-01T00:00:00"), "not in UTC"),
    "a time of another zone": (retold("simulation", updated_at="2026-01-01T00:00:00+02:00"), "not in UTC"),
    "a time of another zone in an outcome": (outcome(updated_at="2026-01-01T00:00:00+02:00"), "not in UTC"),
    "another time of making after": (retold("simulation", created_at="2020-01-01T00:00:00Z"), "two moments"),
    "another time of making in an outcome": (outcome(created_at="2020-01-01T00:00:00Z"), "does not match the entity"),
    "another version after": (retold("simulation", version=3), "not that of the entity"),
    "another version before": (retold("simulation", "before", version=7), "not that of the entity"),
    "another version of a deletion": (setting("simulation", "deleted", version=9), "not that of the entity"),
    "another version of a revision": (setting("simulation", version=1), "not that of the entity"),
    "a version 0": (renumbered(1), "must be between 1 and"),
    "a version below 0": (retold("simulation", version=-5), "must be between 1 and"),
    "a version that no row can have": (renumbered(2**40), "must be between 1 and"),
    "a version beyond all numbers": (retold("simulation", version=10**30), "must be between 1 and"),
    "a version that is none": (retold("simulation", version=True), "in it is invalid"),
    "a version 0 in an outcome": (outcome(version=0), "must be between 1 and"),
    "a version later than the row's": (renumbered(1000), "do not match its revisions"),
    "a version told of twice": (told_twice, "do not match its revisions"),
    "the history of something of another kind": (of_another_kind, "in it is invalid"),
    "another kind": (setting("simulation", kind="key"), "in it is invalid"),
    "a revision of a revision": (setting("simulation", kind="revision"), "is unknown"),
    "no object": (setting("simulation", after="[]"), "in it is invalid"),
    "no JSON": (setting("simulation", after="{"), "in it is invalid"),
    "more nesting than can be read": (setting("simulation", after="[" * 100_000), "in it is invalid"),
    "an unknown scope": (retold("key", action="created", scopes=["everything"]), "in it is invalid"),
    "no scope": (retold("key", action="created", scopes=[]), "at least one scope"),
    "a digest": (retold("key", action="created", digest="0" * 64), "holds a secret"),
    "another public id": (retold("key", action="created", public_id="gf_"), "public id"),
    "a maker that is no text": (retold("key", action="created", created_by="operator:\x1b[2J"), "plain text"),
    "an original expiry that is not later": (
        retold("key", action="created", original_expires_at="2020-01-01T00:00:00Z"),
        "not later than the present one",
    ),
    "an actor with an escape": (setting("simulation", actor="operator:\x1b[2J"), "control characters"),
    "a request with an escape": (setting("simulation", request_id="a\nb"), "control characters"),
    "a promise with an escape": (
        lambda lines: of_table(lines, "idempotency_record")[0].update(key="a\nb"),
        "control characters",
    ),
}


@pytest.mark.parametrize("name", STATES)
def test_a_state_that_was_never_stored_is_refused_with_the_file(owner: Owner, file: bytes, name: str) -> None:
    edit, words = STATES[name]
    lines = lines_of(file)
    edit(lines)
    surrogates = [json.dumps(line).encode() + b"\n" for line in lines]
    with pytest.raises(DomainError) as refused:
        imported(b"".join(surrogates))
    assert not any(rows_per_table(owner.id).values())
    assert words in refused.value.detail
    assert "\n" not in refused.value.detail


@pytest.mark.parametrize("column", ["name", "updated_at"])
def test_what_was_changed_within_the_rules_comes_in(owner: Owner, file: bytes, column: str) -> None:
    lines = lines_of(file)
    retold("simulation", **{column: {"name": "🐐" * 300, "updated_at": "2020-01-01T00:00:00Z"}[column]})(lines)
    assert imported(file_of(lines)) == lines[-1]["rows"]


def test_a_file_from_before_keys_said_who_made_them_comes_in(owner: Owner, file: bytes) -> None:
    lines = lines_of(file)
    for key in of_table(lines, "api_key"):
        del key["created_by"], key["original_expires_at"]
    for row in of_table(lines, "revision"):
        if row["kind"] == "key":
            row["after"] = json.dumps(
                {k: v for k, v in json.loads(row["after"]).items() if k not in {"created_by", "original_expires_at"}}
            )
    assert imported(file_of(lines)) == lines[-1]["rows"]
    assert [key["created_by"] for key in of_table(lines_of(exported(owner.id)), "api_key")] == [None, None]


@pytest.mark.parametrize("action", ["updated", "deleted"])
def test_what_was_legal_when_it_was_made_comes_in_and_is_not_restored(
    owner: Owner, file: bytes, action: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    row = revision(lines_of(file), "simulation", action)
    name = json.loads(row["before"])["name"]

    def stricter(kind: type[Any], values: Mapping[str, Any]) -> dict[str, Any]:
        if values.get("name") == name:
            raise Invalid([Violation("name", "not_any_more", "The name is none any more.")])
        return validated(kind, values)

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
    with monkeypatch.context() as today:
        today.setattr("domain.entity.validated", stricter)
        with pytest.raises(Unfit, match="is not restored: The name is none any more"):
            asyncio.run(restore(row["version"] - 1))
    assert exported(owner.id).partition(b"\n")[2] == before
    assert asyncio.run(restore(row["version"] - 1)).name == name
