"""Whatever a program does while a run is recorded: the work goes on, and the rest of the run is recorded."""

from __future__ import annotations

import asyncio
import builtins
import logging
import multiprocessing
import os
import pickle
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from clients.python.tests.recording.places import Place

import goatfish
from goatfish.recording import Capture, Recorder, sync
from goatfish.recording import capture as capturing
from goatfish.recording.outcome import outcome_of

SOURCES = str(Path(goatfish.__file__).parent.parent)


class Hostile:
    """Answers no question."""

    def __getattribute__(self, name: str) -> Any:
        if name in {"value", "name", "id", "item"}:
            raise RuntimeError("nobody may look")
        return super().__getattribute__(name)

    def __bool__(self) -> bool:
        raise ValueError("neither true nor false")


def test_a_value_that_cannot_be_looked_at_loses_no_other(place: Place, caplog: pytest.LogCaptureFixture) -> None:
    with place.client.run(place.simulation, parameters={"a": Hostile(), "b": 1}, capture=False) as run:
        run.results({"c": 2, "d": Hostile(), "e": 3})
    made = place.run()
    assert {name: each.value for name, each in {**made.parameters, **made.results}.items()} == {"b": 1, "c": 2, "e": 3}
    assert "parameter a is not recorded: RuntimeError: nobody may look" in caplog.text
    assert "result d is not recorded" in caplog.text


def test_members_of_any_name(place: Place) -> None:
    with place.client.run(place.simulation, capture=False) as run:
        run.results(self=1, members=2)
        run.parameters(self=3)
        run.labels(self="x")
    made = place.run()
    assert {name: each.value for name, each in made.results.items()} == {"self": 1, "members": 2}
    assert (made.parameters["self"].value, made.labels) == (3, {"self": "x"})


@pytest.mark.parametrize("named", [{"name": Hostile()}, {"simulation": Hostile()}, {"solver": Hostile()}], ids=str)
def test_texts_that_are_none(place: Place, named: dict[str, Any]) -> None:
    arguments: dict[str, Any] = {"simulation": place.simulation, "capture": False, **named}
    with place.client.run(**arguments) as run:
        run.results(**{"a b": 1})  # is warned of
        assert repr(run)


def test_a_log_that_raises(place: Place) -> None:
    class Broken(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            raise RuntimeError("the log is broken")

    log, broken = logging.getLogger("goatfish"), Broken(logging.DEBUG)
    level = log.level
    log.addHandler(broken)
    log.setLevel(logging.DEBUG)
    try:
        with place.client.run(place.simulation, capture=False) as run:
            run.results(**{"a b": 1})
        place.network.away = True
        with place.client.run(place.simulation, capture=False) as away:
            away.results(**{"a b": 1})
    finally:
        log.removeHandler(broken)
        log.setLevel(level)
    assert run.is_sent
    assert not away.is_sent


# ── where it can be kept ──


def test_no_folder_for_temporary_files(
    place: Place, home: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def none() -> str:
        raise FileNotFoundError(2, "No usable temporary directory found")

    monkeypatch.setattr(tempfile, "gettempdir", none)
    monkeypatch.delenv("GOATFISH_SPOOL")
    place.network.away = True
    with place.client.run(place.simulation, capture=False) as run:
        pass
    assert run.path is not None
    assert run.path.is_relative_to(home)
    place.network.away = False
    place.client.close()
    assert len(sync(place.new_client()).sent) == 1


def test_a_spool_in_the_home_of_nobody(
    place: Place, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv("GOATFISH_SPOOL", "~nobody-of-this-name/runs")
    with place.client.run(place.simulation, capture=False) as run:
        run.results(cl=1)
    assert "no journal can be written" in caplog.text
    assert place.run().results["cl"].value == 1


def test_a_descriptor_that_the_program_has_closed_and_used_again(place: Place, tmp_path: Path) -> None:
    place.network.away = True
    with place.client.run(place.simulation, capture=False, wait=False) as run:
        run.results(cl=1)
        assert run._journal is not None
        number = run._journal.descriptor
        os.close(number)
        theirs = os.open(tmp_path / "theirs.dat", os.O_RDWR | os.O_CREAT)
        assert theirs == number
        os.write(theirs, b"precious")
        run.results(cd=2)
    place.client.close()
    os.write(theirs, b" data")  # is still open
    os.close(theirs)
    assert (tmp_path / "theirs.dat").read_bytes() == b"precious data"
    place.network.away = False
    place.client = place.new_client()
    assert len(sync(place.client).sent) == 1
    made = place.run()
    assert (made.status, sorted(made.results)) == ("succeeded", ["cd", "cl"])


# ── how it ends ──


def group(*inner: BaseException) -> BaseException:
    """A group as Python has it from 3.11 on, and the package exceptiongroup before."""
    own = getattr(builtins, "BaseExceptionGroup", type("BaseExceptionGroup", (Exception,), {"exceptions": inner}))
    made: BaseException = own("two", inner)
    return made


@pytest.mark.parametrize(
    ("error", "status", "said"),
    [
        (group(ValueError("a"), KeyError("b")), "failed", ["ValueError: a", "KeyError: 'b'"]),
        (
            group(group(ValueError("deep")), OSError("c")),
            "failed",
            ["ValueError: deep", "OSError: c"],
        ),
        (group(KeyboardInterrupt(), asyncio.CancelledError()), "cancelled", ["KeyboardInterrupt"]),
        (group(KeyboardInterrupt(), ValueError("a")), "failed", ["ValueError: a"]),
        (SystemExit(0), "succeeded", []),
        (SystemExit(3), "failed", ["exit status 3"]),
        (SystemExit("no mesh"), "failed", ["no mesh"]),
        (GeneratorExit(), "cancelled", ["GeneratorExit"]),
    ],
)
def test_groups_and_exits(error: BaseException, status: str, said: list[str]) -> None:
    outcome = outcome_of(error)
    assert outcome.status == status
    assert [text for text in said if text not in (outcome.reason or "")] == []


def test_notes_belong_to_the_reason() -> None:
    error = ValueError("diverged")
    vars(error)["__notes__"] = ["at step 12"]
    assert outcome_of(error).reason == "ValueError: diverged\nat step 12"


# ── other processes ──


def record_more(run: Recorder, value: int) -> None:
    run.results(**{f"r{value}": value})
    run.end("failed")  # which is not its to say


def test_workers_of_a_pool_record_into_the_run_of_their_parent(place: Place) -> None:
    context = multiprocessing.get_context("spawn")
    with place.client.run(place.simulation, name="pool", capture=False) as run:
        worker = context.Process(target=record_more, args=(run, 1))
        worker.start()
        worker.join(60)
        assert worker.exitcode == 0
        record_more(pickle.loads(pickle.dumps(run)), 2)
    made = place.run()
    assert (made.status, sorted(made.results)) == ("succeeded", ["r1", "r2"])


def test_no_secret_is_in_a_recorder(place: Place, service: Any) -> None:
    with place.client.run(place.simulation, capture=False) as run:
        text = pickle.dumps(run)
    assert service.key.encode() not in text


# ── what is captured, and where it is found ──


@pytest.mark.parametrize(
    ("command", "shown"),
    [("./solver --token abc 'a case'", "./solver --token '***' 'a case'"), ("it's", "'it'\"'\"'s'")],
)
def test_a_command_that_is_a_text(command: str, shown: str) -> None:
    assert capturing.capture(Capture(command=command)).parameters["command"] == shown


def test_the_page_of_a_run(place: Place) -> None:
    with place.client.run(place.simulation, capture=False) as run:
        assert run.page == f"{place.client.url}/#/runs/{run.id}"
    made = place.run()
    assert place.client.page_of(made) == run.page
    found: Callable[[], Any] = lambda: place.client.simulations.get(made.simulation_id)  # noqa: E731 -- one call
    assert place.client.page_of(found()) == f"{place.client.url}/#/simulations/{made.simulation_id}"
    assert place.client.page_of() == f"{place.client.url}/"
    assert Recorder(None, "x").page is None


LEFT = """
import goatfish, sys
def work(client):
    with client.run(sys.argv[1], name="left", capture=False):
        yield
client = goatfish.Client()
{}
left = work(client)
next(left)
"""


@pytest.mark.parametrize("before", ["", "client.close()"], ids=["open", "closed"])
def test_a_generator_that_is_left_when_the_program_ends(
    real: Any, unique: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, before: str
) -> None:
    monkeypatch.setenv("GOATFISH_SPOOL", str(tmp_path))
    environment = {**os.environ, "GOATFISH_URL": real.url, "GOATFISH_KEY": real.key, "PYTHONPATH": SOURCES}
    command = [sys.executable, "-c", LEFT.format(before), unique]
    done = subprocess.run(command, env=environment, timeout=60, capture_output=True, text=True, check=True)
    assert "ImportError" not in done.stderr
    with real.client() as client:
        report = sync(client)
        assert (len(report.sent), len(report.lost)) == (1, 0)
        assert client.runs.get(str(report.sent[0].run_id)).status == "cancelled"
