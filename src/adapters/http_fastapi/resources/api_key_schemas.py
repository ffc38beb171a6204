"""Keys and their holder as clients see them: what is sent, and what is shown."""

from collections.abc import Iterable
from typing import Annotated, Any
from uuid import UUID

import msgspec
from pydantic import Field

from adapters.http_fastapi.kit.schemas import (
    CreateBody,
    Moment,
    MomentOrNull,
    ScopeName,
    View,
    name_field,
    public_actor,
    whole_number,
)
from domain.access.api_key import ApiKey
from domain.access.scopes import Scope


class ApiKeyCreate(CreateBody):
    """What a key is made from."""

    name: Annotated[str, name_field(ApiKey.NAME_MAX, "Nightly runs")]
    scopes: Annotated[
        list[ScopeName],
        Field(
            max_length=len(Scope),
            description="at least one, and none that the asking key lacks",
            examples=[["simulations:read"]],
            json_schema_extra={"minItems": 1},
        ),
    ]
    expires_at: Annotated[
        MomentOrNull,
        Field(
            description="no later than the end of the asking key; null: with that key, or never where it never ends",
            examples=["2099-01-01T00:00:00Z"],
        ),
    ] = None


_OVERLAP_MAX = int(ApiKey.OVERLAP_MAX.total_seconds())


class ApiKeyRoll(CreateBody):
    """How a key hands over to its successor."""

    overlap_seconds: Annotated[
        int,
        whole_number("overlap", "An overlap in seconds", 0, _OVERLAP_MAX),
        Field(
            description="how long the old key still opens, unless it ends sooner",
            examples=[3600],
            json_schema_extra={"minimum": 0, "maximum": _OVERLAP_MAX},
        ),
    ] = 24 * 60 * 60
    expires_at: Annotated[
        MomentOrNull,
        Field(
            description="end of the new key: after no longer a life than the old one was made with and, unless a key "
            "rolls itself, no later than that of the asking key; null or left out: as late as that",
            examples=["2099-01-01T00:00:00Z"],
        ),
    ] = None


class ApiKeyView(View):
    """A key, without its secret."""

    id: UUID
    name: str
    prefix: str = Field(description="the public part of the key")
    scopes: list[Scope]
    created_at: Moment
    created_by: str | None = Field(
        description="`key:` and the id of a key, or `operator`; null where that was not recorded"
    )
    expires_at: Moment | None
    last_used_at: Moment | None
    revoked_at: Moment | None

    @classmethod
    def each(cls, entities: Iterable[object]) -> list[dict[str, Any]]:
        members = map(msgspec.structs.asdict, super().each(entities))
        return [
            {**key, "created_by": public_actor(key["created_by"]), "scopes": sorted(key["scopes"])} for key in members
        ]


class ApiKeyCreated(ApiKeyView):
    """A new key."""

    key: str | None = Field(description="its whole text, shown this once; null where the request is repeated")


class OwnerView(View):
    """An owner."""

    id: UUID
    name: str


class CallerView(View):
    """Who the caller is: the owner, the key in use, what it may do and until when."""

    owner: OwnerView
    key: ApiKeyView
    scopes: list[Scope]
    expires_at: Moment | None
