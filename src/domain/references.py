"""References between an owner's entities, and unique values: which are declared, and how a write that breaks one fails.

An adapter looks the values up; what is refused, and in which words, is said here once.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from domain.batches import VIOLATIONS_MAX, in_item
from domain.entity import title_of
from domain.entity_spec import spec_of
from domain.errors import Conflict, Unfit, Violation
from domain.field_spec import FieldSpec, display_name
from domain.fields import Reference
from domain.repository import Owned


class UnknownReference(Unfit):
    """An entity would refer to what its owner does not have; ``field`` is the first field that does."""

    def __init__(self, entity: type[Owned], names: Iterable[str]) -> None:
        unknown = tuple(names)
        super().__init__(unknown_references(entity, unknown))
        self.field = spec_of(entity).fields[unknown[0]]
        self.entity = entity

    def as_missing(self) -> Conflict:
        """The refusal of restoring an entity whose reference is gone."""
        reference = _reference(self.field)
        gone = f"there is no {display_name(reference.to)} with its {display_name(self.field.name)} any more"
        return Conflict(reference.missing, f"The {title_of(self.entity)} is not restored: {gone}.")


@dataclass(frozen=True, slots=True)
class Link:
    """A field of the kind ``child`` that refers to another kind."""

    child: type[Owned]
    field: FieldSpec

    def in_use(self, entity: type[Owned]) -> Conflict:
        """The refusal of deleting what is referred to."""
        detail = f"The {title_of(entity)} is in use: a {title_of(self.child)} refers to it."
        return Conflict(_reference(self.field).in_use, detail)


def referred_kind(entity: type[Any], name: str) -> str:
    """The kind that this field refers to."""
    return _reference(spec_of(entity).fields[name]).to


def links_to(entity: type[Owned], entities: Iterable[type[Owned]]) -> tuple[Link, ...]:
    """The fields of these kinds that refer to this one."""
    return tuple(
        Link(other, field)
        for other in entities
        for field in spec_of(other).references
        if _reference(field).to == entity.KIND
    )


def new_references(before: Owned | None, after: Owned) -> dict[str, UUID]:
    """What the entity refers to after a write and did not before it, by the fields' names."""
    return {
        name: value
        for name, value in values_of_references(after).items()
        if before is None or getattr(before, name) != value
    }


def values_of_references(entity: Owned) -> dict[str, UUID]:
    """What the entity refers to, by the fields' names."""
    values = {field.name: getattr(entity, field.name) for field in spec_of(type(entity)).references}
    return {name: value for name, value in values.items() if value is not None}


def taken(entity: type[Owned], field: FieldSpec) -> Conflict:
    """The refusal of a unique value that another entity of the owner has."""
    return Conflict(field.taken, f"Another {title_of(entity)} has this {display_name(field.name)}.")


def unknown_references(entity: type[Owned], names: Iterable[str]) -> list[Violation]:
    """The violations of an entity that would by these fields refer to what its owner does not have."""
    unknown = (spec_of(entity).fields[name] for name in names)
    return [Violation(each.name, _reference(each).unknown, _unknown(each)) for each in unknown]


def require_references(entities: Sequence[Owned], known: Mapping[str, Collection[UUID]]) -> None:
    """Raises ``Unfit`` where entities of a batch refer to what is not ``known``: the ids by the fields' names."""
    violations: list[Violation] = []
    for place, entity in enumerate(entities):
        names = [name for name, id in values_of_references(entity).items() if id not in known[name]]
        violations += in_item(place, unknown_references(type(entity), names))
        if len(violations) >= VIOLATIONS_MAX:
            break
    if violations:
        raise Unfit(violations)


def _reference(field: FieldSpec) -> Reference:
    if not isinstance(field.kind, Reference):
        raise TypeError(f"{field.name} is no reference.")
    return field.kind


def _unknown(field: FieldSpec) -> str:
    return f"The {display_name(field.name)} is not the id of a {display_name(_reference(field).to)} of yours."
