"""What an entity or a value object declares about each of its fields, read once from its class."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import MISSING, dataclass, fields, replace
from functools import cache
from typing import Annotated, Any, get_args, get_origin, get_type_hints

from domain.errors import Violation
from domain.fields import INDEXED_MAX, Field, Problem, Text
from domain.paging import Comparison


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


def _with_kept_default(name: str, field: FieldSpec) -> FieldSpec:
    """The field with its default as it is kept. Raises ``TypeError`` for one that no client could send."""
    if field.required or (field.default is None and field.optional):
        return field
    default = None if field.default is None else field.kind.normalized(field.default)
    if violations := [*violations_in(field, default)]:
        raise TypeError(f"{name} has a default that it cannot have: {violations[0].detail}")
    return replace(field, default=default)


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


def _is_annotated(hint: Any) -> bool:
    return get_origin(hint) is Annotated


def _without_none(hint: Any) -> tuple[Any, bool]:
    kinds = [each for each in get_args(hint) if each is not type(None)]
    return (kinds[0], True) if type(None) in get_args(hint) else (hint, False)


def violations_in(field: FieldSpec, value: Any) -> Iterator[Violation]:
    """What is wrong with a normalized value of this field."""
    if value is not None:
        yield from violations_from(field, field.kind.problems(value))
    elif not field.optional:
        yield Violation(field.name, "missing", f"The {display_name(field.name)} is missing.")


def violations_from(field: FieldSpec, problems: Iterable[Problem]) -> Iterator[Violation]:
    """The problems of a value of this field as violations."""
    for code, predicate, path in problems:
        yield Violation(field.name, code, f"The {display_name(field.name)} {predicate}.", path)


def stored_violations(field: FieldSpec, value: Any) -> list[Violation]:
    """What is wrong with a stored value of this field, which must be in its normalized form."""
    normalized = None if value is None else field.kind.normalized(value)
    found = [*violations_in(field, normalized)]
    if not found and normalized != value:
        return [Violation(field.name, "blanks", f"The {display_name(field.name)} begins or ends with blanks.")]
    return found


def display_name(name: str) -> str:
    """The field's name as people read it."""
    return name.replace("_", " ")


def text_kind(field: FieldSpec) -> Text | None:
    """The kind of a field whose case-folded text is kept beside it; None for any other."""
    return field.kind if isinstance(field.kind, Text) and field.kind.folded else None
