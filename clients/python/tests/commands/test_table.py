"""Tables fit every width, and show what matters most."""

from __future__ import annotations

import re

import pytest

from goatfish.commands.cells import width_of
from goatfish.commands.output import Terminal
from goatfish.commands.run_columns import run_columns
from goatfish.commands.table import Column, hidden, lines_of

WIDTHS = range(20, 301)
ID = "0199f3c2-%04x-7000-8000-000000000000"
HOSTILE = [
    "\x1b[2J\x1b[31m",
    "\u202ereversed\u202c",
    "翼" * 120,
    "e\u0301" * 200,
    "👩\u200d🔬" * 30,
    "a\nb",
    "x" * 300,
    "",
]


def run(number: int, **members: object) -> dict[str, object]:
    return {
        "id": ID % number,
        "simulation_id": ID % 0,
        "name": f"mesh {number}, 12 degrees",
        "status": ["succeeded", "failed", "running"][number % 3],
        "started_at": "2026-01-05T08:00:00Z",
        "finished_at": "2026-01-05T08:03:12.5Z",
        "parameters": {"alpha": {"value": number, "unit": "deg"}, "mesh": {"value": "fine", "unit": None}},
        "results": {"cl": {"value": number / 7, "unit": None}},
        "labels": {"project": "wing"},
        **members,
    }


def hostile_runs() -> list[dict[str, object]]:
    return [
        run(at, name=name, labels={"a": name}, parameters={"k": {"value": name, "unit": name or None}})
        for at, name in enumerate(HOSTILE)
    ]


@pytest.mark.parametrize("encoding", ["utf-8", "latin-1", "ascii"])
@pytest.mark.parametrize("runs", [[run(at) for at in range(20)], hostile_runs()], ids=["usual", "hostile"])
def test_every_width(runs: list[dict[str, object]], encoding: str) -> None:
    columns, shown = run_columns(runs, {}, exact=False), 0
    for width in WIDTHS if encoding == "utf-8" else WIDTHS[::20]:
        terminal = Terminal(encoding, width)
        lines = list(lines_of(columns, terminal))
        assert len(lines) == len(runs) + 1
        assert max(map(width_of, lines)) <= width
        assert all(line == line.rstrip() and line.isprintable() for line in lines if "\u200d" not in line)
        assert all(each["id"][:13] in line for each, line in zip(runs, lines[1:]))  # type: ignore[index]  # -- their values have several types
        assert len(columns) - len(hidden(columns, terminal)) >= shown  # more room never shows less
        shown = len(columns) - len(hidden(columns, terminal))
    assert shown == len(columns)


def test_columns_stand_below_each_other() -> None:
    texts = ["wing", "翼型", "Flu\u0308gel", "👩\u200d🔬"]
    lines = list(lines_of([Column("A", texts), Column("B", ["|"] * 4)], Terminal()))
    assert {width_of(line[: line.index("|")]) for line in lines[1:]} == {8}


@pytest.mark.parametrize(
    ("width", "shown"), [(20, "ID NAME"), (40, "ID NAME STATUS"), (80, "STARTED TOOK"), (120, "alpha [deg] mesh cl")]
)
def test_the_most_important_columns_first(width: int, shown: str) -> None:
    runs = [run(at) for at in range(20)]
    header = next(iter(lines_of(run_columns(runs, None, exact=False), Terminal(width=width))))
    assert shown.split() == [name for name in header.split() if name in shown.split()]


def test_what_was_varied_comes_before_what_was_not() -> None:
    runs = [run(at) for at in range(20)]
    for each in runs:
        each["parameters"] = {"mesh_size": {"value": "fine", "unit": None}, "alpha": each["parameters"]["alpha"]}  # type: ignore[index]  # -- their values have several types
    missing = hidden(run_columns(runs, None, exact=False), Terminal(width=90))
    assert "mesh_size" in missing
    assert "alpha [deg]" not in missing


def test_without_a_terminal_everything_is_there() -> None:
    runs = hostile_runs()
    lines = list(lines_of(run_columns(runs, {}, exact=True), Terminal()))
    assert "x" * 300 in lines[7]
    assert str(runs[6]["id"]) in lines[7]
    assert str(1 / 7) in lines[2]


def test_colours_take_no_room() -> None:
    runs = [run(at) for at in range(3)]
    plain = list(lines_of(run_columns(runs, {}, exact=False), Terminal(width=100)))
    coloured = list(lines_of(run_columns(runs, {}, exact=False), Terminal(width=100, colour=True)))
    assert [re.sub(r"\x1b\[[0-9;]*m", "", line).rstrip() for line in coloured] == plain
    assert "\x1b[32msucceeded" in coloured[1]


def test_units_that_differ_stand_with_the_values() -> None:
    runs = [run(1), run(2, parameters={"alpha": {"value": 0.2, "unit": "rad"}})]
    lines = list(lines_of(run_columns(runs, {}, exact=False), Terminal()))
    assert "alpha" in lines[0].split()
    assert "1 deg" in lines[1]
    assert "0.2 rad" in lines[2]


def test_a_parameter_and_a_result_of_one_name() -> None:
    runs = [run(1, results={"alpha": {"value": 2, "unit": None}})]
    header = next(iter(lines_of(run_columns(runs, {}, exact=False), Terminal())))
    assert "parameters.alpha [deg]" in header
    assert "results.alpha" in header
