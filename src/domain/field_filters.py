"""How lists may be filtered by a field: which comparison, and under which query parameter."""

from dataclasses import dataclass

from domain.paging import Comparison


@dataclass(frozen=True, slots=True)
class FieldFilter:
    """A query parameter that compares one field; its name is the field's unless ``parameter`` is given.

    ``suffix`` is added to the field's name. ``several`` lets a client give several values, separated by commas.
    """

    comparison: Comparison
    description: str
    suffix: str = ""
    parameter: str | None = None
    several: bool = False


def contains(description: str) -> tuple[FieldFilter, ...]:
    """Text that holds the given part, in any case."""
    return (FieldFilter(Comparison.CONTAINS, description),)


def equals(description: str, *, several: bool = False) -> tuple[FieldFilter, ...]:
    """Exactly the given value, or one of several."""
    return (FieldFilter(Comparison.ANY_OF if several else Comparison.EQUAL, description, several=several),)


def between(earliest: str, latest: str, name: str | None = None) -> tuple[FieldFilter, ...]:
    """From the given value (``…_from``), to the given value (``…_to``); both ends count.

    The parameters begin with ``name``, or with the field's.
    """
    first, last = (None, None) if name is None else (f"{name}_from", f"{name}_to")
    return (
        FieldFilter(Comparison.AT_LEAST, earliest, "_from", first),
        FieldFilter(Comparison.AT_MOST, latest, "_to", last),
    )


def has(parameter: str, description: str) -> tuple[FieldFilter, ...]:
    """A list that holds the given item."""
    return (FieldFilter(Comparison.HAS, description, parameter=parameter),)
