"""``gf follow`` over a service: what is said of each change, where it begins, and how it ends."""

from __future__ import annotations

import json
import signal
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest
from clients.python.tests.commands.running import Ended, Gf, started

import goatfish
from goatfish.commands import follow
from goatfish.commands.exits import CommandFailed


@pytest.fixture
def until_idle(monkeypatch: pytest.MonkeyPatch) -> None:
    """Ctrl-C as soon as there is nothing more to follow."""

    def interrupt(*_: object) -> bool:
        raise KeyboardInterrupt

    monkeypatch.setattr("goatfish.sync_api.changes.stopped_within", interrupt)


def change(client: goatfish.Client, name: str) -> None:
    simulation = client.simulations.create(name, "2026-01-05", "2026-02-01")
    run = client.runs.create(simulation, name=name, status="running", results={"cl": 1})
    client.runs.update(run, status="succeeded", results={"cl": 1.5, "cd": (2, "N")})
    client.runs.delete(run)


def lines_about(ended: Ended, name: str) -> list[str]:
    assert (ended.status, ended.err) == (130, "")
    return [line for line in ended.lines if name in line]


def test_one_line_a_change(gf: Gf, signed_in: Any, unique: str, until_idle: None) -> None:
    with goatfish.Client() as client:
        change(client, f"{unique} \u202e")
    shown = f"{unique} \\u202e"
    created, made, updated, deleted = lines_about(gf("follow", "--since", "1h"), shown)
    assert "  simulation  " in created
    assert created.endswith(f"{shown}  created")
    assert made.endswith(f"{shown}  created: running")
    assert "updated: status running → succeeded, " in updated
    assert "results.cd 2 N, results.cl 1 → 1.5" in updated or "results.cl 1 → 1.5, results.cd 2 N" in updated
    assert deleted.endswith(f"{shown}  deleted")
    assert all(line[:4].isdigit() for line in (created, made, updated, deleted))


@pytest.mark.parametrize("width", [20, 80])
def test_at_a_terminal(gf: Gf, signed_in: Any, unique: str, until_idle: None, width: int) -> None:
    with goatfish.Client() as client:
        change(client, unique)
    plain = gf("follow", "--since", "1h", width=width).out.replace("\x1b[0m", "")
    for style in ("32", "34", "31"):
        plain = plain.replace(f"\x1b[{style}m", "")
    assert max(map(len, plain.splitlines())) <= width


def test_json(gf: Gf, signed_in: Any, unique: str, until_idle: None) -> None:
    with goatfish.Client() as client:
        change(client, unique)
    changes = [json.loads(line) for line in lines_about(gf("follow", "--json", "--since", "beginning"), unique)]
    assert [(each["kind"], each["action"]) for each in changes] == [
        ("simulation", "created"),
        ("run", "created"),
        ("run", "updated"),
        ("run", "deleted"),
    ]


def test_from_now_on_and_from_a_cursor(gf: Gf, signed_in: Any, unique: str, until_idle: None) -> None:
    with goatfish.Client() as client:
        cursor = client.changes.latest()
        change(client, unique)
    assert lines_about(gf("follow"), unique) == []
    assert len(lines_about(gf("follow", "--since", cursor), unique)) == 4
    ahead = (datetime.now(timezone.utc) + timedelta(hours=1)).isoformat()
    assert lines_about(gf("follow", "--since", ahead), unique) == []
    ended = gf("follow", "--since", "tomorrow")
    assert ended.status == 2
    assert ended.err == f"gf: --since 'tomorrow' is {follow.NO_BEGINNING}\n"


def test_a_cursor_file(gf: Gf, signed_in: Any, unique: str, until_idle: None, tmp_path: Path) -> None:
    file = str(tmp_path / "cursor")
    assert gf("follow", "--cursor-file", file).lines == []
    with goatfish.Client() as client:
        change(client, unique)
    assert len(lines_about(gf("follow", "--cursor-file", file), unique)) == 4
    assert gf("follow", "--cursor-file", file).lines == []
    assert gf("follow", "--cursor-file", str(tmp_path / "missing" / "cursor")).status == 1
    Path(file).write_text("another's")
    ended = gf("follow", "--cursor-file", file)
    assert (ended.status, ended.err.count("\n")) == (1, 1)
    assert ended.err.startswith(f"gf: {file} does not hold a cursor of this service")


def test_live_until_ctrl_c(signed_in: Any, unique: str) -> None:
    with goatfish.Client() as client:
        cursor = client.changes.latest()
        process = started("follow", "--since", cursor, "--interval", "0.05")
        assert process.stdout is not None
        change(client, unique)
        lines = [process.stdout.readline().decode() for _ in range(4)]
        change(client, f"{unique} again")
        lines += [process.stdout.readline().decode() for _ in range(4)]
    process.send_signal(signal.SIGINT)
    assert process.communicate(timeout=60) == (b"", b"")
    assert process.returncode == 130
    assert all(unique in line for line in lines)


def test_whoever_reads_leaves(signed_in: Any, unique: str) -> None:
    with goatfish.Client() as client:
        process = started("follow", "--since", client.changes.latest(), "--interval", "0.05")
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.close()
        change(client, unique)
    assert process.wait(timeout=60) == 141
    assert process.stderr.read() == b""
    process.stderr.close()


@pytest.mark.parametrize(
    ("since", "ago"), [("90s", 90), ("10m", 600), ("2h", 7200), ("3d", 3 * 86400), ("1w", 7 * 86400)]
)
def test_how_long_ago(since: str, ago: int) -> None:
    moment = follow.moment_since(since)
    assert moment is not None
    assert abs((datetime.now(timezone.utc) - moment).total_seconds() - ago) < 5


@pytest.mark.parametrize("since", ["2026-01-05", "2026-01-05T08:00Z", "2026-01-05T08:00:00+01:00", "2026-01-05 08:00"])
def test_moments(since: str) -> None:
    moment = follow.moment_since(since)
    assert moment is not None
    assert moment.tzinfo is not None


@pytest.mark.parametrize("since", ["2026-13-05", "2026-01-05T25:00", "2026-01-05x", "999999w"])
def test_no_moments(since: str) -> None:
    with pytest.raises(CommandFailed):
        follow.moment_since(since)
