"""What can be done with every entity: it is made, changed, validated, sorted and filtered by what it declares."""

from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from functools import partial
from typing import Any
from uuid import UUID

from domain.entity_spec import EntitySpec, spec_of
from domain.errors import Conflict, Invalid, Violation
from domain.field_spec import display_name, stored_violations, violations_from, violations_in
from domain.list_filters import ListFilter, ParsedFilter
from domain.maps import MapPatch
from domain.paging import Comparison, Condition
from domain.repository import E, Owned, OwnerId, owned_max, with_changes


def create(entity: type[E], *, id: UUID, owner_id: OwnerId, now: datetime, actor: str = "operator", **values: Any) -> E:
    """A new entity of its owner, made by ``actor``. Raises ``Invalid``."""
    made: Any = entity
    spec = spec_of(entity)
    sent, violations = checked(spec, values)
    kept = {**spec.defaults, **sent}
    violations += _broken_rules(spec, kept.get)
    if not violations and spec.fill_in is not None and (filled := spec.fill_in(None, kept, values.keys(), now)):
        kept |= filled
        violations += _broken_rules(spec, kept.get)
    if violations:
        raise Invalid(violations)
    for field in spec.actors:
        kept[field.name] = actor
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
            violations += violations_in(spec.fields[name], merged[name])
    if spec.fill_in is not None:
        known = values_of(stored)
        merged |= spec.fill_in(known, {**known, **merged}, values.keys(), now)
    # Two changes may read the clock in another order than they are made in.
    after = with_changes(stored, merged, updated_at=max(now, before.updated_at))
    if after is not stored:
        violations += _changed_immutables(spec, stored, after)
        if not violations:
            # Before the rules, which a state is likely to break that the entity may not come to.
            require_transition(stored, after)
        violations += _broken_rules(spec, partial(getattr, after))
    if violations:
        raise Invalid(violations)
    return after


def require_transition(before: Owned, after: Owned) -> None:
    """Raises ``Conflict`` where the entity may not come from the one state to the other."""
    for transition in spec_of(type(after)).transitions:
        transition(before, after)


def validated(entity: type[Any], values: Mapping[str, Any]) -> dict[str, Any]:
    """The values as they are kept. Raises ``Invalid`` for what is wrong in itself, whatever is stored."""
    kept, violations = _checked_together(spec_of(entity), values)
    if violations:
        raise Invalid(violations)
    return kept


def violations_in_values(entity: type[Any], values: Mapping[str, Any]) -> list[Violation]:
    """What is wrong with these values in themselves."""
    return _checked_together(spec_of(entity), values)[1]


def _checked_together(spec: EntitySpec, values: Mapping[str, Any]) -> tuple[dict[str, Any], list[Violation]]:
    """The values as they are kept, and what is wrong with each of them and between them."""
    kept, violations = checked(spec, values)
    return kept, [*violations, *_broken_rules(spec, kept.get)]


def checked(spec: EntitySpec, values: Mapping[str, Any]) -> tuple[dict[str, Any], list[Violation]]:
    """The values as they are kept, and what is wrong with each of them in itself."""
    kept: dict[str, Any] = {}
    violations: list[Violation] = []
    for name, value in values.items():
        field = spec.fields[name]
        if isinstance(value, MapPatch):
            kept[name] = MapPatch(field.kind.normalized(value.members))
            violations += violations_in(field, kept[name].given)
            violations += violations_from(field, field.kind.key_problems(value.removed))  # type: ignore[attr-defined]  # -- a map
        elif value is None:
            kept[name] = None
            violations += violations_in(field, None)
        elif name in spec.checked:
            kept[name] = normalized = field.kind.normalized(value)
            if problems := [*field.kind.problems(normalized)]:
                violations += violations_from(field, problems)
        else:
            kept[name] = value
    return kept, violations


def violations_of(entity: Owned) -> list[Violation]:
    """What is wrong with a stored entity: nothing that was ever made has any of it, and an import refuses it.

    An entity may have a method ``violations`` of its own, in place of annotated fields.
    """
    own: Callable[[], list[Violation]] | None = getattr(entity, "violations", None)
    if own is not None:
        return own()
    spec, values = spec_of(type(entity)), values_of(entity)
    violations = [wrong for field in spec.kept for wrong in stored_violations(field, getattr(entity, field.name))]
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


def too_many(entity: type[Owned]) -> Conflict:
    """The refusal of one more where the owner has ``OWNED_MAX``."""
    plural = plural_of(entity)
    return Conflict(f"too_many_{plural}", f"You have {owned_max(entity)} {display_name(plural)}. Delete one first.")


def summary_of(entity: type[Owned]) -> str:
    """What the class says of itself first: the first paragraph of its docstring, in Markdown."""
    first = (entity.__doc__ or "").strip().partition("\n\n")[0]
    return " ".join(first.split()).replace("``", "`")


def sort_value(entity: Any, attribute: str) -> Any:
    """What the entity is sorted by and searched in: text case-folded, anything else as it is.

    Of a quantity, as in ``parameters.alpha``, its number.
    """
    attribute, _, member = attribute.partition(".")
    value = getattr(entity, attribute)
    if member:
        return value[member].number if member in value else None
    if value is None:
        return None
    field = spec_of(type(entity)).fields.get(attribute)
    return value if field is None else field.kind.order(value)


def fulfils(entity: Any, condition: Condition) -> bool:
    """Whether the entity fulfils the condition of a list."""
    searched = condition.comparison is Comparison.CONTAINS
    attribute = condition.attribute
    return condition.holds(sort_value(entity, attribute) if searched else getattr(entity, attribute))


def conditions_of(entity: type[Any], **values: Any) -> tuple[Condition, ...]:
    """The conditions of a list with these query parameters, in the order of their declaration; None asks for nothing.

    The order is fixed because cursors are bound to the conditions. Raises ``KeyError`` for an unknown parameter.
    """
    spec = spec_of(entity)
    known: dict[str, ListFilter | ParsedFilter] = {**spec.filters, **spec.parsed_filters}
    if unknown := values.keys() - known.keys():
        raise KeyError(*unknown)
    return tuple(
        condition
        for name, each in known.items()
        if values.get(name) is not None
        for condition in each.conditions(values[name])
    )


def _broken_rules(spec: EntitySpec, value_of: Callable[[str], Any]) -> Iterator[Violation]:
    for rule in spec.rules:
        given = [*map(value_of, rule.fields)]
        if None not in given and not rule.holds(*given):
            yield rule.violation


def _changed_immutables(spec: EntitySpec, before: Owned, after: Owned) -> Iterator[Violation]:
    for name, field in spec.fields.items():
        if field.kind.immutable and getattr(before, name) != getattr(after, name):
            yield Violation(name, "immutable", f"The {display_name(name)} is set on creation, and cannot be changed.")
