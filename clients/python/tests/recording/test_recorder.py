"""A block that records a run."""

from __future__ import annotations

import hashlib
import logging
import os
import sys
import threading
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest
from clients.python.tests.recording.places import Place

import goatfish
from goatfish.recording import Capture, Recorder


def test_a_block_is_a_run(place: Place) -> None:
    with place.client.run(
        place.simulation, name="mesh 3", parameters={"alpha": (12, "deg"), "mesh": "fine"}, labels={"project": "wing"}
    ) as run:
        assert run.id is not None
        assert place.client.runs.get(run.id).status == "running"
        run.results(cl=1.25, cd=(0.021, None))
        run.results({"c.l": True})
        run.labels(stage="second")
        run.solver("OpenFOAM", "v2606")
    found = place.run()
    assert found.id == run.id
    assert (found.status, found.status_reason, found.name) == ("succeeded", None, "mesh 3")
    assert (found.solver, found.solver_version) == ("OpenFOAM", "v2606")
    assert found.parameters["alpha"] == goatfish.Quantity(12, "deg")
    assert {name: each.value for name, each in found.results.items()} == {"cl": 1.25, "cd": 0.021, "c.l": True}
    assert (found.labels["project"], found.labels["stage"]) == ("wing", "second")
    assert found.started_at is not None
    assert found.finished_at is not None
    assert found.started_at <= found.finished_at
    assert run.url == f"{place.client.url}/api/v1/runs/{run.id}"
    assert place.journals() == []


class Unprintable(Exception):
    def __str__(self) -> str:
        raise ValueError("no text")


@pytest.mark.parametrize(
    ("error", "status", "reason"),
    [
        (ValueError("diverged at step 7"), "failed", "ValueError: diverged at step 7"),
        (ValueError(), "failed", "ValueError"),
        (KeyboardInterrupt(), "cancelled", "interrupted"),
        (SystemExit(), "succeeded", None),
        (SystemExit(0), "succeeded", None),
        (SystemExit(3), "failed", "exit status 3"),
        (SystemExit("bad mesh"), "failed", "bad mesh"),
        (Unprintable(), "failed", "Unprintable: <Unprintable>"),
        (RuntimeError("x" * 5000), "failed", "RuntimeError: " + "x" * 1985 + "…"),
        (RuntimeError("a\x00b\udc80"), "failed", "RuntimeError: a\ufffdb\ufffd"),
    ],
)
def test_an_exception_ends_the_run_and_goes_on(
    place: Place, error: BaseException, status: str, reason: str | None
) -> None:
    with pytest.raises(type(error)) as raised, place.client.run(place.simulation, capture=False):
        raise error
    assert raised.value is error
    found = place.run()
    assert (found.status, found.status_reason) == (status, reason)


def fail_and_raise(run: Recorder) -> None:
    run.fail("the reason that counts")
    raise KeyError


def test_a_block_can_fail_or_cancel_itself(place: Place) -> None:
    with place.client.run(place.simulation, name="f", capture=False) as run:
        run.fail("residuals too large")
    with place.client.run(place.simulation, name="c", capture=False) as run:
        run.cancel()
    late = place.client.run(place.simulation, name="e", capture=False)
    with pytest.raises(KeyError), late:
        fail_and_raise(late)
    found = {each.name: (each.status, each.status_reason) for each in place.runs()}
    assert found == {
        "f": ("failed", "residuals too large"),
        "c": ("cancelled", None),
        "e": ("failed", "the reason that counts"),
    }


def test_without_a_block(place: Place) -> None:
    run = Recorder(place.client, place.simulation, capture=False).start()
    run.results(cl=1)
    finished = datetime.now(timezone.utc) + timedelta(seconds=5)
    run.end("failed", "exit status 1", finished)
    run.end("succeeded")
    run.results(cl=2)
    found = place.run()
    assert (found.status, found.status_reason, found.finished_at) == ("failed", "exit status 1", finished)
    assert found.results["cl"].value == 1


async def test_asynchronously(service: Any, unique: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GOATFISH_SPOOL", str(tmp_path))
    async with service.async_client() as client:
        async with client.run(unique, parameters={"alpha": 1}) as run:
            run.results(cl=2)
        simulation = await client.simulations.find(unique)
        found = await client.runs.get(run.id)
        assert (found.simulation_id, found.status, found.results["cl"].value) == (simulation.id, "succeeded", 2)
        with pytest.raises(ValueError, match="x"):
            async with client.run(unique) as run:
                raise ValueError("x")
        assert (await client.runs.get(run.id)).status == "failed"


def test_many_changes_are_few_requests(place: Place) -> None:
    with place.client.run(place.simulation, capture=False) as run:
        for step in range(2000):
            run.results(step=step, residual=1 / (step + 1))
    assert place.run().results["step"].value == 1999
    assert len(place.network.sent("POST")) == 1
    assert len(place.network.sent("PATCH")) < 20


def test_a_short_run_that_waits_for_nothing_is_one_request(place: Place) -> None:
    run = place.client.run(place.simulation, capture=False, wait=False)
    with run:
        run.results(cl=1)
        assert run.id is None
    place.client.close()
    assert place.journals() == []
    assert (len(place.network.sent("POST")), len(place.network.sent("PATCH"))) == (1, 0)
    (body,) = place.network.sent("POST")
    assert (body["status"], body["results"]["cl"]["value"]) == ("succeeded", 1)


def test_simulations_by_object_by_id_and_by_name(place: Place, client: goatfish.Client) -> None:
    simulation = client.simulations.create(place.simulation, "2026-01-01", "2026-01-02")
    for way in (simulation, simulation.id, place.simulation, f"  {place.simulation} "):
        with place.client.run(way, capture=False):
            pass
    assert [run.simulation_id for run in place.runs()] == [simulation.id] * 4


def test_a_simulation_that_was_deleted_meanwhile_is_made_anew(place: Place) -> None:
    with place.client.run(place.simulation, capture=False) as run:
        pass
    first = place.run()
    place.client.runs.delete(first)
    place.client.simulations.delete(first.simulation_id)
    with place.client.run(place.simulation, capture=False) as run:
        pass
    found = place.run()
    assert found.id == run.id
    assert found.simulation_id != first.simulation_id


def test_nested_runs_tell_their_parent(place: Place) -> None:
    with place.client.run(place.simulation, name="outer", capture=False) as outer:
        with place.client.run(place.simulation, name="inner", parent=outer, capture=False) as inner:
            pass
        with place.client.run(place.simulation, name="by id", parent=outer.id, capture=False):
            pass
    parents = {run.name: run.parent_id for run in place.runs()}
    assert parents == {"outer": None, "inner": outer.id, "by id": outer.id}
    assert inner.id != outer.id


def test_nested_runs_of_a_service_that_was_away(place: Place) -> None:
    place.network.away = True
    with (
        place.client.run(place.simulation, name="outer", capture=False) as outer,
        place.client.run(place.simulation, name="inner", parent=outer, capture=False),
    ):
        pass
    place.network.away = False
    place.client.close()
    client = place.new_client()
    place.client = client
    report = goatfish.recording.sync(client)
    assert (len(report.sent), report.waiting, report.error) == (2, [], None)
    found = {run.name: run for run in place.runs()}
    assert found["inner"].parent_id == found["outer"].id


def test_an_unknown_parent_does_not_lose_the_run(place: Place, caplog: pytest.LogCaptureFixture) -> None:
    with place.client.run(place.simulation, parent="01234567-89ab-7def-8123-456789abcdef", capture=False):
        pass
    found = place.run()
    assert (found.status, found.parent_id) == ("succeeded", None)
    assert "parent_id" in caplog.text


def test_artifacts(place: Place, tmp_path: Path) -> None:
    small, large, strange = tmp_path / "log.txt", tmp_path / "field.bin", tmp_path / "ä [1]\udcff.txt"
    small.write_text("converged")
    large.write_bytes(b"7" * 300_000)
    strange.write_text("x")
    with place.client.run(place.simulation, capture=False) as run:
        run.artifact(small)
        run.artifact(str(large), name="field", media_type="application/octet-stream")
        run.artifact(uri="s3://bucket/mesh.msh")
        run.artifact(tmp_path)
        run.artifact(tmp_path / "none")
        run.artifact(strange)
        run.artifact(uri="no uri at all")
    found = {each.name: each for each in place.run().artifacts}
    assert set(found) == {"log.txt", "field", "mesh.msh", tmp_path.name, "none", "ä [1] .txt"}
    assert (found["log.txt"].uri, found["log.txt"].bytes) == (small.as_uri(), 9)
    assert found["log.txt"].sha256 == hashlib.sha256(b"converged").hexdigest()
    assert found["field"].sha256 == hashlib.sha256(b"7" * 300_000).hexdigest()
    assert (found["field"].bytes, found["field"].media_type) == (300_000, "application/octet-stream")
    assert found["ä [1] .txt"].uri == strange.as_uri()


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="Linux has such files")
def test_a_file_that_may_have_no_end_is_not_read(place: Place) -> None:
    with place.client.run(place.simulation, capture=False) as run:
        run.artifact("/proc/self/stat")
    (artifact,) = place.run().artifacts
    assert (artifact.name, artifact.bytes) == ("stat", 0)


def test_more_than_the_service_takes(place: Place, caplog: pytest.LogCaptureFixture) -> None:
    with place.client.run(
        place.simulation,
        parameters={f"p{number}": number for number in range(200)},
        labels={f"l{number}": number for number in range(50)},
    ) as run:
        run.results({f"r{number}": number for number in range(200)})
        for number in range(60):
            run.artifact(uri=f"s3://bucket/{number}")
    found = place.run()
    assert (len(found.parameters), len(found.results), len(found.labels)) == (100, 100, 32)
    assert len(found.artifacts) == 50
    assert (found.status, found.parameters["p99"].value, found.results["r99"].value) == ("succeeded", 99, 99)
    assert caplog.text.count("more than 100 parameters") == 1


def test_what_the_user_records_comes_before_what_is_captured(place: Place) -> None:
    with place.client.run(place.simulation) as run:
        run.labels(host="mine")
        run.labels({f"l{number}": number for number in range(31)})
    labels = place.run().labels
    assert len(labels) == 32
    assert {f"l{number}" for number in range(31)} < set(labels)
    assert labels["host"] == "mine"


def test_none_removes_a_member(place: Place) -> None:
    with place.client.run(place.simulation, parameters={"a": None, "b": 1}, capture=False) as run:
        run.results(x=1, y=2)
        run.results(x=None)
        run.labels(a="1")
        run.labels(a=None)
    found = place.run()
    assert (set(found.parameters), set(found.results), dict(found.labels)) == ({"b"}, {"y"}, {})


def test_hostile_values_are_brought_into_form(place: Place, caplog: pytest.LogCaptureFixture) -> None:
    loop: list[Any] = []
    loop.append(loop)
    with place.client.run(
        "Wing\x00 \udc80flutter " + place.simulation,
        name="n" * 400,
        parameters={"1st": 1, "\u7ffc": 2, "\u6a5f": 3, "": 4, "k" * 200: 5, 7: 6},  # type: ignore[dict-item]  # -- wrong on purpose
        labels={"ünïcode": "v" * 300, "-": "line\nbreak", "n": None, "t": True},
        solver="\u200b",
        solver_version=3,  # type: ignore[arg-type]  # -- wrong on purpose
        external_id="e" * 300,
        capture=False,
    ) as run:
        run.results(nan=float("nan"), inf=-float("inf"), big=10**400, wide=2**60, loop=loop, none=(None, "m"))
        run.results(text="x" * 5000, lone="a\udc80b", unit=(1, "u" * 50), data=b"\xff", when=datetime(2026, 1, 1))  # noqa: DTZ001 -- without a time zone on purpose
        run.results(42)  # type: ignore[arg-type]  # -- wrong on purpose
        run.results(object())  # type: ignore[arg-type]  # -- wrong on purpose
        run.nonsense if hasattr(run, "nonsense") else None
    assert run.id is not None
    found = place.client.runs.get(run.id)
    assert found.status == "succeeded"
    assert {name: each.value for name, each in found.parameters.items()} == {
        "x_1st": 1,
        "x_": 2,
        "x__2": 3,
        "x__3": 4,
        "k" * 100: 5,
        "x_7": 6,
    }
    assert found.results["nan"].value == "nan"
    assert found.results["inf"].value == "-inf"
    assert found.results["big"].value == "inf"
    assert found.results["wide"].value == 2**60
    assert found.results["lone"].value == "a\ufffdb"
    assert len(str(found.results["text"].value)) == 1000
    assert (found.solver, found.solver_version) == (None, "3")
    assert found.labels["t"] == "true"
    assert len(found.name or "") == 300
    assert "nan" in caplog.text


def test_an_unknown_option_is_an_error_of_the_program(place: Place) -> None:
    with pytest.raises(TypeError):
        place.client.run(place.simulation, nonsense=1)  # type: ignore[call-arg]  # -- wrong on purpose


def test_threads_record_into_one_run(place: Place) -> None:
    with place.client.run(place.simulation, capture=False) as run:
        threads = [threading.Thread(target=lambda n=n: run.results({f"r{n}": n})) for n in range(50)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert {name: each.value for name, each in place.run().results.items()} == {f"r{n}": n for n in range(50)}


def test_several_runs_at_once(place: Place) -> None:
    def work(number: int) -> None:
        with place.client.run(place.simulation, name=f"{number}", capture=False) as run:
            run.results(n=number)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    found = {run.name: (run.status, run.results["n"].value) for run in place.runs(limit=100)}
    assert found == {f"{number}": ("succeeded", number) for number in range(20)}
    assert len(place.network.sent("POST", "/api/v1/simulations")) == 1


@pytest.mark.skipif(not hasattr(os, "fork"), reason="forks")
def test_a_forked_child_records_into_its_parents_run_and_does_not_end_it(place: Place) -> None:
    with place.client.run(place.simulation, capture=False) as run:
        child = os.fork()
        if child == 0:
            try:
                run.results(child=1)
                run.__exit__(None, None, None)
            finally:
                os._exit(0)
        os.waitpid(child, 0)
        run.results(parent=2)
        assert place.client.runs.get(run.id or "").status == "running"
    found = place.run()
    assert {name: each.value for name, each in found.results.items()} == {"child": 1, "parent": 2}


@pytest.mark.parametrize("tells", [False, True])
def test_a_clock_that_is_set_back(place: Place, monkeypatch: pytest.MonkeyPatch, tells: bool) -> None:
    run = Recorder(place.client, place.simulation, capture=False)
    run.start()
    earlier = "2020-01-01T00:00:00.000000Z"
    monkeypatch.setattr("goatfish.recording.recorder.now", lambda: earlier)
    run.end(finished_at=run.moment() if tells else None)
    found = place.run()
    assert found.started_at is not None
    assert found.finished_at is not None
    assert timedelta(0) < found.finished_at - found.started_at < timedelta(minutes=1)


def test_everything_captured_can_be_switched_off(place: Place) -> None:
    with place.client.run(place.simulation, capture=False):
        pass
    found = place.run()
    assert (dict(found.labels), dict(found.parameters)) == ({}, {})


def test_what_is_captured(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "orig_argv", ["python", "solve.py", "--token", "s3cret", "--n=3"], raising=False)
    monkeypatch.setenv("SLURM_JOB_ID", "99")
    monkeypatch.setenv("SLURM_ARRAY_JOB_ID", "81724")
    monkeypatch.setenv("SLURM_ARRAY_TASK_ID", place.simulation[-8:])
    monkeypatch.setenv("USER", "ada")
    with place.client.run(place.simulation, capture=Capture(python=False)):
        pass
    with place.client.run(place.simulation, name="second in the same job"):
        pass
    found = {run.name: place.client.runs.get(run) for run in place.runs()}
    first, second = found[None], found["second in the same job"]
    assert first.parameters["command"].value == "python solve.py --token '***' --n=3"
    assert first.parameters["directory"].value == str(Path.cwd())
    assert (first.labels["user"], first.labels["batch"], first.labels["batch.job"]) == ("ada", "slurm", "81724")
    assert "python" not in first.labels
    assert len(first.labels["git.commit"]) == 40
    external_id = f"slurm-81724_{place.simulation[-8:]}"
    assert first.external_id == external_id
    assert (second.external_id or "").startswith(f"{external_id}/")


def test_logging_is_all_that_a_warning_is(place: Place, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.WARNING)
    place.network.away = True
    with place.client.run(place.simulation, capture=False) as run:
        run.results(cl=1)
    assert [record.name for record in caplog.records] == ["goatfish"]
    assert "gf sync" in caplog.text
