"""Simulations and runs, written and read."""

from __future__ import annotations

import copy
import pickle
from datetime import date, datetime, timedelta, timezone
from decimal import Decimal
from pathlib import PurePosixPath
from types import SimpleNamespace
from typing import Any
from uuid import UUID, uuid4

import pytest
from clients.python.tests.conftest import Service

import goatfish

STARTED = datetime(2026, 1, 5, 8, tzinfo=timezone.utc)


def test_a_simulation_is_made_read_changed_and_deleted(client: goatfish.Client, unique: str) -> None:
    made = client.simulations.create(unique, date(2026, 1, 5), "2026-02-01", labels={"project": "wing"})
    assert (made.name, made.start_date, made.end_date) == (unique, date(2026, 1, 5), date(2026, 2, 1))
    assert made.response is not None
    assert made.response.status == 201
    assert client.simulations.get(made.id) == made
    assert client.simulations.get(UUID(made.id)) == made
    assert client.simulations.get(made).etag == made.etag
    changed = client.simulations.update(made, description="Flutter", labels={"mesh": "fine", "project": None})
    assert (changed.description, changed.labels) == ("Flutter", {"mesh": "fine"})
    assert client.simulations.amend(made, end_date=date(2026, 3, 1)).end_date == date(2026, 3, 1)
    assert client.simulations.update(made, description=None).description is None
    whole = client.simulations.replace(made, name=unique, start_date=STARTED.date(), end_date="2026-01-06")
    assert (whole.labels, whole.start_date) == ({}, STARTED.date())
    client.simulations.delete(whole)
    with pytest.raises(goatfish.SimulationNotFound):
        client.simulations.get(made)
    first, *_, last = client.simulations.revisions(made)
    assert (first.action, first.after, last.action, last.after) == ("deleted", None, "created", made)
    assert client.simulations.restore(made, 1).labels == {"project": "wing"}


def test_a_run_is_made_with_quantities(client: goatfish.Client, simulation: goatfish.Simulation) -> None:
    run = client.runs.create(
        simulation,
        status="running",
        started_at=STARTED,
        parameters={"alpha": (12, "deg"), "model": "k-omega", "steady": True, "re": {"value": 1e6}},
        artifacts=[{"name": "log", "uri": "file:///log"}, goatfish.Artifact("mesh", "s3://bucket/mesh", bytes=5)],
    )
    assert run.parameters == {
        "alpha": goatfish.Quantity(12, "deg"),
        "model": goatfish.Quantity("k-omega"),
        "steady": goatfish.Quantity(True),
        "re": goatfish.Quantity(1e6),
    }
    assert [(each.name, each.bytes) for each in run.artifacts] == [("log", None), ("mesh", 5)]
    assert run.started_at == STARTED
    ended = client.runs.update(run, status="succeeded", results={"cl": 1.21}, parameters={"model": None})
    assert (ended.status, ended.results) == ("succeeded", {"cl": goatfish.Quantity(1.21)})
    assert ended.parameters.keys() == {"alpha", "steady", "re"}
    with pytest.raises(goatfish.RunHasEnded):
        client.runs.amend(run, status="running")
    again = client.runs.create(simulation, parent_id=ended, parameters=ended.parameters, artifacts=ended.artifacts)
    assert (again.parent_id, again.parameters, again.artifacts) == (run.id, ended.parameters, ended.artifacts)
    with pytest.raises(goatfish.RunHasChildren):
        client.runs.delete(ended)
    with pytest.raises(goatfish.SimulationHasRuns):
        client.simulations.delete(simulation)
    whole = client.runs.replace(again, simulation=simulation, external_id=f"slurm-{again.id}")
    assert (whole.parameters, whole.external_id) == ({}, f"slurm-{again.id}")
    with pytest.raises(goatfish.ExternalIdTaken):
        client.runs.create(simulation, external_id=whole.external_id)
    assert [each.action for each in client.runs.revisions(again)] == ["updated", "created"]
    assert client.runs.restore(again, 1).parameters == ended.parameters


def test_objects_are_what_was_read(client: goatfish.Client, simulation: goatfish.Simulation) -> None:
    run = client.runs.create(simulation, name="mesh 3", labels={"a": "b"})
    assert run.response is not None
    assert run.to_dict() == run.response.json()
    assert run.response.headers["ETag"] == run.response.headers["etag"] == run.etag
    assert run.response.request_id
    for other in (pickle.loads(pickle.dumps(run)), copy.deepcopy(run)):
        assert (other, other.etag, other.to_dict()) == (run, run.etag, run.to_dict())
    assert len({run, client.runs.get(run)}) == 1
    (item,) = client.runs.list(simulation_id=simulation)
    assert (item, item.etag) == (run, None)
    with pytest.raises(AttributeError):
        run.name = "other"  # type: ignore[misc]  # -- it is frozen


def test_unknown_members_are_kept_and_missing_ones_forgiven() -> None:
    run = goatfish.Run.from_json({"id": "1", "simulation_id": "2", "cost": {"eur": 5}, "status": "paused"})
    assert (run.extra, run.status, run.labels, run.finished_at) == ({"cost": {"eur": 5}}, "paused", {}, None)
    assert goatfish.Run("1", "2", started_at=STARTED, parameters={"a": goatfish.Quantity(1)}).to_dict() | {} == {
        **{name: None for name in run.to_dict() if name != "cost"},
        **goatfish.Run("1", "2").to_dict(),
        "started_at": "2026-01-05T08:00:00.000000Z",
        "parameters": {"a": {"value": 1, "unit": None}},
    }


def test_a_conditional_change_meets_what_was_read(client: goatfish.Client, simulation: goatfish.Simulation) -> None:
    made = client.runs.create(simulation, name="one")
    changed = client.runs.update(made, if_unchanged=True, name="two")
    for write in (
        lambda: client.runs.update(made, if_unchanged=True, name="three"),
        lambda: client.runs.amend(made, if_unchanged=True, name="three"),
        lambda: client.runs.replace(made, simulation=simulation, if_unchanged=True),
        lambda: client.runs.restore(made, 1, if_unchanged=True),
        lambda: client.runs.delete(made, if_unchanged=True),
    ):
        with pytest.raises(goatfish.PreconditionFailed):
            write()
    assert client.runs.get(made) == changed
    (listed,) = client.runs.list(simulation_id=simulation)
    latest = client.runs.update(listed, if_unchanged=True, name="three")
    with pytest.raises(goatfish.PreconditionFailed):
        client.runs.update(listed, if_unchanged=True, name="four")
    with pytest.raises(TypeError, match="as it was read"):
        client.runs.update(made.id, if_unchanged=True, name="four")
    client.runs.delete(latest, if_unchanged=True)


class Scalar:
    """A scalar as NumPy and PyTorch have them."""

    def __init__(self, value: Any) -> None:
        self.item = lambda: value


@pytest.mark.parametrize(
    ("given", "value", "unit"),
    [
        (12, 12, None),
        (-0.5, -0.5, None),
        (True, True, None),
        ("fine", "fine", None),
        ("", "", None),
        ((12, "deg"), 12, "deg"),
        ([12, "deg"], 12, "deg"),
        ((12, None), 12, None),
        ({"value": 12, "unit": "deg"}, 12, "deg"),
        ({"value": 12}, 12, None),
        (goatfish.Quantity(False, "on"), False, "on"),
        (Scalar(1.5), 1.5, None),
        ((Scalar(3), "m"), 3, "m"),
        (Decimal("0.25"), 0.25, None),
        (SimpleNamespace(value=Scalar(2.5), unit=PurePosixPath("m/s")), 2.5, "m/s"),  # as Astropy's are
    ],
)
def test_quantities_in_every_form(
    client: goatfish.Client, simulation: goatfish.Simulation, given: Any, value: Any, unit: str | None
) -> None:
    run = client.runs.create(simulation, results={"x": given})
    assert run.results["x"] == goatfish.Quantity(value, unit)
    assert type(run.results["x"].value) is type(value)


@pytest.mark.parametrize(
    "given",
    [
        *(float("nan"), float("inf"), (float("-inf"), "m"), Scalar(float("nan")), b"x", object(), (1,), (1, 2, 3), {}),
        *({"value": 1, "units": "m"}, (1, 5), [[1, 2]], STARTED, (None, "m"), 1j, goatfish.Quantity),
    ],
)
def test_what_is_no_quantity_is_refused_before_it_is_sent(given: Any) -> None:
    client = goatfish.Client("http://localhost:1", "key", max_retries=0)
    with pytest.raises((TypeError, ValueError), match=r"^results\.x: "):
        client.runs.create(str(uuid4()), results={"x": given})


def test_what_is_no_mapping_is_refused_before_it_is_sent() -> None:
    client = goatfish.Client("http://localhost:1", "key", max_retries=0)
    with pytest.raises(TypeError, match=r"^parameters: a mapping"):
        client.runs.create(str(uuid4()), parameters=[("a", 1)])  # type: ignore[arg-type]  # -- wrong on purpose
    with pytest.raises(TypeError):
        client.simulations.create_many([5])  # type: ignore[list-item]  # -- wrong on purpose


def test_moments_and_days_in_every_form(client: goatfish.Client, simulation: goatfish.Simulation) -> None:
    east = timezone(timedelta(hours=2))
    for given in (STARTED, "2026-01-05T08:00:00Z", STARTED.astimezone(east), "2026-01-05T10:00:00+02:00"):
        assert client.runs.create(simulation, status="running", started_at=given).started_at == STARTED
    precise = STARTED.replace(microsecond=123456)
    assert client.runs.create(simulation, status="running", started_at=precise).started_at == precise
    assert len(list(client.runs.list(simulation_id=simulation, started_from=precise))) == 1
    with pytest.raises(ValueError, match="time zone"):
        client.runs.create(simulation, status="running", started_at=datetime(2026, 1, 5, 8))  # noqa: DTZ001 -- without a time zone on purpose
    with pytest.raises(ValueError, match="time of day"):
        client.simulations.update(simulation, end_date=STARTED)


def test_what_is_wrong_is_listed(client: goatfish.Client, unique: str) -> None:
    with pytest.raises(goatfish.ValidationFailed) as caught:
        client.simulations.create(unique, "2026-02-30", "soon", labels={"-": "x"})
    assert {each.pointer for each in caught.value.errors} >= {"#/start_date", "#/end_date"}
    assert "#/start_date" in str(caught.value)


def test_nobody_sees_what_is_anothers(service: Service, simulation: goatfish.Simulation) -> None:
    with service.client(service.other_key) as other:
        with pytest.raises(goatfish.NotFound):
            other.simulations.get(simulation)
        with pytest.raises(goatfish.InvalidRequest):
            other.runs.create(simulation)
        assert other.simulations.find(simulation.name) is None
        assert other.me().owner.id


def test_raw_answers_are_within_reach(client: goatfish.Client, simulation: goatfish.Simulation) -> None:
    answer = client.request("GET", f"/api/v1/simulations/{simulation.id}", headers={"X-Request-ID": "mine"})
    assert (answer.status, answer.json(), answer.request_id) == (200, simulation.to_dict(), "mine")
    unchanged = client.request(
        "GET", f"/api/v1/simulations/{simulation.id}", headers={"If-None-Match": answer.etag or ""}
    )
    assert (unchanged.status, unchanged.body) == (304, b"")
    assert client.request("POST", f"/api/v1/simulations/{simulation.id}", json={}).json() == simulation.to_dict()
    assert client.request("HEAD", "/api/v1/simulations").body == b""
    page = client.request("GET", "/api/v1/simulations", params={"name": simulation.name, "limit": 1, "sort": None})
    assert [item["id"] for item in page.json()["items"]] == [simulation.id]
    with pytest.raises(goatfish.NotFound):
        client.request("GET", "/api/v1/nothing")
    made = client.request("POST", "/api/v1/runs", json={"simulation_id": simulation.id}, idempotency_key=simulation.id)
    again = client.request("POST", "/api/v1/runs", json={"simulation_id": simulation.id}, idempotency_key=simulation.id)
    assert (made.replayed, again.replayed, again.json()) == (False, True, made.json())


def test_an_id_that_is_none_is_not_found(client: goatfish.Client) -> None:
    for id in ("nothing", "..", "a/b", "ü", str(uuid4())):
        with pytest.raises(goatfish.NotFound):
            client.runs.get(id)


def test_the_service_says_how_it_is_and_who_calls(client: goatfish.Client, service: Service) -> None:
    assert client.live().status == client.ready().status == "ok"
    caller = client.me()
    assert service.key.startswith(caller.key.prefix)
    assert set(caller.scopes) == set(caller.key.scopes)
    with service.client("gf_wrong") as stranger, pytest.raises(goatfish.Unauthenticated):
        stranger.me()


def test_a_closed_client_says_so(service: Service) -> None:
    client = service.client()
    client.close()
    client.close()
    with pytest.raises(RuntimeError, match="closed"):
        client.me()


async def test_the_same_for_asyncio(service: Service, unique: str) -> None:
    async with service.async_client() as client:
        simulation = await client.simulations.ensure(unique)
        runs = await client.runs.create_many([{"name": f"{n}"} for n in range(3)], simulation=simulation)
        assert [run.name async for run in client.runs.list(simulation_id=simulation, limit=2)] == ["2", "1", "0"]
        run = await client.runs.update(runs[0], status="running")
        with pytest.raises(goatfish.PreconditionFailed):
            await client.runs.update(runs[0], if_unchanged=True, status="succeeded")
        async with client.simulations.export_runs(simulation) as export:
            assert (await export.aread()).count(b"\r\n") == 4
        assert (await client.simulations.summary(simulation)).runs == 3
        cursor = await client.changes.latest()
        await client.runs.delete(run)
        async for change in client.changes.follow(cursor):
            assert (change.id, change.action) == (run.id, "deleted")
            break
