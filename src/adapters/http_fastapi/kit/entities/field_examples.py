"""Examples of the kinds of fields, for the OpenAPI document."""

import re
from decimal import Decimal
from typing import Any

from pydantic_core import to_jsonable_python

from domain import fields as kinds
from domain.field_spec import FieldSpec, fields_of
from domain.items import Items
from domain.maps import Map


def example(field: FieldSpec) -> Any:  # noqa: C901, PLR0911 -- one for each kind
    """A value of the field as JSON: what is declared, else one that its kind allows; no reference where it may be."""
    kind = field.kind
    if kind.example is not None:
        return to_jsonable_python(kind.example)
    match kind:
        case kinds.Choice(options=options):
            return next(iter(options)).value
        case kinds.Integer(minimum=least, maximum=most):
            return min(max(1, least), most)
        case kinds.Amount(places=places, minimum=minimum, maximum=maximum):
            at_least = max(Decimal(0), minimum or Decimal(0))
            return f"{round(at_least if maximum is None else min(at_least, maximum), places):f}"
        case kinds.Text(max_length=length) | kinds.LongText(max_length=length):
            return _EXAMPLES[type(kind)][:length]
        case kinds.Words(max_length=length):
            return ["any"[:length]]
        case Items(of=of):
            return [{name: example(each) for name, each in fields_of(of).items()}]
        case kinds.Actor():
            return "key:0199f3c2-7a10-7000-8000-000000000001"
        case Map(key_pattern=pattern, max_length=length):
            return {name: "any"[:length] for name in ("any", "ANY", "1") if re.fullmatch(pattern, name)}
        case kinds.Reference():
            return None if field.optional else "0199f3c2-7a10-7000-8000-000000000001"
    return _EXAMPLES[type(kind)]


_EXAMPLES: dict[type[kinds.Field], Any] = {
    kinds.Text: "any",
    kinds.LongText: "one line,\nand another",
    kinds.Boolean: True,
    kinds.Day: "2026-01-05",
    kinds.Moment: "2026-01-05T08:00:00Z",
}
