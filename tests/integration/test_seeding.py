"""Seeded owners are like everybody else: with revisions of every change, in the order of their times."""

from __future__ import annotations

import asyncio
import json
import tracemalloc
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import groupby
from typing import TYPE_CHECKING, Any
from uuid import UUID, uuid4

import pytest
from typer.testing import CliRunner, Result

from adapters.django_orm.models import ChangeCountRow, RevisionRow, RunRow, SimulationRow
from adapters.django_orm.tenant_data.erasing import erase
from adapters.django_orm.tenant_data.revision_spool import RevisionSpool
from app.cli.commands import commands
from app.cli.fake_data.history import revisions, states
from app.cli.fake_data.runs import fake_runs
from app.cli.use_case_runner import with_use_cases
from domain.access.owner import Owner
from domain.paging import LIMIT_MAX, PageRequest
from domain.repository import OwnerId
from domain.revisions import IN_ORDER, Revision
from domain.runs.run import Run

if TYPE_CHECKING:
    pass


pytestmark = pytest.mark.usefixtures("configured")


def goatfish(*arguments: str) -> Result:
    done = CliRunner().invoke(commands, arguments)
    if done.exception is not None and not isinstance(done.exception, SystemExit):
        raise done.exception
    return done


@pytest.fixture
def owner(configured: None) -> Iterator[OwnerId]:
    """An owner with a seeded year: 20 simulations and 160 runs."""
    name = f"Seeded {uuid4().hex}"
    made = OwnerId(UUID(goatfish("owner", "create", name).stdout.strip()))
    done = goatfish("seed", "--owner", name, "--each", "20", "--runs", "160")
    assert (done.exit_code, done.stdout) == (0, f"{made}\n"), done.stderr
    yield made
    for _ in erase(made):
        pass


def revisions_of(owner: OwnerId) -> list[Revision[Any]]:
    async def all_of(use_cases: Any) -> list[Revision[Any]]:
        found: list[Revision[Any]] = []
        request: PageRequest | None = PageRequest(limit=LIMIT_MAX, sort=IN_ORDER)
        while request is not None:
            page = await use_cases.storage().revisions.of(owner).page(request)
            found += page.items
            request = page.next and PageRequest(limit=LIMIT_MAX, sort=IN_ORDER, after=page.next)
        return found

    return asyncio.run(with_use_cases(all_of))


def status_of(revision: Revision[Any]) -> str:
    run: Any = revision.after
    return str(run.status)


def test_every_change_of_a_seeded_owner_has_a_revision(owner: OwnerId) -> None:
    _, *seeded = revisions_of(owner)  # the first is the creation of the owner
    assert [each.number for each in seeded] == [*range(2, len(seeded) + 2)]
    assert ChangeCountRow.objects.get(owner_id=owner).last == len(seeded) + 1
    assert [each.created_at for each in seeded] == sorted(each.created_at for each in seeded)
    assert all(each.violations() == [] for each in seeded)
    of_each = groupby(sorted(seeded, key=lambda each: (each.entity_id, each.version)), lambda each: each.entity_id)
    histories = {entity_id: [*history] for entity_id, history in of_each}
    rows = {row.id: row for model in (SimulationRow, RunRow) for row in model.objects.filter(owner_id=owner)}
    assert rows.keys() == histories.keys()
    for entity_id, history in histories.items():
        assert [each.version for each in history] == [*range(1, rows[entity_id].version + 1)]
        assert [each.before for each in history] == [None, *(each.after for each in history[:-1])]
        last: Any = history[-1].after
        assert (last.version, last.updated_at) == (rows[entity_id].version, rows[entity_id].updated_at)
    ended = [
        history for history in histories.values() if isinstance(last := history[-1].after, Run) and last.finished_at
    ]
    assert len(ended) > 100
    assert {tuple(status_of(each) for each in history)[:2] for history in ended} == {("queued", "running")}
    assert any(len(history) == 2 for history in histories.values() if not isinstance(history[0].after, Run))


def test_revisions_wait_on_disk_for_their_turn() -> None:
    """What is kept in memory of a run's history does not depend on how many there are."""
    spool, now = RevisionSpool(), datetime.now(UTC)
    owner = Owner.create(id=OwnerId(uuid4()), now=now - timedelta(days=365), name="x")
    runs = fake_runs([owner], 2_000, now, {owner.id: [uuid4()]}, "cluster")
    tracemalloc.start()
    for run in runs:
        spool.add(revisions(states(run, now), "operator:tests", "request"))
    kept, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert spool.size >= 2_000
    assert kept < 1 << 20


def test_a_seeded_owner_can_be_exported_and_imported(owner: OwnerId) -> None:
    goatfish("owner", "export", str(owner), "--output", "owner.jsonl")
    goatfish("owner", "deactivate", str(owner))
    before = RevisionRow.objects.filter(owner_id=owner).count()
    assert goatfish("owner", "erase", str(owner), "--yes").exit_code == 0
    done = goatfish("owner", "import", "owner.jsonl")
    assert done.exit_code == 0, done.stderr
    assert RevisionRow.objects.filter(owner_id=owner).count() == before - 1  # the deactivation came after the export


def test_an_owner_can_be_seeded_again(owner: OwnerId) -> None:
    done = goatfish("seed", "--owner", str(owner), "--each", "3", "--runs", "50", "--json")
    assert [each["id"] for each in json.loads(done.stdout)] == [str(owner)]
    assert RunRow.objects.filter(owner_id=owner).count() == 210
    numbers = RevisionRow.objects.filter(owner_id=owner).order_by("number").values_list("number", flat=True)
    assert [*numbers] == [*range(1, len(numbers) + 1)]


def test_new_owners_have_revisions_unless_it_says_that_they_have_none() -> None:
    for options, expected in (((), True), (("--no-revisions",), False)):
        done = goatfish("seed", "--owners", "2", "--each", "4", "--runs", "8", *options)
        assert ("without revisions" not in done.stderr) == expected
        for owner in map(UUID, done.stdout.split()):
            kinds = {*RevisionRow.objects.filter(owner_id=owner).values_list("kind", flat=True)}
            assert kinds == ({"owner", "simulation", "run"} if expected else set())
            for _ in erase(OwnerId(owner)):
                pass


@pytest.mark.parametrize(
    ("options", "status", "words"),
    [
        (("--owner", "Nobody"), 1, "There is no such owner."),
        (("--owner", "Nobody", "--owners", "2"), 2, "--owners creates new ones"),
        (("--owner", "Nobody", "--each", "0", "--runs", "1"), 2, "Runs need a simulation"),
    ],
)
def test_what_cannot_be_seeded_is_refused(options: tuple[str, ...], status: int, words: str) -> None:
    done = goatfish("seed", *options)
    assert (done.exit_code, done.stdout) == (status, "")
    assert words in " ".join(done.stderr.replace("│", " ").split())
