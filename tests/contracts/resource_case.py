"""Test data of a kind of entity over HTTP: valid and invalid bodies, sort orders and filters."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from operator import itemgetter
from typing import Any, TypeAlias

from domain import fields as kinds
from domain.entity_spec import EntitySpec, spec_of
from domain.paging import Comparison, Sort
from domain.references import referred_kind
from tests.contracts import field_values
from tests.contracts.field_values import as_json

Json: TypeAlias = dict[str, Any]
Violations: TypeAlias = Mapping[str, str | None]
"""Error codes by location (a JSON pointer, a parameter or a header); None accepts any code."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, repr=False)
class ResourceCase:
    """Test data of a kind of entity over HTTP.

    ``values`` holds three domain values of each member; every combination of them is valid. ``contradiction`` is a
    change that is valid by itself and breaks a rule together with the values of ``body``. ``state`` holds the members
    that every whole body has to send, because their defaults would have an object with these values leave its state.
    ``statements`` and ``calls`` are the expected costs by verb, where they differ from those of a plain entity.
    """

    spec: EntitySpec
    values: Mapping[str, Sequence[Any]]
    refused: Sequence[tuple[Json, Violations]]
    contradiction: tuple[Json, Violations] | None
    state: Json = field(default_factory=dict)
    statements: Mapping[str, tuple[int, int]] = field(default_factory=dict)
    calls: Mapping[str, int] = field(default_factory=dict)

    def __repr__(self) -> str:
        return self.plural

    @property
    def entity(self) -> type[Any]:
        return self.spec.entity

    @property
    def kind(self) -> str:
        kind: str = self.entity.KIND
        return kind

    @property
    def plural(self) -> str:
        plural: str = self.entity.PLURAL
        return plural

    @property
    def path(self) -> str:
        return f"/api/v1/{self.plural}"

    @property
    def unknown(self) -> str:
        """The path of an object that never existed."""
        return f"{self.path}/0199f3c2-0000-7000-8000-000000000000"

    def path_of(self, shown: Json) -> str:
        """The path of this object, given its JSON."""
        return f"{self.path}/{shown['id']}"

    @property
    def not_found(self) -> str:
        """The problem code for an object that does not exist."""
        return f"{self.kind}_not_found"

    @property
    def reads(self) -> str:
        """The scope that reading requires."""
        return f"{self.plural}:read"

    @property
    def writes(self) -> str:
        """The scope that writing requires."""
        return f"{self.plural}:write"

    def operation(self, verb: str) -> str:
        """The ``operationId`` of this verb."""
        names = {
            "list": f"list_{self.plural}",
            "batch": f"create_{self.plural}",
            "revisions": f"list_{self.kind}_revisions",
        }
        return names.get(verb, f"{verb}_{self.kind}")

    @property
    def body(self) -> Json:
        """A complete request body, with the example value of each member."""
        return {name: as_json(first) for name, (first, *_) in self.values.items()}

    @property
    def made_by_the_service(self) -> list[str]:
        """The members that clients cannot write."""
        return ["id", *(each.name for each in self.spec.actors), "created_at", "updated_at"]

    @property
    def required(self) -> Json:
        """The required members of ``body``."""
        return {name: value for name, value in self.body.items() if self.spec.fields[name].required}

    @property
    def defaults(self) -> Json:
        """The default values of the optional members."""
        return {name: as_json(value) for name, value in self.spec.defaults.items()}

    @property
    def reset(self) -> Json:
        """The values that a replacement gives to the members that it omits."""
        return {name: as_json(value) for name, value in self.spec.reset.items()}

    @property
    def other(self) -> Json:
        """A complete request body that differs from ``body`` in every member that can be changed."""
        return {name: as_json(second) for name, (_, second, _) in self.values.items()}

    @property
    def changes(self) -> list[Json]:
        """One change for each member that can be changed."""
        return [{name: value} for name, value in self.other.items() if value != self.body[name]]

    @property
    def change(self) -> Json:
        """One change of all members that can be changed."""
        return {name: value for change in self.changes for name, value in change.items()}

    @property
    def no_change(self) -> Json:
        """An update of the same members that repeats the values of ``body``."""
        return {name: self.body[name] for name in self.change}

    @property
    def edges(self) -> Iterator[dict[str, Any]]:
        """Boundary values of the members, as domain values; none contradicts the values of ``body``."""
        for name, each in self.spec.fields.items():
            yield from ({name: value} for value in field_values.edges(each) if self._breaks_no_rule({name: value}))
        ends = {name: field_values.ends(each) for name, each in self.spec.fields.items()}
        for end in (0, 1):
            # All minimums, then all maximums: rules compare these members with each other.
            yield {name: both[end] for name, both in ends.items() if both is not None}

    def _breaks_no_rule(self, members: Mapping[str, Any]) -> bool:
        values = {**{name: first for name, (first, *_) in self.values.items()}, **members}
        given = ([values[name] for name in rule.fields] + [rule] for rule in self.spec.rules)
        return all(None in several or rule.holds(*several) for *several, rule in given)

    def kept(self, members: Mapping[str, Any]) -> Json:
        """The members as responses show them, after normalization."""
        return {
            name: as_json(None if value is None else self.spec.fields[name].kind.normalized(value))
            for name, value in members.items()
        }

    def varied_values(self, number: int) -> dict[str, Any]:
        """Values of all members for object ``number``; those of members that are not unique repeat between objects."""
        picks = ((number * step + number // 3) % 3 for step in range(1, 1 + len(self.values)))
        values = {name: three[pick] for (name, three), pick in zip(self.values.items(), picks, strict=True)}
        return values | self.distinct_values(number)

    def varied(self, number: int) -> Json:
        """``varied_values`` as JSON."""
        return {name: as_json(value) for name, value in self.varied_values(number).items()}

    @property
    def label(self) -> str:
        """A member that accepts any one-line text."""
        return next(each.name for each in self.spec.fields.values() if isinstance(each.kind, kinds.Text))

    @property
    def unique(self) -> frozenset[str]:
        """The members whose values are unique among an owner's objects."""
        return frozenset(field.name for field in spec_of(self.entity).unique)

    @property
    def references(self) -> dict[str, str]:
        """The members that must refer to another object, with the kinds that they refer to."""
        return {
            field.name: referred_kind(self.entity, field.name)
            for field in spec_of(self.entity).references
            if not field.optional
        }

    def distinct_values(self, number: int) -> dict[str, Any]:
        """Values of the unique members, different for each number; those of 0 are in ``body``."""
        named = {name: self.spec.fields[name] for name in self.unique}
        return {
            name: field_values.distinct(each, number)
            for name, each in named.items()
            if self.values[name][0] is not None
        }

    def distinct(self, number: int) -> Json:
        """``distinct_values`` as JSON."""
        return {name: as_json(value) for name, value in self.distinct_values(number).items()}

    def changeable(self, members: Mapping[str, Any]) -> dict[str, Any]:
        """These members without those of the state, which an object may not leave."""
        return {name: value for name, value in members.items() if name not in self.state}

    def repeatable(self, members: Mapping[str, Any]) -> dict[str, Any]:
        """These members without the unique ones."""
        return {name: value for name, value in members.items() if name not in self.unique}

    def named(self, text: str) -> Json:
        """A body with this text as the label, and no other members."""
        return {self.label: text}

    @property
    def part_of_name(self) -> str | None:
        """The list parameter that filters by a part of the label, if there is one."""
        parts = (name for name, each in self.spec.filters.items() if (self.label, Comparison.CONTAINS) in each.compares)
        return next(parts, None)

    @property
    def sorts(self) -> list[Sort]:
        """Every sort order, as domain values."""
        return [Sort(name, descending) for name in self.spec.sorts for descending in (False, True)]

    @property
    def orders(self) -> list[str]:
        """Every value of the ``sort`` parameter."""
        return [f"{sign}{name}" for name in self.spec.sorts for sign in ("", "-")]

    def place(self, shown: Json, name: str) -> tuple[Any, str]:
        """The sort key of the object: the value of this member, then the id."""
        written = self.spec.fields.get(name)
        return comparable(written.kind if written else kinds.Moment(), shown[name]), shown["id"]

    def in_order(self, shown: Iterable[Json], order: str) -> list[Json]:
        """The objects sorted as a list with this ``sort`` parameter returns them: those without a value last."""
        name = order.removeprefix("-")
        every, descending = [*shown], order != name
        with_value = [one for one in every if one[name] is not None]
        without = [one for one in every if one[name] is None]
        with_value.sort(key=lambda one: self.place(one, name), reverse=descending)
        without.sort(key=itemgetter("id"), reverse=descending)
        return with_value + without

    def fulfils(self, shown: Json, parameter: str, value: str) -> bool:
        """Whether the object matches this filter."""
        asked = self.spec.filters[parameter]
        return all(
            shown[name] is not None and _holds(comparison, asked.kind, shown[name], value)
            for name, comparison in asked.compares
        )

    def filter_values(self) -> Iterator[tuple[str, Any]]:
        """Every filter parameter, with each domain value that some objects have."""
        for parameter, each in self.spec.filters.items():
            for value in (value for name, _ in each.compares for value in self.values[name]):
                several = value if isinstance(value, tuple) else [value]
                yield from ((parameter, one) for one in several if one is not None)

    def filter_queries(self) -> Iterator[tuple[str, str]]:
        """``filter_values`` as they appear in a query string."""
        return ((parameter, query_text(value)) for parameter, value in self.filter_values())


def comparable(kind: kinds.Field, value: Any) -> Any:
    """The comparison key of a JSON or query value: case-folded text, or the parsed value."""
    match kind:
        case kinds.Moment():
            return datetime.fromisoformat(value)
        case kinds.Amount():
            return Decimal(value)
        case kinds.Integer():
            return int(value)
        case kinds.Text():
            return value.casefold()
    return value


def query_text(value: Any) -> str:
    """The value as it appears in a query string."""
    return str(value).lower() if isinstance(value, bool) else str(as_json(value))


def _holds(comparison: Comparison, kind: kinds.Field, actual: Any, value: str) -> bool:
    match comparison:
        case Comparison.CONTAINS:
            return value.casefold() in actual.casefold()
        case Comparison.AT_LEAST:
            return bool(comparable(kind, actual) >= comparable(kind, value))
        case Comparison.AT_MOST:
            return bool(comparable(kind, actual) <= comparable(kind, value))
        case Comparison.ANY_OF:
            return query_text(actual) in value.split(",")
        case Comparison.HAS:
            return value in actual
    return query_text(actual) == value
