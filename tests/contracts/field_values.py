"""Values for every kind of field: typical values, boundary values, and invalid JSON with its error code."""

from collections.abc import Iterator, Mapping
from dataclasses import asdict, replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any, TypeAlias
from uuid import UUID

from domain import fields as kinds
from domain.field_spec import FieldSpec, fields_of
from domain.items import Items
from domain.maps import Map
from domain.quantities import EXACT_MAX, Quantities, Quantity, QuantityValue

Refused: TypeAlias = tuple[Any, str | None]
"""An invalid JSON value of one member, and its error code; None accepts any code."""

REFERRED_IDS = tuple(UUID(f"0199f3c2-7a10-7000-8000-00000000000{end}") for end in "12")
"""The ids of two objects of each kind that others must refer to; every owner has objects with these ids.

The first is the id in the examples of the OpenAPI document.
"""
QUANTITIES: tuple[QuantityValue, ...] = (EXACT_MAX, -EXACT_MAX, 5e-324, 1e300, 1e22, 0.1, 12.0, True, "", "🐐")
UNICODE = "  Flügel 漢字 🐐 e\u0301 \u202e\u05e9\u05dc\u05d5\u05dd\u202c 'quoted' \"%s\" 100% $1 \\ ; -- "


def example(field: FieldSpec) -> Any:  # noqa: C901, PLR0911, PLR0912 -- one for each kind
    """The declared example of the field as a domain value, or a default if it declares none."""
    kind, given = field.kind, field.kind.example
    match kind:
        case kinds.Text():
            return given or "Any"
        case kinds.LongText():
            return given or "One line,\nand another"
        case kinds.Choice(options=options):
            return options(given) if given else next(iter(options))
        case kinds.Boolean():
            return True if given is None else given
        case kinds.Integer(minimum=least, maximum=most):
            return min(max(1, least), most) if given is None else given
        case kinds.Amount(minimum=least, places=places):
            return round(Decimal(given or least or 0), places)
        case kinds.Day():
            return date.fromisoformat(given or "2026-01-05")
        case kinds.Moment():
            return datetime.fromisoformat(given or "2026-01-05T08:00:00Z")
        case kinds.Words():
            return tuple(given or ("any",))
        case Quantities():
            return {name: Quantity(**member) for name, member in (given or {"any": {"value": 1}}).items()}
        case Items(of=of):
            return (of(**{name: example(each) for name, each in fields_of(of).items()}),)
        case Map():
            return dict(given or {"any": "thing"})
        case kinds.Reference():
            return REFERRED_IDS[0]
    raise _unknown(field)


def another(field: FieldSpec, value: Any) -> Any:  # noqa: C901, PLR0911, PLR0912 -- one for each kind
    """A value that differs from this one."""
    if value in (None, (), {}):
        return example(field)
    match field.kind:
        case kinds.Text() | kinds.LongText():
            return "b" if value != "b" else "c"
        case kinds.Choice(options=options):
            every = list(options)
            return every[(every.index(value) + 1) % len(every)]
        case kinds.Boolean():
            return not value
        case kinds.Integer(minimum=least, maximum=most):
            return value + 1 if value < most else least
        case kinds.Amount(places=places):
            return value + Decimal(1).scaleb(-places)
        case kinds.Day():
            return value + timedelta(days=1)
        case kinds.Moment():
            return value + timedelta(hours=1)
        case kinds.Words():
            return tuple(f"{word}x" for word in value)
        case Quantities():
            return {name: Quantity((member.number or 0) + 0.5, member.unit) for name, member in value.items()}
        case Items(key=key):
            return tuple(replace(item, **{key: getattr(item, key) + "x"}) for item in value)
        case Map():
            return {name: f"{text}x" for name, text in value.items()}
        case kinds.Reference():
            return REFERRED_IDS[value == REFERRED_IDS[0]]
    raise _unknown(field)


def distinct(field: FieldSpec, number: int) -> Any:
    """A value that differs for each number. 0 gives the example; 1 and 2 give the next values of ``another``."""
    values = [example(field)]
    for _ in range(2):
        values.append(another(field, values[-1]))
    if number < len(values):
        return values[number]
    match field.kind:
        case kinds.Text(max_length=length):
            end = f" {number}" if length > 2 * len(str(number)) else str(number)
            return values[number % 3][: length - len(end)] + end
        case kinds.Integer(minimum=least, maximum=most):
            return least + (values[0] - least + number) % (most - least + 1)
        case kinds.Amount(places=places):
            return values[0] + Decimal(number).scaleb(-places)
        case kinds.Day():
            return values[0] + timedelta(days=number)
        case kinds.Moment():
            return values[0] + timedelta(hours=number)
    raise _unknown(field)


def edges(field: FieldSpec) -> Iterator[Any]:
    """Boundary values that are valid whatever the other fields hold. See also ``ends``."""
    match field.kind:
        case kinds.Text(max_length=length) | kinds.LongText(max_length=length):
            yield from (UNICODE[:length], "🐐" * length)
        case kinds.Choice(options=options):
            yield from options
        case kinds.Boolean():
            yield from (False, True)
        case kinds.Amount(digits=digits, places=places):
            most = (Decimal(10) ** digits - 1).scaleb(-places)
            least, greatest = field.kind.minimum, field.kind.maximum
            yield from (-most if least is None else least, most if greatest is None else greatest)
        case kinds.Words(max_items=items, max_length=length):
            yield from ((), tuple(f"{n:03}".ljust(length, "🐐")[:length] for n in range(items)))
        case Quantities(max_items=items):
            yield {}
            yield {f"n{place}": Quantity(value, UNICODE[:32]) for place, value in enumerate(QUANTITIES)}
            yield {f"n{place}": Quantity("🐐" * 20) for place in range(items)}
        case Items(key=key, max_items=items):
            (one,) = example(field)
            yield from ((), tuple(replace(one, **{key: f"{place} 🐐"}) for place in range(items)))
        case Map():
            yield from ({}, dict.fromkeys(example(field), "🐐" * field.kind.max_length))
    if field.optional:
        yield None


def refused(field: FieldSpec) -> Iterator[Refused]:  # noqa: C901, PLR0912 -- one for each kind
    """Invalid JSON values of the field."""
    wrong: Any = "wrong_type"
    match field.kind:
        case kinds.Text(max_length=length):
            yield from (("", "too_short"), ("  ", "too_short"), ("x" * (length + 1), "too_long"))
            yield from ((text, "control_characters") for text in ("a\u0000b", "a\nb", "a\ud800"))
            yield from ((7, wrong), ("\u200b\u2060", "invisible"))
        case kinds.LongText(max_length=length, trimmed=trimmed):
            yield from ((("", "too_short"), (" \n ", "too_short")) if trimmed else ())
            yield from (("x" * (length + 1), "too_long"), ("a\u0000b", "control_characters"), (7, wrong))
        case kinds.Choice():
            yield from (("no such option", "unknown_value"), ("", None), (7, None))
        case kinds.Boolean():
            yield from (("true", None), (1, None))
        case kinds.Integer(minimum=least, maximum=most):
            yield from ((least - 1, "out_of_range"), (most + 1, "out_of_range"), ("1", None), (1.5, None), (True, None))
        case kinds.Amount(digits=digits, places=places):
            yield from ((str(Decimal(10) ** digits), "out_of_range"), (f"1.{'0' * places}1", "out_of_range"))
            yield from (("x", None), ("NaN", None), ("", None))
        case kinds.Day():
            wrong = "date"
            yield from ((text, wrong) for text in ("2026-02-30", "2026-01-05T00:00:00", "0000-01-01", "10000-01-01"))
            yield 1767571200, wrong
        case kinds.Moment():
            wrong = "date_time"
            yield from ((text, wrong) for text in ("2026-01-05T08:00:00", "2026-01-05", "10000-01-01T00:00:00Z"))
            yield 1767571200, wrong
        case kinds.Words(max_items=items):
            yield from (([str(n) for n in range(items + 1)], "too_many"), (["a", "a"], "repeated"), ("a", None))
        case Quantities():
            yield from (("a", wrong), ([], wrong), (dict.fromkeys(map("a{}".format, range(101)), 1), "too_many"))
        case Items(max_items=items):
            yield from ((as_json(example(field)) * (items + 1), "too_many"), ("a", wrong), ({}, wrong))
        case Map(max_items=items):
            yield from (("a", wrong), ([], wrong), ({f"a{n}": "" for n in range(items + 1)}, "too_many"))
        case kinds.Reference():
            yield 7, wrong  # any text is accepted as an id, even if no object has it
    if not field.optional:
        yield None, wrong if wrong in {"date", "date_time"} or isinstance(field.kind, kinds.Text) else None


def refused_members(field: FieldSpec) -> Iterator[tuple[Any, str, str]]:
    """Invalid JSON values of which one member is wrong, with the error code and the pointer from the field to it."""
    match field.kind:
        case Quantities():
            yield from (({"": 1}, "key", "/"), ({"a": EXACT_MAX + 1}, "out_of_range", "/a"))
            yield from (({"a": {"unit": "m"}}, "missing", "/a/value"), ({"a/~": 1}, "key", "/a~1~0"))
        case Items():
            (one,) = as_json(example(field))
            yield from (([one, one], "repeated", "/1/name"), ([one | {"x": 1}], "unknown", "/0/x"))
        case Map():
            yield from (
                ({"": "a"}, "key", "/"),
                ({"a": "\u0000"}, "control_characters", "/a"),
                ({"a": 1}, "wrong_type", "/a"),
            )


def ends(field: FieldSpec) -> tuple[Any, Any] | None:
    """The minimum and the maximum of a field, for the kinds that rules between fields compare."""
    match field.kind:
        case kinds.Day():
            return date.min, date.max
        case kinds.Moment():
            return datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC)
        case kinds.Integer(minimum=minimum, maximum=maximum):
            return minimum, maximum
    return None


def as_json(value: Any) -> Any:
    """The value as JSON, in requests and responses."""
    if isinstance(value, datetime):
        return value.isoformat().replace("+00:00", "Z")
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, Mapping):
        return {name: member._asdict() if isinstance(member, Quantity) else member for name, member in value.items()}
    if isinstance(value, tuple):
        return [item if isinstance(item, str) else asdict(item) for item in value]
    return str(value) if isinstance(value, Decimal | str | UUID) else value


def _unknown(field: FieldSpec) -> TypeError:
    kind = type(field.kind).__name__
    return TypeError(f"No value of the kind {kind} can be made here: give {field.name!r} in the entity's case.")
