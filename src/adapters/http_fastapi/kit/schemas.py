"""What all schemas share: strict values, base classes of bodies, queries and representations, and pages."""

import json
import re
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, date, datetime
from functools import cache
from itertools import starmap
from operator import attrgetter
from typing import Annotated, Any, ClassVar, Generic, TypeVar

import msgspec
from pydantic import AwareDatetime, BaseModel, BeforeValidator, ConfigDict, Field, WithJsonSchema, create_model
from pydantic.fields import FieldInfo
from pydantic_core import PydanticCustomError

from adapters.http_fastapi.kit.body import JSON_TYPES, PATCH_TYPES, BodyLimits
from domain.access.scopes import Scope as KeyScope
from domain.errors import Violation

T = TypeVar("T")
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_MOMENT = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]+)?(Z|[+-][0-9]{2}:[0-9]{2})")


PLAIN = r"[^\u0000-\u001f\u007f-\u009f]"
ACTOR = "key:0199f3c2-7a10-7000-8000-000000000002"
CURSOR = "AZnzwnoQcACAAAAAAAAAAQ"
REQUEST_ID = "5f2c0d5e1b7a4c0f9d3e8a6b2c4d1e0f"
LINES = r"^[^\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u009f]*$"
_SEEN = r"[^\s\u0000-\u001f\u007f-\u009f]"


def read_day(value: object) -> date:
    """The date of this text. Raises ``PydanticCustomError``."""
    try:
        if isinstance(value, str) and _DAY.fullmatch(value):
            return date.fromisoformat(value)
    except ValueError:
        pass
    raise PydanticCustomError("date", "This is not a date of the form YYYY-MM-DD.")


def read_moment(value: object) -> datetime:
    """The time of this text, in UTC. Raises ``PydanticCustomError``."""
    try:
        if isinstance(value, str) and _MOMENT.fullmatch(text := value.upper()):
            return datetime.fromisoformat(text).astimezone(UTC)
    except (ValueError, OverflowError):
        pass
    raise PydanticCustomError("date_time", "This is not a time with its UTC offset, as in 2026-11-22T08:00:00Z.")


def _scope(value: object) -> KeyScope:
    if not isinstance(value, str) or value not in set(KeyScope):
        raise PydanticCustomError("scope", f"This is not one of {', '.join(sorted(KeyScope))}.")
    return KeyScope(value)


Day = Annotated[date, BeforeValidator(read_day), WithJsonSchema({"type": "string", "format": "date"})]
Moment = Annotated[AwareDatetime, WithJsonSchema({"type": "string", "format": "date-time"})]
ReadMoment = Annotated[
    AwareDatetime, BeforeValidator(read_moment), WithJsonSchema({"type": "string", "format": "date-time"})
]
MomentOrNull = ReadMoment | None
ScopeName = Annotated[KeyScope, BeforeValidator(_scope)]


def whole_number(code: str, name: str, least: int, most: int, *, in_query: bool = False) -> BeforeValidator:
    """Takes an integer as JSON knows it, which 1.0 is as well, or the digits of a query, from ``least`` to ``most``."""

    def validated(value: object) -> int:
        if isinstance(value, str):
            digits = in_query and value.isascii() and value.isdigit() and len(value) <= len(str(most))
            value = int(value) if digits else None
        elif isinstance(value, float) and value.is_integer():
            value = int(value)
        if type(value) is int and least <= value <= most:
            return value
        raise PydanticCustomError(code, f"{name} is a whole number from {least} to {most}.")

    return BeforeValidator(validated)


def name_schema(max_length: int) -> dict[str, Any]:
    """The bounds of a line of text; the domain trims it and holds it to them."""
    return {"minLength": 1, "maxLength": max_length, "pattern": f"^{PLAIN}*{_SEEN}{PLAIN}*$"}


def name_field(max_length: int, example: str) -> FieldInfo:
    """A name."""
    info: FieldInfo = Field(
        description="what it is called; trimmed, without control characters",
        examples=[example],
        json_schema_extra=name_schema(max_length),
    )
    return info


def _describe_defaults(schema: dict[str, Any]) -> None:
    """Says in words what a member is that is left out: generators make a member with a default a required one."""
    for member in schema["properties"].values():
        if (default := member.pop("default", None)) is not None:
            said = [member.get("description"), f"`{json.dumps(default)}` if left out"]
            member["description"] = "; ".join(filter(None, said))


class CreateBody(BaseModel):
    """The base of a body: unknown members are refused, and no value is converted to another type."""

    MEDIA_TYPES: ClassVar[frozenset[str]] = JSON_TYPES
    LIMITS: ClassVar[BodyLimits] = BodyLimits()
    model_config = ConfigDict(extra="forbid", strict=True, json_schema_extra=_describe_defaults)

    def fields(self) -> dict[str, Any]:
        """The members that were sent."""
        return {name: getattr(self, name) for name in self.model_fields_set}

    @classmethod
    def violations(cls, content: Any, at: datetime) -> Iterable[Violation]:  # noqa: ARG003  # -- bodies with rules do
        """What is wrong at this time with what can be read of a body, beside what its schema says.

        It is asked for where the request is refused anyway, so that the answer tells everything at once.
        """
        return ()


class PatchBody(CreateBody):
    """The base of a body of changes: every member may be left out."""

    MEDIA_TYPES: ClassVar[frozenset[str]] = PATCH_TYPES


class QueryModel(BaseModel):
    """The parameters of a query, each known, and given at most once unless it is one of ``REPEATED``."""

    model_config = ConfigDict(extra="forbid")
    REPEATED: ClassVar[frozenset[str]] = frozenset()
    """The parameters that may be given more than once; the model gets a list."""
    CURSOR: ClassVar[str | None] = None
    """The parameter that holds a cursor: whatever is wrong with it is answered as one that is not genuine."""


class View(BaseModel):
    """A representation that clients are shown; its members are the entity's, by the same names."""

    model_config = ConfigDict(extra="forbid")  # for the document; nothing is validated on its way out
    CONVERTED: ClassVar[Mapping[str, Callable[[Any], Any]]] = {}
    """The members that are shown in another form, unless they are None, and what converts them."""

    @classmethod
    def each(cls, entities: Iterable[object]) -> list[Any]:
        """What JSON is made of: for each of the entities an object with the members of this representation."""
        make, read = _maker(cls)
        return list(starmap(make, map(read, entities)))

    @classmethod
    def of(cls, entity: object) -> Any:
        """The same of one."""
        (view,) = cls.each((entity,))
        return view


@cache
def _maker(view: type[View]) -> tuple[type[msgspec.Struct], Callable[[object], tuple[Any, ...]]]:
    """Of a representation, the type that msgspec encodes soonest, and what reads its members from an entity."""
    names = tuple(view.model_fields)
    made, read = msgspec.defstruct(view.__name__, names), attrgetter(*names)
    converted = [(names.index(name), convert) for name, convert in view.CONVERTED.items()]
    if not converted:
        return made, read

    def read_converted(entity: object) -> tuple[Any, ...]:
        values = [*read(entity)]
        for place, convert in converted:
            if values[place] is not None:
                values[place] = convert(values[place])
        return tuple(values)

    return made, read_converted


class PageView(BaseModel, Generic[T]):
    """One page of a list."""

    model_config = ConfigDict(extra="forbid")

    items: list[T] = Field(description="the objects of this page, in the order of the list")
    next_cursor: str | None = Field(description="for the next page; null on the last", examples=[CURSOR])


def id_field(description: str) -> Any:
    """The id of something that is shown."""
    return Field(description=description, examples=["0199f3c2-7a10-7000-8000-000000000001"])


def request_id_field() -> Any:
    """The id of a request."""
    return Field(description="identifies the request, as `X-Request-ID` does", examples=[REQUEST_ID])


def moment_field(description: str) -> Any:
    """A time that is shown."""
    when, *rest = description.partition(";")
    return Field(description="".join((when, ", in UTC", *rest)), examples=["2026-11-22T08:00:00.123456Z"])


def public_actor(actor: str | None) -> str | None:
    """The actor as tenants see it: a key with its id, but an operator without its name."""
    if actor is None or actor.startswith("key:"):
        return actor
    return actor.partition(":")[0]


@cache
def page_schema(kind: str, view: type[BaseModel]) -> type[BaseModel]:
    """The schema of one page of a list of these."""
    return create_model(f"{kind[0].upper()}{kind[1:]}Page", __base__=PageView[view], __doc__=PageView.__doc__)  # type: ignore[valid-type]  # -- made at run time
