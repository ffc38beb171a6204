"""``gf export``: to a file that is there wholly or not at all, or to standard output."""

from __future__ import annotations

import csv
import io
import os
import re
import signal
import stat
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any

import pytest
from clients.python.tests.commands.running import KEY, Gf, Stream, answering, started

import goatfish
from goatfish.commands.progress import CsvProgress

ID = "0199f3c2-7a10-7000-8000-000000000000"
SIMULATION = f'{{"id": "{ID}", "name": "Wing", "start_date": "2026-01-05", "end_date": "2026-02-01"}}'.encode()


@pytest.fixture
def simulation(signed_in: Any) -> goatfish.Simulation:
    """One with 30 runs, a reason with line breaks among them."""
    with goatfish.Client() as client:
        simulation = client.simulations.create("Exported", "2026-01-05", "2026-02-01")
        client.runs.create_many(
            {
                "simulation_id": simulation.id,
                "name": f"mesh {at}",
                "status": "failed",
                "status_reason": 'a "b"\n\nc',
                "parameters": {"at": at},
            }
            for at in range(30)
        )
    return simulation


def rows(text: str) -> list[list[str]]:
    return list(csv.reader(io.StringIO(text)))


def test_to_standard_output(gf: Gf, simulation: goatfish.Simulation) -> None:
    ended = gf("export", simulation.id)
    assert (ended.status, ended.err) == (0, "")
    assert len(rows(ended.out)) == 31
    assert gf("export", simulation.id, "-o", "-").out == ended.out
    filtered = gf("export", simulation.id, "--where", "parameters.at<3", "--status", "failed", "--name", "MESH")
    assert len(rows(filtered.out)) == 4


def test_to_a_file(gf: Gf, simulation: goatfish.Simulation, tmp_path: Path) -> None:
    file = tmp_path / "runs.csv"
    ended = gf("export", simulation.id, "-o", str(file))
    assert (ended.status, ended.out, ended.err) == (0, "", "")
    assert len(rows(file.read_text())) == 31
    assert list(tmp_path.iterdir()) == [file]
    mask = os.umask(0)
    os.umask(mask)
    assert stat.S_IMODE(file.stat().st_mode) == 0o666 & ~mask


def test_over_a_file(gf: Gf, simulation: goatfish.Simulation, tmp_path: Path) -> None:
    file, link = tmp_path / "runs.csv", tmp_path / "link.csv"
    file.write_text("before")
    file.chmod(0o640)
    link.symlink_to(file)
    assert gf("export", simulation.id, "--output", str(link)).status == 0
    assert link.is_symlink()
    assert len(rows(file.read_text())) == 31
    assert stat.S_IMODE(file.stat().st_mode) == 0o640


def test_to_a_name_that_is_not_utf8(gf: Gf, simulation: goatfish.Simulation, tmp_path: Path) -> None:
    assert gf("export", simulation.id, "-o", f"{tmp_path}/\udcff.csv").status == 0
    assert os.listdir(os.fsencode(tmp_path)) == [b"\xff.csv"]  # noqa: PTH208 -- names as bytes
    ended = gf("export", simulation.id, "-o", f"{tmp_path}/\udcff/x")
    assert ended.status == 1
    assert ended.err.rstrip().isprintable()


def test_to_what_is_no_file(gf: Gf, simulation: goatfish.Simulation, tmp_path: Path) -> None:
    for path in (tmp_path, tmp_path / "missing" / "runs.csv", Path("/dev/full")):
        ended = gf("export", simulation.id, "-o", str(path))
        assert ended.status == 1
        assert ended.err.count("\n") == 1
    assert gf("export", simulation.id, "-o", os.devnull).status == 0
    assert list(tmp_path.iterdir()) == []


def test_progress_at_a_terminal_alone(gf: Gf, simulation: goatfish.Simulation, tmp_path: Path) -> None:
    shown = gf("export", simulation.id, "-o", str(tmp_path / "a"), width=80)
    assert shown.out == ""
    assert re.fullmatch(r"\r\[[#.]+\] +\d+%  \d+ of 30 runs\x1b\[K\r\x1b\[K", shown.err)
    assert "of 30 runs" not in gf("export", simulation.id, width=80).err  # it would be in the midst of the rows
    assert gf("export", simulation.id, "-o", str(tmp_path / "b")).err == ""


def part_of_an_export(answer: Iterator[bytes]) -> Any:
    """A service whose export has these chunks, and is never complete."""

    def respond(request: BaseHTTPRequestHandler) -> None:
        is_export = "runs.csv" in request.path
        request.send_response(200)
        request.send_header("Content-Type", "text/csv" if is_export else "application/json")
        if is_export:
            request.send_header("Content-Length", "1000000")
            request.end_headers()
            for chunk in answer:
                request.wfile.write(chunk)
                request.wfile.flush()
        else:
            request.send_header("Content-Length", str(len(SIMULATION)))
            request.end_headers()
            request.wfile.write(SIMULATION)

    return respond


@pytest.mark.parametrize("existing", [None, "before"])
def test_a_connection_that_breaks(
    gf: Gf, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, existing: str | None
) -> None:
    file = tmp_path / "runs.csv"
    if existing:
        file.write_text(existing)
    monkeypatch.setenv("GOATFISH_KEY", KEY)
    with answering(part_of_an_export(iter([b"id,name\r\n", b"1,a\r\n"]))) as url:
        ended = gf("export", ID, "-o", str(file), "--url", url)
        to_output = gf("export", ID, "--url", url)
    assert ended.status == to_output.status == 3
    assert ended.err.count("\n") == 1
    assert [each.read_text() for each in tmp_path.iterdir()] == ([existing] if existing else [])


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_leaves_nothing_behind(tmp_path: Path, number: signal.Signals) -> None:
    def slowly() -> Iterator[bytes]:
        yield b"id\r\n"
        for _ in range(600):
            time.sleep(0.05)
            yield b"1\r\n"

    with answering(part_of_an_export(slowly())) as url:
        process = started("export", ID, "-o", str(tmp_path / "a.csv"), "--url", url, env={"GOATFISH_KEY": KEY})
        while not list(tmp_path.iterdir()):
            assert process.poll() is None, process.communicate()
            time.sleep(0.02)
        process.send_signal(number)
        out, err = process.communicate(timeout=60)
    assert process.returncode == 128 + number
    assert (out, err) == (b"", b"")
    assert list(tmp_path.iterdir()) == []


def test_rows_are_counted(gf: Gf, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("goatfish.commands.progress.PERIOD", 0)
    text = b'id,reason\r\n1,"a\n""b""\n"\r\n2,c\r\n3,"d\n\n"\r\n'
    for size in range(1, len(text)):
        shown = Stream(terminal=True)
        monkeypatch.setattr("sys.stderr", shown)
        progress = CsvProgress("runs", lambda: 3)
        assert b"".join(progress.over(text[at : at + size] for at in range(0, len(text), size))) == text
        shown.flush()
        last = shown.bytes.getvalue().decode().split("\r")[-2]
        assert last == "[########################] 100%  3 of 3 runs\x1b[K"
