"""``gf runs`` and ``gf sims`` over a service."""

from __future__ import annotations

import csv
import io
import json
import re
from itertools import count
from typing import Any

import pytest
from clients.python.tests.commands.running import Ended, Gf

import goatfish
from goatfish.commands.cells import width_of

HOSTILE = "\u202egnp.exe \u2066 翼型 =1+1 👩\u200d🔬 $(touch x)"
_number = count()


@pytest.fixture
def study(signed_in: Any) -> goatfish.Simulation:
    """A simulation with five runs."""
    with goatfish.Client() as client:
        simulation = client.simulations.create(f"Wing {next(_number)}", "2026-01-05", "2026-02-01", labels={"of": "gf"})
        for at in range(5):
            client.runs.create(
                simulation,
                name=f"mesh {at}",
                status=["succeeded", "failed", "running"][at % 3],  # type: ignore[arg-type]  # -- an element of a list is a plain str
                parameters={"alpha": (at, "deg"), "mesh": "fine"},
                results={"cl": at / 7},
                labels={"at": str(at), "kind": "a:b=c"},
            )
    return simulation


def names(ended: Ended) -> list[str]:
    assert (ended.status, ended.err) == (0, "")
    return [json.loads(line)["name"] for line in ended.lines]


def test_a_table(gf: Gf, study: goatfish.Simulation) -> None:
    ended = gf("runs", "-s", study.name)
    assert (ended.status, ended.err) == (0, "")
    assert ended.lines[0].split() == [
        "ID",
        "NAME",
        "STATUS",
        "STARTED",
        "TOOK",
        "alpha",
        "[deg]",
        "mesh",
        "cl",
        "LABELS",
    ]
    assert [re.sub(r"  +", "|", line).split("|")[1:3] for line in ended.lines[1:3]] == [
        ["mesh 4", "failed"],
        ["mesh 3", "succeeded"],
    ]
    assert len(ended.lines[1].split()[0]) == 36  # whole ids for other programs


def test_what_was_captured_comes_last(gf: Gf, signed_in: Any) -> None:
    with goatfish.Client() as client:
        captured = {"command": "./solver --case a-long-name", "directory": "/scratch/wing"}
        simulation = client.simulations.create(f"Wing {next(_number)}", "2026-01-05", "2026-02-01")
        for at in range(2):
            parameters = {"alpha": at, "zeta": 1, **captured, "command": f"./solver --alpha {at}"}
            client.runs.create(simulation, name="n", parameters=parameters, results={"cl": at})
    assert gf("runs", "-s", simulation.name).lines[0].split()[5:] == ["alpha", "zeta", "cl", "command", "directory"]
    header = re.sub(r"\x1b\[[0-9;]*m", "", gf("runs", "-s", simulation.name, width=70).lines[0])
    assert header.split()[5:] == ["alpha", "zeta", "cl"]


@pytest.mark.parametrize("width", [20, 80, 200])
def test_a_terminal(gf: Gf, study: goatfish.Simulation, width: int) -> None:
    ended = gf("runs", "-s", study.name, "-n", "3", width=width)
    plain = re.sub(r"\x1b\[[0-9;]*m", "", ended.out)
    assert ended.status == 0
    assert "\x1b[1m" in ended.out
    assert max(map(width_of, plain.splitlines())) <= width
    assert "there are more runs: --limit N or --all" in ended.err
    assert ("no room for" in ended.err) == (width < 120)
    id = plain.splitlines()[1].split()[0]
    assert gf("show", id, "--json").status == 0  # what is shown is enough to name it


def test_no_colours(gf: Gf, study: goatfish.Simulation, monkeypatch: pytest.MonkeyPatch) -> None:
    assert "\x1b" not in gf("runs").out
    monkeypatch.setenv("NO_COLOR", "1")
    assert "\x1b" not in gf("runs", width=100).out
    monkeypatch.setenv("NO_COLOR", "")
    assert "\x1b" in gf("runs", width=100).out
    monkeypatch.setenv("TERM", "dumb")
    assert "\x1b" not in gf("runs", width=100).out


def test_filters(gf: Gf, study: goatfish.Simulation) -> None:
    def found(*arguments: str) -> list[str]:
        return names(gf("runs", "--json", "-s", study.id, *arguments))

    assert found() == ["mesh 4", "mesh 3", "mesh 2", "mesh 1", "mesh 0"]
    assert found("--where", "parameters.alpha>=3") == ["mesh 4", "mesh 3"]
    assert found("-w", "parameters.alpha>=1", "-w", "results.cl < 0.4") == ["mesh 2", "mesh 1"]
    assert found("--where", 'parameters.mesh="coarse"') == []
    assert found("--status", "running") == ["mesh 2"]
    assert found("--status", "failed, running") == ["mesh 4", "mesh 2", "mesh 1"]
    assert found("--label", "at=3") == found("-l", "at:3") == ["mesh 3"]
    assert found("-l", "kind=a:b=c", "-l", "at") == found()
    assert found("-l", "kind:a:b=c", "-l", "at=0") == ["mesh 0"]
    assert found("--name", "MESH 1") == ["mesh 1"]
    assert found("--sort", "name", "-n", "2") == ["mesh 0", "mesh 1"]
    assert found("--sort", "-results.cl", "--limit", "1") == ["mesh 4"]
    assert found("--sort=parameters.alpha", "--all")[0] == "mesh 0"


def test_simulations(gf: Gf, study: goatfish.Simulation) -> None:
    assert names(gf("sims", "--json", "--name", study.name.upper()))[0] == study.name
    assert study.name in names(gf("sims", "--json", "-a", "-l", "of=gf", "--sort", "-start_date"))
    table = gf("sims", "-n", "1")
    assert table.lines[0].split()[:4] == ["ID", "NAME", "START", "END"]
    assert next(csv.reader(io.StringIO(gf("sims", "--csv", "-n", "1").out)))[:4] == [
        "id",
        "name",
        "start_date",
        "end_date",
    ]


def test_more_than_a_page(gf: Gf, signed_in: Any) -> None:
    with goatfish.Client() as client:
        simulation = client.simulations.create("Many", "2026-01-05", "2026-02-01")
        client.runs.create_many({"simulation_id": simulation.id, "name": f"{at}"} for at in range(205))
    assert len(names(gf("runs", "-s", simulation.id, "--all", "--json"))) == 205
    assert len(names(gf("runs", "-s", simulation.id, "-n", "150", "--json"))) == 150
    assert len(gf("runs", "-s", simulation.id, "--all").lines) == 206
    assert "more" not in gf("runs", "-s", simulation.id, "--all", width=80).err


def test_csv_is_the_service_s(gf: Gf, study: goatfish.Simulation) -> None:
    with goatfish.Client() as client:
        client.runs.create(
            study, name="=1+1", parameters={"alpha": (0.5, "rad"), "n": 1e30, "c": True}, labels={"x": "@a;=b"}
        )
        client.runs.create(
            study, name=HOSTILE, status_reason='two\n"lines", =cmd', status="failed", results={"cl": "-1"}
        )
    own, theirs = (
        list(csv.reader(io.StringIO(gf(*arguments).out)))
        for arguments in (
            ("runs", "-s", study.id, "--all", "--csv"),
            ("export", study.id),
        )
    )
    assert own[0] == theirs[0]
    assert sorted(own[1:]) == sorted(theirs[1:])


def test_hostile_names(gf: Gf, signed_in: Any) -> None:
    with goatfish.Client() as client:
        simulation = client.simulations.create(HOSTILE, "2026-01-05", "2026-02-01")
        run = client.runs.create(simulation, name=HOSTILE, external_id=HOSTILE, labels={"a": HOSTILE})
    for arguments in (
        ["runs", "-s", HOSTILE],
        ["sims", "-n", "1"],
        ["show", run.id, "--history"],
        ["show", simulation.id, "--history"],
        ["compare", run.id, run.id, "--all"],
        ["runs", "-s", HOSTILE, "--json"],
        ["runs", "-s", HOSTILE, "--csv"],
        ["export", HOSTILE],
    ):
        for encoding in ("utf-8", "latin-1"):
            ended = gf(*arguments, width=40, encoding=encoding)
            assert ended.status == 0
            assert not set(ended.out + ended.err) & set("\u202e\u2066\r"), arguments
    assert json.loads(gf("runs", "-s", HOSTILE, "--json").out)["name"] == HOSTILE
    assert json.loads(gf("runs", "-s", HOSTILE, "--json", encoding="ascii").out)["name"] == HOSTILE
    assert HOSTILE in gf("runs", "-s", HOSTILE, "--csv").out  # other programs get what is there


def test_nothing(gf: Gf, study: goatfish.Simulation) -> None:
    arguments = ["runs", "-s", study.name, "--name", "nothing like this"]
    assert gf(*arguments) == Ended(0, "", "")
    assert gf(*arguments, width=80) == Ended(0, "", "gf: no runs\n")
    assert gf(*arguments, "--json") == Ended(0, "", "")
    assert gf(*arguments, "--csv") == gf("export", study.name, "--name", "nothing like this")
    assert gf("sims", "--csv", "--name", "nothing like this").lines == [
        "id,name,start_date,end_date,description,created_at,updated_at"
    ]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--where", "alpha>1"], "--where"),
        (["--sort", "colour"], "--sort"),
        (["--sort", "results.cl"], "--sort"),
        (["--label", "!"], "--label"),
    ],
)
def test_options_that_the_service_refuses_are_wrong_usage(
    gf: Gf, signed_in: Any, arguments: list[str], said: str
) -> None:
    ended = gf("runs", *arguments)
    assert (ended.status, ended.out) == (2, "")
    assert ended.err.count("\n") == 1
    assert ended.err.startswith(f"gf: argument {said}: ")


def test_a_simulation_that_is_not_there(gf: Gf, study: goatfish.Simulation) -> None:
    ended = gf("runs", "-s", study.name[:-1] + "?")
    assert (ended.status, ended.err) == (1, f"gf: no simulation has the name or id '{study.name[:-1]}?'\n")
    assert "is it " in gf("runs", "-s", study.name[:4]).err


def test_a_key_for_runs_alone(gf: Gf, study: goatfish.Simulation, monkeypatch: pytest.MonkeyPatch) -> None:
    with goatfish.Client() as client:
        key = client.keys.create("runs", scopes=["runs:read"]).key
    monkeypatch.setenv("GOATFISH_KEY", str(key))
    assert study.id in gf("runs").out
    assert gf("runs", width=200).status == 0
    ended = gf("sims")
    assert ended.status == 4
    assert "simulations:read" in ended.err


def test_a_key_for_simulations_alone(gf: Gf, study: goatfish.Simulation, monkeypatch: pytest.MonkeyPatch) -> None:
    with goatfish.Client() as client:
        key = client.keys.create("simulations", scopes=["simulations:read"]).key
    monkeypatch.setenv("GOATFISH_KEY", str(key))
    assert study.id in gf("sims").out
    assert gf("show", study.name).out.startswith(f"simulation {study.id}")
    assert gf("runs").status == 4
