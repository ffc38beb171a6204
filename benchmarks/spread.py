"""How far the rounds of a run spread, and what may be said of a target in spite of it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from statistics import median, quantiles
from typing import Any

FEW = 5
"""With fewer rounds quartiles mean little: least and most stand in for them."""


class Verdict(StrEnum):
    """What a run says of a target."""

    MET = "met"
    MISSED = "MISSED"
    UNDECIDED = "undecided"


@dataclass(frozen=True, slots=True)
class Spread:
    """The median of some values, and the range in which the middle half of them lies."""

    median: float
    lower: float
    upper: float

    @classmethod
    def of(cls, values: Sequence[float]) -> "Spread":
        """Of at least one value."""
        if len(values) < FEW:
            return cls(median(values), min(values), max(values))
        lower, middle, upper = quantiles(values, n=4, method="inclusive")
        return cls(middle, lower, upper)

    def at_least(self, wanted: float) -> Verdict:
        """Whether so much is reached: undecided where the range holds it."""
        if self.lower >= wanted:
            return Verdict.MET
        return Verdict.MISSED if self.upper < wanted else Verdict.UNDECIDED

    def at_most(self, wanted: float) -> Verdict:
        """Whether it stays within so much: undecided where the range holds it."""
        if self.upper <= wanted:
            return Verdict.MET
        return Verdict.MISSED if self.lower > wanted else Verdict.UNDECIDED

    def __str__(self) -> str:
        return f"{self.median:.2f} ({self.lower:.2f}-{self.upper:.2f})"


def figure(values: Sequence[float]) -> dict[str, Any]:
    """A figure of all rounds, as the report keeps it."""
    return {"median": median(values), "min": min(values), "max": max(values), "rounds": list(values)}


def ratios(mine: Mapping[str, Any], base: Mapping[str, Any]) -> Spread:
    """How many times the other one figure is, round by round: what disturbs a round disturbs both."""
    return Spread.of([one / other for one, other in zip(mine["rounds"], base["rounds"], strict=True)])
