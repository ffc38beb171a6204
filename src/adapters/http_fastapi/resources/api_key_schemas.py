"""Schemas of API keys and of the caller: what clients send, and what they are shown."""

from collections.abc import Iterable
from contextlib import suppress
from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

import msgspec
from pydantic import Field
from pydantic_core import PydanticCustomError

from adapters.http_fastapi.kit.entities.readable import readable
from adapters.http_fastapi.kit.schemas import (
    ACTOR,
    CreateBody,
    Moment,
    MomentOrNull,
    ScopeName,
    View,
    id_field,
    moment_field,
    name_field,
    public_actor,
    read_moment,
    whole_number,
)
from domain.access.api_key import ApiKey
from domain.access.scopes import Scope
from domain.entity import violations_in_values
from domain.errors import Violation


class ApiKeyCreate(CreateBody):
    """A key to create."""

    name: Annotated[str, name_field(ApiKey.NAME_MAX, "Nightly runs")]
    scopes: Annotated[
        list[ScopeName],
        Field(
            max_length=len(Scope),
            description="at least one, and only scopes that the key in use has",
            examples=[["simulations:read"]],
            json_schema_extra={"minItems": 1},
        ),
    ]
    expires_at: Annotated[
        MomentOrNull,
        Field(
            description="no later than the expiry of the key in use; null or left out: the same as that one",
            examples=["2099-01-01T00:00:00Z"],
        ),
    ] = None

    @classmethod
    def violations(cls, content: Any, at: datetime) -> Iterable[Violation]:
        if not isinstance(content, dict):
            return
        yield from violations_in_values(ApiKey, readable(ApiKey, content))
        if content.get("scopes") == []:
            yield ApiKey.NO_SCOPE
        yield from _expiry_violations(content, at)


_OVERLAP_MAX = int(ApiKey.OVERLAP_MAX.total_seconds())


class ApiKeyRoll(CreateBody):
    """How a key is replaced by a new one."""

    overlap_seconds: Annotated[
        int,
        whole_number("overlap", "An overlap in seconds", 0, _OVERLAP_MAX),
        Field(
            description="for how many seconds the old key remains valid, unless it expires sooner",
            examples=[3600],
            json_schema_extra={"minimum": 0, "maximum": _OVERLAP_MAX},
        ),
    ] = 24 * 60 * 60
    expires_at: Annotated[
        MomentOrNull,
        Field(
            description="expiry of the new key. Its lifetime is at most the one that the old key was created with and, "
            "unless a key rolls itself, it expires no later than the key in use; null or left out: the latest allowed",
            examples=["2099-01-01T00:00:00Z"],
        ),
    ] = None

    @classmethod
    def violations(cls, content: Any, at: datetime) -> Iterable[Violation]:
        return _expiry_violations(content, at) if isinstance(content, dict) else ()


def _expiry_violations(content: dict[str, Any], at: datetime) -> list[Violation]:
    """What is wrong with the expiry, as far as it can be read."""
    with suppress(PydanticCustomError):
        return ApiKey.expiry_violations(read_moment(content.get("expires_at")), at)
    return []


_SCOPES: Any = Field(description="what it may do", examples=[["simulations:read"]])


class ApiKeyView(View):
    """A key, without its secret."""

    id: UUID = id_field("made by the service, and never changed")
    name: str = Field(description="what it is called", examples=["Nightly runs"])
    prefix: str = Field(description="the public part of the key", examples=["gf_4Jx2mQbN7cTzKd"])
    scopes: list[Scope] = _SCOPES
    created_at: Moment = moment_field("when it was created")
    created_by: str | None = Field(
        description="who made it: `key:` and the id of a key, or `operator`; null if it was not recorded",
        examples=[ACTOR],
    )
    expires_at: Moment | None = moment_field("when it expires; null if it does not")
    last_used_at: Moment | None = moment_field("when it was used last, to the minute; null if it never was")
    revoked_at: Moment | None = moment_field("when it was revoked; null if it was not")

    @classmethod
    def each(cls, entities: Iterable[object]) -> list[dict[str, Any]]:
        members = map(msgspec.structs.asdict, super().each(entities))
        return [
            {**key, "created_by": public_actor(key["created_by"]), "scopes": sorted(key["scopes"])} for key in members
        ]


class ApiKeyCreated(ApiKeyView):
    """A new key."""

    key: str | None = Field(
        description="the whole key, shown only in this answer; null in the answer to a repeated request",
        examples=[None],
    )


class OwnerView(View):
    """An owner."""

    id: UUID = id_field("made by the service, and never changed")
    name: str = Field(description="what it is called", examples=["Aero group"])


class CallerView(View):
    """The caller: the owner, the key in use, its scopes and its expiry."""

    owner: OwnerView = Field(description="whose key it is")
    key: ApiKeyView = Field(description="the key in use")
    scopes: list[Scope] = _SCOPES
    expires_at: Moment | None = moment_field("when the key expires; null if it does not")
