"""API keys over HTTP, and ``/me``, which tells a caller who it is."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Security
from starlette.requests import Request
from starlette.responses import Response

from adapters.http_fastapi.kit.authentication import authenticate
from adapters.http_fastapi.kit.conditional_requests import EntityTags, list_precondition
from adapters.http_fastapi.kit.cursors import Cursors
from adapters.http_fastapi.kit.entities.resource import annotate
from adapters.http_fastapi.kit.object_id import ObjectId
from adapters.http_fastapi.kit.openapi import CREATE, WRITE, headers, links, refusals, unchanged
from adapters.http_fastapi.kit.pagination import ListQuery, Pagination, with_cursors
from adapters.http_fastapi.kit.problem_types import register_not_found
from adapters.http_fastapi.kit.responses import created_response, json_response, object_response
from adapters.http_fastapi.kit.routes.route import router
from adapters.http_fastapi.kit.schemas import page_schema
from adapters.http_fastapi.kit.writes import idempotent_write_context, write_context
from adapters.http_fastapi.resources.api_key_schemas import (
    ApiKeyCreate,
    ApiKeyCreated,
    ApiKeyRoll,
    ApiKeyView,
    CallerView,
    OwnerView,
)
from domain.access.api_key import ApiKey, Lifetime
from domain.access.authentication import Caller
from domain.access.scopes import Scope
from domain.access.token import ApiKeyToken
from domain.access.use_cases import ApiKeys
from domain.idempotency import IdempotentExecutor
from domain.repository import Precondition
from domain.write_context import WriteContext

register_not_found(ApiKey.KIND)
_TAGS = EntityTags(ApiKeyView)
_LINKS = links(reads=["get_key"], writes=["roll_key", "revoke_key"])
Manager = Annotated[Caller, Security(authenticate, scopes=[Scope.KEYS_MANAGE])]
"""A caller whose key may manage keys."""
Condition = Annotated[Precondition, Depends(_TAGS.precondition)]


def key_routes(keys: ApiKeys, cursors: Cursors, idempotent: IdempotentExecutor) -> APIRouter:
    """The routes of keys, on these use cases."""
    routes = router("keys")
    _add_reads(routes, keys, cursors)
    _add_creations(routes, keys, idempotent)
    _add_revocation(routes, keys)
    return routes


def _add_reads(routes: APIRouter, keys: ApiKeys, cursors: Cursors) -> None:
    pages = Pagination("keys", cursors)

    @routes.get("/me", summary="Who am I", response_model=CallerView, responses=refusals())
    async def whoami(caller: Annotated[Caller, Security(authenticate)]) -> Response:
        """Returns the owner, the key in use, its scopes and its expiry."""
        key = ApiKeyView.of(caller.key)
        content = {"owner": OwnerView.of(caller.owner), "key": key}
        return json_response({**content, "scopes": key["scopes"], "expires_at": key["expires_at"]})

    @routes.get(
        "/keys",
        summary="List keys",
        response_model=page_schema(ApiKey.KIND, ApiKeyView),
        responses={200: headers("Link"), **refusals("missing_scope", "invalid_cursor")},
    )
    @annotate(query=Annotated[with_cursors(ListQuery, cursors.open), Query()])
    async def list_keys(request: Request, caller: Manager, query: ListQuery) -> Response:
        """Returns one page of the owner's keys, newest first."""
        owner = caller.owner.id
        wanted = pages.request(owner, query)
        page = await keys.list(owner, wanted)
        return await pages.response(request, owner, wanted, page, ApiKeyView.each)

    @routes.get(
        "/keys/{id}",
        summary="Get a key",
        response_model=ApiKeyView,
        responses={200: headers("ETag") | _LINKS, 304: unchanged(), **refusals("key_not_found", "missing_scope")},
    )
    async def get_key(id: ObjectId, caller: Manager, known: Annotated[Sequence[str], Depends(_TAGS.known)]) -> Response:
        """Returns one key, or 304 if `If-None-Match` contains its current `ETag`."""
        key = await keys.get(caller.owner.id, id)
        return object_response(ApiKeyView.of(key), key, _TAGS, known)


def _add_creations(routes: APIRouter, keys: ApiKeys, idempotent: IdempotentExecutor) -> None:
    @routes.post("/keys", summary="Create a key", **_creation_settings())
    async def create_key(
        request: Request,
        body: ApiKeyCreate,
        caller: Manager,
        write_context: Annotated[WriteContext, Depends(idempotent_write_context("create_key"))],
        precondition: Annotated[Precondition, Depends(list_precondition)],
    ) -> Response:
        """Creates a key, which expires no later than the key in use.

        Only this answer contains the whole key, and only once: the answer to a repeated request has null in its place.
        """
        owner = caller.owner.id
        key, token = await idempotent.create_with_secret(
            owner,
            write_context,
            ApiKey,
            lambda: keys.create(owner, write_context, precondition, granted_by=caller.key, **body.fields()),
        )
        return _key_created_response(request, key, token)

    @routes.post("/keys/{id}/roll", summary="Roll a key", **_creation_settings("key_not_found"))
    async def roll_key(
        id: ObjectId,
        *,
        request: Request,
        body: ApiKeyRoll,
        caller: Manager,
        write_context: Annotated[WriteContext, Depends(idempotent_write_context("roll_key"))],
        precondition: Condition,
    ) -> Response:
        """Creates a new key with the name and scopes of the key at this path.

        The old key expires when the overlap ends, or earlier if it would have expired anyway. `If-Match` is compared
        with the old key; the answer is the new one. The key in use needs all scopes of the old key, and may be the old
        key. The new key's lifetime, counted from now, is at most the one that the old key was created with. Unless a
        key rolls itself, the new key also expires no later than the key in use.
        """
        owner, overlap = caller.owner.id, timedelta(seconds=body.overlap_seconds)
        expires_at = body.fields().get("expires_at", Lifetime.AS_BEFORE)
        key, token = await idempotent.create_with_secret(
            owner,
            write_context,
            ApiKey,
            lambda: keys.roll(
                owner, id, write_context, precondition, overlap=overlap, expires_at=expires_at, rolled_by=caller.key
            ),
        )
        if token is None:
            await keys.expire_previous(owner, id, key, write_context, overlap=overlap)
        return _key_created_response(request, key, token)


def _creation_settings(*codes: str) -> dict[str, Any]:
    """What the document says of an operation that creates a key, and may be refused with these problems as well."""
    problems = ("key_ended", *CREATE, *codes)
    key = headers("ETag", "Location", "Idempotency-Replayed", secret=True) | _LINKS
    return {"status_code": 201, "response_model": ApiKeyCreated, "responses": {201: key, **refusals(*problems)}}


def _key_created_response(request: Request, key: ApiKey, token: ApiKeyToken | None) -> Response:
    """201 with the key and its text, which is null for a repeated request."""
    text = None if token is None else token.reveal()
    prefix, keys, _ = request.scope["path"].rpartition("/keys")
    content = {**ApiKeyView.of(key), "key": text}
    return created_response(request, content, key, _TAGS, replayed=text is None, among=prefix + keys, stored=False)


def _add_revocation(routes: APIRouter, keys: ApiKeys) -> None:
    @routes.delete(
        "/keys/{id}",
        summary="Revoke a key",
        status_code=204,
        responses=refusals("key_not_found", "key_in_use", "precondition_failed", *WRITE),
    )
    async def revoke_key(
        id: ObjectId,
        caller: Manager,
        write_context: Annotated[WriteContext, Depends(write_context)],
        precondition: Condition,
    ) -> Response:
        """Revokes a key for good; it can still be read. Revoking it again is no error.

        Every key of the owner can be revoked but the one in use, even one with scopes that the key in use lacks.
        """
        await keys.revoke(caller.owner.id, id, write_context, precondition, revoked_by=caller.key)
        return Response(status_code=204)
