"""The kinds of fields over HTTP: how each is read from JSON, shown and documented."""

import re
from collections.abc import Callable
from decimal import Decimal
from functools import cache, partial
from typing import Annotated, Any, TypeAlias
from uuid import UUID

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PlainValidator,
    WithJsonSchema,
    create_model,
)
from pydantic_core import PydanticCustomError

from adapters.http_fastapi.kit.entities.field_examples import example
from adapters.http_fastapi.kit.entities.quantities import QUANTITY_VIEW, quantities_type, read_quantities
from adapters.http_fastapi.kit.object_id import read_id
from adapters.http_fastapi.kit.schemas import (
    LINES,
    PLAIN,
    CreateBody,
    Day,
    ReadMoment,
    name_schema,
)
from domain import fields as kinds
from domain.entity import summary_of
from domain.field_spec import FieldSpec, display_name, fields_of
from domain.items import Items
from domain.maps import Map
from domain.quantities import Quantities

Schema: TypeAlias = dict[str, Any]
_CONTROL = r"[\u0000-\u001f\u007f-\u009f]"
_EXACT_BELOW = 2**53
_DECIMAL = re.compile(r"-?[0-9]{1,60}(\.[0-9]{1,60})?")


def written(kind: kinds.Field, *, patch: bool = False) -> Any:  # noqa: PLR0911 -- one for each kind
    """The type that reads a value of this kind from JSON. In a ``patch`` the members of a map may be null."""
    match kind:
        case kinds.Text() | kinds.LongText():
            return Annotated[str, WithJsonSchema(json_schema(kind))]
        case kinds.Day():
            return Day
        case kinds.Moment():
            return ReadMoment
        case kinds.Words():
            return Annotated[list[str], WithJsonSchema(json_schema(kind))]
        case kinds.Choice(options=options):
            return Annotated[Any, PlainValidator(partial(_option, kind), json_schema_input_type=options)]
        case Quantities():
            read = partial(read_quantities, patch=patch)
            return Annotated[Any, PlainValidator(read, json_schema_input_type=quantities_type(kind, patch=patch))]
        case Items(of=of):
            item: Any = item_body(of)  # type: ignore[arg-type]  # -- classes can be hashed
            return Annotated[list[item], AfterValidator(lambda items: tuple(each.item(of) for each in items))]
        case Map():
            members: Any = dict[str, str | None] if patch else dict[str, str]
            return Annotated[members, BeforeValidator(_object), WithJsonSchema(_map_schema(kind, patch=patch))]
    return Annotated[Any, PlainValidator(partial(FROM_JSON[type(kind)], kind)), WithJsonSchema(json_schema(kind))]


def described(field: FieldSpec, **more: Any) -> Any:
    """What the document says of a member."""
    description = field.kind.description or f"its {display_name(field.name)}"
    return Field(**{"description": description, "examples": [example(field)], **more})


def shown(field: FieldSpec) -> Any:
    """The type of a member that clients are shown; nothing is validated on its way out."""
    value: Any
    match field.kind:
        case kinds.Choice(options=options):
            value = options
        case Quantities():
            value = dict[str, QUANTITY_VIEW]
        case Items(of=of):
            item: Any = item_view(of)  # type: ignore[arg-type]  # -- classes can be hashed
            value = list[item]
        case kind:
            value = Annotated[Any, WithJsonSchema(_without_bounds(json_schema(kind)))]
    return value | None if field.optional else value


def json_schema(kind: kinds.Field) -> Schema:  # noqa: C901, PLR0911, PLR0912 -- one for each kind
    """The schema of a value in JSON, and in a query."""
    match kind:
        case kinds.Text(max_length=length, pattern=pattern) if pattern is not None:
            return {"type": "string", "minLength": 1, "maxLength": length, "pattern": f"^({pattern})$"}
        case kinds.Text(max_length=length):
            return {"type": "string", **name_schema(length)}
        case kinds.LongText(max_length=length, trimmed=trimmed):
            return {"type": "string", "maxLength": length, "pattern": LINES} | ({"minLength": 1} if trimmed else {})
        case kinds.Choice(options=options):
            return {"type": "string", "enum": [option.value for option in options]}
        case kinds.Boolean():
            return {"type": "boolean"}
        case kinds.Integer(minimum=least, maximum=most):
            return {"type": "integer", "minimum": least, "maximum": most}
        case kinds.Amount():
            return {"type": "string", "format": "decimal", "pattern": f"^{_amount_pattern(kind)}$"}
        case kinds.Day():
            return {"type": "string", "format": "date"}
        case kinds.Moment():
            return {"type": "string", "format": "date-time"}
        case kinds.Words(max_items=items, max_length=length, min_items=least, options=options):
            item = {"type": "string", **({"enum": [*options]} if options else name_schema(length))}
            bounds = {"maxItems": items, "uniqueItems": True} | ({"minItems": least} if least else {})
            return {"type": "array", "items": item, **bounds}
        case kinds.Actor():
            return {"type": "string"}
        case Map():
            return _map_schema(kind, patch=False)
        case kinds.Reference():
            return {"type": "string", "format": "uuid"}
    raise TypeError(f"HTTP knows no fields of the kind {type(kind).__name__} yet.")


def _amount_pattern(kind: kinds.Amount) -> str:
    before = kind.digits - kind.places
    sign = "" if kind.minimum is not None and kind.minimum >= 0 else "-?"
    whole = f"[0-9]{{1,{before}}}" if before else "0"
    return sign + whole + (rf"(\.[0-9]{{1,{kind.places}}})?" if kind.places else "")


def _map_schema(kind: Map, *, patch: bool) -> Schema:
    text: Schema = {"type": "string", "maxLength": kind.max_length, "pattern": f"^{PLAIN}*$"}
    return {
        "type": "object",
        "additionalProperties": {"anyOf": [text, {"type": "null"}]} if patch else text,
        "maxProperties": kind.max_items,
        "propertyNames": {"pattern": f"^({kind.key_pattern})$", "not": {"pattern": _CONTROL}},
    }


def _without_bounds(schema: Schema) -> Schema:
    """What the schema says of types alone: what is stored may be older than a bound."""
    kept = {name: said for name, said in schema.items() if name in {"type", "format", "enum"}}
    nested = {name: _without_bounds(said) for name, said in schema.items() if name in {"items", "additionalProperties"}}
    return kept | nested


def wrong(code: str, detail: str) -> PydanticCustomError:
    """The error of this code with this sentence, which is no template where it comes without a context."""
    return PydanticCustomError(code, detail)


def _option(kind: kinds.Choice, value: Any) -> Any:
    try:
        return kind.options(value)
    except ValueError:
        raise wrong("unknown_value", f"This is not one of {', '.join(kind.options)}.") from None


def boolean(_: kinds.Boolean, value: object) -> bool:
    if isinstance(value, bool):
        return value
    raise wrong("wrong_type", "This is neither true nor false.")


def integer(kind: kinds.Integer, value: object) -> int:
    """An integer as JSON knows it, which 1.0 is as well, as far as a float is exact."""
    if isinstance(value, float) and value.is_integer() and abs(value) < _EXACT_BELOW:
        value = int(value)
    if type(value) is int and kind.minimum <= value <= kind.maximum:
        return value
    raise wrong("out_of_range", f"This is not a whole number from {kind.minimum} to {kind.maximum}.")


def _amount(_: kinds.Amount, value: object) -> Decimal:
    """A decimal number from text. A number of JSON is refused: on its way it may have been rounded."""
    if isinstance(value, str) and _DECIMAL.fullmatch(value):
        return Decimal(value)
    raise wrong("amount", 'This is not a decimal number as text, such as "12.5".')


def _reference(_: kinds.Reference, value: object) -> UUID:
    return read_id(value)


FROM_JSON: dict[type[kinds.Field], Callable[[Any, object], Any]] = {
    kinds.Choice: _option,
    kinds.Boolean: boolean,
    kinds.Integer: integer,
    kinds.Amount: _amount,
    kinds.Reference: _reference,
}


class ItemBody(CreateBody):
    """An item of a list, as clients write it."""

    def item(self, of: type[Any]) -> Any:
        """The value object."""
        return of(**self.fields())


@cache
def item_body(of: Any) -> type[ItemBody]:
    """The schema of a value object that clients write."""
    members: dict[str, Any] = {
        name: (
            Annotated[written(field.kind) | None if field.optional else written(field.kind), described(field)],
            ... if field.required else field.default,
        )
        for name, field in fields_of(of).items()
    }
    return create_model(f"{of.__name__}Input", __base__=ItemBody, __doc__=summary_of(of), **members)


@cache
def item_view(of: Any) -> type[BaseModel]:
    """The schema of a value object that clients are shown."""
    members: dict[str, Any] = {name: (shown(field), described(field)) for name, field in fields_of(of).items()}
    return create_model(of.__name__, __config__=ConfigDict(extra="forbid"), __doc__=summary_of(of), **members)


def _object(value: object) -> object:
    if not isinstance(value, dict):
        raise wrong("wrong_type", "This is not an object.")
    return value
