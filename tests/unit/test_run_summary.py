"""The summary of runs: what counts, and sums that neither overflow nor lose digits."""

import asyncio
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

import pytest

from domain.runs.status import RunStatus
from domain.runs.summary import NumberSummary, RunsSummarizer, RunsSummary, number_of


def summarized(*results: Mapping[str, tuple[Any, str | None]], status: RunStatus = RunStatus.SUCCEEDED) -> RunsSummary:
    summarizer = RunsSummarizer()
    for each in results:
        summarizer.add(status, each)
    return asyncio.run(summarizer.summary())


def numbers(*values: float) -> NumberSummary:
    return summarized(*({"a": (value, None)} for value in values)).results["a"]


def test_nothing_is_summed_up_where_there_are_no_runs() -> None:
    assert summarized() == RunsSummary(0, {}, {})


def test_runs_are_counted_by_the_statuses_that_occur_in_the_order_of_a_life() -> None:
    summarizer = RunsSummarizer()
    for status in (RunStatus.FAILED, RunStatus.QUEUED, RunStatus.FAILED):
        summarizer.add(status, {})
    summary = asyncio.run(summarizer.summary())
    assert summary.runs == 3
    assert [*summary.by_status.items()] == [(RunStatus.QUEUED, 1), (RunStatus.FAILED, 2)]


def test_only_numbers_count() -> None:
    summary = summarized(
        {"a": (1, "m"), "b": (True, None), "c": ("12", "s")}, {"a": ("x", "s"), "b": (2.5, None)}, {"a": (False, None)}
    )
    assert summary.results == {"a": NumberSummary(1, 1, 1, 1.0, "m"), "b": NumberSummary(1, 2.5, 2.5, 2.5, None)}


@pytest.mark.parametrize(
    ("units", "unit"),
    [
        (["m"], "m"),
        (["m", "m"], "m"),
        (["m", "s"], None),
        (["m", None], None),
        ([None, "m"], None),
        ([None, None], None),
        (["", ""], None),
        (["m", "s", "m"], None),
    ],
)
def test_unit_is_told_where_all_numbers_have_it(units: list[str | None], unit: str | None) -> None:
    assert summarized(*({"a": (1, each)} for each in units)).results["a"].unit == unit


def test_results_are_in_the_order_of_their_names() -> None:
    assert [*summarized({"b": (1, None), "a": (1, None)}, {"B": (1, None)}).results] == ["B", "a", "b"]


@pytest.mark.parametrize(
    ("values", "mean"),
    [
        ([1, 2], 1.5),
        ([0.1, 0.2, 0.3], 0.2),  # which binary floats miss
        ([1e308, 1.7e308], 1.35e308),
        ([1.7976931348623157e308] * 3, 1.7976931348623157e308),
        ([-1.7976931348623157e308, 1.7976931348623157e308], 0.0),
        ([1e308, -1e308, 1e-300], 1e-300 / 3),
        ([5e-324, 5e-324], 5e-324),
        ([2**53, 2**53], float(2**53)),
        ([-(2**53), 0.5], -4503599627370495.75),
    ],
)
def test_mean_is_exact_and_never_overflows(values: list[float], mean: float) -> None:
    summary = numbers(*values)
    assert summary == NumberSummary(len(values), min(values), max(values), mean, None)
    assert type(summary.mean) is float


@pytest.mark.parametrize(
    ("stored", "number"),
    [
        ("12", 12),
        ("-0", 0),
        ("12.0", 12.0),
        ("9007199254740992", 2**53),
        ("1" + "0" * 308, 1e308),
        ("10000000000000000000000", 1e22),
        ("0.1", 0.1),
        ("0." + "0" * 323 + "5", 5e-324),
    ],
)
def test_number_is_an_integer_where_it_is_stored_as_one(stored: str, number: float) -> None:
    read = number_of(Decimal(stored))
    assert (read, type(read)) == (number, type(number))
