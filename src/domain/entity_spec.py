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

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import MISSING, dataclass, fields, replace
from datetime import datetime
from functools import cache
from operator import le
from typing import Annotated, Any, ClassVar, TypeAlias, get_args, get_origin, get_type_hints

from domain.errors import Violation
from domain.field_filters import FieldFilter
from domain.fields import INDEXED_MAX, Actor, Field, Problem, Reference, Text
from domain.paging import Comparison, Condition
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


Fill: TypeAlias = Callable[[Mapping[str, Any] | None, Mapping[str, Any], Collection[str], datetime], dict[str, Any]]


@dataclass(frozen=True, slots=True)
class FieldSpec:
    """A field that clients write: its kind, its Python type without None, and what it is when it is left out."""

    name: str
    kind: Field
    type: Any
    optional: bool
    """Whether None is a value of it."""
    default: Any
    """``MISSING`` where it has to be given."""

    @property
    def required(self) -> bool:
        """Whether it has to be given when an entity is made."""
        return self.default is MISSING

    @property
    def taken(self) -> str:
        """The problem code of a unique value that another entity has."""
        return f"{self.name}_taken"


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


def _read_fields(of: type[Any]) -> dict[str, FieldSpec]:
    hints = get_type_hints(of, include_extras=True)
    declared: dict[str, FieldSpec] = {}
    for field in fields(of):
        hint = hints[field.name]
        kinds = [extra for extra in get_args(hint)[1:] if isinstance(extra, Field)] if _is_annotated(hint) else []
        if not kinds:
            continue
        type_, optional = _without_none(get_args(hint)[0])
        default = field.default_factory() if field.default_factory is not MISSING else field.default
        (kind,) = kinds
        name = f"{of.__name__}.{field.name}"
        _require_possible(name, kind)
        declared[field.name] = _with_kept_default(name, FieldSpec(field.name, kind, type_, optional, default))
    return declared


fields_of: Callable[[type[Any]], Mapping[str, FieldSpec]] = cache(_read_fields)  # type: ignore[assignment]  # -- as below
"""The annotated fields of an entity or a value object."""


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


def _with_kept_default(name: str, field: FieldSpec) -> FieldSpec:
    """The field with its default as it is kept. Raises ``TypeError`` for one that no client could send."""
    if field.required or (field.default is None and field.optional):
        return field
    default = None if field.default is None else field.kind.normalized(field.default)
    if violations := [*violations_in(field, default)]:
        raise TypeError(f"{name} has a default that it cannot have: {violations[0].detail}")
    return replace(field, default=default)


def _is_checked(kind: Field) -> bool:
    own = type(kind)
    return own.normalized is not Field.normalized or own.problems is not Field.problems


def _require_possible(name: str, kind: Field) -> None:
    """Raises ``TypeError`` for a field that is declared to do what none of its kind can."""
    kinds = type(kind).__name__
    if kind.sortable and not kind.SORTABLE:
        raise TypeError(f"{name} cannot be sorted by: no {kinds} can.")
    if isinstance(kind, Text) and kind.max_length > INDEXED_MAX and (kind.sortable or kind.unique):
        raise TypeError(f"{name} cannot be sorted by or unique: it may be longer than {INDEXED_MAX} characters.")
    if kind.unique and Comparison.EQUAL not in kind.COMPARISONS:
        raise TypeError(f"{name} cannot be unique: no {kinds} can.")
    for each in kind.filters:
        if each.comparison not in kind.COMPARISONS:
            raise TypeError(f"{name} cannot be filtered by {each.comparison.value!r}: no {kinds} can.")


def _filter(name: str, kind: Field, declared: FieldFilter) -> ListFilter:
    parameter = declared.parameter or f"{name}{declared.suffix}"
    return ListFilter(parameter, kind, ((name, declared.comparison),), declared.description, declared.several)


def violations_in(field: FieldSpec, value: Any) -> Iterator[Violation]:
    """What is wrong with a normalized value of this field."""
    if value is not None:
        yield from violations_from(field, field.kind.problems(value))
    elif not field.optional:
        yield Violation(field.name, "missing", f"The {words(field.name)} is missing.")


def violations_from(field: FieldSpec, problems: Iterable[Problem]) -> Iterator[Violation]:
    """The problems of a value of this field as violations."""
    for code, predicate, path in problems:
        yield Violation(field.name, code, f"The {words(field.name)} {predicate}.", path)


def stored_violations(field: FieldSpec, value: Any) -> list[Violation]:
    """What is wrong with a stored value of this field, which must be in its normalized form."""
    normalized = None if value is None else field.kind.normalized(value)
    found = [*violations_in(field, normalized)]
    if not found and normalized != value:
        return [Violation(field.name, "blanks", f"The {words(field.name)} begins or ends with blanks.")]
    return found


def _is_annotated(hint: Any) -> bool:
    return get_origin(hint) is Annotated


def _without_none(hint: Any) -> tuple[Any, bool]:
    kinds = [each for each in get_args(hint) if each is not type(None)]
    return (kinds[0], True) if type(None) in get_args(hint) else (hint, False)


def words(name: str) -> str:
    """The field's name as people read it."""
    return name.replace("_", " ")


def text_kind(field: FieldSpec) -> Text | None:
    """The kind of a field whose case-folded text is kept beside it; None for any other."""
    return field.kind if isinstance(field.kind, Text) and field.kind.folded else None
