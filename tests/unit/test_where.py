"""Conditions on quantities and labels: how they are read, and what they mean."""

from __future__ import annotations

import math
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.entity import conditions_of
from domain.labels import LABEL_FILTER, LabelCriterion
from domain.paging import Comparison, Condition
from domain.quantities import Quantities, Quantity, QuantityValue
from domain.quantity_conditions import ComparisonOperator, QuantityCriterion, Where, WhereError
from domain.runs.run import Run

WHERE = Where("parameters", "results")
VALUES: tuple[QuantityValue, ...] = (0, 1, 1.0, 0.1, -5, 1e300, 2**53, True, False, "", "1", "true", "ä")


def position(text: str) -> int:
    with pytest.raises(WhereError) as refused:
        WHERE(text)
    assert str(refused.value).endswith(f" was expected at character {refused.value.position}.")
    return refused.value.position


@pytest.mark.parametrize(
    ("text", "name", "operator", "value"),
    [
        ("=12", "a", "=", 12),
        ("=-12.50e+1", "a", "=", -125),
        ("=-0", "a", "=", 0),
        ("=1E5", "a", "=", 100_000),
        ("=0.0", "a", "=", 0),
        ("=-0.0", "a", "=", 0),
        ("=1e16", "a", "=", 1e16),
        ("=0.50", "a", "=", 0.5),
        ("=true", "a", "=", True),
        ('="a\\né"', "a", "=", "a\né"),
        (' != "="', "a", "!=", "="),
        ("  <=  1", "a", "<=", 1),
        (".b-c_d>=1", "a.b-c_d", ">=", 1),
        (".=1", "a.", "=", 1),
        ("-<1", "a-", "<", 1),
    ],
)
def test_condition_is_read(text: str, name: str, operator: str, value: QuantityValue) -> None:
    for field in ("parameters", "results"):
        expected = Condition(field, Comparison.FULFILS, QuantityCriterion(name, ComparisonOperator(operator), value))
        read = WHERE(f"{field}.a{text}")
        assert (read, repr(read)) == (expected, repr(expected))
        assert re.search(WHERE.pattern, f"{field}.a{text}")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", 1),
        ("parameter.a=1", 1),
        ("parameters:a=1", 1),
        ("results.", 9),
        ("results..a=1", 9),
        ("results.é=1", 9),
        ("results.aé=1", 10),
        ("results.a", 10),
        ("results.a ", 11),
        ("results.a\u00a0=1", 10),
        ("results.a!1", 10),
        ("results.a=", 11),
        ("results.a=-", 11),
        ("results.a=--1", 11),
        ("results.a=1,2", 12),
        ("results.a=1_0", 12),
        ("results.a=\u0663", 11),
        ("results.a=Infinity", 11),
        ("results.a=-1e309", 11),
        ("results.a=-9007199254740993", 11),
        ('results.a="\n"', 11),
        ('results.a="a"b"', 14),
        ('results.a="\\"', 11),
        ("results.a<false", 11),
        ('results.a>= "1"', 13),
        ("results.a=1\x00", 12),
        ("results.a=1;DROP TABLE run", 12),
    ],
)
def test_refusal_names_the_character(text: str, expected: int) -> None:
    assert position(text) == expected


@pytest.mark.parametrize("digits", ["9007199254740993", "-9007199254740993", "100000000000000000000"])
def test_whole_number_that_no_quantity_can_be_is_refused_as_in_bodies(digits: str) -> None:
    """The refusal says how the number is written that was meant."""
    with pytest.raises(WhereError, match=r"within ±2\^53 \(beyond that as in 1e20\), was expected at character 11\.$"):
        WHERE(f"results.a={digits}")
    assert [*Quantities().problems({"a": Quantity(int(digits))})]
    for number in (f"{float(digits)!r}", f"{digits}.0", f"{digits}e0"):
        criterion = WHERE(f"results.a={number}").value
        assert isinstance(criterion, QuantityCriterion)
        assert criterion.holds({"a": Quantity(float(digits))})


@given(st.text(max_size=30) | st.text('parmetsul.a=<>!"1e-+ \\', max_size=30).map("results.a".__add__))
def test_any_other_text_is_refused_within_it(text: str) -> None:
    try:
        WHERE(text)
    except WhereError:
        assert 1 <= position(text) <= len(text) + 1


@given(st.from_regex(re.compile(WHERE.pattern.replace("$", r"\Z"), re.ASCII)))
def test_documented_pattern_is_accepted(text: str) -> None:
    assert WHERE(text).attribute in WHERE.fields


@pytest.mark.parametrize("operator", ComparisonOperator)
@pytest.mark.parametrize("value", VALUES, ids=repr)
def test_criterion_compares_values_of_one_type(operator: ComparisonOperator, value: QuantityValue) -> None:
    if operator.orders and (isinstance(value, bool | str)):
        return
    criterion = QuantityCriterion("a", operator, value)
    assert not criterion.holds({})
    assert not criterion.holds({"b": Quantity(value)})
    for other in VALUES:
        same = isinstance(other, bool) == isinstance(value, bool) and isinstance(other, str) == isinstance(value, str)
        python = "==" if operator is ComparisonOperator.EQUAL else operator
        expected = eval(f"{other!r} {python} {value!r}") if same else operator is ComparisonOperator.NOT_EQUAL
        assert criterion.holds({"a": Quantity(other, "unit")}) is expected, other


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_every_number_is_read_as_it_is_written(number: float) -> None:
    condition = WHERE(f"results.a={number!r}")
    assert isinstance(condition.value, QuantityCriterion)
    assert condition.value.holds({"a": Quantity(number)})
    assert not isinstance(condition.value.value, str)
    assert math.copysign(1, condition.value.value) == 1 or condition.value.value < 0


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a", LabelCriterion("a", None)),
        ("a:", LabelCriterion("a", "")),
        ("a:b:c", LabelCriterion("a", "b:c")),
        ("a/b.c_d-e: x ", LabelCriterion("a/b.c_d-e", " x ")),
    ],
)
def test_label_is_read(text: str, expected: LabelCriterion) -> None:
    assert LABEL_FILTER.parse(text) == Condition("labels", Comparison.FULFILS, expected)
    assert re.search(LABEL_FILTER.pattern, text)


@pytest.mark.parametrize(
    "text", ["", ":", ":a", "a b", "-a", "a-:b", "é", "a" * 64, "a:" + "b" * 256, "a:\n", "a:\x85"]
)
def test_other_label_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"^No entity has such a label: labels .*\.$"):
        LABEL_FILTER.parse(text)


def test_label_criterion_asks_for_the_name_or_the_text() -> None:
    labels = {"a": "x", "b": ""}
    asked = [("a", None), ("a", "x"), ("a", "X"), ("b", ""), ("b", None), ("c", None), ("c", "")]
    assert [LabelCriterion(*each).holds(labels) for each in asked] == [True, True, False, True, True, False, False]


@given(st.permutations(["results.a>=1", "parameters.b<2", "results.a=true", "parameters.c>=3", 'results.b!="x"']))
def test_conditions_in_any_order_are_the_same_list(texts: list[str]) -> None:
    asked = conditions_of(Run, where=tuple(map(WHERE, [*texts, texts[0]])), label=(LABEL_FILTER.parse("a"),))
    assert asked == conditions_of(Run, label=(LABEL_FILTER.parse("a"),), where=tuple(map(WHERE, sorted(texts))))
    others = conditions_of(Run, where=tuple(WHERE(each.replace(".a", ".z")) for each in texts))
    assert [each.value.shape for each in asked[1:]] == [each.value.shape for each in others]  # type: ignore[union-attr]  # -- criteria
