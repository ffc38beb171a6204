"""Whether quantities of one name have the same unit."""

from enum import Enum
from typing import Final, Literal, TypeAlias


class _Units(Enum):
    DIFFER = "differ"


DIFFER: Final = _Units.DIFFER
"""Stands for the unit of quantities that do not have the same."""
Unit: TypeAlias = str | Literal[_Units.DIFFER] | None
"""The unit that quantities agree on, None where they have none."""


def known_unit(unit: str | None) -> str | None:
    """The unit; None for an empty text, which says as much."""
    return unit or None


def agreed(one: Unit, other: Unit) -> Unit:
    """The unit that both are."""
    return one if one == other else DIFFER


def shown_unit(unit: Unit) -> str | None:
    """The unit, None where they differ."""
    return None if unit is DIFFER else unit
