"""Files of an owner with runs: exported, erased and imported as they were, and refused where a run could not be."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import TYPE_CHECKING, Any
from uuid import UUID, uuid4

import pytest
from django.db import connection

from adapters.django_orm import bootstrap
from adapters.django_orm.models import RunRow
from adapters.django_orm.tenant_data.erasing import rows_per_table
from domain.access.owner import Owner
from domain.entity import create, update
from domain.errors import Conflict, DomainError
from domain.quantities import Quantity
from domain.repository import OwnerId
from domain.runs.artifact import Artifact
from domain.runs.run import Run
from domain.runs.status import RunStatus
from domain.simulations.simulation import Simulation
from tests.factories import CONTEXT, NOW, OwnerFactory, SimulationFactory
from tests.integration.conftest import VENDOR, opened
from tests.integration.owner_files import Line, expect_refused, exported, file_from, imported, lines_of, remove, rows_of

if TYPE_CHECKING:
    from pytest_django import DjangoDbBlocker

FIRST, SECOND, THIRD = (UUID(int=(NOW.toordinal() << 80) + number) for number in (3, 2, 1))
PARAMETERS: dict[str, Quantity] = {
    "huge": Quantity(1e300, "m"),
    "negative": Quantity(-1.7976931348623157e308),
    "tiny": Quantity(5e-324),
    "exact": Quantity(2**53),
    "exact-float": Quantity(float(2**53)),
    "least": Quantity(-(2**53)),
    "tenth": Quantity(0.1, "µm/s²"),
    "one": Quantity(1),
    "one-float": Quantity(1.0),
    "nothing": Quantity(0.0, ""),
    "yes": Quantity(True),
    "text": Quantity('k-omega \n\t"SST" \\u0000 漢字 🐐', "e\u0301"),
}
RESULTS = {f"r{number}": Quantity(number / 7, "Pa") for number in range(100)}
ARTIFACTS = (
    Artifact(name="bare", uri="file:///x", sha256="aF" * 32),
    *(
        Artifact(
            name=f"file {number}", uri=f"s3://bucket/{number}?q=%20", media_type="text/plain", bytes=2**53 - number
        )
        for number in range(49)
    ),
)


@pytest.fixture(scope="module")
def committing(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> Iterator[None]:
    with django_db_blocker.unblock():
        yield
        connection.close()


async def owner_with_runs() -> Owner:
    """Stores an owner with a simulation and three runs, each but the first a restart of the one before."""
    owner: Owner = OwnerFactory.build()
    simulation: Simulation = SimulationFactory.build(
        owner_id=owner.id, description="Two\nlines.", labels={"project": "wing", "empty": ""}
    )
    made: dict[str, Any] = {"simulation_id": simulation.id, "parameters": PARAMETERS, "artifacts": ARTIFACTS}
    runs = [
        create(Run, id=FIRST, owner_id=owner.id, now=NOW, actor="key:1", external_id="slurm-81724", **made),
        create(Run, id=SECOND, owner_id=owner.id, now=NOW, parent_id=FIRST, name="Straße", results=RESULTS, **made),
        create(Run, id=THIRD, owner_id=owner.id, now=NOW - timedelta(1), parent_id=SECOND, labels={"a": "b"}, **made),
    ]
    async with opened(bootstrap.django_storage(size=1)) as storage:
        await storage.owners.add(owner, CONTEXT)
        await storage.repository(Simulation).of(owner.id).add(simulation, CONTEXT)
        repository = storage.repository(Run).of(owner.id)
        for run in runs:
            await repository.add(run, CONTEXT)
        failed = {"status": RunStatus.FAILED, "status_reason": "diverged at iteration 412"}
        await repository.change(FIRST, lambda run: update(run, now=NOW, **failed), CONTEXT)
    return owner


@pytest.fixture(scope="module")
def owner(committing: None) -> Owner:
    return asyncio.run(owner_with_runs())


@pytest.fixture(scope="module")
def file(owner: Owner) -> bytes:
    """The file of an owner that is erased."""
    file = exported(owner.id)
    remove(owner.id)
    return file


def data_of(file: bytes) -> bytes:
    """Everything but the header, which has the time of the export."""
    return file.partition(b"\n")[2]


async def stored_runs(owner: OwnerId) -> list[Run]:
    async with opened(bootstrap.django_storage(size=1)) as storage:
        repository = storage.repository(Run).of(owner)
        return [await repository.get(id) for id in (FIRST, SECOND, THIRD)]


def test_runs_come_back_as_they_were(owner: Owner, file: bytes) -> None:
    imported(file)
    assert data_of(exported(owner.id)) == data_of(file)
    first, second, third = asyncio.run(stored_runs(owner.id))
    for run in (first, second, third):
        assert run.parameters == PARAMETERS
        assert {name: type(each.value) for name, each in run.parameters.items()} == {
            name: type(each.value) for name, each in PARAMETERS.items()
        }
        assert run.artifacts == ARTIFACTS
    assert (first.status, first.status_reason) == (RunStatus.FAILED, "diverged at iteration 412")
    assert (first.external_id, first.created_by, first.version) == ("slurm-81724", "key:1", 2)
    assert (second.name, second.results, second.parent_id) == ("Straße", RESULTS, FIRST)
    assert (third.labels, third.parent_id) == ({"a": "b"}, SECOND)
    remove(owner.id)


def test_numbers_are_written_as_they_are(file: bytes) -> None:
    written = rows_of(lines_of(file), "run")[0]["parameters"]
    assert written == {name: [each.value, each.unit] for name, each in PARAMETERS.items()}
    assert b'"huge":[1e300,"m"]' in file
    assert b'"exact":[9007199254740992,null]' in file
    assert b'"tenth":[0.1,' in file


@pytest.mark.parametrize("order", [(0, 1, 2), (2, 1, 0), (1, 2, 0)])
def test_parents_may_come_in_any_order(owner: Owner, file: bytes, order: tuple[int, ...]) -> None:
    lines = lines_of(file)
    places = [place for place, line in enumerate(lines) if line.get("table") == "run"]
    runs = [lines[place] for place in places]
    for place, number in zip(places, order, strict=True):
        lines[place] = runs[number]
    imported(file_from(lines))
    assert data_of(exported(owner.id)) == data_of(file)
    remove(owner.id)


def test_a_file_from_before_runs_can_be_imported(owner: Owner, file: bytes) -> None:
    """A version without runs had simulations without descriptions and labels, in rows and in revisions."""
    lines = [line for line in lines_of(file) if line.get("table") not in {"run", "revision", "change_count"}]
    for line in rows_of(lines, "simulation"):
        del line["description"], line["labels"]
    counts = lines[-1]["rows"]
    del counts["run"]
    revisions = [line for line in rows_of(lines_of(file), "revision") if line["kind"] != "run"]
    for line in revisions:
        if line["kind"] == "simulation":
            after = json.loads(line["after"])
            del after["description"], after["labels"]
            line["after"] = json.dumps(after)
    counts |= {"revision": len(revisions), "change_count": 1}
    count = rows_of(lines_of(file), "change_count")[0] | {"last": len(revisions)}
    for number, line in enumerate(revisions, 1):
        line["number"] = number
    imported(file_from([*lines[:-1], *revisions, count, lines[-1]]))
    (simulation,) = rows_of(lines_of(exported(owner.id)), "simulation")
    assert (simulation["description"], simulation["labels"]) == (None, {})

    async def restored() -> Simulation:
        async with opened(bootstrap.django_storage(size=1)) as storage:
            return await storage.repository(Simulation).of(owner.id).get(UUID(simulation["id"]))

    assert asyncio.run(restored()).labels == {}
    remove(owner.id)


def edit(number: int, **columns: Any) -> Callable[[list[Line]], None]:
    """An edit of one run's columns; ``number`` counts in the order of their creation."""

    def change(lines: list[Line]) -> None:
        runs = {line["id"]: line for line in rows_of(lines, "run")}
        runs[str((FIRST, SECOND, THIRD)[number])].update(columns)

    return change


def member(value: object, unit: object = None) -> Callable[[list[Line]], None]:
    return edit(0, parameters={"alpha": [value, unit]})


def artifact(**members: Any) -> Callable[[list[Line]], None]:
    return edit(0, artifacts=[{"name": "log", "uri": "s3://bucket/log", **members}])


OTHER = str(uuid4())
HOSTILE: dict[str, tuple[Callable[[list[Line]], None], str]] = {
    "no simulation": (edit(0, simulation_id=OTHER), "The simulation_id of a run is not in the file."),
    "simulation of null": (edit(0, simulation_id=None), "null"),
    "parent of another owner": (edit(1, parent_id=OTHER), "The parent_id of a run is not in the file."),
    "its own parent": (edit(0, parent_id=str(FIRST)), "The parent_id of a run leads back to itself."),
    "parents in a circle": (edit(0, parent_id=str(THIRD)), "The parent_id of a run leads back to itself."),
    "run of another owner": (edit(0, owner_id=OTHER), "belongs to another owner"),
    "a whole number beyond 2^53": (member(2**53 + 1), "beyond ±2^53"),
    "a whole number below -2^53": (member(-(2**53) - 1), "beyond ±2^53"),
    "a whole number of 400 digits": (member(10**400), "parameters"),
    "a null": (member(None), "parameters"),
    "a list": (member([1]), "parameters"),
    "a long text": (member("x" * 1001), "longer than 1000"),
    "a control character": (member("\x01"), "control characters"),
    "a long unit": (member(1, "x" * 33), "longer than 32"),
    "an invisible unit": (member(1, "\u200b"), "nothing that can be seen"),
    "a bare number": (edit(0, parameters={"alpha": 1}), "parameters"),
    "a third element": (edit(0, parameters={"alpha": [1, None, 2]}), "parameters"),
    "a name of a quantity": (edit(0, parameters={"1alpha": [1, None]}), "not a letter"),
    "101 quantities": (edit(0, results={f"r{n}": [n, None] for n in range(101)}), "more than 100"),
    "a name of a label": (edit(0, labels={"-x": "y"}), "labels"),
    "a label that is no text": (edit(0, labels={"x": 1}), "labels"),
    "an unknown status": (edit(0, status="lost"), "lost"),
    "queued and started": (edit(1, started_at=f"{NOW:%Y-%m-%dT%H:%M:%S}Z"), "queued run has not started"),
    "queued and finished": (edit(1, finished_at=f"{NOW:%Y-%m-%dT%H:%M:%S}Z"), "has not finished"),
    "finished before the start": (
        edit(0, started_at="2026-01-02T00:00:00Z", finished_at="2026-01-01T00:00:00Z"),
        "finishes before it starts",
    ),
    "a relative URI": (artifact(uri="log"), "absolute URI"),
    "a negative size": (artifact(bytes=-1), "from 0 to"),
    "a digest": (artifact(sha256="xyz"), "64 hex digits"),
    "an artifact without a URI": (edit(0, artifacts=[{"name": "log"}]), "uri"),
    "two artifacts of a name": (edit(0, artifacts=[{"name": "log", "uri": "a:b"}] * 2), "same name"),
    "51 artifacts": (edit(0, artifacts=[{"name": str(n), "uri": "a:b"} for n in range(51)]), "more than 50"),
    "an empty name": (edit(0, name="", name_folded=""), "The name is empty"),
    "a wrong folded name": (edit(1, name_folded="strasze"), "name_folded does not match"),
    "nobody who made it": (edit(0, created_by=""), "created by"),
    "no status": (lambda lines: rows_of(lines, "run")[0].pop("status"), "status"),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_file_is_refused_wholly(owner: Owner, file: bytes, name: str) -> None:
    change, reason = HOSTILE[name]
    lines = lines_of(file)
    change(lines)
    expect_refused(owner.id, lines, reason)


@pytest.mark.parametrize("text", ["1e309", "-1e309", "NaN", "Infinity", "1e", "01"])
def test_a_number_that_no_run_can_have_is_refused(owner: Owner, file: bytes, text: str) -> None:
    assert b'"huge":[1e300' in file
    with pytest.raises(DomainError):
        imported(file.replace(b'"huge":[1e300', f'"huge":[{text}'.encode()))
    assert not any(rows_per_table(owner.id).values())


def test_an_external_id_that_two_runs_have_is_refused(owner: Owner, file: bytes) -> None:
    lines = lines_of(file)
    edit(1, external_id="slurm-81724")(lines)
    with pytest.raises(Conflict, match="external id"):
        imported(file_from(lines))
    assert not any(rows_per_table(owner.id).values())


def test_two_owners_may_have_the_same_external_id(owner: Owner, file: bytes) -> None:
    other = asyncio.run(_another())
    imported(file)
    for id in (owner.id, other):
        assert RunRow.objects.filter(owner_id=id, external_id="slurm-81724").count() == 1
        remove(id)


async def _another() -> OwnerId:
    owner: Owner = OwnerFactory.build()
    simulation: Simulation = SimulationFactory.build(owner_id=owner.id)
    made: dict[str, Any] = {"simulation_id": simulation.id, "external_id": "slurm-81724"}
    async with opened(bootstrap.django_storage(size=1)) as storage:
        await storage.owners.add(owner, CONTEXT)
        await storage.repository(Simulation).of(owner.id).add(simulation, CONTEXT)
        await (
            storage.repository(Run)
            .of(owner.id)
            .add(create(Run, id=uuid4(), owner_id=owner.id, now=NOW, **made), CONTEXT)
        )
    return owner.id


def test_a_long_chain_of_parents_is_imported_and_erased(owner: Owner, file: bytes) -> None:
    lines = lines_of(file)
    run = next(line for line in rows_of(lines, "run") if line["id"] == str(THIRD))
    chain = [{**run, "id": str(UUID(int=1000 + n)), "parent_id": str(UUID(int=999 + n))} for n in range(300)]
    chain[0]["parent_id"] = run["id"]
    lines[-1]["rows"]["run"] += len(chain)
    lines[-1:-1] = reversed(chain)
    assert imported(file_from(lines))["run"] == 303
    remove(owner.id)
    chain[0]["parent_id"] = chain[-1]["id"]
    with pytest.raises(DomainError, match="leads back"):
        imported(file_from(lines))


if VENDOR == "postgresql":

    def members(owner: OwnerId) -> list[tuple[str, str]]:
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT name, text FROM run_labels WHERE owner_id = %s UNION ALL"
                " SELECT name, text FROM simulation_labels WHERE owner_id = %s ORDER BY name",
                [owner, owner],
            )
            return [(name, text) for name, text in cursor.fetchall()]

    def test_the_tables_of_labels_follow_an_import_and_an_erasure(owner: Owner, file: bytes) -> None:
        assert members(owner.id) == []
        imported(file)
        assert members(owner.id) == [("a", "b"), ("empty", ""), ("project", "wing")]
        remove(owner.id)
        assert members(owner.id) == []
