"""``gf`` as a process: pipes that close, full disks, terminals of another encoding, and services that do not answer."""

from __future__ import annotations

import os
import pty
import re
import signal
import termios
import time
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from threading import Event
from typing import Any

import pytest
from clients.python.tests.commands.running import KEY, Gf, answering, started, with_body

import goatfish

PROBLEM = '{"type": "/problems/x", "title": "T", "status": %d, "detail": "Said plainly.", "code": "%s"}'


@pytest.fixture
def many(signed_in: Any) -> None:
    """More runs than a pipe holds."""
    with goatfish.Client() as client:
        simulation = client.simulations.create("Many", "2026-01-05", "2026-02-01")
        client.runs.create_many({"simulation_id": simulation.id, "name": "x" * 300} for _ in range(300))


@pytest.mark.parametrize("arguments", [["runs", "-a"], ["export", "Many"]])
def test_whoever_reads_leaves(many: None, arguments: list[str]) -> None:
    with started(*arguments) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        assert process.stdout.readline()
        process.stdout.close()
        assert process.wait(timeout=60) == 141
        assert process.stderr.read() == b""


def test_a_full_disk(many: None) -> None:
    with open("/dev/full", "wb") as full:  # noqa: PTH123 -- a device
        process = started("runs", "-n", "1", stdout=full)
        _, err = process.communicate(timeout=60)
        assert (process.returncode, err) == (1, b"gf: No space left on device\n")


def test_a_latin_1_terminal_and_arguments_that_are_not_utf8(signed_in: Any) -> None:
    env = {"PYTHONIOENCODING": "latin-1", "LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}
    with goatfish.Client() as client:
        simulation = client.simulations.create("Tragfläche 翼", "2026-01-05", "2026-02-01")
    process = started("show", simulation.id, env=env)
    out, err = process.communicate(timeout=60)
    assert (process.returncode, err) == (0, b"")
    assert "name        Tragfläche \\u7ffc".encode("latin-1") in out
    process = started(os.fsdecode(b"show"), b"Tragfl\xe4che", env=env)  # type: ignore[arg-type]  # -- bytes are not declared there
    out, err = process.communicate(timeout=60)
    assert (process.returncode, out) == (2, b"")
    assert err.count(b"\n") == 1
    assert b"UTF-8" in err


def test_without_a_standard_output() -> None:
    process = started("--version", preexec_fn=lambda: os.close(1), stdout=None)
    _, err = process.communicate(timeout=60)
    assert process.returncode == 1
    assert err == b"gf: Bad file descriptor\n"


def test_ctrl_c_while_the_service_is_slow() -> None:
    asked, over = Event(), Event()

    def slowly(_: BaseHTTPRequestHandler) -> None:
        asked.set()
        over.wait(60)

    with answering(slowly) as url:
        process = started("runs", "--url", url, env={"GOATFISH_KEY": KEY})
        assert asked.wait(60)
        began = time.monotonic()
        process.send_signal(signal.SIGINT)
        assert process.communicate(timeout=60) == (b"", b"")
        over.set()
    assert process.returncode == 130
    assert time.monotonic() - began < 10


def test_ctrl_c_after_the_command_waits_for_nothing_more(tmp_path: Path) -> None:
    asked, over = Event(), Event()

    def slowly(_: BaseHTTPRequestHandler) -> None:
        asked.set()
        over.wait(60)

    with answering(slowly) as url:
        environment = {"GOATFISH_URL": url, "GOATFISH_KEY": KEY, "GOATFISH_SPOOL": str(tmp_path)}
        process = started("run", "-s", "x", "--no-capture", "all", "--", "true", env=environment)
        assert asked.wait(60)
        (journal,) = tmp_path.glob("*.jsonl")
        while '"type":"end"' not in journal.read_text():
            time.sleep(0.01)
        process.send_signal(signal.SIGINT)
        assert process.stderr is not None
        assert process.stderr.readline() == b"gf: did not wait for the service; gf sync sends what is left\n"
        assert process.communicate(timeout=60) == (b"", b"")  # where it waits, it says that the service did not answer
        over.set()
    assert process.returncode == 0


def test_it_is_said_that_the_service_asks_to_wait() -> None:
    body = (PROBLEM % (503, "unavailable")).encode()
    with answering(with_body(503, body, "application/problem+json", Retry_After="30")) as url:
        process = started("runs", "--url", url, env={"GOATFISH_KEY": KEY})
        assert process.stderr is not None
        said = process.stderr.readline().decode()
        process.send_signal(signal.SIGINT)
        assert process.communicate(timeout=60) == (b"", b"")
    assert re.match(r"gf: GET /api/v1/runs failed, and is sent again in 3\d\.\d s: Said plainly\.", said)


@pytest.mark.parametrize(
    ("status", "code", "expected"),
    [
        (401, "unauthenticated", 4),
        (403, "missing_scope", 4),
        (404, "not_found", 1),
        (429, "rate_limited", 1),
        (500, "internal_error", 1),
        (503, "unavailable", 3),
        (503, "\x1b[31m\u202e", 3),
    ],
)
def test_refusals(gf: Gf, monkeypatch: pytest.MonkeyPatch, status: int, code: str, expected: int) -> None:
    monkeypatch.setenv("GOATFISH_KEY", KEY)
    monkeypatch.setattr("goatfish.commands.session.RETRIES", 0)
    body = (PROBLEM % (status, code.replace("\x1b", "\\u001b"))).encode()
    with answering(with_body(status, body, "application/problem+json", Retry_After="0")) as url:
        for command in (
            ["runs"],
            ["sims", "--json"],
            ["show", "last"],
            ["compare", "a", "b"],
            ["follow"],
            ["export", "x"],
        ):
            ended = gf(*command, "--url", url)
            assert (ended.status, ended.out) == (expected, ""), command
            assert ended.err.startswith("gf: Said plainly.")
            assert ended.err.count("\n") == 1
            assert ended.err[:-1].isprintable()
            assert "secret" not in ended.err


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"<html>",
        b"[]",
        b"{}",
        b'{"items": 1}',
        b'{"items": [1], "next_cursor": null}',
        b"\xff\xfe",
        b'{"items": [{}]}',
    ],
    ids=["nothing", "html", "list", "object", "number", "items", "bytes", "empty"],
)
def test_answers_of_something_else(gf: Gf, monkeypatch: pytest.MonkeyPatch, body: bytes) -> None:
    monkeypatch.setenv("GOATFISH_KEY", KEY)
    with answering(with_body(200, body)) as url:
        for command in (["runs"], ["show", "last"]):
            ended = gf(*command, "--url", url)
            assert "Traceback" not in ended.err
            assert ended.err.count("\n") <= 1
            assert ended.status in {0, 1}


def test_a_service_that_is_away(gf: Gf, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GOATFISH_KEY", KEY)
    monkeypatch.setattr("goatfish.commands.session.RETRIES", 0)
    ended = gf("runs", "--url", "http://127.0.0.1:1")
    assert (ended.status, ended.out) == (3, "")
    assert "127.0.0.1:1" in ended.err
    assert ended.err.count("\n") == 1


def test_names_for_a_shell(gf: Gf, many: None) -> None:
    ended = gf("completion", "--names", "simulations")
    assert (ended.status, ended.err) == (0, "")
    assert ended.lines[0] == "Many"
    assert gf("completion", "--names", "runs").lines[0] == "last"


def test_a_terminal_of_its_own_width(signed_in: Any) -> None:
    with goatfish.Client() as client:
        client.simulations.create("x" * 300, "2026-01-05", "2026-02-01")
    ours, theirs = pty.openpty()
    termios.tcsetwinsize(ours, (24, 33))
    process = started("sims", "-n", "1", stdout=theirs, env={"TERM": "xterm", "COLUMNS": "", "NO_COLOR": ""})
    _, err = process.communicate(timeout=60)
    os.close(theirs)
    assert (process.returncode, b"no room for START" in err) == (0, True), err
    lines = re.sub(r"\x1b\[[0-9;]*m", "", os.read(ours, 4096).decode()).splitlines()
    os.close(ours)
    assert [len(line) for line in lines] == [len(f"{'ID':13}  NAME"), 33]
