"""Lists are read page by page, as they are needed, and batches are written as large as may be."""

from __future__ import annotations

import json
from datetime import datetime, timezone
from typing import Any

import pytest
from clients.python.tests.scripted import RUN, Script

import goatfish
from goatfish.batches import batch_key, batches
from goatfish.http.library import httpx
from goatfish.inputs import RunInput

STARTED = datetime(2026, 1, 5, 8, tzinfo=timezone.utc)


def test_a_list_is_read_as_it_is_needed(client: goatfish.Client, simulation: goatfish.Simulation) -> None:
    made = client.runs.create_many([{"name": f"{n}"} for n in range(5)], simulation=simulation)
    pages = client.runs.list(simulation_id=simulation, sort="created_at", limit=2)
    assert list(pages) == list(pages) == made
    assert [len(page.items) for page in pages.pages()] == [2, 2, 1]
    first = next(iter(pages.pages()))
    assert first.response is not None
    assert first.response.json()["next_cursor"] == first.next_cursor
    assert pages.page(first.next_cursor).items[0] == made[2]
    assert pages.first() == made[0]
    assert client.runs.list(simulation_id=simulation, name="none").first() is None


def test_only_the_pages_that_are_needed_are_asked_for() -> None:
    page: Any = (200, {}, {"items": [RUN, RUN], "next_cursor": "more"})
    script = Script(page, page, page)
    runs = iter(script.client().runs.list())
    assert script.requests == []
    for _ in range(3):
        next(runs)
    assert [request.url.query for request in script.requests] == [b"", b"cursor=more"]


def test_every_filter_is_understood(client: goatfish.Client, simulation: goatfish.Simulation) -> None:
    parent, child = client.runs.create_many(
        [
            {"name": "Parent", "labels": {"mesh": "fine"}, "parameters": {"alpha": (12, "deg")}, "solver": "OpenFOAM"},
            {
                "name": "Child",
                "status": "running",
                "started_at": STARTED,
                "external_id": f"slurm-{simulation.id}",
                "results": {"cl": 1.2},
            },
        ],
        simulation=simulation,
    )
    child = client.runs.create(simulation, parent_id=parent, status="failed")
    runs = client.runs.list

    def names(**filters: Any) -> set[str | None]:
        return {run.name for run in runs(simulation_id=simulation, **filters)}

    assert names(name="pAR") == names(label="mesh") == names(label={"mesh": "fine"}) == {"Parent"}
    assert names(label=["mesh:fine", "mesh"]) == names(label={"mesh": None}) == {"Parent"}
    assert names(status="running") == {"Child"}
    assert names(status=["queued", "running"]) == names(status="queued,running") == {"Parent", "Child"}
    assert (
        names(where="parameters.alpha>=12") == names(where=["parameters.alpha>1", "parameters.alpha<20"]) == {"Parent"}
    )
    assert names(external_id=f"slurm-{simulation.id}") == {"Child"}
    assert names(solver="OpenFOAM") == {"Parent"}
    assert [run.id for run in runs(parent_id=parent)] == [child.id]
    assert names(started_from=STARTED, started_to=STARTED) == {"Child"}
    assert [run.id for run in runs(simulation_id=simulation, finished_from=STARTED, finished_to=child.finished_at)] == [
        child.id
    ]
    assert next(run.name for run in runs(simulation_id=simulation, sort="parameters.alpha")) == "Parent"
    found = client.simulations.list(
        name=simulation.name,
        start_date_from=simulation.start_date,
        start_date_to="2026-01-05",
        end_date_from="2026-02-01",
        end_date_to=simulation.end_date,
        active_on=simulation.start_date,
        sort="-start_date",
        limit=1,
    )
    assert list(found) == [simulation]
    with pytest.raises(goatfish.InvalidRequest):
        runs(where="nonsense").first()


def test_a_batch_is_as_large_as_may_be(client: goatfish.Client, simulation: goatfish.Simulation) -> None:
    items: list[RunInput] = [{"name": f"{n}", "parameters": {"n": n}} for n in range(1001)]
    made = client.runs.create_many(items, simulation=simulation, idempotency_key=simulation.id)
    assert [run.name for run in made] == [item["name"] for item in items]
    assert client.runs.create_many(items, simulation=simulation, idempotency_key=simulation.id) == made
    assert client.simulations.summary(simulation).runs == 1001
    assert client.runs.create_many([]) == []


def test_simulations_are_made_in_batches_too(client: goatfish.Client, unique: str) -> None:
    items = [
        goatfish.SimulationInput(name=f"{unique} {n}", start_date="2026-01-05", end_date="2026-01-06") for n in (1, 2)
    ]
    assert [each.name for each in client.simulations.create_many(items)] == [f"{unique} 1", f"{unique} 2"]


def test_what_is_wrong_in_a_later_batch_is_said_with_its_place(
    client: goatfish.Client, simulation: goatfish.Simulation
) -> None:
    items: list[RunInput] = [{"name": f"{n}"} for n in range(1000)]
    items += [{"name": "fine"}, {"name": "x" * 301}]
    with pytest.raises(goatfish.InvalidRequest, match="#/items/1001/name") as caught:
        client.runs.create_many(items, simulation=simulation)
    assert [each.pointer for each in caught.value.errors] == ["#/items/1001/name"]
    assert [run.name for run in caught.value.made] == [f"{n}" for n in range(1000)]


def test_nothing_is_sent_where_an_item_cannot_be() -> None:
    script = Script()
    with pytest.raises(ValueError, match=r"results\.x"):
        script.client().runs.create_many([{}, {"results": {"x": float("nan")}}], simulation=RUN["simulation_id"])
    with pytest.raises(TypeError):
        script.client().runs.create_many([5], simulation=RUN["simulation_id"])  # type: ignore[list-item]  # -- wrong on purpose
    assert script.requests == []


def test_batches_keep_to_both_bounds() -> None:
    text = "ü" * 600_000
    parts = list(batches([{"x": text}] * 7 + [{}] * 2500))
    assert [first for first, _ in parts] == [0, 3, 6, 1006, 2006]
    assert all(len(content) <= 4 * 1024 * 1024 for _, content in parts)
    assert sum(len(json.loads(content)["items"]) for _, content in parts) == 2507
    half = 2 * 1024 * 1024 - 15
    for more, sizes in ((1, [4 * 1024 * 1024]), (2, [half + 22, half + 20])):
        items = [{"x": "y" * (half + more)}, {"x": "y" * half}]
        assert [len(content) for _, content in batches(items)] == sizes


def test_each_batch_has_a_key_of_its_own() -> None:
    keys = {batch_key(key, first) for key in ("a", "x" * 255) for first in (0, 1000, 2000)}
    assert len(keys) == 6
    assert all(len(key) <= 255 for key in keys)
    assert batch_key("a", 0) == "a"


def test_an_export_comes_in_chunks(client: goatfish.Client, simulation: goatfish.Simulation) -> None:
    client.runs.create_many([{"name": f"{n}", "parameters": {"n": (n, "m")}} for n in range(3)], simulation=simulation)
    with client.simulations.export_runs(simulation, where="parameters.n>0") as export:
        assert export.response.headers["content-type"].startswith("text/csv")
        header, *lines = b"".join(export).decode().splitlines()
    assert header.endswith("parameters.n [m]")
    assert [line.split(",")[2] for line in lines] == ["2", "1"]
    with pytest.raises(goatfish.SimulationNotFound), client.simulations.export_runs("nothing"):
        pass
    with pytest.raises(RuntimeError, match="with block"):
        client.simulations.export_runs(simulation).read()


class Torn(httpx.SyncByteStream):
    """A body that breaks off."""

    def __iter__(self) -> Any:
        yield b"id,name\r\n"
        raise httpx.ReadError("reset")


def test_an_export_is_tried_again_until_it_begins_and_an_incomplete_one_is_no_whole_one(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("goatfish.sync_api.sender.sleep", lambda _: None)
    script = Script(503, httpx.ReadError("reset"), lambda _: httpx.Response(200, stream=Torn()))
    chunks: list[bytes] = []
    with script.client().simulations.export_runs("1") as export, pytest.raises(goatfish.ConnectionFailed):
        chunks += export
    assert len(script.requests) == 3


def test_a_summary_is_in_numbers(client: goatfish.Client, simulation: goatfish.Simulation) -> None:
    client.runs.create_many(
        [{"status": "succeeded", "results": {"cl": (value, "m")}} for value in (1, 2.5)] + [{"status": "failed"}],
        simulation=simulation,
    )
    summary = client.simulations.summary(simulation)
    assert (summary.runs, summary.by_status) == (3, {"succeeded": 2, "failed": 1})
    assert summary.results == {"cl": goatfish.ResultSummary(2, 1, 2.5, 1.75, "m")}
