"""Keys over HTTP, and who the caller is: their schemas and routes."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Security
from pydantic import Field
from starlette.requests import Request
from starlette.responses import Response

from adapters.http_fastapi.caller import Door, cause
from adapters.http_fastapi.cursors import Cursor, Cursors
from adapters.http_fastapi.lists import ListQuery, list_answer
from adapters.http_fastapi.openapi import refusals
from adapters.http_fastapi.operation import Operation
from adapters.http_fastapi.problems import register_not_found
from adapters.http_fastapi.schemas import Moment, PageShown, ScopeName, Sent, Shown, created, json_answer, shown
from domain.access.key import Key, Scope
from domain.access.use_cases import Caller, Keys
from domain.paging import PageRequest
from domain.tenancy import Cause

register_not_found(Key.KIND)


class KeySent(Sent):
    """What a key is made from."""

    name: Annotated[str, Field(min_length=1, description="trimmed; no control characters", examples=["Nightly runs"])]
    scopes: Annotated[list[ScopeName], Field(min_length=1, description="none that the asking key lacks")]
    expires_at: Annotated[Moment | None, Field(description="null: never")] = None


class KeyShown(Shown):
    """A key, without its secret."""

    id: UUID
    name: str = Field(max_length=Key.NAME_MAX)
    prefix: str = Field(description="the public part of the key")
    scopes: list[Scope]
    created_at: Moment
    expires_at: Moment | None
    last_used_at: Moment | None
    revoked_at: Moment | None

    @classmethod
    def of(cls, entity: object) -> dict[str, Any]:
        members = super().of(entity)
        return {**members, "scopes": sorted(members["scopes"])}


class KeyCreated(KeyShown):
    """A new key; ``key`` is its whole text, which is shown this once."""

    key: str


class OwnerShown(Shown):
    """An owner."""

    id: UUID
    name: str


class CallerShown(Shown):
    """Who the caller is: the owner, the key in use, what it may do and until when."""

    owner: OwnerShown
    key: KeyShown
    scopes: list[Scope]
    expires_at: Moment | None


def key_routes(keys: Keys, door: Door, cursors: Cursors) -> APIRouter:
    """The routes of keys, on these use cases."""
    routes = APIRouter(prefix="/api/v1", tags=["keys"], route_class=Operation)
    anybody: Any = Security(door)
    manages: Any = Security(door, scopes=[Scope.KEYS_MANAGE])
    because: Any = Depends(cause)
    place: Any = Depends(cursors.sent)
    queried: Any = Query()
    show = KeyShown.of

    @routes.get("/me", response_model=CallerShown, responses=refusals(401))
    async def whoami(caller: Caller = anybody) -> Response:
        """The owner, the key in use, its scopes and expiry."""
        key = show(caller.key)
        content = {"owner": OwnerShown.of(caller.owner), "key": key}
        return json_answer({**content, "scopes": key["scopes"], "expires_at": key["expires_at"]})

    @routes.get("/keys", response_model=PageShown[KeyShown], responses=refusals(400, 401, 403, 422))
    async def list_keys(
        request: Request, caller: Caller = manages, cursor: Cursor | None = place, query: ListQuery = queried
    ) -> Response:
        """One page of the owner's keys, newest first."""
        owner = caller.owner.id
        after = cursors.position(cursor, owner, "keys")
        page = await keys.list(owner, PageRequest(limit=query.limit, after=after))
        return list_answer(request, page, show, cursors.seal(page.next, owner, "keys"))

    @routes.post("/keys", status_code=201, response_model=KeyCreated, responses=refusals(400, 401, 403, 413, 415, 422))
    async def create_key(request: Request, body: KeySent, caller: Caller = manages, cause: Cause = because) -> Response:
        """Makes a key. Only this answer ever holds its text."""
        key, text = await keys.create(caller.owner.id, cause, granted_by=caller.key, **body.fields())
        return created(request, {**show(key), "key": text.reveal()}, key)

    @routes.get("/keys/{id}", response_model=KeyShown, responses=refusals(401, 403, 404))
    async def get_key(request: Request, id: UUID, caller: Caller = manages) -> Response:
        """One key."""
        key = await keys.get(caller.owner.id, id)
        return shown(request, show(key), key)

    @routes.delete("/keys/{id}", status_code=204, responses=refusals(401, 403, 404, 409))
    async def revoke_key(id: UUID, caller: Caller = manages, cause: Cause = because) -> Response:
        """Ends a key, once and for all; it stays readable. Again is no error."""
        await keys.revoke(caller.owner.id, id, cause, revoked_by=caller.key)
        return Response(status_code=204)

    return routes
