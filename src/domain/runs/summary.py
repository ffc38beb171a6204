"""The summary of a simulation's runs: how many there are of each status, and the range and mean of each result."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Context, Decimal

from domain.quantities import EXACT_MAX, QuantityValue
from domain.runs.status import RunStatus
from domain.runs.units import Unit, agreed, known_unit, shown_unit
from domain.turns import Turns

_EXACT, _MEAN = Context(prec=1000), Context(prec=50)
"""Digits enough for the exact sum of any floating-point numbers, the largest and the smallest."""


@dataclass(frozen=True, slots=True)
class NumberSummary:
    """What the numbers of one name have in common; ``unit`` is None where they have none, or not the same."""

    count: int
    min: int | float
    max: int | float
    mean: float
    unit: str | None


@dataclass(frozen=True, slots=True)
class RunsSummary:
    """How many runs there are, how many of each status that occurs, and their results that are numbers, by name."""

    runs: int
    by_status: Mapping[RunStatus, int]
    results: Mapping[str, NumberSummary]


def _in_order(by_status: Mapping[RunStatus, int], results: Mapping[str, NumberSummary]) -> RunsSummary:
    """The summary, with its statuses in the order of a run's life and its results in that of their names."""
    statuses = {status: by_status[status] for status in RunStatus if status in by_status}
    return RunsSummary(sum(by_status.values()), statuses, dict(sorted(results.items())))


def number_of(exact: Decimal) -> int | float:
    """The number as JSON has it: a whole one without decimal places as an integer, any other as a float."""
    is_whole = exact.as_tuple().exponent == 0 and abs(exact) <= EXACT_MAX
    return int(exact) if is_whole else float(exact)


def mean_of(total: Decimal, count: int) -> float:
    """The mean of numbers with this exact sum, rounded once; so it is never beyond the least or the greatest."""
    return float(_MEAN.divide(total, Decimal(count)))


@dataclass(frozen=True, slots=True)
class ExactNumbers:
    """The numbers of one name among some runs, summed up; the unit is None where they have none, or not the same."""

    count: int
    min: Decimal
    max: Decimal
    total: Decimal
    unit: str | None

    def with_more(self, other: "ExactNumbers") -> "ExactNumbers":
        """These numbers and others."""
        return ExactNumbers(
            self.count + other.count,
            min(self.min, other.min),
            max(self.max, other.max),
            _EXACT.add(self.total, other.total),
            self.unit if self.unit == other.unit else None,
        )

    def summary(self) -> NumberSummary:
        return NumberSummary(
            self.count, number_of(self.min), number_of(self.max), mean_of(self.total, self.count), self.unit
        )


class RunsSums:
    """Puts together what a database has summed up of parts of the runs."""

    def __init__(self) -> None:
        self.runs = 0
        self.numbers: dict[str, ExactNumbers] = {}
        self._by_status: Counter[RunStatus] = Counter()

    def add_status(self, status: RunStatus, count: int) -> None:
        """Adds so many runs of this status."""
        self._by_status[status] += count
        self.runs += count

    def add_numbers(self, name: str, numbers: ExactNumbers) -> None:
        """Adds numbers of this name."""
        known = self.numbers.get(name)
        self.numbers[name] = numbers if known is None else known.with_more(numbers)

    async def summary(self) -> RunsSummary:
        """The summary of all that was added."""
        return await _summary_in_turns(self._by_status, self.numbers)


async def _summary_in_turns(
    by_status: Mapping[RunStatus, int], numbers: "Mapping[str, ExactNumbers | _Numbers]"
) -> RunsSummary:
    results: dict[str, NumberSummary] = {}
    with Turns() as turns:
        for name, each in numbers.items():
            results[name] = each.summary()
            await turns.pause()
    return _in_order(by_status, results)


@dataclass(slots=True)
class _Numbers:
    """The numbers of one name so far."""

    count: int
    min: int | float
    max: int | float
    total: Decimal
    unit: Unit

    def add(self, number: int | float, unit: str | None) -> None:
        self.count += 1
        self.min, self.max = min(self.min, number), max(self.max, number)
        self.total = _EXACT.add(self.total, _exact(number))
        self.unit = agreed(self.unit, unit)

    def summary(self) -> NumberSummary:
        return NumberSummary(self.count, self.min, self.max, mean_of(self.total, self.count), shown_unit(self.unit))


class RunsSummarizer:
    """Sums up runs that are added one after the other."""

    def __init__(self) -> None:
        self._by_status: Counter[RunStatus] = Counter()
        self._numbers: dict[str, _Numbers] = {}

    def add(self, status: RunStatus, results: Mapping[str, tuple[QuantityValue, str | None]]) -> None:
        """Adds a run with this status and these results, each a value with its unit."""
        self._by_status[status] += 1
        for name, (value, unit) in results.items():
            if isinstance(value, bool | str):
                continue
            if name in self._numbers:
                self._numbers[name].add(value, known_unit(unit))
            else:
                self._numbers[name] = _Numbers(1, value, value, _exact(value), known_unit(unit))

    async def summary(self) -> RunsSummary:
        """The summary of the runs that were added."""
        return await _summary_in_turns(self._by_status, self._numbers)


def _exact(number: int | float) -> Decimal:
    """The number as it is written: databases keep decimals."""
    return Decimal(repr(number))
