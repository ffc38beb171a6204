"""Processes that are killed at any moment: ``sync`` ends their runs as failed, "lost", and records each once."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from clients.python.tests.recording.places import Place

import goatfish
from goatfish.recording import Recorder, journal, spool, sync
from goatfish.sync_api.sender import Sender

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="forks")
Moment = tuple[str, int, str]


def in_child(function: Callable[[], object]) -> int:
    """Run it in a forked process; returns the status of ``waitpid``."""
    child = os.fork()
    if child == 0:
        try:
            function()
        except BaseException:
            os._exit(99)
        os._exit(0)
    return os.waitpid(child, 0)[1]


def die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def dying_at(moment: Moment, monkeypatch: pytest.MonkeyPatch) -> None:
    """Be killed at the so-manieth write or request: before it, in the middle of it, or after it."""
    what, number, when = moment
    count = -1

    def counted(original: Callable[..., Any], halve: bool) -> Callable[..., Any]:
        def call(*arguments: Any) -> Any:
            nonlocal count
            count += 1
            if count == number and when == "middle" and halve:
                original(arguments[0], arguments[1][: len(arguments[1]) // 2])
            if count == number and when != "after":
                die()
            answer = original(*arguments)
            if count == number:
                die()
            return answer

        return call

    if what == "write":
        monkeypatch.setattr("os.write", counted(os.write, True))
    else:
        monkeypatch.setattr(Sender, "send", counted(Sender.send, False))


def has_ended(path: Path) -> bool:
    lines = path.read_text().splitlines(keepends=True)
    return any(line.startswith('{"type":"end"') and line.endswith("}\n") for line in lines)


WRITES = [("write", number, when) for number in range(7) for when in ("before", "middle", "after")]
REQUESTS = [("request", number, when) for number in range(4) for when in ("before", "after")]


@pytest.mark.parametrize("moment", [*WRITES, *REQUESTS], ids=lambda moment: "-".join(map(str, moment)))
def test_killed(real_place: Place, monkeypatch: pytest.MonkeyPatch, moment: Moment) -> None:
    place = real_place

    def work() -> None:
        dying_at(moment, monkeypatch)
        with place.new_client().run(place.simulation, parameters={"alpha": 1}, capture=False) as run:
            run.results(cl=2)

    status = in_child(work)
    assert os.WIFSIGNALED(status) or status == 0, status
    began = bool(place.journals())
    ended = any(has_ended(path) for path in place.journals())
    report = sync(place.client)
    assert (report.waiting, report.refused, report.skipped) == ([], [], [])
    assert place.journals() == []
    runs = place.runs()
    if not began:
        # Killed before it began, or after everything was sent.
        assert [run.status for run in runs] in ([], ["succeeded"])
        return
    (run,) = runs
    if ended:
        assert run.status == "succeeded"
    else:
        assert (run.status, len(report.lost)) == ("failed", 1)
        assert str(run.status_reason).startswith("lost: process ")
        assert run.started_at is not None
        assert run.finished_at is not None
        assert run.started_at <= run.finished_at
    assert sync(place.client).sent == []
    assert len(place.runs()) == 1


def test_a_process_that_inherited_the_lock_lives_on(real_place: Place) -> None:
    place = real_place
    left, right = os.pipe()

    def work() -> None:
        run = Recorder(place.new_client(), place.simulation, capture=False).start()
        assert run._journal is not None
        sleeper = subprocess.Popen(["sleep", "60"], pass_fds=[run._journal.descriptor], close_fds=True)
        os.write(right, f"{sleeper.pid}\n".encode())
        die()

    in_child(work)
    sleeper = int(os.read(left, 100))
    os.close(left)
    os.close(right)
    try:
        report = sync(place.client)
        assert len(report.lost) == 1
        assert place.run().status == "failed"
        assert place.journals() == []
    finally:
        os.kill(sleeper, signal.SIGKILL)


def test_a_forked_process_lets_go_of_the_lock(real_place: Place) -> None:
    place = real_place
    left, right = os.pipe()

    def work() -> None:
        run = Recorder(place.new_client(), place.simulation, capture=False).start()
        grandchild = os.fork()
        if grandchild == 0:
            os.write(right, f"{os.getpid()}\n".encode())
            signal.pause()
        assert run.path is not None
        signal.pause()

    child = os.fork()
    if child == 0:
        work()
    grandchild = int(os.read(left, 100))
    os.close(left)
    os.close(right)
    assert len(sync(place.client).waiting) == 1
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    try:
        (path,) = place.journals()
        found = journal.Journal.open(path)
        assert spool.lock(found.descriptor) is True
        found.release()
        assert len(sync(place.client).lost) == 1
    finally:
        os.kill(grandchild, signal.SIGKILL)


def test_a_forked_child_records_a_run_of_its_own(real_place: Place) -> None:
    place = real_place
    with place.client.run(place.simulation, name="parent", capture=False) as outer:
        child = os.fork()
        if child == 0:
            try:
                outer._item.story.run_id = None  # type: ignore[union-attr]  # -- forked before it was made
                with place.client.run(place.simulation, name="child", parent=outer, capture=False):
                    pass
            finally:
                os._exit(0)
        os.waitpid(child, 0)
    sync(place.client)  # what was not sent in time
    found = {run.name: (run.status, run.parent_id) for run in place.runs()}
    assert found == {"parent": ("succeeded", None), "child": ("succeeded", outer.id)}


PROGRAM = """
import sys, signal, goatfish
client = goatfish.Client()
with client.run(sys.argv[1], capture=False, wait=sys.argv[2] == "wait") as run:
    run.results(cl=2)
    if sys.argv[3] == "exit":
        sys.exit(3)
    if sys.argv[3] == "sigint":
        signal.raise_signal(signal.SIGINT)
    if sys.argv[3] == "sigterm":
        signal.raise_signal(signal.SIGTERM)
    if sys.argv[3] == "sighup":
        signal.raise_signal(signal.SIGHUP)
"""


@pytest.mark.parametrize(
    ("program", "status", "code"),
    [
        (("no", "normally"), "succeeded", 0),
        (("no", "exit"), "failed", 3),
        (("wait", "sigint"), "cancelled", -signal.SIGINT),
        (("wait", "sigterm"), "cancelled", -signal.SIGTERM),
        (("no", "sighup"), "cancelled", -signal.SIGHUP),
    ],
)
def test_a_program(real_place: Place, service: Any, program: tuple[str, str], status: str, code: int) -> None:
    place = real_place
    wait, end = program
    source = Path(goatfish.__file__).parents[1]
    environment = {**os.environ, "GOATFISH_URL": place.client.url, "GOATFISH_KEY": service.key}
    environment["PYTHONPATH"] = str(source)
    argv = [sys.executable, "-c", PROGRAM, place.simulation, wait, end]
    done = subprocess.run(argv, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == code, done.stderr
    assert "goatfish" not in done.stderr
    # What a slow machine did not send within the last seconds of the program is sent now.
    assert sync(place.client).lost == []
    assert place.journals() == []
    assert (place.run().status, place.run().results["cl"].value) == (status, 2)


def test_an_array_of_jobs_at_once(real_place: Place) -> None:
    place = real_place
    children = []
    for number in range(24):
        child = os.fork()
        if child == 0:
            try:
                with place.new_client().run(place.simulation, name=f"{number}", capture=False) as run:
                    run.results(n=number)
                    if number % 3 == 0:
                        die()
            finally:
                os._exit(0)
        children.append(child)
    for child in children:
        os.waitpid(child, 0)
    sync(place.client)
    assert place.journals() == []
    assert len(list(place.client.simulations.list(name=place.simulation))) == 1
    found = {run.name: run.status for run in place.runs(limit=100)}
    assert found == {f"{n}": "failed" if n % 3 == 0 else "succeeded" for n in range(24)}
