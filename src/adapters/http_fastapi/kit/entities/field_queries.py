"""The kinds of fields in a query: how the values of its parameters are read and documented."""

import re
from collections.abc import Callable, Sequence
from functools import partial
from typing import Annotated, Any, TypeVar

from pydantic import AfterValidator, Field, PlainValidator, ValidationError, WithJsonSchema
from pydantic_core import InitErrorDetails, PydanticCustomError

from adapters.http_fastapi.kit.entities.field_kinds import (
    FROM_JSON,
    Schema,
    boolean,
    integer,
    json_schema,
    wrong,
)
from adapters.http_fastapi.kit.object_id import id_from
from adapters.http_fastapi.kit.schemas import PLAIN, read_day, read_moment
from domain import fields as kinds
from domain.field_spec import display_name
from domain.list_filters import ListFilter, ParsedFilter
from domain.paging import Comparison, Condition
from domain.validation import has_control_characters

T = TypeVar("T")
_WHOLE_NUMBER = re.compile(r"-?[0-9]{1,30}")


def parameter(each: ListFilter) -> Any:
    """The type of a query parameter, which is text: of one value, or of several with commas between them."""
    attribute, comparison = each.compares[0]
    # An item of a list is a text like any other.
    kind = kinds.Text(max_length=each.kind.max_length) if isinstance(each.kind, kinds.Words) else each.kind
    if comparison is Comparison.CONTAINS and isinstance(kind, kinds.Text):
        schema = {"type": "string", "minLength": 1, "maxLength": kind.max_length, "pattern": f"^{PLAIN}+$"}
        value: Any = Annotated[str, AfterValidator(partial(_part, kind, attribute)), WithJsonSchema(schema)]
    elif each.several:
        value = Annotated[Any, PlainValidator(partial(_several, kind)), WithJsonSchema(_several_schema(kind))]
    else:
        value = Annotated[Any, PlainValidator(partial(_from_query, kind)), WithJsonSchema(json_schema(kind))]
    return Annotated[value | None, Field(description=each.description)]


def conditions_parameter(each: ParsedFilter) -> Any:
    """The type of a query parameter that says whole conditions, and may be repeated."""
    one = {"type": "string", "pattern": each.pattern, "examples": [each.example]}
    schema: Schema = {"type": "array", "items": one, "minItems": 1, "maxItems": each.REPEATED_MAX}
    read = PlainValidator(partial(_conditions, each))
    return Annotated[Annotated[Any, read, WithJsonSchema(schema)] | None, Field(description=each.description)]


def _several_schema(kind: kinds.Field) -> Schema:
    """The schema of several values in one text, with commas between them."""
    match kind:
        case kinds.Choice(options=options):
            one = "|".join(re.escape(option) for option in options)
        case kinds.Reference():
            one = "-".join(f"[0-9a-fA-F]{{{digits}}}" for digits in (8, 4, 4, 4, 12))
        case _:
            one = r"[^,\u0000-\u001f\u007f-\u009f]*[^,\s\u0000-\u001f\u007f-\u009f][^,\u0000-\u001f\u007f-\u009f]*"
    return {"type": "string", "pattern": f"^({one})(,({one}))*$"}


def _conditions(each: ParsedFilter, texts: list[str]) -> tuple[Condition, ...]:
    """The conditions that a repeated parameter says."""
    if len(texts) > each.REPEATED_MAX:
        raise wrong("repeated", f"The parameter is given more than {each.REPEATED_MAX} times.")

    def parsed(text: str) -> Condition:
        try:
            return each.parse(text)
        except ValueError as error:
            raise wrong(each.parameter, str(error)) from None

    return _all_of(parsed, texts)


def _from_query(kind: kinds.Field, text: str) -> Any:
    """One value of this kind from a query; whatever no entity can have is refused."""
    value: Any = text
    match kind:
        case kinds.Boolean():
            value = boolean(kind, {"true": True, "false": False}.get(text))
        case kinds.Integer():
            value = integer(kind, int(text) if _WHOLE_NUMBER.fullmatch(text) else None)
        case kinds.Day():
            value = read_day(text)
        case kinds.Moment():
            value = read_moment(text)
        case kinds.Reference():
            value = id_from(text)
            if value is None:
                raise wrong("id", "This is not an id, which is a UUID.")
        case kinds.Choice() | kinds.Amount():
            value = FROM_JSON[type(kind)](kind, text)
    value = kind.normalized(value)
    for code, predicate, _ in kind.problems(value):
        raise wrong(code, f"This {predicate}.")
    return value


def _several(kind: kinds.Field, text: str) -> tuple[Any, ...]:
    """The values between the commas, each once, in an order of their own: a cursor is bound to the set of them."""
    return tuple(sorted(set(_all_of(partial(_from_query, kind), text.split(",")))))


def _all_of(read: Callable[[str], T], texts: Sequence[str]) -> tuple[T, ...]:
    """What is read of each text. Raises ``ValidationError`` for all that are wrong."""
    values: list[T] = []
    errors: dict[str, InitErrorDetails] = {}
    for place, text in enumerate(texts):
        try:
            values.append(read(text))
        except PydanticCustomError as error:
            errors.setdefault(error.message(), InitErrorDetails(type=error, loc=(place,), input=None))
    if errors:
        raise ValidationError.from_exception_data("query", [*errors.values()])
    return tuple(values)


def _part(kind: kinds.Text, attribute: str, value: str) -> str:
    if has_control_characters(value) or len(value) > kind.max_length:
        raise wrong(
            attribute, f"No {display_name(attribute)} has this part: it is too long or holds control characters."
        )
    return value
