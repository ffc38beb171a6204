"""Journals that other processes have left, in whatever state."""

from __future__ import annotations

import errno
import json
import os
import threading
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
from clients.python.tests.recording.places import Place, is_creation

import goatfish
from goatfish.recording import Recorder, SyncReport, service, spool, sync


def left_behind(
    place: Place, number: int = 1, *, ended: bool = True, start: Mapping[str, object] | None = None
) -> list[Path]:
    """Journals that a process on another machine has left long ago; ``start`` changes members of their first lines."""
    place.network.away = True
    client = place.new_client()
    paths = []
    for count in range(number):
        run = Recorder(client, place.simulation, name=f"run {count}", parameters={"alpha": 1}, capture=False)
        run.start()
        run.results(cl=2)
        assert run._journal is not None
        assert run.path is not None
        paths.append(run.path)
        if ended:
            run.end()
    client.close()
    place.network.away = False
    for path in paths:
        rewrite(path, {"host": "another", **(start or {})})
    return paths


def rewrite(path: Path, changed: dict[str, Any], *, age: float = 3600) -> None:
    first, *rest = path.read_text().splitlines()
    path.unlink()  # its lock goes with it
    path.write_text("\n".join([json.dumps({**json.loads(first), **changed}), *rest, ""]))
    os.utime(path, (time.time() - age,) * 2)


def counts(report: SyncReport) -> tuple[int, int, int, int, int]:
    return len(report.sent), len(report.waiting), len(report.refused), len(report.skipped), len(report.lost)


def test_two_at_once_send_nothing_twice(place: Place) -> None:
    left_behind(place, 12)
    place.network.requests.clear()
    place.network.fault = lambda _request, _place: 0.01
    ready = threading.Barrier(2)
    reports: list[SyncReport] = []

    def work() -> None:
        client = place.new_client()
        ready.wait()
        reports.append(sync(client))

    threads = [threading.Thread(target=work) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(place.network.sent("POST")) == 12
    assert sum(len(report.sent) for report in reports) == 12
    assert [report.error for report in reports] == [None, None]
    assert sorted(run.name or "" for run in place.runs(limit=100)) == sorted(f"run {n}" for n in range(12))
    assert counts(sync(place.client)) == (0, 0, 0, 0, 0)


def test_progress_is_told(place: Place) -> None:
    left_behind(place, 3)
    told: list[tuple[int, int]] = []
    sync(place.client, progress=lambda done, of: told.append((done, of)))
    assert told == [(0, 3), (1, 3), (2, 3), (3, 3)]


def test_a_spool_of_any_name(place: Place, tmp_path: Path) -> None:
    left_behind(place, 2)
    place.spool.rename(tmp_path / "other")
    assert counts(sync(place.client)) == (0, 0, 0, 0, 0)
    assert counts(sync(place.client, spool=tmp_path / "none")) == (0, 0, 0, 0, 0)
    assert counts(sync(place.client, spool=tmp_path / "other")) == (2, 0, 0, 0, 0)


def test_a_run_that_goes_on_is_left_alone(place: Place) -> None:
    with place.client.run(place.simulation, capture=False) as run:
        assert counts(sync(place.new_client())) == (0, 1, 0, 0, 0)
        assert place.client.runs.get(run.id or "").status == "running"
    assert place.run().status == "succeeded"


def test_a_run_of_another_machine_is_lost_once_its_journal_is_not_touched(place: Place) -> None:
    (path,) = left_behind(place, ended=False)
    os.utime(path)
    assert counts(sync(place.client)) == (0, 1, 0, 0, 0)
    os.utime(path, (time.time() - spool.ALIVE_FOR - 60,) * 2)
    last = json.loads(path.read_text().splitlines()[-1])["at"]
    assert counts(sync(place.client)) == (1, 0, 0, 0, 1)
    found = place.run()
    assert (found.status, found.results["cl"].value) == ("failed", 2)
    assert (found.status_reason or "").startswith("lost: ")
    assert found.to_dict()["finished_at"] == last


def test_a_process_id_that_was_given_again(place: Place) -> None:
    here = spool.this_process()
    left_behind(place, ended=False, start={**here, "process_start": "1"})
    assert counts(sync(place.client)) == (1, 0, 0, 0, 1)


def test_the_same_process_id_in_another_container(place: Place) -> None:
    (path,) = left_behind(
        place, ended=False, start={**spool.this_process(), "machine": "boot/pid:[1]", "pid": 2**22 + 1}
    )
    os.utime(path)
    assert counts(sync(place.client)) == (0, 1, 0, 0, 0)


def no_locks(_descriptor: int, _operation: int) -> None:
    raise OSError(errno.ENOLCK, "No locks available")


def test_a_file_system_without_locks(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("fcntl.flock", no_locks)
    with place.client.run(place.simulation, name="alive", capture=False):
        assert counts(sync(place.new_client())) == (0, 1, 0, 0, 0)
    (path,) = left_behind(place, ended=False)
    os.utime(path)
    assert counts(sync(place.client)) == (0, 1, 0, 0, 0)
    rewrite(path, {**spool.this_process(), "pid": 2**22 + 1})
    assert counts(sync(place.client)) == (1, 0, 0, 0, 1)
    assert {run.name: run.status for run in place.runs()} == {"alive": "succeeded", "run 0": "failed"}


# ── whose they are ──


def test_another_owners_key_sends_nothing(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(service.OWNERS, "_known", {})
    (path,) = left_behind(place)
    before = path.read_bytes()
    report = sync(place.other)
    assert counts(report) == (0, 0, 0, 1, 0)
    assert "whose owner is not known" in report.skipped[0].detail
    place.client.close()
    with place.new_client().run(place.simulation, capture=False):
        pass  # learns the owner
    learned(place)
    report = sync(place.other)
    assert "another owner" in report.skipped[0].detail
    assert path.read_bytes() == before
    assert place.other.simulations.find(place.simulation) is None


def learned(place: Place) -> None:
    key = service.public_part(place.client._sender.configuration.key)
    deadline = time.monotonic() + 20
    while service.OWNERS.find(place.client.url, key) is None:
        assert time.monotonic() < deadline
        time.sleep(0.005)


def test_a_key_that_was_rolled(place: Place) -> None:
    with place.client.run(place.simulation, name="before", capture=False):
        pass
    learned(place)
    left_behind(place, 2)
    own = place.client.keys.create("rolled", ["simulations:read", "simulations:write", "runs:read", "runs:write"])
    report = sync(place.new_client(own.key))
    assert counts(report) == (2, 0, 0, 0, 0)


def test_another_service(place: Place) -> None:
    (path,) = left_behind(place, start={"url": "https://another.example"})
    report = sync(place.client)
    assert counts(report) == (0, 0, 0, 1, 0)
    assert "gf sync --also https://another.example" in report.skipped[0].detail
    assert path.exists()
    assert counts(sync(place.client, also=["https://another.example"])) == (1, 0, 0, 0, 0)
    assert place.run().status == "succeeded"


def test_a_key_that_never_was(place: Place) -> None:
    (path,) = left_behind(place, start={"key": "gf_mistyped", "owner": None})
    report = sync(place.client)
    assert counts(report) == (0, 0, 0, 1, 0)
    assert "gf sync --also gf_mistyped" in report.skipped[0].detail
    assert path.exists()
    place.network.away = True
    assert counts(sync(place.client.with_options(max_retries=0), also=["gf_mistyped"])) == (0, 1, 0, 0, 0)
    place.network.away = False
    assert counts(sync(place.client, also=["gf_mistyped"])) == (1, 0, 0, 0, 0)
    assert place.run().status == "succeeded"


def test_what_was_recorded_before_anything_was_configured(place: Place) -> None:
    left_behind(place, start={"url": None, "key": None})
    assert counts(sync(place.client)) == (1, 0, 0, 0, 0)
    assert place.run().status == "succeeded"


def test_owners_that_cannot_be_kept_leave_no_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GOATFISH_SPOOL", str(tmp_path))
    (tmp_path / "owners.json").mkdir()  # which no file replaces
    owners = service.Owners()
    owners.learn("https://goatfish.example", ["gf_1"], "an owner")
    assert owners.find("https://goatfish.example", "gf_1") == "an owner"
    assert [path.name for path in tmp_path.iterdir()] == ["owners.json"]


def test_what_was_sent_once_with_a_key_stays_that_owners(place: Place) -> None:
    left_behind(place, start={"url": None, "key": None})
    place.network.fault = lambda request, _: "after" if is_creation(request) else None
    assert counts(sync(place.client.with_options(max_retries=0))) == (0, 1, 0, 0, 0)
    place.network.fault = lambda _request, _place: None
    assert counts(sync(place.other)) == (0, 0, 0, 1, 0)
    assert counts(sync(place.client)) == (1, 0, 0, 0, 0)
    assert place.other.simulations.find(place.simulation) is None


def test_no_secret_is_in_a_journal(place: Place, service: Any) -> None:
    (path,) = left_behind(place)
    secret = service.key.split("_")[-1]
    assert secret not in path.read_text()
    assert path.stat().st_mode & 0o077 == 0 or path.exists()


def test_journals_are_private(place: Place) -> None:
    place.network.away = True
    with place.client.run(place.simulation, capture=False) as run:
        pass
    assert run.path is not None
    assert run.path.stat().st_mode & 0o777 == 0o600
    assert run.path.parent.stat().st_mode & 0o777 == 0o700


# ── torn and foreign files ──


def test_torn_lines(place: Place) -> None:
    torn, middle, both = left_behind(place, 3, ended=False)
    torn.write_text(torn.read_text() + '{"type":"change","at":"2026-')
    first, *rest = middle.read_text().splitlines()
    middle.write_text("\n".join([first, '{"type":"chan', "\0\0\0", *rest, ""]))
    both.write_bytes(both.read_bytes().rstrip(b"\n"))
    for path in (torn, middle, both):
        os.utime(path, (1, 1))
    report = sync(place.client)
    assert counts(report) == (3, 0, 0, 0, 3)
    assert "could not be read" in " ".join(entry.detail for entry in report.sent)
    assert {run.name: run.status for run in place.runs()} == {f"run {n}": "failed" for n in range(3)}


FOREIGN = {
    "empty.jsonl": b"",
    "half.jsonl": b'{"type":"start","format":1',
    "text.jsonl": b"hello\n",
    "binary.jsonl": bytes(range(256)),
    "list.jsonl": b"[1]\n",
    "newer.jsonl": b'{"type":"start","format":2,"idempotency_key":"k","simulation":{},"run":{}}\n',
    "other.jsonl": b'{"type":"epoch","loss":0.1}\n',
}


def test_what_was_killed_while_it_was_made_is_cleared(place: Place) -> None:
    place.spool.mkdir()
    old, new = place.spool / ".1.new", place.spool / ".2.new"
    for path in (old, new):
        path.write_text('{"type":')
    os.utime(old, (1, 1))
    assert counts(sync(place.client)) == (0, 0, 0, 0, 0)
    assert (old.exists(), new.exists()) == (False, True)


def test_foreign_files_are_left_alone(place: Place) -> None:
    place.spool.mkdir()
    for name, content in FOREIGN.items():
        (place.spool / name).write_bytes(content)
    (place.spool / "notes.txt").write_text("mine")
    (place.spool / "folder.jsonl").mkdir()
    (place.spool / "link.jsonl").symlink_to("/etc/passwd")
    os.mkfifo(place.spool / "pipe.jsonl")
    report = sync(place.client)
    assert counts(report) == (0, 0, 0, len(FOREIGN) + 3, 0)
    assert all(entry.detail for entry in report.skipped)
    assert report.error is None
    for name, content in FOREIGN.items():
        assert (place.spool / name).read_bytes() == content


HOSTILE: list[Callable[[dict[str, Any]], dict[str, Any]]] = [
    lambda start: {**start, "run": {**start["run"], "labels": 3}},
    lambda start: {**start, "run": {**start["run"], "parameters": {"a b": {"value": [], "unit": 7}}}},
    lambda start: {**start, "run": {**start["run"], "artifacts": [{"name": "x"}]}},
    lambda start: {**start, "run": {**start["run"], "started_at": "yesterday"}},
    lambda start: {**start, "pid": "none", "host": None, "process_start": []},
    lambda start: {**start, "simulation": {}},
    lambda start: {**start, "simulation": {"id": "no-such"}},
    lambda start: {**start, "run": {}},
    lambda start: {**start, "parent": {"id": "nobody"}},
    lambda start: {**start, "parent": "text"},
    lambda start: {**start, "at": 7},
]


@pytest.mark.parametrize("change", HOSTILE, ids=[f"{number}" for number, _ in enumerate(HOSTILE)])
def test_journals_that_were_tampered_with_stop_nothing(
    place: Place, change: Callable[[dict[str, Any]], dict[str, Any]]
) -> None:
    hostile, good = left_behind(place, 2)
    first, *rest = hostile.read_text().splitlines()
    hostile.write_text("\n".join([json.dumps(change(json.loads(first))), *rest, ""]))
    report = sync(place.client)
    assert report.error is None
    assert good in [entry.path for entry in report.sent]
    dealt = [*report.sent, *report.waiting, *report.refused, *report.skipped]
    assert sorted(entry.path for entry in dealt) == sorted([hostile, good])


# ── a service that fails ──


def test_a_service_that_is_away(place: Place) -> None:
    left_behind(place, 3)
    place.network.away = True
    place.network.requests.clear()
    report = sync(place.client)
    assert counts(report) == (0, 3, 0, 0, 0)
    assert isinstance(report.error, goatfish.ConnectionFailed)
    assert len(place.network.requests) == 1
    place.network.away = False
    assert counts(sync(place.client)) == (3, 0, 0, 0, 0)


@pytest.mark.parametrize("how", ["before", "after", 503])
@pytest.mark.parametrize("at", range(6))
def test_a_request_that_fails_while_a_lost_run_is_sent(place: Place, at: int, how: Any) -> None:
    left_behind(place, ended=False)
    client = place.new_client(max_retries=0)
    place.network.requests.clear()
    place.network.fault = lambda _request, number: how if number == at else None
    sync(client)
    place.network.fault = lambda _request, _place: None
    sync(client)
    assert place.journals() == []
    assert place.run().status == "failed"


def test_a_refused_run_is_kept_and_said_each_time(place: Place) -> None:
    left_behind(place, start={"simulation": {"id": "01234567-89ab-7def-8123-456789abcdef"}})
    for _ in range(2):
        report = sync(place.client)
        assert counts(report) == (0, 0, 1, 0, 0)
        assert "simulation" in report.refused[0].detail
    assert len(place.journals()) == 1
