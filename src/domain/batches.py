"""Many entities that are made at once: all of them, or none."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any, Final

from domain.entity import title_of
from domain.entity_spec import spec_of
from domain.errors import Conflict, Invalid, Violation
from domain.field_spec import display_name
from domain.repository import E
from domain.turns import Turns

ITEMS: Final = "items"
"""The name of the list of what is made."""
ITEMS_MAX: Final = 1000
VIOLATIONS_MAX: Final = 20
"""After so many violations the other items are not looked at: who sends them has enough to mend."""


def in_item(place: int, violations: Iterable[Violation]) -> Iterator[Violation]:
    """What is wrong with one item, as violations of the list ``items``."""
    for each in violations:
        yield replace(each, field=ITEMS, path=(place, each.field, *each.path))


async def made_of_each(items: Sequence[Mapping[str, Any]], make: Callable[..., E]) -> list[E]:
    """What ``make`` makes of the values of each item. Raises ``Invalid`` for all that is wrong with any of them."""
    made: list[E] = []
    violations: list[Violation] = []
    with Turns() as turns:
        for place, values in enumerate(items):
            try:
                made.append(make(**values))
            except Invalid as error:
                violations += in_item(place, error.violations)
                if len(violations) >= VIOLATIONS_MAX:
                    break
            await turns.pause()
    if violations:
        raise Invalid(violations)
    return made


def require_distinct(entities: Sequence[E]) -> None:
    """Raises ``Conflict`` where two of these have the same unique value."""
    for field in spec_of(type(entities[0])).unique:
        places: dict[Any, int] = {}
        for place, entity in enumerate(entities):
            value = getattr(entity, field.name)
            if value is None:
                continue
            if value in places:
                detail = f"The items {places[value]} and {place} have the same {display_name(field.name)}."
                raise Conflict(field.taken, detail)
            places[value] = place


def taken_in(entities: Sequence[E], name: str, values: Iterable[Any]) -> Conflict:
    """The refusal of a batch where others have some of these unique values of the field ``name``."""
    field, held = spec_of(type(entities[0])).fields[name], {*values}
    place = next((place for place, each in enumerate(entities) if getattr(each, name) in held), None)
    item = "an item" if place is None else f"item {place}"
    return Conflict(field.taken, f"Another {title_of(type(entities[0]))} has the {display_name(name)} of {item}.")
