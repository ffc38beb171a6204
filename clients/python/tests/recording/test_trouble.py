"""Machines in trouble: full or read-only file systems, no home, interrupts. The work goes on with a warning."""

from __future__ import annotations

import _thread
import os
import resource
import signal
import threading
import time
from pathlib import Path

import pytest
from clients.python.tests.recording.places import Place

from goatfish.recording import Recorder, journal, outgoing, spool, spool_folders, sync


@pytest.mark.parametrize("spool_of", ["/proc/goatfish", "/dev/null", "/dev/null/runs"])
def test_a_spool_that_cannot_be_written(
    place: Place, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, spool_of: str
) -> None:
    monkeypatch.setenv("GOATFISH_SPOOL", spool_of)
    with place.client.run(place.simulation, capture=False) as run:
        run.results(cl=1)
        assert run.path is None
    found = place.run()
    assert (found.status, found.results["cl"].value) == ("succeeded", 1)
    assert len([record for record in caplog.records if record.levelname == "WARNING"]) == 1
    assert "no journal can be written" in caplog.text


def test_a_spool_that_cannot_be_written_and_a_service_that_is_away(
    place: Place, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv("GOATFISH_SPOOL", "/dev/null/runs")
    place.network.away = True
    with place.client.run(place.simulation, capture=False) as run:
        run.results(cl=1)
    assert run.id is None
    assert "Runs are kept in memory, and lost unless" in caplog.text
    assert "gf sync" not in caplog.text
    place.network.away = False
    Recorder(None, place.simulation, capture=False).start().end()


@pytest.mark.parametrize("limit", [10, 700, 1000])
def test_a_full_disk(
    place: Place, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, limit: int
) -> None:
    write = os.write
    written: dict[int, int] = {}

    def until_full(descriptor: int, text: bytes) -> int:
        """As RLIMIT_FSIZE and full disks do: a part is written, and then nothing."""
        room = limit - written.get(descriptor, 0)
        if room <= 0:
            raise OSError(28, "No space left on device")
        written[descriptor] = written.get(descriptor, 0) + min(room, len(text))
        return write(descriptor, text[:room])

    monkeypatch.setattr("os.write", until_full)
    with place.client.run(place.simulation, parameters={"alpha": 1}, capture=False) as run:
        for step in range(20):
            run.results(step=step)
    monkeypatch.setattr("os.write", write)
    found = place.run()
    assert (found.status, found.results["step"].value) == ("succeeded", 19)
    assert "No space left on device" in caplog.text
    assert place.journals() == []


@pytest.mark.skipif(not hasattr(os, "fork"), reason="forks")
def test_a_limit_of_file_sizes(place: Place) -> None:
    child = os.fork()
    if child == 0:
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (1500, resource.RLIM_INFINITY))
        status = 1
        try:
            run = Recorder(None, place.simulation, capture=False).start()
            for step in range(100):
                run.results(step=step)
            run.end("failed", "reason")
            status = 0
        finally:
            os._exit(status)
    assert os.waitpid(child, 0)[1] == 0
    # What did not fit is lost, with its end: the rest is not.
    report = sync(place.client)
    assert len(report.lost) == 1
    found = place.run()
    assert found.status == "failed"
    assert int(found.results["step"].value) > 0


def test_a_full_disk_that_has_room_again(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    write = os.write

    def full(_descriptor: int, _text: bytes) -> int:
        raise OSError(28, "No space left on device")

    place.network.away = True
    with place.client.run(place.simulation, capture=False) as run:
        monkeypatch.setattr("os.write", full)
        run.results(cl=1)
        monkeypatch.setattr("os.write", write)
        run.results(cd=2)
    assert [line["type"] for line in place.lines()] == ["start", "change", "change", "end"]
    place.client.close()
    place.client = place.new_client()
    place.network.away = False
    sync(place.client)
    assert {name: each.value for name, each in place.run().results.items()} == {"cl": 1, "cd": 2}


def test_a_home_where_no_file_can_be_made(place: Place, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """As over a quota: the folder is there, and says that it can be written."""
    monkeypatch.delenv("GOATFISH_SPOOL")
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    longest = os.pathconf("/", "PC_PATH_MAX") - len("/goatfish/runs") - 2
    state = str(tmp_path)
    while len(state) < longest:  # so that a name in it makes the path too long
        state += f"/{'x' * min(200, longest - len(state) - 1)}"
    monkeypatch.setenv("XDG_STATE_HOME", state)
    place.network.away = True
    with place.client.run(place.simulation, capture=False) as run:
        assert run.path is not None
        assert run.path.parent == spool_folders()[1]
    place.client.close()
    place.client = place.new_client()
    place.network.away = False
    assert len(sync(place.client).sent) == 1


@pytest.mark.parametrize("home", [None, "/proc/none", "/dev/null"])
def test_without_a_home_that_can_be_written(
    place: Place, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, home: str | None
) -> None:
    monkeypatch.delenv("GOATFISH_SPOOL")
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    if home is None:
        monkeypatch.delenv("HOME")

        def nobody(*_arguments: object) -> Path:
            raise RuntimeError("Could not determine home directory.")

        monkeypatch.setattr(Path, "home", nobody)
    else:
        monkeypatch.setenv("HOME", home)
    place.network.away = True
    with place.client.run(place.simulation, capture=False) as run:
        pass
    assert run.path is not None
    assert run.path.is_relative_to(tmp_path)
    assert run.path.parent.stat().st_mode & 0o777 == 0o700
    place.client.close()
    place.client = place.new_client()
    place.network.away = False
    assert len(sync(place.client).sent) == 1


def test_where_journals_are_kept(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, home: Path) -> None:
    assert spool_folders()[0] == home / ".local/state/goatfish/runs"
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    assert spool_folders()[0] == tmp_path / "goatfish/runs"
    monkeypatch.setenv("XDG_STATE_HOME", "relative")
    assert spool_folders()[0] == home / ".local/state/goatfish/runs"
    monkeypatch.setenv("GOATFISH_SPOOL", "~/spool")
    assert spool_folders() == [home / "spool"]


def test_a_folder_of_somebody_else_among_temporary_files_is_not_used(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    monkeypatch.setenv("HOME", "/dev/null")
    planted = tmp_path / f"goatfish-{os.getuid()}"
    planted.mkdir(mode=0o700)
    planted.chmod(0o777)
    with pytest.raises(NotADirectoryError):  # as its home is, the only other place
        spool.first_that(str)


def test_ctrl_c_while_the_run_is_being_made(place: Place) -> None:
    arrived = threading.Event()

    def interrupt(_request: object, _place: int) -> float:
        if not arrived.is_set():
            arrived.set()
            _thread.interrupt_main()
        return 0.05

    place.network.fault = interrupt
    run = place.client.run(place.simulation, capture=False)
    with pytest.raises(KeyboardInterrupt):
        run.__enter__()
    place.client.close()
    place.client = place.new_client()
    sync(place.client)
    assert (place.run().status, place.run().status_reason) == ("cancelled", "interrupted")


def test_a_signal_handler_may_record(place: Place) -> None:
    before = signal.getsignal(signal.SIGUSR1)
    with place.client.run(place.simulation, capture=False) as run:
        signal.signal(signal.SIGUSR1, lambda *_: run.results(signal=True))
        with run._lock:
            signal.raise_signal(signal.SIGUSR1)
    signal.signal(signal.SIGUSR1, before)
    assert place.run().results["signal"].value is True


def test_a_journal_that_is_deleted_while_it_is_written(place: Place) -> None:
    with place.client.run(place.simulation, capture=False) as run:
        assert run.path is not None
        run.path.unlink()
        run.results(cl=1)
    assert place.run().results["cl"].value == 1


def test_a_closed_client_still_keeps_what_is_recorded(place: Place, caplog: pytest.LogCaptureFixture) -> None:
    place.client.close()
    with place.client.run(place.simulation, capture=False) as run:
        run.results(cl=1)
    assert run.id is None
    place.client = place.new_client()
    assert len(sync(place.client).sent) == 1
    assert place.run().status == "succeeded"


def test_more_calls_after_the_end_change_nothing(place: Place, caplog: pytest.LogCaptureFixture) -> None:
    with place.client.run(place.simulation, capture=False) as run:
        pass
    run.results(cl=1)
    run.artifact(__file__)
    run.fail()
    run.end("failed")
    assert place.run().status == "succeeded"
    assert "it has ended" in caplog.text


def test_calls_before_the_start_record_nothing(place: Place, caplog: pytest.LogCaptureFixture) -> None:
    run = place.client.run(place.simulation, capture=False)
    run.results(cl=1)
    run.end()
    assert "it was not started" in caplog.text
    assert place.journals() == []


@pytest.mark.parametrize("with_client", [True, False])
def test_a_process_that_lives_touches_its_journal(
    place: Place, monkeypatch: pytest.MonkeyPatch, with_client: bool
) -> None:
    monkeypatch.setattr(outgoing, "HEARTBEAT", 0.02)
    run = Recorder(place.client if with_client else None, place.simulation, capture=False).start()
    assert run.path is not None
    os.utime(run.path, (1, 1))
    deadline = time.monotonic() + 20
    while run.path.stat().st_mtime == 1:
        assert time.monotonic() < deadline
        time.sleep(0.005)
    run.end()


def test_too_many_threads(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    def no_thread(_thread: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    with monkeypatch.context() as patch:
        patch.setattr(threading.Thread, "start", no_thread)
        with place.client.run(place.simulation) as run:
            run.results(cl=1)
    assert len(place.journals()) == 1
    with place.client.run(place.simulation, name="later", capture=False):
        pass
    place.client.close()
    place.client = place.new_client()
    sync(place.client)
    assert {run.name: run.status for run in place.runs()} == {None: "succeeded", "later": "succeeded"}


def test_lines_of_several_processes_are_never_mixed(tmp_path: Path) -> None:
    start = {"type": "start", "format": 1, "run": {}, "simulation": {}, "idempotency_key": "k"}
    written = journal.Journal.create(start, tmp_path)
    children = []
    for number in range(4):
        child = os.fork()
        if child == 0:
            for count in range(200):
                written.append({"type": "change", "n": number, "count": count, "text": "x" * 500})
            os._exit(0)
        children.append(child)
    for child in children:
        os.waitpid(child, 0)
    lines = written.unread()
    assert len(lines) == 1 + 4 * 200
    assert written.unreadable == 0
    written.delete()
