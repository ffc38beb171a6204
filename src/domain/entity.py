"""What every entity with annotated fields can do: be made, changed, validated, sorted and filtered.

An entity is a frozen dataclass with ``id``, ``owner_id``, ``created_at``, ``updated_at``, ``version`` and fields of its
own, annotated with kinds of ``domain.fields``. Class variables say the rest:

- ``KIND`` and ``PLURAL``, its name in codes and paths; ``TITLE``, what people call it, where that is not ``KIND``;
- ``RULES``: between fields of one state (422);
- ``TRANSITIONS``: functions of the state before and after, which raise ``Conflict`` (409);
- ``FILTERS``: of its list, beside those that its fields declare;
- ``CONFLICTS``: what the transitions refuse, for the catalogue of problems.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import MISSING, dataclass, fields, replace
from datetime import datetime
from functools import cache, partial
from operator import le
from typing import Annotated, Any, TypeAlias, get_args, get_origin, get_type_hints
from uuid import UUID

from domain.errors import Invalid, Violation
from domain.fields import INDEXED_MAX, Field, FieldFilter, MapPatch, Text
from domain.paging import Comparison, Condition
from domain.repository import E, Owned, OwnerId, with_changes

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
            folded = self.kind.order(value) if comparison is Comparison.CONTAINS else value
            yield Condition(attribute, comparison, folded)


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
    conflicts: tuple[ConflictKind, ...]
    checked: frozenset[str]
    """The fields whose kinds normalize or refuse some values; the others keep every value of their types as it is."""
    defaults: Mapping[str, Any]
    """The values of the fields that may be left out, as they are kept."""
    reset: Mapping[str, Any]
    """The values of the fields that may be left out, but for immutable ones: what a replacement gives them."""

    @property
    def sorts(self) -> tuple[str, ...]:
        """What its list can be sorted by."""
        return (*STANDARD_SORTS, *(name for name, field in self.fields.items() if field.kind.sortable))


def _read_spec(entity: type[Any]) -> EntitySpec:
    hints = get_type_hints(entity, include_extras=True)
    declared = {}
    for field in fields(entity):
        hint = hints[field.name]
        kinds = [extra for extra in get_args(hint)[1:] if isinstance(extra, Field)] if _is_annotated(hint) else []
        if not kinds:
            continue
        type_, optional = _without_none(get_args(hint)[0])
        default = field.default_factory() if field.default_factory is not MISSING else field.default
        (kind,) = kinds
        name = f"{entity.__name__}.{field.name}"
        _require_possible(name, kind, optional=optional)
        declared[field.name] = _with_kept_default(name, FieldSpec(field.name, kind, type_, optional, default))
    return EntitySpec(
        entity=entity,
        fields=declared,
        rules=getattr(entity, "RULES", ()),
        transitions=getattr(entity, "TRANSITIONS", ()),
        filters=_read_filters(entity, declared),
        conflicts=getattr(entity, "CONFLICTS", ()),
        checked=frozenset(name for name, field in declared.items() if _is_checked(field.kind)),
        defaults={name: field.default for name, field in declared.items() if not field.required},
        reset={
            name: field.default for name, field in declared.items() if not field.required and not field.kind.immutable
        },
    )


spec_of: Callable[[type[Any]], EntitySpec] = cache(_read_spec)  # type: ignore[assignment]  # -- classes can be hashed
"""What is declared about an entity, read once. Raises ``TypeError`` for a declaration that cannot be."""


def _read_filters(entity: type[Any], declared: Mapping[str, FieldSpec]) -> dict[str, ListFilter]:
    """The filters of fields and the entity's own, by their parameters. Raises ``TypeError`` where two have one name."""
    derived = (_filter(name, field.kind, each) for name, field in declared.items() for each in field.kind.filters)
    found: dict[str, ListFilter] = {}
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
    if violations := [*_violations(field, default)]:
        raise TypeError(f"{name} has a default that it cannot have: {violations[0].detail}")
    return replace(field, default=default)


def _is_checked(kind: Field) -> bool:
    own = type(kind)
    return own.normalized is not Field.normalized or own.problems is not Field.problems


def _require_possible(name: str, kind: Field, *, optional: bool) -> None:
    """Raises ``TypeError`` for a field that is declared to do what none of its kind can."""
    kinds = type(kind).__name__
    if kind.sortable and (optional or not kind.SORTABLE):
        reason = "it may be None" if optional else f"no {kinds} can"
        raise TypeError(f"{name} cannot be sorted by: {reason}.")
    if isinstance(kind, Text) and kind.max_length > INDEXED_MAX and (kind.sortable or kind.unique):
        raise TypeError(f"{name} cannot be sorted by or unique: it may be longer than {INDEXED_MAX} characters.")
    if kind.unique and Comparison.EQUAL not in kind.COMPARISONS:
        raise TypeError(f"{name} cannot be unique: no {kinds} can.")
    for each in kind.filters:
        if each.comparison not in kind.COMPARISONS:
            raise TypeError(f"{name} cannot be filtered by {each.comparison.value!r}: no {kinds} can.")


def create(entity: type[E], *, id: UUID, owner_id: OwnerId, now: datetime, **values: Any) -> E:
    """A new entity of its owner. Raises ``Invalid``."""
    made: Any = entity
    kept = {**spec_of(entity).defaults, **validated(entity, values)}
    created: E = made(id=id, owner_id=owner_id, created_at=now, updated_at=now, **kept)
    return created


def update(stored: E, *, now: datetime, **values: Any) -> E:
    """The entity with these values; itself where nothing changes.

    Raises ``Invalid``, and ``Conflict`` where a transition is refused.
    """
    return with_values(stored, validated(type(stored), values), now=now)


def with_values(stored: E, values: Mapping[str, Any], *, now: datetime) -> E:
    """Like ``update``, with values that ``validated`` has returned."""
    before: Any = stored
    spec = spec_of(type(stored))
    merged = dict(values)
    violations: list[Violation] = []
    for name, value in values.items():
        if isinstance(value, MapPatch):
            merged[name] = value.applied(getattr(stored, name))
            violations += _violations(spec.fields[name], merged[name])
    if violations:
        raise Invalid(violations)
    # Two changes may read the clock in another order than they are made in.
    after = with_changes(stored, merged, updated_at=max(now, before.updated_at))
    if after is not stored:
        value_of = partial(getattr, after)
        if violations := [*_broken_rules(spec, value_of), *_changed_immutables(spec, stored, after)]:
            raise Invalid(violations)
        require_transition(stored, after)
    return after


def require_transition(before: Owned, after: Owned) -> None:
    """Raises ``Conflict`` where the entity may not come from the one state to the other."""
    for transition in spec_of(type(after)).transitions:
        transition(before, after)


def validated(entity: type[Any], values: Mapping[str, Any]) -> dict[str, Any]:
    """The values as they are kept. Raises ``Invalid`` for what is wrong in itself, whatever is stored."""
    spec = spec_of(entity)
    kept: dict[str, Any] = {}
    violations: list[Violation] = []
    for name, value in values.items():
        field = spec.fields[name]
        if isinstance(value, MapPatch):
            kept[name] = value
            violations += [*_violations(field, value.given)] or _violations(field, value.removed)
        elif value is None or name in spec.checked:
            kept[name] = None if value is None else field.kind.normalized(value)
            violations += _violations(field, kept[name])
        else:
            kept[name] = value
    violations += _broken_rules(spec, kept.get)
    if violations:
        raise Invalid(violations)
    return kept


def violations_of(entity: Owned) -> list[Violation]:
    """What is wrong with a stored entity: nothing that was ever made has any of it, and an import refuses it.

    An entity may have a method ``violations`` of its own, in place of annotated fields.
    """
    own: Callable[[], list[Violation]] | None = getattr(entity, "violations", None)
    if own is not None:
        return own()
    spec, values = spec_of(type(entity)), values_of(entity)
    violations: list[Violation] = []
    for name, field in spec.fields.items():
        value = values[name]
        normalized = None if value is None else field.kind.normalized(value)
        found = [*_violations(field, normalized)]
        if not found and normalized != value:
            found = [Violation(name, "blanks", f"The {words(name)} begins or ends with blanks.")]
        violations += found
    return [*violations, *_broken_rules(spec, values.get)]


def values_of(entity: Owned) -> dict[str, Any]:
    """The values of the fields that clients write."""
    return {name: getattr(entity, name) for name in spec_of(type(entity)).fields}


def title_of(entity: type[Owned]) -> str:
    """What people call one of them, in the middle of a sentence."""
    title: str = getattr(entity, "TITLE", entity.KIND.replace("_", " "))
    return title


def plural_of(entity: type[Owned]) -> str:
    """Its name in paths, and in the names of its scopes."""
    plural: str = entity.PLURAL  # type: ignore[attr-defined]  # -- every entity of tenants has one
    return plural


def summary_of(entity: type[Owned]) -> str:
    """What the class says of itself first: the first paragraph of its docstring, in Markdown."""
    first = (entity.__doc__ or "").strip().partition("\n\n")[0]
    return " ".join(first.split()).replace("``", "`")


def sort_value(entity: Any, attribute: str) -> Any:
    """What the entity is sorted by and searched in: text case-folded, anything else as it is."""
    value = getattr(entity, attribute)
    if value is None:
        return None
    field = spec_of(type(entity)).fields.get(attribute)
    return value if field is None else field.kind.order(value)


def fulfils(entity: Any, condition: Condition) -> bool:
    """Whether the entity fulfils the condition of a list."""
    searched = condition.comparison is Comparison.CONTAINS
    attribute = condition.attribute
    return condition.holds(sort_value(entity, attribute) if searched else getattr(entity, attribute))


def filters(entity: type[Any], **values: Any) -> tuple[Condition, ...]:
    """The conditions of a list with these query parameters, in the order of their declaration; None asks for nothing.

    The order is fixed because cursors are bound to the conditions. Raises ``KeyError`` for an unknown parameter.
    """
    known = spec_of(entity).filters
    if unknown := values.keys() - known.keys():
        raise KeyError(*unknown)
    return tuple(
        condition
        for name, each in known.items()
        if values.get(name) is not None
        for condition in each.conditions(values[name])
    )


def _filter(name: str, kind: Field, declared: FieldFilter) -> ListFilter:
    parameter = declared.parameter or f"{name}{declared.suffix}"
    return ListFilter(parameter, kind, ((name, declared.comparison),), declared.description, declared.several)


def _violations(field: FieldSpec, value: Any) -> Iterator[Violation]:
    if value is not None:
        for code, rest in field.kind.problems(value):
            yield Violation(field.name, code, f"The {words(field.name)} {rest}.")
    elif not field.optional:
        yield Violation(field.name, "missing", f"The {words(field.name)} is missing.")


def _broken_rules(spec: EntitySpec, value_of: Callable[[str], Any]) -> Iterator[Violation]:
    for rule in spec.rules:
        given = [*map(value_of, rule.fields)]
        if None not in given and not rule.holds(*given):
            yield rule.violation


def _changed_immutables(spec: EntitySpec, before: Owned, after: Owned) -> Iterator[Violation]:
    for name, field in spec.fields.items():
        if field.kind.immutable and getattr(before, name) != getattr(after, name):
            yield Violation(name, "immutable", f"The {words(name)} is set when it is made, and never changed.")


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
