"""Query plans of runs: what each list and the summary read, by which index, and that it does not grow with the table.

``PLAN_ROWS=1000000 ./run test postgres -k test_run_plans -s`` uses a larger table and prints the plans.
"""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any
from uuid import UUID

import pytest
from django.db import connection, transaction
from uuid_utils.compat import uuid7

from adapters.django_orm.repositories.list_statements import condition_values
from adapters.django_orm.tenant_data import bulk_insert
from domain.entity import conditions_of
from domain.entity_spec import spec_of
from domain.paging import NEWEST_FIRST, PageRequest, Position, Sort
from domain.quantities import Quantity
from domain.runs.run import Run
from domain.runs.status import RunStatus
from domain.simulations.simulation import Simulation
from tests.factories import NOW, SimulationFactory, new_owner_id
from tests.integration.conftest import VENDOR
from tests.integration.plans import Nodes, compiling_storage, generic_plans, postgresql_plan, sqlite_plan

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pytest_django import DjangoDbBlocker

    from adapters.django_orm.sql.statement import Statement
    from domain.paging import Condition
    from domain.repository import OwnerId

EACH = 1000
"""Runs of a simulation."""
ROWS = int(os.environ.get("PLAN_ROWS", "10000" if VENDOR == "postgresql" else "3000"))
PAGE = 21
"""Rows that a page of 20 reads: one more says whether there is another page."""
ASKED = 8
"""Times, after which PostgreSQL has chosen between a plan for any values and one for each."""
SCANS = {"Index Scan", "Index Only Scan", "Bitmap Heap Scan"}


@dataclass(frozen=True)
class Seeded:
    """The owner of most runs, one of its simulations, and a run in the middle of it that continues another."""

    owner: OwnerId
    simulation: UUID
    middle: Run


@dataclass(frozen=True)
class Case:
    """A list, and what it may read."""

    filters: dict[str, Any]
    """The simulation and the parent are those that were seeded."""
    indexes: frozenset[str]
    most: int = PAGE
    """Rows that are read, of the table and of labels."""
    sort: Sort = NEWEST_FIRST
    generic: bool = True
    """Whether PostgreSQL may keep a plan for any values; otherwise it plans anew each time."""
    ordered: bool = True
    """Whether it is read in the order of the index, and nothing is sorted."""
    sqlite: str = "run_newest"


BY_TEXT, BY_NAME = (frozenset({f"run_labels_by_{column}", "run_pkey"}) for column in ("text", "name"))
BY_ALPHA = Sort("parameters.alpha")


def _within(most: int, sort: Sort = NEWEST_FIRST, *, ordered: bool = False, **more: str) -> Case:
    """A list of one simulation's runs, of which PostgreSQL may look at each and sort what it finds."""
    index = "run_of_simulation_id"
    return Case({"simulation_id": True, **more}, frozenset({index}), most, sort, ordered=ordered, sqlite=index)


def _equal(name: str, value: Any, index: str, most: int = PAGE, *, ordered: bool = True) -> Case:
    return Case({name: value}, frozenset({index}), most, ordered=ordered, sqlite=index)


def _labelled(label: str, indexes: frozenset[str], most: int = 2 * PAGE, *, ordered: bool = True) -> Case:
    return Case({"label": label}, indexes, most, generic=False, ordered=ordered)


CASES = {
    "all": Case({}, frozenset({"run_newest"})),
    "by status": _equal("status", (RunStatus.FAILED,), "run_of_status"),
    "by a status without runs": _equal("status", (RunStatus.QUEUED,), "run_of_status", most=0),
    "by solver": _equal("solver", "OpenFOAM", "run_of_solver"),
    "by parent": _equal("parent_id", True, "run_of_parent_id"),
    "by external id": _equal("external_id", "job 17", "run_external_id_taken", most=1, ordered=False),
    "by a common label": _labelled("mesh:fine", BY_TEXT),
    "by a rare label": _labelled("batch:70", BY_TEXT, ordered=False),
    "by a label of old runs": _labelled("era:old", BY_TEXT),
    "by an unknown label": _labelled("mesh:none", BY_TEXT, most=0, ordered=False),
    "by the name of a label": _labelled("era", BY_NAME),
    "by simulation": _within(PAGE, ordered=True),
    "by label in a simulation": _within(EACH, label="mesh:fine"),
    "where": _within(EACH, where="parameters.alpha=42"),
    "where, in order": _within(EACH, where="parameters.alpha>=90"),
    "by quantity": _within(EACH, BY_ALPHA),
    "where, by quantity": _within(EACH, BY_ALPHA, where="results.cl>=50"),
}
WITH_NEXT = [name for name, case in CASES.items() if case.ordered and case.most]
SKEWED = {
    "by several statuses": Case({"status": (RunStatus.QUEUED, RunStatus.RUNNING)}, frozenset()),
    "by label and status": Case({"label": "mesh:fine", "status": (RunStatus.FAILED,)}, frozenset()),
    "by label, in another order": Case({"label": "mesh:fine"}, frozenset(), sort=Sort("name")),
    **{name: case for name, case in CASES.items() if not case.generic},
}


def _runs(owner: OwnerId, simulation: UUID, first: int) -> Iterator[Run]:
    start = None
    for number in range(first, first + EACH):
        at = NOW + timedelta(seconds=number)
        run = Run(
            id=uuid7(),
            owner_id=owner,
            simulation_id=simulation,
            name=f"mesh {number}",
            status=RunStatus.SUCCEEDED if number % 50 else RunStatus.FAILED,
            solver="OpenFOAM" if number % 2 else "SU2",
            external_id=f"job {number}",
            parent_id=start,
            labels={
                "mesh": "coarse" if number % 4 else "fine",
                "batch": str(number // 20),
                **({"era": "old"} if number < EACH else {}),
            },
            parameters={"alpha": Quantity(number % 100, "deg")},
            results={"cl": Quantity(number * 7 % 101)},
            created_by="operator",
            created_at=at,
            updated_at=at,
        )
        start = start or run.id
        yield run


@pytest.fixture(scope="module")
def seeded(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> Iterator[Seeded]:
    """Filled once per module, in a transaction that is rolled back. Every tenth simulation is another owner's."""
    with django_db_blocker.unblock():
        with transaction.atomic():
            owner, found = new_owner_id(), list[Run]()
            owners = [new_owner_id() if number % 10 == 9 else owner for number in range(ROWS // EACH)]
            simulations = [
                SimulationFactory.build(id=uuid7(), owner_id=each, start_date=date(2026, 1, 5)) for each in owners
            ]
            _insert(Simulation, simulations)
            for number, simulation in enumerate(simulations):
                runs = [*_runs(simulation.owner_id, simulation.id, number * EACH)]
                _insert(Run, runs)
                found = runs if number == len(simulations) // 2 else found
            _as_the_api_reads()
            yield Seeded(owner, found[0].simulation_id, found[EACH // 2])
            transaction.set_rollback(True)
        connection.close()


def _insert(entity: type[Any], entities: list[Any]) -> None:
    for _ in bulk_insert.insert_entities(entity, entities):
        pass


def _as_the_api_reads() -> None:
    """Up-to-date statistics, and for this transaction row-level security that restricts operators as well."""
    bulk_insert.analyze(Run)
    if VENDOR == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("ANALYZE run_labels; DROP POLICY operator ON run; DROP POLICY operator ON run_labels")


def _conditions(seeded: Seeded, given: dict[str, Any]) -> tuple[Condition, ...]:
    values = dict(given)
    for name, value in (("simulation_id", seeded.simulation), ("parent_id", seeded.middle.parent_id)):
        if name in values:
            values[name] = value
    for name, parsed in spec_of(Run).parsed_filters.items():
        if name in values:
            values[name] = [parsed.parse(values[name])]
    return conditions_of(Run, **values)


def _listing(
    seeded: Seeded, given: dict[str, Any], sort: Sort, after: Position | None = None
) -> tuple[Statement, dict[str, Any]]:
    request = PageRequest(conditions=_conditions(seeded, given), sort=sort, after=after)
    table = compiling_storage().repository(Run)
    values = condition_values(seeded.owner, request.conditions) | {"limit": PAGE, "sort_member": sort.member}
    if after is not None:
        values |= {"after_value": after.value, "after_id": after.id}
    return table.lists.page(request), values


def _read(nodes: Nodes) -> int:
    """Rows that the scans of a plan read, with those that they leave out."""
    return sum(
        round((node["Actual Rows"] + node.get("Rows Removed by Filter", 0)) * node["Actual Loops"])
        for node in nodes
        if node["Node Type"] in SCANS
    )


def _shown(nodes: Nodes) -> None:
    print(json.dumps([node.get("Index Name", node["Node Type"]) for node in nodes]))  # noqa: T201 -- shown with pytest -s


def _check(case: Case, statement: Statement, seeded: Seeded, values: dict[str, Any]) -> None:
    for generic in (False, True) if case.generic else (False,):
        nodes = postgresql_plan(statement, seeded.owner, values, generic=generic, analyze=True)
        _shown(nodes)
        assert {node["Index Name"] for node in nodes if "Index Name" in node} == case.indexes
        types = {node["Node Type"] for node in nodes}
        assert "Seq Scan" not in types
        assert ("Sort" in types) <= (not case.ordered)
        assert _read(nodes) <= case.most


@pytest.mark.parametrize("name", CASES)
def test_a_list_reads_a_page_or_one_simulation_by_an_index(seeded: Seeded, name: str) -> None:
    case = CASES[name]
    statement, values = _listing(seeded, case.filters, case.sort)
    if VENDOR == "sqlite":
        first, *others = sqlite_plan(statement, seeded.owner, values)
        assert first.startswith(f"SEARCH run USING INDEX {case.sqlite} (owner_id=?")
        assert any("ORDER BY" in each for each in others) <= (not case.ordered)
        return
    _check(case, statement, seeded, values)


@pytest.mark.parametrize("name", WITH_NEXT)
def test_the_next_page_begins_where_the_last_one_ended(seeded: Seeded, name: str) -> None:
    case = CASES[name]
    after = Position(seeded.middle.created_at, seeded.middle.id)
    statement, values = _listing(seeded, case.filters, case.sort, after)
    if VENDOR == "sqlite":
        first, *_ = sqlite_plan(statement, seeded.owner, values)
        assert first.startswith(f"SEARCH run USING INDEX {case.sqlite} (owner_id=?")
        assert first.endswith("(created_at,id)<(?,?))")
        return
    _check(case, statement, seeded, values)


def test_a_summary_reads_the_runs_of_its_simulation(seeded: Seeded) -> None:
    if VENDOR == "sqlite":
        return  # which reads them as a list
    statement = compiling_storage().run_reports.summary(False, False)
    values = {"owner_id": seeded.owner, "condition_0": seeded.simulation}
    for generic in (False, True):
        nodes = postgresql_plan(statement, seeded.owner, values, generic=generic, analyze=True)
        _shown(nodes)
        assert {node["Index Name"] for node in nodes if "Index Name" in node} == {"run_of_simulation_id"}
        assert "Seq Scan" not in {node["Node Type"] for node in nodes}
        assert _read(nodes) <= 2 * EACH  # by status, and by result


@pytest.mark.parametrize("name", SKEWED)
def test_what_depends_on_the_very_values_is_planned_for_them(seeded: Seeded, name: str) -> None:
    if VENDOR == "sqlite":
        return  # which has no other plans
    case = SKEWED[name]
    statement, values = _listing(seeded, case.filters, case.sort)
    assert generic_plans(statement, seeded.owner, values, runs=ASKED) == 0
    nodes = postgresql_plan(statement, seeded.owner, values, generic=False, analyze=True)
    _shown(nodes)
    assert "Seq Scan" not in {node["Node Type"] for node in nodes}
