"""``gf show``, ``compare`` and ``open`` over a service: what is meant, and what is shown of it."""

from __future__ import annotations

import csv
import io
import json
import re
import webbrowser
from itertools import count
from typing import Any

import pytest
from clients.python.tests.commands.running import Gf

import goatfish
from goatfish.commands.cells import width_of
from goatfish.commands.lookup import BEGINNING

UNKNOWN = "00000000-0000-0000-0000-000000000000"
_number = count()


@pytest.fixture
def runs(signed_in: Any) -> list[goatfish.Run]:
    """A simulation's three runs, the newest last."""
    number = next(_number)
    with goatfish.Client() as client:
        simulation = client.simulations.create(f"Shown {number}", "2026-01-05", "2026-02-01", description="One\nTwo")
        made = [
            client.runs.create(
                simulation,
                name=f"mesh {at}",
                external_id=f"job-{number}-{at}",
                parameters={"alpha": (at, "deg"), "mesh": "fine", "n": "12"},
                results={"cl": at / 7, "ok": True} if at else {},
                artifacts=[{"name": "log", "uri": f"file:///tmp/{at}", "bytes": 18211, "sha256": "a" * 64}],
            )
            for at in range(3)
        ]
        made[1] = client.runs.update(made[1], status="failed", status_reason="diverged\nat step 3", labels={"a": "b"})
    return made


def test_a_run_by_each_of_its_names(gf: Gf, runs: list[goatfish.Run]) -> None:
    middle = runs[1]
    names = [
        middle.id,
        middle.id.upper(),
        middle.id.replace("-", ""),
        str(middle.external_id),
        "last~1",
        middle.id[:18],
    ]
    for name in names:
        ended = gf("show", name, "--json")
        assert (ended.status, ended.err) == (0, ""), name
        assert json.loads(ended.out) == middle.to_dict()
    assert json.loads(gf("show", "last", "--json").out)["id"] == runs[2].id


def test_a_simulation_by_each_of_its_names(gf: Gf, runs: list[goatfish.Run]) -> None:
    with goatfish.Client() as client:
        simulation = client.simulations.get(runs[0].simulation_id)
    for name in (simulation.id, simulation.name, simulation.id[:23]):
        assert json.loads(gf("show", name, "--json").out) == simulation.to_dict()
    assert gf("runs", "-s", "last", "--json").lines[0] == gf("runs", "-s", simulation.name, "--json").lines[0]


def test_a_beginning_of_several(gf: Gf, runs: list[goatfish.Run]) -> None:
    ended = gf("show", runs[0].id[:4])
    assert ended.status == 1
    assert re.search(rf"the ids of \d+ runs begin with {runs[0].id[:4]}: ", ended.err)
    assert ended.err.count("\n") == 1


def test_what_is_not_there(gf: Gf, signed_in: Any) -> None:
    for reference in ("nothing", "last~1000", "last~", "0000", UNKNOWN, "x" * 400, "a\tb", "?"):
        ended = gf("show", reference)
        assert (ended.status, ended.out) == (1, "")
        assert ended.err.count("\n") == 1
    for command in ("open", "compare last", "export"):
        assert gf(*command.split(), UNKNOWN).status == 1


@pytest.mark.parametrize(
    "text", ["0199", "0199f3c2", "0199f3c2-7a", "0199f3c27a10", "0199f3c2-7a10-7000-8000-00000000000"]
)
def test_beginnings_of_ids(text: str) -> None:
    assert BEGINNING.fullmatch(text)


def test_everything_about_a_run(gf: Gf, runs: list[goatfish.Run]) -> None:
    shown = gf("show", runs[1].id, "--history").out
    for text in (
        f"run {runs[1].id}",
        "failed",
        "diverged",
        "at step 3",
        "Shown ",
        "1 deg",
        '"12"',
        "0.14285714285714285",
        "18,211 bytes",
        "file:///tmp/1",
        "2  ",
        "updated: status queued → failed, status_reason diverged\\nat step 3",
        "labels.a b",
        "created: queued",
    ):
        assert text in shown, text


def test_everything_about_a_simulation(gf: Gf, runs: list[goatfish.Run]) -> None:
    shown = gf("show", runs[1].simulation_id, "--history", width=80).out
    plain = re.sub(r"\x1b\[[0-9;]*m", "", shown)
    assert re.search(r"^runs\n  all     3\n  queued  2\n  failed  1$", plain, re.MULTILINE)
    assert re.search(r"^description  One\n             Two$", plain, re.MULTILINE)
    assert re.search(r"^  cl +2 +0.142857 ", plain, re.MULTILINE)
    assert "created" in plain


def test_members_of_a_newer_service(gf: Gf, runs: list[goatfish.Run], monkeypatch: pytest.MonkeyPatch) -> None:
    newer = {**runs[0].to_dict(), "priority": 3, "tags": ["a", {"b": 1}], "host": {"name": "\x1b[31m"}, "log": {}}
    monkeypatch.setattr(goatfish.Run, "to_dict", lambda self: newer)
    shown = gf("show", runs[0].id).out
    assert "priority" in shown
    assert "\\x1b[31m" in shown
    assert gf("runs", "--csv").status == gf("runs").status == gf("compare", "last", "last~1").status == 0


def test_compare(gf: Gf, runs: list[goatfish.Run]) -> None:
    ended = gf("compare", runs[1].id, runs[2].id)
    rows = {line.split()[1]: re.split("  +", line)[2:] for line in ended.lines[1:] if line.startswith("*")}
    assert (ended.status, ended.err) == (0, "")
    assert rows["parameters.alpha"] == ["1 deg", "2 deg"]
    assert rows["labels.a"] == ["b", "-"]
    assert rows["artifacts.log.uri"] == ["file:///tmp/1", "file:///tmp/2"]
    assert not {"parameters.mesh", "id", "created_at", "results.ok"} & rows.keys()
    everything = gf("compare", "--all", runs[1].id, runs[2].id).out
    assert "parameters.mesh" in everything
    assert runs[1].id in everything


def test_compare_for_programs(gf: Gf, runs: list[goatfish.Run]) -> None:
    ids = [run.id for run in runs]
    found = json.loads(gf("compare", *ids, "--json").out)
    assert found["runs"] == ids
    members = {each["member"]: each for each in found["members"]}
    assert members["results.cl"] == {
        "member": "results.cl",
        "differs": True,
        "values": [None, {"value": 1 / 7, "unit": None}, {"value": 2 / 7, "unit": None}],
    }
    assert {each["differs"] for each in json.loads(gf("compare", *ids, "--json", "--all").out)["members"]} == {
        True,
        False,
    }
    rows = list(csv.reader(io.StringIO(gf("compare", *ids, "--csv").out)))
    assert rows[0] == ["member", "differs", *ids]
    assert ["parameters.alpha", "true", "0 deg", "1 deg", "2 deg"] in rows


@pytest.mark.parametrize("width", [20, 60, 200])
def test_many_runs_are_compared_below_each_other(gf: Gf, runs: list[goatfish.Run], width: int) -> None:
    ended = gf("compare", *(run.id for run in runs), width=width)
    plain = re.sub(r"\x1b\[[0-9;]*m", "", ended.out)
    assert ended.status == 0
    assert max(map(width_of, plain.splitlines())) <= width
    assert plain.count("file:///tmp/") == 3 or width < 80
    assert ("\n\n" in plain) == (width < 80)


@pytest.mark.parametrize("width", [20, 40])
def test_long_names_leave_room_for_the_values(gf: Gf, runs: list[goatfish.Run], width: int) -> None:
    with goatfish.Client() as client:
        for at, run in enumerate(runs):
            client.runs.update(run, parameters={"turbulence_intensity_at_the_inlet": at})
    lines = gf("compare", runs[0].id, runs[1].id, width=width).lines
    assert sum(runs[0].id[:7] in line for line in lines) == 2
    assert sum("param" in line and line.endswith(("  0", "  1")) for line in lines) == 2


def test_a_width_that_is_given_shortens_what_is_written_to_a_pipe(
    gf: Gf, runs: list[goatfish.Run], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "40")
    header, line = gf("runs", "-n", "1").lines
    assert header.split()[:3] == ["ID", "NAME", "STATUS"]
    assert runs[2].id.startswith(line.split()[0])


def test_moments_are_whole_in_a_pipe_and_to_the_second_at_a_terminal(gf: Gf, runs: list[goatfish.Run]) -> None:
    created = str(runs[2].to_dict()["created_at"])
    assert f"created_at     {created}\n" in gf("show", "last").out
    assert f"  1  {created}  " in gf("show", "last", "--history").out
    assert created not in (at_terminal := gf("show", "last", width=100).out)
    assert re.search(r"created_at     \d{4}-\d\d-\d\d \d\d:\d\d:\d\d\n", at_terminal)


def test_the_same_run_twice(gf: Gf, runs: list[goatfish.Run]) -> None:
    assert gf("compare", "last", "last", width=80).err == "gf: they do not differ\n"
    assert json.loads(gf("compare", "last", runs[2].id, "--json").out)["members"] == []


def test_open(gf: Gf, runs: list[goatfish.Run], signed_in: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    run = runs[0]
    assert gf("open").out == f"{signed_in.url}/\n"
    assert gf("open", run.id).out == f"{signed_in.url}/#/runs/{run.id}\n"
    address = f"{signed_in.url}/#/simulations/{run.simulation_id}"
    assert gf("open", run.simulation_id).out == f"{address}\n"
    opened: list[str] = []
    monkeypatch.setattr(webbrowser, "open", lambda address: not opened.append(address))  # type: ignore[func-returns-value]  # -- append returns None, which is the point
    monkeypatch.setenv("DISPLAY", ":0")
    assert gf("open", run.simulation_id).err == f"gf: opened {address}\n"
    assert gf("open", run.simulation_id, "--print").out == f"{address}\n"
    assert opened == [address]
    monkeypatch.setattr(webbrowser, "open", lambda _: False)
    assert gf("open", run.simulation_id).out == f"{address}\n"
