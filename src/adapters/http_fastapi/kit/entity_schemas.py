"""Schemas of entities, derived from their annotated fields: what is created, changed, shown, and asked of lists."""

from collections.abc import Callable
from decimal import Decimal, InvalidOperation
from enum import StrEnum
from functools import lru_cache
from typing import Annotated, Any, ClassVar, Literal
from uuid import UUID

from pydantic import AfterValidator, BeforeValidator, Field, StrictBool, WithJsonSchema, create_model
from pydantic_core import PydanticCustomError

from adapters.http_fastapi.kit.pagination import ListQuery
from adapters.http_fastapi.kit.schemas import (
    PLAIN,
    CreateBody,
    Day,
    Moment,
    PatchBody,
    ReadMoment,
    View,
    name_schema,
    whole_number,
)
from domain import fields as kinds
from domain.entity import FieldSpec, ListFilter, filters, spec_of
from domain.paging import Comparison, PageRequest, Sort
from domain.repository import Owned
from domain.validation import has_control_characters

NEWEST_FIRST = "-created_at"


class EntityQuery(ListQuery):
    """The query of a list of entities, with their filters and sorts."""

    ENTITY: ClassVar[type[Owned]]
    FILTERS: ClassVar[frozenset[str]]
    sort: str = NEWEST_FIRST

    def request(self) -> PageRequest:
        given = self.model_fields_set & self.FILTERS
        conditions = filters(self.ENTITY, **{name: getattr(self, name) for name in given}) if given else ()
        return PageRequest(limit=self.limit, sort=_sort(self.sort), conditions=conditions)


class EntityPatch(PatchBody):
    """Changes of an entity. A map is merged member by member, where null removes one (RFC 7396)."""

    MAPS: ClassVar[frozenset[str]] = frozenset()

    def fields(self) -> dict[str, Any]:
        changes = super().fields()
        return changes | {name: kinds.MapPatch(changes[name]) for name in self.MAPS & changes.keys()}


def create_body(entity: type[Owned]) -> type[CreateBody]:
    """The body that makes or replaces an entity."""
    members: dict[str, Any] = {field.name: _member(field) for field in spec_of(entity).fields.values()}
    return create_model(
        f"{entity.__name__}Create",
        __base__=CreateBody,
        __doc__=f"A whole {_words(entity)}, as clients write it.",
        **members,
    )


def patch_body(entity: type[Owned]) -> type[PatchBody]:
    """The body that changes some members of an entity; what was set once and for all is none of them."""
    fields = [field for field in spec_of(entity).fields.values() if not field.kind.immutable]
    members: dict[str, Any] = {field.name: _change(field) for field in fields}
    patch = create_model(
        f"{entity.__name__}Patch", __base__=EntityPatch, __doc__=f"Some members of a {_words(entity)}.", **members
    )
    patch.MAPS = frozenset(field.name for field in fields if isinstance(field.kind, kinds.Map))
    return patch


def view(entity: type[Owned]) -> type[View]:
    """The representation of an entity: its id, its fields and its times, in the order of its class."""
    spec = spec_of(entity)
    members: dict[str, Any] = {"id": (UUID, ...)}
    members |= {name: (_shown(field), ...) for name, field in spec.fields.items()}
    members |= {"created_at": (Moment, ...), "updated_at": (Moment, ...)}
    return create_model(entity.__name__, __base__=View, __doc__=f"A {_words(entity)}.", **members)


def list_query(entity: type[Owned]) -> type[EntityQuery]:
    """The query of the entity's list."""
    spec = spec_of(entity)
    orders = tuple(f"{sign}{name}" for name in spec.sorts for sign in ("", "-"))
    members: dict[str, Any] = {
        "sort": (
            Annotated[Literal[orders], Field(description="a leading `-` reverses the order; ties are broken by id")],
            NEWEST_FIRST,
        )
    }
    members |= {name: (_parameter(each), None) for name, each in spec.filters.items()}
    query = create_model(
        f"{entity.__name__}Query",
        __base__=EntityQuery,
        __doc__=f"What a list of {entity.KIND}s can be asked for.",
        **members,
    )
    query.ENTITY, query.FILTERS = entity, frozenset(spec.filters)
    query.NARROWER = {
        name: f"a longer part of the {name.replace('_', ' ')}"
        for name, each in spec.filters.items()
        if each.compares[0][1] is Comparison.CONTAINS
    }
    return query


@lru_cache(1000)
def _sort(order: str) -> Sort:
    return Sort(order.removeprefix("-"), descending=order.startswith("-"))


def _words(entity: type[Owned]) -> str:
    return entity.KIND.replace("_", " ")


def _member(field: FieldSpec) -> Any:
    """Type and default of a member of a whole entity."""
    value, extra = _value(field.kind)
    info: Any = Field(
        description=field.kind.description or None, examples=_examples(field.kind), json_schema_extra=extra or None
    )
    default = ... if field.required else field.default
    return Annotated[value | None if field.optional else value, info], default


def _change(field: FieldSpec) -> Any:
    """Type and default of a member that may be left out."""
    value, extra = _value(field.kind)
    if isinstance(field.kind, kinds.Map):
        value = dict[str, str | None]

    def without_default(schema: dict[str, Any]) -> None:
        schema.pop("default", None)
        schema |= extra

    info: Any = Field(
        description=field.kind.description or None, examples=_examples(field.kind), json_schema_extra=without_default
    )
    return Annotated[value | None if field.optional else value, info], None


def _examples(kind: kinds.Field) -> list[Any] | None:
    return None if kind.example is None else [kind.example]


def _value(kind: kinds.Field) -> tuple[Any, dict[str, Any]]:  # noqa: C901, PLR0911 -- one for each kind
    """The type that reads a value of this kind from JSON, and what the schema says beside it."""
    match kind:
        case kinds.Text(max_length=length):
            return str, name_schema(length)
        case kinds.LongText(max_length=length):
            return str, {"maxLength": length}
        case kinds.Choice(options=options):
            return _choice(options), {}
        case kinds.Boolean():
            return StrictBool, {}
        case kinds.Integer(minimum=least, maximum=most):
            return Annotated[int, whole_number("out_of_range", "This", least, most)], {
                "minimum": least,
                "maximum": most,
            }
        case kinds.Amount():
            return _AMOUNT, {}
        case kinds.Day():
            return Day, {}
        case kinds.Moment():
            return ReadMoment, {}
        case kinds.Words(max_items=items, max_length=length):
            return list[str], {"maxItems": items, "items": {"type": "string", **name_schema(length)}}
        case kinds.Map(max_items=items):
            return dict[str, str], {"maxProperties": items}
        case kinds.Reference():
            return _ID, {}
    raise TypeError(f"There is no schema yet of the kind {type(kind).__name__}.")


def _shown(field: FieldSpec) -> Any:
    kind = field.kind
    value: Any = {kinds.Day: Day, kinds.Moment: Moment, kinds.Amount: _AMOUNT, kinds.Words: list[str]}.get(
        type(kind), field.type
    )
    return value | None if field.optional else value


def _parameter(each: ListFilter) -> Any:
    """The type of a query parameter, which is text."""
    kind = each.kind
    comparison = each.compares[0][1]
    extra: dict[str, Any] = {}
    value: Any
    if comparison is Comparison.CONTAINS and isinstance(kind, kinds.Text):
        value = Annotated[str, AfterValidator(_part_of(kind))]
        extra = {"minLength": 1, "maxLength": kind.max_length, "pattern": f"^{PLAIN}+$"}
    elif each.several and isinstance(kind, kinds.Choice):
        value = Annotated[tuple[str, ...], BeforeValidator(_several(kind.options)), WithJsonSchema({"type": "string"})]
    elif isinstance(kind, kinds.Integer):
        value = Annotated[int, whole_number("out_of_range", "This", kind.minimum, kind.maximum, in_query=True)]
    elif isinstance(kind, kinds.Boolean):
        value = Annotated[bool, BeforeValidator(_boolean), WithJsonSchema({"type": "boolean"})]
    elif isinstance(kind, kinds.Words):
        value, extra = str, name_schema(kind.max_length)
    else:
        value, extra = _value(kind)
    return Annotated[value | None, Field(description=each.description, json_schema_extra=extra or None)]


def _part_of(kind: kinds.Text) -> Callable[[str], str]:
    def part(value: str) -> str:
        if has_control_characters(value) or len(value) > kind.max_length:
            raise PydanticCustomError("name", "No name has this part: it is too long or holds control characters.")
        return value

    return part


def _choice(options: type[StrEnum]) -> Any:
    return Annotated[
        options, BeforeValidator(_option(options)), WithJsonSchema({"type": "string", "enum": list(options)})
    ]


def _option(options: type[StrEnum]) -> Callable[[object], StrEnum]:
    def chosen(value: object) -> StrEnum:
        if not isinstance(value, str) or value not in set(options):
            raise PydanticCustomError("unknown_value", "This is not an allowed value.")
        return options(value)

    return chosen


def _several(options: type[StrEnum]) -> Callable[[object], tuple[StrEnum, ...]]:
    one = _option(options)

    def chosen(value: object) -> tuple[StrEnum, ...]:
        return tuple(dict.fromkeys(map(one, str(value).split(","))))

    return chosen


def _boolean(value: object) -> bool:
    if value not in {"true", "false"}:
        raise PydanticCustomError("boolean", "This is neither true nor false.")
    return value == "true"


def _amount(value: object) -> Decimal:
    """A decimal number from its text, or from a JSON number, which is read as it is written."""
    try:
        if isinstance(value, str | int | float) and not isinstance(value, bool) and len(str(value)) <= _AMOUNT_LENGTH:
            return Decimal(str(value))
    except InvalidOperation:
        pass
    raise PydanticCustomError("amount", "This is not a decimal number.")


_AMOUNT_LENGTH = 100
_AMOUNT = Annotated[Decimal, BeforeValidator(_amount), WithJsonSchema({"type": "string", "format": "decimal"})]


def _id(value: object) -> UUID:
    """The id; the nil UUID, which no object has, for a text that is not an id: both are unknown."""
    if not isinstance(value, str):
        raise PydanticCustomError("wrong_type", "This is not a string.")
    try:
        return UUID(value)
    except ValueError:
        return UUID(int=0)


_ID = Annotated[UUID, BeforeValidator(_id), WithJsonSchema({"type": "string", "format": "uuid"})]
