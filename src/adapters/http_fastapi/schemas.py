"""What all schemas share: strict values, what is sent and what is shown, and the answers made of them."""

import re
from collections.abc import Callable, Iterable
from datetime import UTC, date, datetime
from operator import attrgetter
from typing import Annotated, Any, ClassVar, Generic, TypeVar

import msgspec
from pydantic import AwareDatetime, BaseModel, BeforeValidator, ConfigDict, Field, WithJsonSchema, create_model
from pydantic_core import PydanticCustomError
from starlette.requests import Request
from starlette.responses import Response

from adapters.http_fastapi.body import JSON_TYPES, PATCH_TYPES
from domain.access.key import Scope
from domain.tenancy import Owned

T = TypeVar("T")
C = TypeVar("C", bound="SentChanges")
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_MOMENT = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]{1,6})?(Z|[+-][0-9]{2}:[0-9]{2})")


def _day(value: object) -> date:
    try:
        if isinstance(value, str) and _DAY.fullmatch(value):
            return date.fromisoformat(value)
    except ValueError:
        pass
    raise PydanticCustomError("date", "Not a date of the form YYYY-MM-DD.")


def _moment(value: object) -> datetime:
    try:
        if isinstance(value, str) and _MOMENT.fullmatch(value):
            return datetime.fromisoformat(value).astimezone(UTC)
    except (ValueError, OverflowError):
        pass
    raise PydanticCustomError("date_time", "Not a time with its offset, as in 2026-11-22T08:00:00Z.")


def _scope(value: object) -> Scope:
    if value not in set(Scope):
        raise PydanticCustomError("scope", "Not a scope.")
    return Scope(str(value))


def _digits(value: object) -> object:
    if isinstance(value, str) and not (value.isascii() and value.isdigit()):
        raise PydanticCustomError("integer", "Not a whole number.")
    return value


Day = Annotated[date, BeforeValidator(_day), WithJsonSchema({"type": "string", "format": "date"})]
Moment = Annotated[AwareDatetime, BeforeValidator(_moment), WithJsonSchema({"type": "string", "format": "date-time"})]
ScopeName = Annotated[Scope, BeforeValidator(_scope)]
Digits = BeforeValidator(_digits)
"""For whole numbers in a query: pydantic alone would take ``+1``, ``1_0`` and blanks around it."""


class Sent(BaseModel):
    """A body that a client sends: all members known, all required, none coerced."""

    MEDIA_TYPES: ClassVar[frozenset[str]] = JSON_TYPES
    model_config = ConfigDict(extra="forbid", strict=True)

    def fields(self) -> dict[str, Any]:
        """The members that were sent."""
        return {name: getattr(self, name) for name in self.model_fields_set}


class SentChanges(Sent):
    """A body of changes, in which every member may be missing and none is null."""

    MEDIA_TYPES: ClassVar[frozenset[str]] = PATCH_TYPES


def some_of(model: type[Sent]) -> Callable[[type[C]], type[C]]:
    """Gives a schema of changes the members of ``model``, none of them required."""

    def without_default(schema: dict[str, Any]) -> None:
        schema.pop("default", None)

    def extended(changes: type[C]) -> type[C]:
        members: dict[str, Any] = {
            name: (
                Annotated[(info.annotation, *info.metadata)],
                Field(default=None, json_schema_extra=without_default, description=info.description),
            )
            for name, info in model.model_fields.items()
        }
        return create_model(changes.__name__, __base__=changes, __doc__=changes.__doc__, **members)

    return extended


class Shown(BaseModel):
    """A representation that clients are shown; its members are the entity's, by the same names."""

    @classmethod
    def of(cls, entity: object) -> dict[str, Any]:
        """The members of this representation as plain values."""
        names = tuple(cls.model_fields)
        return dict(zip(names, attrgetter(*names)(entity), strict=True))


class PageShown(BaseModel, Generic[T]):
    """One page of a list."""

    items: list[T]
    next_cursor: str | None = Field(description="for the next page; null on the last")


def json_answer(content: object, status: int = 200, **headers: str) -> Response:
    """The content as JSON; header names are given with underscores."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return Response(msgspec.json.encode(content), status, named, "application/json")


def created(request: Request, content: object, entity: Owned) -> Response:
    """201 with the representation, its tag and its path."""
    location = f"{request.url.path}/{entity.id}"
    return json_answer(content, 201, etag=_etag(entity), location=location)


def shown(request: Request, content: object, entity: Owned) -> Response:
    """200 with the representation and its tag, or 304 where a reader has it already."""
    tag = _etag(entity)
    if request.method in {"GET", "HEAD"} and _names(request.headers.getlist("if-none-match"), tag):
        return Response(status_code=304, headers={"ETag": tag})
    return json_answer(content, etag=tag)


def _etag(entity: Owned) -> str:
    return f'"{entity.version}"'


def _names(conditions: Iterable[str], tag: str) -> bool:
    listed = {item.strip().removeprefix("W/") for condition in conditions for item in condition.split(",")}
    return tag in listed or "*" in listed
