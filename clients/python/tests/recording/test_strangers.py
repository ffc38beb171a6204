"""Answers that are not the service's, journals of keys that were rolled, and journals that are dropped."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from clients.python.tests.recording.places import Place
from clients.python.tests.recording.test_syncing import counts, left_behind

import goatfish
from goatfish.http.library import httpx
from goatfish.recording import Recorder, discard, learn_owner, pace, sync
from goatfish.recording import service as services

PAGE = "<html>Sign in to the network</html>"


def answer_instead(place: Place, monkeypatch: pytest.MonkeyPatch, answers: Callable[[httpx.Request], Any]) -> None:
    """Let something before the service answer, where ``answers`` has a response."""
    inner = place.network.handle_request

    def handle(request: httpx.Request) -> httpx.Response:
        found: httpx.Response | None = answers(request)
        if found is None:
            return inner(request)
        found.request = request
        return found

    monkeypatch.setattr(place.network, "handle_request", handle)


@pytest.mark.parametrize("status", [200, 201, 302, 400, 403, 404, 405, 409, 422, 500])
def test_what_is_not_goatfish_takes_and_refuses_nothing(
    place: Place, monkeypatch: pytest.MonkeyPatch, status: int
) -> None:
    left_behind(place, 2)
    with monkeypatch.context() as patched:
        answer_instead(place, patched, lambda _: httpx.Response(status, text=PAGE))
        report = sync(place.new_client(max_retries=0))
        assert counts(report) == (0, 2, 0, 0, 0)
        assert isinstance(report.error, goatfish.APIError)
    with monkeypatch.context() as patched:  # the simulation is found, and then something else answers
        answer_instead(
            place,
            patched,
            lambda request: httpx.Response(status, text=PAGE) if request.url.path.endswith("/runs") else None,
        )
        report = sync(place.new_client(max_retries=0))
        assert counts(report) == (0, 2, 0, 0, 0)
        assert isinstance(report.error, goatfish.APIError)
    assert counts(sync(place.client)) == (2, 0, 0, 0, 0)
    assert [run.status for run in place.runs()] == ["succeeded"] * 2


@pytest.mark.parametrize("status", [403, 405, 501])
def test_a_network_that_lets_no_patch_through(place: Place, monkeypatch: pytest.MonkeyPatch, status: int) -> None:
    answer_instead(
        place, monkeypatch, lambda request: httpx.Response(status, text=PAGE) if request.method == "PATCH" else None
    )
    with place.client.run(place.simulation, capture=False) as run:
        run.results(cl=1)
    assert run.is_sent
    assert place.run().status == "succeeded"


@pytest.mark.parametrize("date", [False, True], ids=["seconds", "a date"])
def test_the_service_is_let_alone_for_as_long_as_it_asks(
    place: Place, monkeypatch: pytest.MonkeyPatch, date: bool
) -> None:
    asked: list[str] = []
    headers = {"retry-after": "900"}
    if date:
        headers = {"retry-after": "Thu, 26 Nov 2026 12:15:00 GMT", "date": "Thu, 26 Nov 2026 12:00:00 GMT"}

    def busy(request: httpx.Request) -> httpx.Response:
        asked.append(request.url.path)
        problem = {"title": "x", "status": 429, "detail": "x", "code": "rate_limited"}
        return httpx.Response(429, json=problem, headers=headers)

    monkeypatch.setattr(pace, "FRESH", 0.0)  # as if each run ended long after the one before
    answer_instead(place, monkeypatch, busy)
    began = time.monotonic()
    for _ in range(3):
        with place.client.run(place.simulation, capture=False):
            pass
    sender = place.client._sender.connections.recording
    assert sender is not None
    while not sender._pace.next_try:  # the thread that sends may not have read the answer yet
        assert time.monotonic() < began + 60
        time.sleep(0.01)
    assert len(asked) == 1
    assert 800 < sender._pace.next_try - began < 1000
    assert not sender.close()
    assert time.monotonic() - began < 100
    assert len(place.journals()) == 3


def test_two_runs_of_one_job_that_begin_at_the_same_moment_are_two(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SLURM_JOB_ID", "4711")
    for rank in range(2):
        monkeypatch.setattr("goatfish.recording.beginning._batch_ids_used", set())  # as in another process
        run = Recorder(place.client, place.simulation, name=f"rank {rank}", started_at="2026-11-26T12:00:00Z")
        run.start()
        run.end()
    assert sorted(str(run.name) for run in place.runs()) == ["rank 0", "rank 1"]


def test_a_chain_of_runs_whose_clocks_went_back(place: Place) -> None:
    place.network.away = True
    client = place.new_client()
    parent = None
    names = ["a", "b", "c", "d"]
    for name in names:
        run = Recorder(client, place.simulation, name=name, parent=parent, capture=False, wait=False)
        run.start()
        run.end()
        parent = run
    client.close()
    place.network.away = False
    for path in place.journals():
        first, *rest = path.read_text().splitlines(keepends=True)
        name = next(name for name in names if f'"name":"{name}"' in first)
        path.write_text("".join([first.replace('"at":"2', f'"at":"1{9 - names.index(name)}', 1), *rest]))
    assert counts(sync(place.client)) == (4, 0, 0, 0, 0)
    runs = {str(run.name): run for run in place.runs()}
    assert [runs[name].parent_id for name in names[1:]] == [runs[name].id for name in names[:-1]]


# ── keys that were rolled ──


def test_a_journal_of_a_key_that_was_rolled_before_anything_was_sent(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(services.OWNERS, "_known", {})
    old = place.client.keys.create("old", ["simulations:write", "runs:write"])
    assert old.key is not None
    path = left_behind(place, start={"key": services.public_part(old.key), "owner": None})[0]
    place.client.keys.revoke(old)
    assert counts(sync(place.other)) == (0, 0, 0, 1, 0)  # not among its owner's keys
    monkeypatch.setattr(services.OWNERS, "_known", {})
    assert counts(sync(place.client)) == (1, 0, 0, 0, 0)
    assert not path.exists()


def test_signing_in_teaches_whose_key_it_is(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(services.OWNERS, "_known", {})
    scopes: list[goatfish.Scope] = ["simulations:read", "simulations:write", "runs:read", "runs:write"]
    old, new = (place.client.keys.create(name, scopes) for name in ("old", "new"))  # neither may read keys
    assert old.key is not None
    left_behind(place, start={"key": services.public_part(old.key), "owner": None})
    assert counts(sync(place.new_client(new.key))) == (0, 0, 0, 1, 0)
    learn_owner(place.new_client(old.key))
    place.client.keys.revoke(old)
    assert counts(sync(place.new_client(new.key))) == (1, 0, 0, 0, 0)


def test_signing_in_learns_nothing_from_a_service_that_is_away(place: Place) -> None:
    place.network.away = True
    learn_owner(place.client)


# ── dropped ──


def refused(place: Place, **start: Any) -> Path:
    path = left_behind(place, start={"simulation": {"id": "01234567-89ab-7def-8123-456789abcdef"}, **start})[0]
    assert len(sync(place.client).refused) == 1
    return path


def by_path(path: Path) -> str:
    return str(path)


def by_name(path: Path) -> str:
    return path.name


def by_beginning(path: Path) -> str:
    return path.name[:8]


def by_title(_: Path) -> str:
    return "run 0"


@pytest.mark.parametrize("named", [by_path, by_name, by_beginning, by_title])
def test_a_refused_run_is_dropped(place: Place, named: Callable[[Path], str]) -> None:
    path = refused(place)
    place.network.away = True
    entry = discard(named(path))
    assert (entry.path, entry.title) == (path, "run 0")
    assert place.journals() == []
    place.network.away = False
    assert counts(sync(place.client)) == (0, 0, 0, 0, 0)


def test_a_file_that_is_no_journal_is_dropped_by_its_name(place: Place) -> None:
    place.spool.mkdir(parents=True, exist_ok=True)
    (place.spool / "odd.jsonl").write_text("nonsense\n")
    discard("odd.jsonl")
    assert place.journals() == []


@pytest.mark.parametrize("reference", ["run", "no such run", "", "abc"])
def test_what_is_not_known_drops_nothing(place: Place, reference: str) -> None:
    left_behind(place, 2)
    with pytest.raises(LookupError, match="0 runs"):
        discard(reference)
    assert len(place.journals()) == 2


def test_what_means_several_drops_none(place: Place) -> None:
    left_behind(place)
    left_behind(place)
    with pytest.raises(LookupError, match="2 runs"):
        discard("run 0")
    assert len(place.journals()) == 2


def test_a_run_that_goes_on_is_not_dropped(place: Place) -> None:
    done = threading.Event()
    with place.client.run(place.simulation, capture=False) as run:
        assert run.path is not None
        with pytest.raises(BlockingIOError, match="still running"):
            discard(run.path.name)
        done.set()
    assert done.is_set()
    assert place.run().status == "succeeded"


# ── sent ──


def test_a_journal_whose_deletion_failed_is_deleted_the_next_time(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    left_behind(place)
    with monkeypatch.context() as patched:
        patched.setattr(Path, "unlink", lambda *_a, **_k: (_ for _ in ()).throw(PermissionError(13, "read-only")))
        assert len(sync(place.client).sent) == 1
    assert len(place.journals()) == 1
    place.network.requests.clear()
    assert len(sync(place.client).sent) == 1
    assert place.journals() == []
    assert place.network.sent("POST") == place.network.sent("PATCH") == []
