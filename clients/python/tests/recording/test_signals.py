"""Signals that end the program end its runs first, and change nothing else."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from clients.python.tests.recording.places import Place
from clients.python.tests.recording.test_killed import in_child

from goatfish.recording import Recorder, signals, sync

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="forks")
TERM, HUP = signal.SIGTERM, signal.SIGHUP


@pytest.fixture(autouse=True)
def by_default() -> Iterator[None]:
    """Nothing is done about these signals, whatever the tests were started with."""
    before = {number: signal.signal(number, signal.SIG_DFL) for number in (TERM, HUP)}
    yield
    assert {signal.getsignal(number) for number in (TERM, HUP)} == {signal.SIG_DFL}
    for number, handler in before.items():
        signal.signal(number, handler)


@pytest.fixture
def spool(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    monkeypatch.setenv("GOATFISH_SPOOL", str(tmp_path))
    return tmp_path


def cancelled(spool: Path) -> int:
    """How many runs have ended as cancelled."""
    return sum('"status":"cancelled"' in path.read_text() for path in spool.iterdir())


def test_all_runs_that_go_on_are_cancelled_and_sent(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    died: list[int] = []
    monkeypatch.setattr(signals, "die_of", died.append)
    with place.client.run(place.simulation, name="over", capture=False):
        pass
    with place.client.run(place.simulation, name="outer", capture=False) as outer:
        inner = Recorder(place.client, place.simulation, name="inner", parent=outer, capture=False).start()
        signal.raise_signal(TERM)
        assert (died, outer.is_sent, inner.is_sent) == ([TERM], True, True)
    found = {run.name: (run.status, run.status_reason) for run in place.runs()}
    end = ("cancelled", "interrupted by SIGTERM")
    assert found == {"over": ("succeeded", None), "outer": end, "inner": end}


def test_a_service_that_is_away_is_told_later(real_place: Place) -> None:
    place = real_place

    def work() -> None:
        with Recorder(None, place.simulation, capture=False):
            os.kill(os.getpid(), HUP)

    assert os.WTERMSIG(in_child(work)) == HUP
    report = sync(place.client)
    assert (len(report.sent), report.lost) == (1, [])
    assert (place.run().status, place.run().status_reason) == ("cancelled", "interrupted by SIGHUP")


@pytest.mark.parametrize("handler", [signal.SIG_IGN, lambda *_: None], ids=["ignored", "handled"])
def test_what_the_program_does_about_a_signal_is_left_to_it(spool: Path, handler: signal.Handlers) -> None:
    signal.signal(TERM, handler)
    with Recorder(None, "x", capture=False):
        assert signal.getsignal(TERM) == handler
        os.kill(os.getpid(), TERM)
        signal.signal(HUP, handler)  # now, in place of ours
    assert [signal.getsignal(number) for number in (TERM, HUP)] == [handler, handler]
    assert cancelled(spool) == 0
    for number in (TERM, HUP):
        signal.signal(number, signal.SIG_DFL)


def test_a_handler_that_calls_the_one_before_decides_alone(spool: Path) -> None:
    with Recorder(None, "x", capture=False):
        before: Any = signal.getsignal(TERM)
        signal.signal(TERM, lambda number, frame: [before(number, frame)])
        os.kill(os.getpid(), TERM)
    assert cancelled(spool) == 0
    signal.signal(TERM, signal.SIG_DFL)


def test_a_forked_child_ends_no_run_of_its_parent(spool: Path) -> None:
    with Recorder(None, "x", capture=False):
        default = [signal.SIG_DFL] * 2
        assert in_child(lambda: os._exit([signal.getsignal(n) for n in (TERM, HUP)] != default)) == 0
        assert os.WTERMSIG(in_child(lambda: os.kill(os.getpid(), TERM))) == TERM
        assert cancelled(spool) == 0


def test_a_thread_can_only_be_ended_with_a_run_of_the_main_one(spool: Path) -> None:
    def in_thread(function: Callable[[], object]) -> None:
        thread = threading.Thread(target=function)
        thread.start()
        thread.join()

    def work() -> None:
        inner = Recorder(None, "inner", capture=False)
        in_thread(inner.start)
        assert signal.getsignal(TERM) == signal.SIG_DFL
        outer = Recorder(None, "outer", capture=False).start()
        in_thread(outer.end)
        os.kill(os.getpid(), TERM)

    assert os.WTERMSIG(in_child(work)) == TERM
    assert cancelled(spool) == 1


def test_the_first_process_of_a_container_is_not_ended_by_signals(spool: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(signals, "FIRST_PROCESS", os.getpid())
    with Recorder(None, "x", capture=False):
        assert signal.getsignal(TERM) == signal.SIG_DFL
