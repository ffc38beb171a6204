"""The filters of lists: a query parameter, and what it asks of each listed entity."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any, ClassVar

from domain.fields import Field
from domain.paging import Comparison, Condition


@dataclass(frozen=True, slots=True)
class ListFilter:
    """A query parameter of a list, the kind of its value, and what it compares: all of ``compares`` must hold."""

    parameter: str
    kind: Field
    compares: tuple[tuple[str, Comparison], ...]
    description: str
    several: bool = False

    def conditions(self, value: Any) -> Iterator[Condition]:
        """What the given value asks of each listed entity."""
        for attribute, comparison in self.compares:
            if comparison is Comparison.ANY_OF and len(value) == 1:
                yield Condition(attribute, Comparison.EQUAL, value[0])  # which an index finds in the list's order
                continue
            folded = self.kind.order(value) if comparison is Comparison.CONTAINS else value
            yield Condition(attribute, comparison, folded)


@dataclass(frozen=True, slots=True)
class ParsedFilter:
    """A query parameter of a list that says a whole condition, and may be repeated up to ``REPEATED_MAX`` times.

    ``parse`` raises ``ValueError`` with a sentence for people. ``pattern`` is a regular expression of what it accepts.
    """

    REPEATED_MAX: ClassVar = 10

    parameter: str
    parse: Callable[[str], Condition]
    pattern: str
    description: str
    example: str

    def conditions(self, value: Iterable[Condition]) -> Iterator[Condition]:
        """What the given conditions ask of each listed entity: themselves, once each.

        They are sorted by what they compare and how, then by the rest: lists that ask for the same in another order
        share their statement and their cursors.
        """
        yield from sorted({*value}, key=_canonical)


def _canonical(condition: Condition) -> tuple[str, ...]:
    criterion: Any = condition.value
    return condition.attribute, criterion.shape, repr(criterion)
