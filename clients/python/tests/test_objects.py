"""Simulations and runs, written and read."""

from __future__ import annotations

from datetime import date, datetime, timezone

import pytest

import goatfish


def test_a_simulation_is_made_read_changed_and_deleted(client: goatfish.Client, unique: str) -> None:
    made = client.simulations.create(unique, date(2026, 1, 5), "2026-02-01", labels={"project": "wing"})
    assert (made.name, made.start_date, made.end_date) == (unique, date(2026, 1, 5), date(2026, 2, 1))
    assert made.response is not None
    assert made.response.status == 201
    assert client.simulations.get(made.id) == made
    assert client.simulations.get(made).etag == made.etag
    changed = client.simulations.update(made, description="Flutter", labels={"mesh": "fine", "project": None})
    assert (changed.description, changed.labels) == ("Flutter", {"mesh": "fine"})
    client.simulations.delete(changed)
    with pytest.raises(goatfish.SimulationNotFound):
        client.simulations.get(made)


def test_a_run_is_made_with_quantities(client: goatfish.Client, simulation: goatfish.Simulation) -> None:
    started = datetime(2026, 1, 5, 8, tzinfo=timezone.utc)
    run = client.runs.create(
        simulation,
        status="running",
        started_at=started,
        parameters={"alpha": (12, "deg"), "model": "k-omega", "steady": True},
    )
    assert run.parameters == {
        "alpha": goatfish.Quantity(12, "deg"),
        "model": goatfish.Quantity("k-omega"),
        "steady": goatfish.Quantity(True),
    }
    assert run.started_at == started
    ended = client.runs.update(run, status="succeeded", results={"cl": 1.21})
    assert (ended.status, ended.results) == ("succeeded", {"cl": goatfish.Quantity(1.21)})
    with pytest.raises(goatfish.RunHasEnded):
        client.runs.update(run, status="running")
