"""How values on a command line and in a result file are read."""

from __future__ import annotations

import json
from typing import Any

import pytest

from goatfish.commands.values import flatten, parse_pair, parse_value


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("12", 12),
        ("-3", -3),
        ("+.5", 0.5),
        ("1e-5", 1e-5),
        ("12deg", (12, "deg")),
        ("12 deg", (12, "deg")),
        (" 12 deg ", (12, "deg")),
        ("1e5Pa", (1e5, "Pa")),
        ("9.81 m/s2", (9.81, "m/s2")),
        ("1.2kg/m^3", (1.2, "kg/m^3")),
        ("5 %", (5, "%")),
        ("21 °C", (21, "°C")),
        ("3 µm", (3, "µm")),
        ("2 W/(m.K)", (2, "W/(m.K)")),
        ("4 N m", (4, "N m")),
        ("20 1/s", (20, "1/s")),
        ("true", True),
        ("false", False),
        ("fine", "fine"),
        ("k-omega SST", "k-omega SST"),
        ('"3d"', "3d"),
        ('"12"', "12"),
        ('"a \\"quoted\\" word"', 'a "quoted" word'),
        ('"broken\\"', "broken\\"),
        ('"', '"'),
        ("", ""),
        ("2026-01-05", "2026-01-05"),
        ("v2606", "v2606"),
        ("1.2.3", "1.2.3"),
        ("0x1f", "0x1f"),
        ("0b101", "0b101"),
        ("3fa9c2d1", "3fa9c2d1"),
        ("1_000", "1_000"),
        ("nan", "nan"),
        ("1e999", "1e999"),
        ("9007199254740993", "9007199254740993"),
        ("12 " + "m" * 33, "12 " + "m" * 33),
        ("10.0.0.1", "10.0.0.1"),
        ("12:30", "12:30"),
        ("1,5", "1,5"),
        ("a=b", "a=b"),
    ],
)
def test_a_value_is_read_as_it_looks(text: str, value: Any) -> None:
    read = parse_value(text)
    assert read == value
    assert type(read) is type(value)


def test_long_digits_are_read_in_no_time() -> None:
    assert parse_value("1" * 5000) == "1" * 5000
    assert parse_value("1 " + "m " * 2000) == "1 " + "m " * 2000


@pytest.mark.parametrize("text", ["alpha", "=12", " =12", ""])
def test_what_is_no_pair_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="is not KEY=VALUE"):
        parse_pair(text)


def test_the_value_of_a_pair_may_hold_the_sign() -> None:
    assert parse_pair("case=a=b") == ("case", "a=b")


def test_a_document_is_flattened() -> None:
    document = json.loads(
        '{"cl": 1.2, "drag": {"cd": [0.02, null], "unit": "x"}, "u": {"value": 3, "unit": "m/s"}, "v": {"value": 4},'
        ' "history": [1, 2, 3], "pair": [3, "m"], "none": null, "ok": true, "nan": NaN, "empty": {}}'
    )
    values = flatten(document)
    assert repr(values.pop("nan")) == "nan"
    assert values == {
        "cl": 1.2,
        "drag.cd": (0.02, None),
        "drag.unit": "x",
        "u": (3, "m/s"),
        "v": (4, None),
        "history": "[1, 2, 3]",
        "pair": (3, "m"),
        "ok": True,
    }


@pytest.mark.parametrize("document", [[], 3, "x", None])
def test_what_is_no_object_is_refused(document: Any) -> None:
    with pytest.raises(ValueError, match="no JSON object"):
        flatten(document)
