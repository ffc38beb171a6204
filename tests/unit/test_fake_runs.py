"""Fake runs are valid, alike for the same count, and tell of campaigns that could have happened."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from uuid import UUID

import pytest

from app.cli.fake_data.entities import fake_entities, fake_owners
from app.cli.fake_data.runs import CAMPAIGN, fake_runs
from domain.access.owner import Owner
from domain.entity import violations_of
from domain.repository import OwnerId
from domain.runs.run import Run
from domain.runs.status import RunStatus
from domain.simulations.simulation import Simulation
from tests.factories import NOW

NOBODY = OwnerId(UUID(int=0))


def owners_with_simulations(owners: int, simulations: int) -> tuple[list[Owner], dict[OwnerId, list[UUID]]]:
    made = fake_owners(owners, NOW, "aaaaaa")
    ids: dict[OwnerId, list[UUID]] = {owner.id: [] for owner in made}
    for simulation in fake_entities(Simulation, made, simulations, NOW):
        ids[simulation.owner_id].append(simulation.id)
    return made, ids


def fake(owners: int, simulations: int, count: int) -> list[Run]:
    made, ids = owners_with_simulations(owners, simulations)
    return list(fake_runs(made, count, NOW, ids))


@pytest.fixture(scope="module")
def runs() -> list[Run]:
    return fake(2, 40, 2000)


def number(run: Run, name: str) -> float:
    value = {**run.parameters, **run.results}[name].number
    assert value is not None
    return value


def of_study(runs: Sequence[Run], study: str) -> list[Run]:
    return [run for run in runs if run.labels["study"] == study and run.status is RunStatus.SUCCEEDED]


def test_they_are_valid_and_of_the_past(runs: list[Run]) -> None:
    for run in runs:
        assert violations_of(run) == []
        assert run.created_at <= run.updated_at <= NOW
        assert run.started_at is None or run.created_at < run.started_at


def test_every_owner_gets_its_share_in_campaigns_of_its_own_simulations() -> None:
    owners, ids = owners_with_simulations(3, 30)
    runs = list(fake_runs(owners, 500, NOW, ids))
    assert Counter(run.owner_id for run in runs) == {owners[0].id: 167, owners[1].id: 167, owners[2].id: 166}
    assert all(run.simulation_id in ids[run.owner_id] for run in runs)
    sizes = Counter(run.simulation_id for run in runs).values()
    assert len(sizes) == 3 * -(-167 // CAMPAIGN)
    assert max(sizes) - min(sizes) <= 1


def test_few_simulations_get_more_runs_each() -> None:
    assert [*Counter(run.simulation_id for run in fake(1, 2, 2000)).values()] == [1000, 1000]


def test_the_same_count_gives_the_same_data() -> None:
    owners, ids = owners_with_simulations(2, 10)
    first, second = (list(fake_runs(owners, 300, NOW, ids)) for _ in range(2))
    places = {run.id: place for place, run in enumerate(first)} | {run.id: place for place, run in enumerate(second)}

    def without_ids(run: Run) -> tuple[Run, int | None]:
        return replace(run, id=NOBODY, parent_id=None), places.get(run.parent_id or NOBODY)

    assert [*map(without_ids, first)] == [*map(without_ids, second)]
    assert {run.id for run in first}.isdisjoint({run.id for run in second})


def test_external_ids_are_unique_within_the_owner(runs: list[Run]) -> None:
    assert len({(run.owner_id, run.external_id) for run in runs}) == len(runs)


def test_the_last_campaigns_are_not_finished_and_the_others_are(runs: list[Run]) -> None:
    open_ones = {run.simulation_id for run in runs if not run.status.is_final}
    owners = {run.owner_id for run in runs}
    assert open_ones == {max(run.simulation_id for run in runs if run.owner_id == owner) for owner in owners}
    assert {run.status for run in runs} == {*RunStatus}


def test_failures_have_reasons_and_no_results_of_a_success(runs: list[Run]) -> None:
    failed = [run for run in runs if run.status is RunStatus.FAILED]
    assert 0 < len(failed) < len(runs) / 10
    for run in failed:
        assert run.status_reason is not None
        assert run.results["converged"].value is False
        assert not {"cl", "max_stress"} & run.results.keys()
    diverged = next(run for run in failed if "iterations" in run.results)
    assert diverged.status_reason == f"diverged at iteration {diverged.results['iterations'].value}"


def test_a_restarted_run_follows_on_one_that_diverged(runs: list[Run]) -> None:
    known: dict[UUID, Run] = {}
    restarted = 0
    for run in runs:
        if run.parent_id is not None:
            parent = known[run.parent_id]  # it comes before it
            restarted += 1
            assert parent.finished_at is not None
            assert parent.finished_at <= run.created_at
            assert parent.status is RunStatus.FAILED
            assert (parent.owner_id, parent.simulation_id) == (run.owner_id, run.simulation_id)
            assert {**run.parameters, "relaxation": None} == {**parent.parameters, "relaxation": None}
            assert number(run, "relaxation") < 0.5
        known[run.id] = run
    assert restarted > 10


def test_lift_grows_with_the_angle_of_attack_until_the_flow_separates(runs: list[Run]) -> None:
    flown = of_study(runs, "aerodynamics")
    lift = {alpha: [number(run, "cl") for run in flown if number(run, "alpha") == alpha] for alpha in range(-4, 18, 2)}
    means = {alpha: sum(values) / len(values) for alpha, values in lift.items() if values}
    attached = [means[alpha] for alpha in sorted(means) if alpha <= 12]
    assert attached == sorted(attached)
    assert means[16] < means[12] * 16 / 12
    assert all(0.002 < number(run, "cd") < 0.2 for run in flown)
    assert {run.parameters["alpha"].unit for run in flown} == {"deg"}


def test_stress_follows_from_the_load_and_stays_below_the_strength(runs: list[Run]) -> None:
    loaded = of_study(runs, "strength")
    for run in loaded:
        bending = 6 * number(run, "load") * 1000 * 1200 / (160 * number(run, "height") ** 2)
        assert number(run, "max_stress") == pytest.approx(bending, rel=0.02)
    assert all(number(run, "safety_factor") > 0.8 for run in loaded)
    assert {run.results["max_stress"].unit for run in loaded} == {"MPa"}


def test_no_runs_need_no_simulations_and_others_do() -> None:
    owners = fake_owners(1, NOW, "aaaaaa")
    assert list(fake_runs(owners, 0, NOW, {})) == []
    with pytest.raises(ValueError, match="no simulations"):
        next(fake_runs(owners, 1, NOW, {}))
