"""``gf sync --discard``: a run that the service refuses need not be said for ever."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from clients.python.tests.commands.running import Gf

import goatfish
from goatfish.recording import Recorder, spool_folders


@pytest.fixture
def refused(signed_in: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The journal of a run that the service refuses."""
    monkeypatch.setenv("GOATFISH_SPOOL", str(tmp_path / "spool"))
    with signed_in.client() as client:
        run = Recorder(client, str(uuid4()), name="odd one", capture=False, wait=False)
        run.start()
        run.end()
    (path,) = spool_folders()[0].glob("*.jsonl")
    return path


def test_it_is_said_how_and_dropped(gf: Gf, refused: Path) -> None:
    ended = gf("sync")
    assert ended.status == 1
    assert f"gf sync --discard {refused.name[:8]}" in ended.err
    ended = gf("sync", "--discard", refused.name[:8])
    assert (ended.status, ended.err) == (0, "")
    assert ended.lines == [f"discarded  odd one ({refused})"]
    assert not refused.exists()
    assert gf("sync").status == 0


def test_without_a_service(gf: Gf, refused: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("GOATFISH_URL", "GOATFISH_KEY"):
        monkeypatch.delenv(name)
    assert gf("sync", "--discard", "odd one", "-q").out == ""
    assert not refused.exists()


def test_what_is_not_there(gf: Gf, refused: Path) -> None:
    ended = gf("sync", "--discard", "nobody", "--discard", str(refused))
    assert ended.status == 1
    assert ended.err.count("\n") == 1
    assert "nobody" in ended.err
    assert not refused.exists()


def test_what_still_runs(gf: Gf, signed_in: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GOATFISH_SPOOL", str(tmp_path / "spool"))
    with signed_in.client() as client, client.run(f"Wing {uuid4()}", name="going on", capture=False):
        ended = gf("sync", "--discard", "going on")
        assert ended.status == 1
        assert "still running" in ended.err


def test_signing_in_learns_whose_key_it_is(
    gf: Gf, served: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GOATFISH_SPOOL", str(tmp_path / "spool"))
    with goatfish.Client(served.url, served.key) as client:
        owner = client.me().owner.id
        prefixes = {key.prefix for key in client.keys.list(limit=100)}
    assert gf("login", "--url", served.url, stdin=served.key).status == 0
    known = json.loads((tmp_path / "spool" / "owners.json").read_text())
    assert {name.split(" ")[0] for name, of in known.items() if of == owner} >= prefixes
