"""The table of runs: its columns and units, and cells that no spreadsheet runs as formulas."""

import csv
import io
import re
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.http_fastapi.kit.csv import line
from domain.errors import Unavailable
from domain.runs.table import PLAIN, Members, RunRow, RunTable, harmless
from domain.runs.units import DIFFER, agreed, known_unit

NOW = datetime(2026, 1, 5, 8, tzinfo=UTC)


def row(
    labels: dict[str, str] | None = None,
    parameters: dict[str, tuple[Any, str | None]] | None = None,
    results: dict[str, tuple[Any, str | None]] | None = None,
    **plain: Any,
) -> RunRow:
    values = {"id": UUID(int=1), "status": "queued", "created_at": NOW, **plain}
    return (*(values.get(name) for name in PLAIN), labels or {}, parameters or {}, results or {})


def table(*rows: RunRow) -> RunTable:
    members = Members()
    for each in rows:
        members.add(each)
    return RunTable(members, {"created_by": lambda actor: actor.partition(":")[0]})


def more_cells(of: RunTable, each: RunRow) -> list[Any]:
    return of.cells(each)[len(PLAIN) :]


def more_columns(of: RunTable) -> list[str]:
    return of.header[len(PLAIN) :]


def test_plain_members_come_first_in_the_order_of_the_representation() -> None:
    assert (
        *("id", "simulation_id", "name", "status", "status_reason", "started_at", "finished_at", "solver"),
        *("solver_version", "external_id", "parent_id", "created_by", "created_at", "updated_at"),
    ) == PLAIN
    assert table().header == [*PLAIN]


def test_members_follow_sorted_by_name() -> None:
    rows = [
        row({"b": "x", "a": "y"}, {"B": (1, None), "a": (2, None)}, {"z": (3, None)}),
        row({"a/1": "z"}, {"A": (4, None)}, {"cl": (5, None)}),
    ]
    made = table(*rows)
    names = ["labels.a", "labels.a/1", "labels.b", "parameters.A", "parameters.B", "parameters.a"]
    assert more_columns(made) == [*names, "results.cl", "results.z"]
    assert more_cells(made, rows[0]) == ["y", None, "x", None, 1, 2, None, 3]
    assert more_cells(made, rows[1]) == [None, "z", None, 4, None, None, 5, None]


@pytest.mark.parametrize(
    ("units", "columns"),
    [
        (["deg", "deg"], ["results.a [deg]"]),
        ([None, None], ["results.a"]),
        (["", None, ""], ["results.a"]),
        (["deg", "rad"], ["results.a", "results.a.unit"]),
        (["deg", None], ["results.a", "results.a.unit"]),
        ([None, "deg", "deg"], ["results.a", "results.a.unit"]),
        (["deg", "rad", "deg"], ["results.a", "results.a.unit"]),
        (["=1+1"], ["results.a [=1+1]"]),
        (["m;=1+1;"], ["results.a [m;'=1+1;]"]),
        (["m\u0304"], ["results.a [m\u0304]"]),
        (["], [x"], ["results.a [], [x]"]),
    ],
)
def test_unit_is_in_the_header_where_all_agree_and_in_a_column_where_they_differ(
    units: list[str | None], columns: list[str]
) -> None:
    rows = [row(results={"a": (place, unit)}) for place, unit in enumerate(units)]
    made = table(*rows, row())
    assert more_columns(made) == columns
    for each, (place, unit) in zip(rows, enumerate(units), strict=True):
        assert more_cells(made, each) == [place, unit or None][: len(columns)]
    assert more_cells(made, row()) == [None] * len(columns)


_NAMES = st.sampled_from(["a", "a.unit", "a.unit.unit", "a.", "unit", "A"])
_QUANTITIES = st.dictionaries(_NAMES, st.tuples(st.integers(), st.sampled_from([None, "unit", "m"])))


@given(st.lists(st.tuples(st.dictionaries(_NAMES, st.just("x")), _QUANTITIES, _QUANTITIES)))
def test_no_two_columns_have_one_name(members: list[Any]) -> None:
    rows = [row(*each) for each in members]
    made = table(*rows)
    assert len({*made.header}) == len(made.header)
    assert all(len(made.cells(each)) == len(made.header) for each in rows)
    for _, parameters, _ in members:
        for name in parameters:  # each is found by its own name, whatever the others are called
            column = re.compile(rf"parameters\.{re.escape(name)}( \[(m|unit)\])?")
            assert any(map(column.fullmatch, made.header))


def test_unit_column_gives_way_to_a_parameter_of_its_name() -> None:
    rows = [row(parameters={"a": (1, unit), "a.unit": (2, "s"), "b": (3, unit)}) for unit in ("m", "mm")]
    made = table(*rows)
    assert more_columns(made) == [
        *("parameters.a", "parameters.a [unit]", "parameters.a.unit [s]"),
        *("parameters.b", "parameters.b.unit"),
    ]
    assert more_cells(made, rows[1]) == [1, "mm", 2, 3, "mm"]


def test_units_agree_in_any_order() -> None:
    assert agreed("m", "m") == "m"
    assert agreed(None, None) is known_unit("") is None
    assert {agreed("m", None), agreed(None, "m"), agreed(DIFFER, "m"), agreed("m", DIFFER)} == {DIFFER}


def test_unit_that_has_changed_since_is_never_shown_under_the_header_of_another() -> None:
    made = table(row(parameters={"a": (1, "deg")}))
    for unit in ("rad", None, ""):
        with pytest.raises(Unavailable):
            made.cells(row(parameters={"a": (1, unit)}))


def test_member_that_has_come_since_is_left_out() -> None:
    made = table(row(parameters={"a": (1, "deg")}))
    assert more_cells(made, row({"x": "y"}, {"a": (1, "deg"), "b": (2, "m")}, {"c": (3, None)})) == [1]


@pytest.mark.parametrize(
    "text",
    [
        *("=1+1", "=cmd|' /C calc'!A0", "+1+1", "-1+1", "@SUM(A1)", "=", "+", "-", "@", "-a", "+-1", "--1"),
        *(
            "\tx",
            "\rx",
            " =1+1",
            "\u00a0=1",
            "\u2003@x",
            "\uff1d1+1",
            "\uff0b1",
            "\uff0d1",
            "\uff20x",
        ),
        *("-1e", "-1.5.2", "+1,5", "-1 000", "-0x10", "-1e5+1", "-∞", "-1\n", "-\uff11"),
    ],
)
def test_text_that_would_run_is_made_harmless(text: str) -> None:
    assert harmless(text) == f"'{text}"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a;=1+1", "a;'=1+1"),
        ("a; =1+1;b", "a;' =1+1;b"),
        ('a;"=1+1"', 'a;\'"=1+1"'),
        ("a\t@x\n-y\r\n+z", "a\t'@x\n'-y\r\n'+z"),
        ("a\u2028\uff1d1", "a\u2028'\uff1d1"),
        ("=1;=2", "'=1;'=2"),
        ("\t=1", "'\t'=1"),
        ("\r=1", "'\r'=1"),
        ("\n=1", "\n'=1"),
        ("1;-2", "1;'-2"),
        ("a, -2; b = 3;\nc", "a, -2; b = 3;\nc"),
    ],
)
def test_formula_within_a_text_is_made_harmless(text: str, expected: str) -> None:
    assert harmless(text).replace("'", "") == text
    assert harmless(text) == expected


_NASTY = st.lists(st.sampled_from([*"=+-@;,\t\r\n\" 'a1\uff1d"]), max_size=12).map("".join)


@given(st.lists(st.tuples(_NASTY, st.integers()), min_size=1, max_size=4), st.sampled_from(",;\t"))
def test_no_cell_is_a_formula_whatever_the_line_is_split_at(texts: list[tuple[str, int]], separator: str) -> None:
    cells = [cell for text, number in texts for cell in (harmless(text), number)]
    read = csv.reader(io.StringIO(line(["id", *cells]).decode(), newline=""), delimiter=separator)
    for cell in (cell for record in read for cell in record):
        assert not re.match(r"\s*[=+@\uff1d-]", cell) or re.fullmatch(r"[+-]?[0-9]+", cell)


@pytest.mark.parametrize(
    "text",
    [
        *("", "a", "a=1", "1+1", "k-omega SST", "'=1", '"=1"', "(-1)", "é", "🐐", " x", "\nx", ".5", "#REF!", "_"),
        *("-1", "+1", "-1.5", "-1.", "-1e5", "-1E-05", "+12.25e+3", "-0"),
    ],
)
def test_other_text_and_numbers_stay_as_they_are(text: str) -> None:
    assert harmless(text) == text


def test_every_text_is_made_harmless_and_no_number_is() -> None:
    each = row(
        {"a": "=1"},
        {"a": ("=2", "=m"), "b": (-1.5, None), "c": (True, None)},
        {"a": (-2, None)},
        name="=3",
        status_reason="@4",
        solver="+x",
        solver_version="-y",
        external_id="=5",
        created_by="operator:somebody",
    )
    made = table(each, row(parameters={"a": ("x", None)}))
    cells = dict(zip(made.header, made.cells(each), strict=True))
    assert {name: cell for name, cell in cells.items() if cell is not None} == {
        "id": UUID(int=1),
        "name": "'=3",
        "status": "queued",
        "status_reason": "'@4",
        "solver": "'+x",
        "solver_version": "'-y",
        "external_id": "'=5",
        "created_by": "operator",
        "created_at": NOW,
        "labels.a": "'=1",
        "parameters.a": "'=2",
        "parameters.a.unit": "'=m",
        "parameters.b": -1.5,
        "parameters.c": True,
        "results.a": -2,
    }


@pytest.mark.parametrize(
    ("cell", "written"),
    [
        (None, b""),
        ("", b""),
        ("a", b"a"),
        ("a b", b"a b"),
        ("a,b", b'"a,b"'),
        ("a;b", b'"a;b"'),
        ("a\tb", b'"a\tb"'),
        ('a"b', b'"a""b"'),
        ("a\nb", b'"a\nb"'),
        ("a\rb", b'"a\rb"'),
        ("null", b"null"),
        ("é🐐", "é🐐".encode()),
        ("\\n\u2028", "\\n\u2028".encode()),
        (12, b"12"),
        (12.0, b"12.0"),
        (-(2**53), b"-9007199254740992"),
        (1e308, b"1e308"),
        (5e-324, b"5e-324"),
        (0.1, b"0.1"),
        (True, b"true"),
        (False, b"false"),
        (UUID(int=1), b"00000000-0000-0000-0000-000000000001"),
        (NOW, b"2026-01-05T08:00:00Z"),
        (NOW.replace(microsecond=120), b"2026-01-05T08:00:00.000120Z"),
    ],
)
def test_cell_is_written_so_that_readers_find_it_again(cell: Any, written: bytes) -> None:
    assert line([cell, cell]) == written + b"," + written + b"\r\n"


def test_lines_are_read_by_the_standard_library() -> None:
    cells = ["],[", "a,b", '"', '""', "'=1", "x\r\ny", " ", "", "ü", "\ud7ff", ";=1"]
    read = csv.reader(io.StringIO(line(cells).decode(), newline=""), strict=True)
    assert [*read] == [cells]
