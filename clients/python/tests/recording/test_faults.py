"""A service that is away at any moment: the run is recorded exactly once, with the right status."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Event
from typing import Any

import pytest
from clients.python.tests.recording.places import Place, is_creation

import goatfish
from goatfish.recording import Recorder, sync
from goatfish.recording import sender as senders

Fault = Any


def work(place: Place, *, wait: bool = True) -> Recorder:
    with place.client.run(place.simulation, parameters={"alpha": 1}, capture=False, wait=wait) as run:
        run.results(cl=1)
        run.results(cl=2)
    return run


def finish(place: Place) -> goatfish.Run:
    """Bring the rest to the service, as a later ``gf sync`` would, and return the one run."""
    place.network.fault = lambda _request, _place: None
    place.network.away = False
    place.client.close()
    place.client = place.new_client(max_retries=0)
    report = sync(place.client)
    assert (report.waiting, report.refused, report.skipped, report.error) == ([], [], [], None)
    assert place.journals() == []
    return place.run()


def assert_is_whole(run: goatfish.Run) -> None:
    assert (run.status, run.status_reason) == ("succeeded", None)
    assert run.parameters["alpha"].value == 1
    assert run.results["cl"].value == 2


@pytest.mark.parametrize("how", ["before", "after", 503, 500, 429])
@pytest.mark.parametrize("at", range(5))
@pytest.mark.parametrize("times", [1, 1000], ids=["once", "from then on"])
def test_a_request_that_fails(place: Place, at: int, how: Fault, times: int) -> None:
    place.network.fault = lambda _request, number: how if at <= number < at + times else None
    work(place)
    assert_is_whole(finish(place))


@pytest.mark.parametrize("how", ["before", "after", 503])
def test_a_creation_is_repeated_as_it_was(place: Place, how: Fault) -> None:
    place.network.fault = lambda request, _: how if is_creation(request) else None
    work(place)
    assert_is_whole(finish(place))
    creations = [request for request in place.network.requests if is_creation(request)]
    assert len(creations) > 1
    assert len({request.headers["idempotency-key"] for request in creations}) == 1
    assert len({request.content for request in creations}) == 1


def test_a_service_that_is_away_all_the_time_costs_little(place: Place, caplog: pytest.LogCaptureFixture) -> None:
    place.network.away = True
    began = len(place.network.requests)
    for _ in range(20):
        work(place)
    assert len(place.network.requests) - began < 10
    assert len(place.journals()) == 20
    assert len([record for record in caplog.records if record.levelname == "WARNING"]) == 1
    place.client.close()
    place.client = place.new_client()
    place.network.away = False
    assert len(sync(place.client).sent) == 20
    for run in place.runs(limit=100):
        assert run.status == "succeeded"


def test_a_service_that_comes_back_while_the_program_works(place: Place) -> None:
    place.network.away = True
    with place.client.run(place.simulation, parameters={"alpha": 1}, capture=False) as run:
        run.results(cl=2)
        assert run.id is None
        place.network.away = False
        senders_of(place)._pace.next_try = 0.0
        until(lambda: run.id is not None)
    assert_is_whole(place.run())
    assert place.journals() == []


def senders_of(place: Place) -> senders.Sender:
    found = place.client._sender.connections.recording
    assert found is not None
    return found


def until(done: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 20
    while not done():
        assert time.monotonic() < deadline
        time.sleep(0.005)


def test_a_slow_service_is_waited_for_a_bounded_time(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("goatfish.recording.recorder.ENTER_SECONDS", 0.05)
    monkeypatch.setattr("goatfish.recording.recorder.LEAVE_SECONDS", 0.05)
    with nobody_answers(place):
        run = work(place)
        assert not run.is_sent
    assert_is_whole(finish(place))


def test_waiting_for_nothing_waits_for_nothing(place: Place) -> None:
    with nobody_answers(place):
        run = work(place, wait=False)
        assert not run.is_sent
        assert len(place.network.requests) <= 1
    assert_is_whole(finish(place))


@contextmanager
def nobody_answers(place: Place) -> Iterator[None]:
    """The service takes requests meanwhile, and answers them afterwards."""
    answers = Event()
    place.network.fault = lambda _request, _place: answers.wait(60) and None
    yield
    answers.set()


def test_a_key_that_is_refused_is_no_end(place: Place) -> None:
    good = place.client
    place.client = place.new_client("gf_00000000000000_" + "0" * 49, max_retries=0)
    work(place)
    (journal,) = place.journals()
    place.client.close()
    place.client = good
    # The journal is of that key, whose owner nobody knows.
    report = sync(good)
    assert [entry.path for entry in report.skipped] == [journal]
    assert journal.exists()
    assert place.runs() == []


def test_without_any_client(place: Place) -> None:
    run = Recorder(None, place.simulation, parameters={"alpha": 1}, capture=False).start()
    run.results(cl=2)
    run.end("succeeded")
    assert run.id is None
    assert len(place.journals()) == 1
    assert len(sync(place.client).sent) == 1
    assert_is_whole(place.run())


def test_a_run_that_was_deleted_meanwhile_is_refused_and_kept(place: Place) -> None:
    with place.client.run(place.simulation, capture=False) as run:
        place.client.runs.delete(run.id or "")
        run.results(cl=1)
    (journal,) = place.journals()
    report = sync(place.client)
    assert [entry.path for entry in report.refused] == [journal]
    assert place.runs() == []


def test_a_run_that_was_ended_by_somebody_else_keeps_that_status(
    place: Place, caplog: pytest.LogCaptureFixture
) -> None:
    with place.client.run(place.simulation, capture=False) as run:
        place.client.runs.update(run.id or "", status="cancelled")
        run.results(cl=3)
    found = place.run()
    assert (found.status, found.results["cl"].value) == ("cancelled", 3)
    assert "ended already" in caplog.text
    assert place.journals() == []


def test_an_external_id_that_is_taken(place: Place) -> None:
    taken = f"job {place.simulation}"
    with place.client.run(place.simulation, name="first", external_id=taken, capture=False):
        pass
    with place.client.run(place.simulation, name="second", external_id=taken, capture=False) as second:
        second.results(cl=1)
    assert second.id is None
    (journal,) = place.journals()
    assert journal == second.path
    report = sync(place.client)
    assert [entry.path for entry in report.refused] == [journal]
    assert "external id" in report.refused[0].detail
    assert [run.name for run in place.runs()] == ["first"]


@pytest.mark.parametrize("batch", [True, False])
def test_the_id_of_a_batch_job_that_is_taken(place: Place, monkeypatch: pytest.MonkeyPatch, batch: bool) -> None:
    job = place.simulation[-12:]
    simulation = place.client.simulations.ensure(place.simulation)
    place.client.runs.create(simulation, name="before a requeue", external_id=f"slurm-{job}")
    monkeypatch.setenv("SLURM_JOB_ID", job)
    with place.client.run(place.simulation, name="after it"):
        pass
    found = {run.name: run.external_id or "" for run in place.runs()}
    assert found["after it"].startswith(f"slurm-{job}/")
    assert len(found["after it"]) == len(f"slurm-{job}/") + 6


@pytest.mark.parametrize("external_id", [None, "job"])
def test_a_creation_of_unknown_fate_long_ago(place: Place, external_id: str | None) -> None:
    own = None if external_id is None else f"{external_id} {place.simulation}"
    place.network.fault = lambda request, _: (
        "after" if request.method == "POST" and "runs" in request.url.path else None
    )
    with place.client.run(place.simulation, parameters={"alpha": 1}, external_id=own, capture=False) as run:
        run.results(cl=2)
    place.network.is_forgetful = True
    found = finish(place)
    assert_is_whole(found)
    assert own is None or found.external_id == own
