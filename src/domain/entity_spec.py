"""What an entity declares: its fields, rules, transitions and filters, read once from its class.

An entity is a frozen dataclass with ``id``, ``owner_id``, ``created_at``, ``updated_at``, ``version`` and fields of its
own, annotated with kinds of ``domain.fields``. Class variables say the predicate:

- ``KIND`` and ``PLURAL``, its name in codes and paths; ``TITLE``, what people call it, where that is not ``KIND``;
- ``RULES``: between fields of one state (422);
- ``TRANSITIONS``: functions of the state before and after, which raise ``Conflict`` (409);
- ``FILTERS``: of its list, beside those that its fields declare;
- ``SORTS``: of its list, beside those that its fields declare;
- ``fill_in``: a static method that returns more values for a write, given those of the fields before it (None where
  the entity is made) and after it, the names of those that were given, and the time;
- ``CONFLICTS``: what the transitions refuse, for the catalogue of problems.
"""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from operator import le
from typing import Any, TypeAlias

from domain.errors import Violation
from domain.field_filters import FieldFilter
from domain.field_spec import FieldSpec, fields_of
from domain.fields import Actor, Field, Reference
from domain.list_filters import ListFilter, ParsedFilter
from domain.quantities import Quantities

STANDARD_SORTS = ("created_at",)
Transition: TypeAlias = Callable[[Any, Any], None]


@dataclass(frozen=True, slots=True)
class Rule:
    """A rule between fields; ``holds`` is called with their values, where none of them is missing."""

    fields: tuple[str, ...]
    holds: Callable[..., bool]
    violation: Violation


class NotBefore(Rule):
    """The rule that ``last`` is not less than ``first``; the database holds it as well."""

    __slots__ = ()

    def __init__(self, last: str, first: str, violation: Violation) -> None:
        super().__init__((first, last), le, violation)


@dataclass(frozen=True, slots=True)
class ConflictKind:
    """A conflict that a transition may raise: its problem code, a title and a sentence or two for clients."""

    code: str
    title: str
    meaning: str


Fill: TypeAlias = Callable[[Mapping[str, Any] | None, Mapping[str, Any], Collection[str], datetime], dict[str, Any]]


@dataclass(frozen=True, slots=True)
class EntitySpec:
    """All that is declared about an entity, read once from its class."""

    entity: type[Any]
    fields: Mapping[str, FieldSpec]
    rules: tuple[Rule, ...]
    transitions: tuple[Transition, ...]
    filters: Mapping[str, ListFilter]
    parsed_filters: Mapping[str, ParsedFilter]
    conflicts: tuple[ConflictKind, ...]
    checked: frozenset[str]
    """The fields whose kinds normalize or refuse some values; the others keep every value of their types as it is."""
    defaults: Mapping[str, Any]
    """The values of the fields that may be left out, as they are kept."""
    reset: Mapping[str, Any]
    """The values of the fields that may be left out, but for immutable and kept ones: what a replacement gives them."""
    references: tuple[FieldSpec, ...]
    """The fields that refer to other entities."""
    unique: tuple[FieldSpec, ...]
    """The fields whose values are taken once among an owner's entities of the kind."""
    actors: tuple[FieldSpec, ...]
    """The fields that say who made the entity; they are none of ``fields``."""
    sorts: tuple[str, ...]
    """What its list can be sorted by."""
    quantities: Mapping[str, str]
    """The fields by whose members its list can be sorted, each with the filter that has to be given."""
    fill_in: Fill | None

    @property
    def kept(self) -> tuple[FieldSpec, ...]:
        """The fields that are kept with the entity, beside its id, times and version."""
        return (*self.fields.values(), *self.actors)


def _read_spec(entity: type[Any]) -> EntitySpec:
    every = fields_of(entity)
    actors = tuple(field for field in every.values() if isinstance(field.kind, Actor))
    declared = {name: field for name, field in every.items() if field not in actors}
    listed = _read_filters(entity, declared)
    return EntitySpec(
        entity=entity,
        fields=declared,
        rules=getattr(entity, "RULES", ()),
        transitions=getattr(entity, "TRANSITIONS", ()),
        filters={name: each for name, each in listed.items() if isinstance(each, ListFilter)},
        parsed_filters={name: each for name, each in listed.items() if isinstance(each, ParsedFilter)},
        conflicts=getattr(entity, "CONFLICTS", ()),
        checked=frozenset(name for name, field in declared.items() if _is_checked(field.kind)),
        defaults={name: field.default for name, field in declared.items() if not field.required},
        reset={
            name: field.default
            for name, field in declared.items()
            if not field.required and not field.kind.immutable and not field.kind.kept
        },
        references=tuple(field for field in declared.values() if isinstance(field.kind, Reference)),
        unique=tuple(field for field in declared.values() if field.kind.unique),
        actors=actors,
        sorts=(
            *STANDARD_SORTS,
            *getattr(entity, "SORTS", ()),
            *(name for name, field in declared.items() if field.kind.sortable),
        ),
        quantities={
            name: field.kind.sortable_within
            for name, field in declared.items()
            if isinstance(field.kind, Quantities) and field.kind.sortable_within
        },
        fill_in=getattr(entity, "fill_in", None),
    )


spec_of: Callable[[type[Any]], EntitySpec] = cache(_read_spec)  # type: ignore[assignment]  # -- classes can be hashed
"""What is declared about an entity, read once. Raises ``TypeError`` for a declaration that cannot be."""


def _read_filters(entity: type[Any], declared: Mapping[str, FieldSpec]) -> dict[str, ListFilter | ParsedFilter]:
    """The filters of fields and the entity's own, by their parameters. Raises ``TypeError`` where two have one name."""
    derived = (_filter(name, field.kind, each) for name, field in declared.items() for each in field.kind.filters)
    found: dict[str, ListFilter | ParsedFilter] = {}
    for each in (*derived, *getattr(entity, "FILTERS", ())):
        if each.parameter in found:
            raise TypeError(f"{entity.__name__} has two filters with the parameter {each.parameter}.")
        found[each.parameter] = each
    return found


def _is_checked(kind: Field) -> bool:
    own = type(kind)
    return own.normalized is not Field.normalized or own.problems is not Field.problems


def _filter(name: str, kind: Field, declared: FieldFilter) -> ListFilter:
    parameter = declared.parameter or f"{name}{declared.suffix}"
    return ListFilter(parameter, kind, ((name, declared.comparison),), declared.description, declared.several)
