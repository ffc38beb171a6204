"""Values of all kinds, brought into the form that the service takes."""

from __future__ import annotations

import enum
import math
from datetime import date, datetime, timedelta, timezone
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

import goatfish
from goatfish.recording import values
from goatfish.recording.members import Members


class Scalar:
    """As NumPy's and PyTorch's are."""

    def __init__(self, value: Any) -> None:
        self._value = value

    def item(self) -> Any:
        return self._value


class LongDouble:
    """One of NumPy's whose ``item`` is no Python number."""

    def item(self) -> LongDouble:
        return self

    def __float__(self) -> float:
        return 0.1


class Array:
    def item(self) -> Any:
        raise ValueError("can only convert an array of size 1 to a Python scalar")

    def __str__(self) -> str:
        return "[1 2 3]"


class Color(enum.Enum):
    RED = "red"


class Level(enum.IntEnum):
    HIGH = 3


class Pint:
    magnitude, units = 2.5, "meter"


class Text(str):
    __slots__ = ()

    def __str__(self) -> str:
        return "another"


@pytest.mark.parametrize(
    ("given", "value", "unit"),
    [
        (1, 1, None),
        (True, True, None),
        (-0.5, -0.5, None),
        ("", "", None),
        ("two\nlines\t", "two\nlines\t", None),
        ((12, "deg"), 12, "deg"),
        ([12, "deg"], 12, "deg"),
        ((12, None), 12, None),
        ((12, " "), 12, None),
        ((Scalar(1.5), "m"), 1.5, "m"),
        ({"value": 3, "unit": "N"}, 3, "N"),
        ({"value": 3}, 3, None),
        (goatfish.Quantity(12, "deg"), 12, "deg"),
        (Pint(), 2.5, "meter"),
        (Scalar(7), 7, None),
        (Scalar(True), True, None),
        (Scalar("x"), "x", None),
        (LongDouble(), 0.1, None),
        (Decimal("1.5"), 1.5, None),
        (Fraction(1, 4), 0.25, None),
        (Color.RED, "red", None),
        (Level.HIGH, 3, None),
        (Path("/tmp/a"), "/tmp/a", None),
        (date(2026, 1, 5), "2026-01-05", None),
        (Text("mine"), "mine", None),
        (2**53, 2**53, None),
        (Array(), "[1 2 3]", None),
        ((1, 2, 3), "[1, 2, 3]", None),
        (["fine", "coarse"], '["fine", "coarse"]', None),
        ({"a": 1}, '{"a": 1}', None),
        (b"bytes", "bytes", None),
        (1 + 2j, "(1+2j)", None),
        (math.nan, "nan", None),
        (-math.inf, "-inf", None),
        (Scalar(math.inf), "inf", None),
        (Decimal("NaN"), "nan", None),
        (-(10**400), "-inf", None),
        (2**53 + 1, float(2**53 + 1), None),
        ("\ud800", "\ufffd", None),
        ((1, "m\x00m"), 1, "m m"),
    ],
)
def test_quantities(given: Any, value: Any, unit: str | None) -> None:
    found = values.quantity(given, "x", lambda _: None)
    assert found is not None
    assert found == {"value": value, "unit": unit}
    assert type(found["value"]) is type(value)


@pytest.mark.parametrize(
    ("given", "recorded"),
    [
        ("\N{GREEK SMALL LETTER ALPHA}", "alpha"),
        ("λ_max", "lambda_max"),
        ("Δp", "Deltap"),
        ("µ", "mu"),
        ("ς", "sigma"),
        ("température", "temperature"),
        ("x²", "x2"),
        ("翼", "x_"),
        ("1st", "x_1st"),
        ("a b", "a_b"),
    ],
)
def test_names_are_spelled_in_ascii(given: str, recorded: str) -> None:
    said: list[str] = []
    assert values.quantity_name(given, "result", said.append) == recorded
    assert values.label_name(given, said.append) in {recorded, "x", given}
    assert said[0] == f"result {given!a}: recorded as {recorded}"


@pytest.mark.parametrize("given", [None, (None, "m"), {"value": None, "unit": "m"}])
def test_nothing_is_no_quantity_whatever_its_unit(given: Any) -> None:
    said: list[str] = []
    assert values.quantity(given, "x", said.append) is None
    members = Members("results", said.append)
    assert members.recorded({"cl": 1}, {}) == {"cl": {"value": 1, "unit": None}}
    assert members.recorded({"cl": given}, {}) == {"cl": None}
    assert said == []


def test_a_number_beyond_every_float_is_said_to_be_a_text() -> None:
    said: list[str] = []
    values.quantity(10**400, "x", said.append)
    assert said == ['x: a whole number beyond every float was recorded as the text "inf"']


@pytest.mark.parametrize("given", [math.nan, 2**60, "x" * 1001, "\x00", object(), (1, "u" * 33)])
def test_what_is_lost_is_said(given: Any) -> None:
    said: list[str] = []
    values.quantity(given, "result cl", said.append)
    assert len(said) == 1
    assert "result cl" in said[0]


def test_what_fits_is_not_talked_about() -> None:
    said: list[str] = []
    for given in (1, 1.5, "x", True, (1, "m"), Path("a"), date(2026, 1, 1), Color.RED, Scalar(2), Decimal(1)):
        values.quantity(given, "x", said.append)
    assert said == []


def test_moments_are_utc_to_the_microsecond() -> None:
    zone = timezone(timedelta(hours=2))
    assert values.moment(datetime(2026, 1, 5, 10, tzinfo=zone)) == "2026-01-05T08:00:00.000000Z"
    assert values.moment("2026-01-05T10:00:00.5+02:00") == "2026-01-05T08:00:00.500000Z"
    assert values.moment("2026-01-05T08:00:00Z") == "2026-01-05T08:00:00.000000Z"
    assert values.moment(0) == "1970-01-01T00:00:00.000000Z"


def test_uris() -> None:
    def uri(text: str) -> str | None:
        return values.artifact_uri(text, lambda _: None)

    assert uri("s3://bucket/a b/ä") == "s3://bucket/a%20b/%C3%A4"
    assert uri("relative/path") is None
    assert uri("s3://" + "x" * 3000) is None
