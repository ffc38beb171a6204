"""Keys over HTTP, and who the caller is: their routes."""

from collections.abc import Awaitable, Callable, Sequence
from datetime import timedelta
from typing import Any
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Security
from starlette.requests import Request
from starlette.responses import Response

from adapters.http_fastapi.kit.authentication import Authenticator, idempotent_write_context, write_context
from adapters.http_fastapi.kit.conditional_requests import known_etags, precondition
from adapters.http_fastapi.kit.cursors import Cursor, Cursors
from adapters.http_fastapi.kit.openapi import (
    BODY,
    headers,
    links,
    refusals,
    unchanged,
)
from adapters.http_fastapi.kit.pagination import ListQuery, Pagination
from adapters.http_fastapi.kit.problems import register_not_found
from adapters.http_fastapi.kit.responses import created_response, json_response, object_response
from adapters.http_fastapi.kit.route import CompiledRoute
from adapters.http_fastapi.kit.schemas import page_of
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
from domain.repository import OwnerId, Precondition
from domain.write_context import WriteContext

register_not_found(ApiKey.KIND)


def key_routes(keys: ApiKeys, authenticator: Authenticator, cursors: Cursors, once_: IdempotentExecutor) -> APIRouter:
    """The routes of keys, on these use cases."""
    routes = APIRouter(
        prefix="/api/v1", tags=["keys"], route_class=CompiledRoute, generate_unique_id_function=lambda route: route.name
    )
    lists = Pagination("keys", cursors)
    anybody: Any = Security(authenticator)
    manages: Any = Security(authenticator, scopes=[Scope.KEYS_MANAGE])
    queried: Any = Query()
    place: Any = Depends(cursors.sent)
    because: Any = Depends(write_context)
    because_once: Any = Depends(idempotent_write_context("create_key"))
    because_rolled_once: Any = Depends(idempotent_write_context("roll_key"))
    guarded: Any = Depends(precondition)
    has: Any = Depends(known_etags)
    show = ApiKeyView.of
    then = links(reads=["get_key"], writes=["roll_key", "revoke_key"])

    async def made_once(
        owner: OwnerId, write_context: WriteContext, make: Callable[[], Awaitable[tuple[ApiKey, ApiKeyToken]]]
    ) -> tuple[ApiKey, str | None]:
        """The key, and its text unless the request is repeated."""
        texts: list[ApiKeyToken] = []

        async def kept() -> ApiKey:
            key, text = await make()
            texts.append(text)
            return key

        key, replayed = await once_.make(owner, write_context, ApiKey, kept)
        return key, None if replayed else texts[0].reveal()

    @routes.get("/me", summary="Who am I", response_model=CallerView, responses=refusals())
    async def whoami(caller: Caller = anybody) -> Response:
        """The owner, the key in use, its scopes and expiry."""
        key = show(caller.key)
        content = {"owner": OwnerView.of(caller.owner), "key": key}
        return json_response({**content, "scopes": key["scopes"], "expires_at": key["expires_at"]})

    @routes.get(
        "/keys",
        summary="List keys",
        response_model=page_of(ApiKey.KIND, ApiKeyView),
        responses={200: headers("Link"), **refusals("missing_scope", "invalid_cursor")},
    )
    async def list_keys(
        request: Request, caller: Caller = manages, cursor: Cursor | None = place, query: ListQuery = queried
    ) -> Response:
        """One page of the owner's keys, newest first."""
        owner = caller.owner.id
        wanted = lists.asked(owner, query, cursor)
        page = await keys.list(owner, wanted)
        return lists.answer(request, owner, wanted, page, ApiKeyView.each(page.items))

    @routes.post(
        "/keys",
        summary="Create a key",
        status_code=201,
        response_model=ApiKeyCreated,
        responses={
            201: headers("ETag", "Location", "Idempotency-Replayed", secret=True) | then,
            **refusals("missing_scope", "key_ended", "request_in_flight", "idempotency_key_reused", *BODY),
        },
    )
    async def create_key(
        request: Request, body: ApiKeyCreate, caller: Caller = manages, write_context: WriteContext = because_once
    ) -> Response:
        """Makes a key, which ends no later than the one that asks.

        Only this answer ever holds its text, and only once: a repeated request is answered without.
        """
        owner = caller.owner.id
        key, text = await made_once(
            owner, write_context, lambda: keys.create(owner, write_context, granted_by=caller.key, **body.fields())
        )
        return created_response(request, {**show(key), "key": text}, key, replayed=text is None, stored=False)

    @routes.post(
        "/keys/{id}/roll",
        summary="Roll a key",
        status_code=201,
        response_model=ApiKeyCreated,
        responses={
            201: headers("ETag", "Location", "Idempotency-Replayed", secret=True) | then,
            **refusals(
                *("key_not_found", "key_ended", "precondition_failed", "missing_scope"),
                *("request_in_flight", "idempotency_key_reused", *BODY),
            ),
        },
    )
    async def roll_key(
        id: UUID,
        *,
        request: Request,
        body: ApiKeyRoll,
        caller: Caller = manages,
        write_context: WriteContext = because_rolled_once,
        precondition: Precondition = guarded,
    ) -> Response:
        """Makes a key that takes the place of this one, with its name and scopes; both open for the overlap.

        `If-Match` is asked of the old key; what is answered is the new one. A key may roll itself, and none with
        a scope that it lacks. The new key lives no longer than the old one was made to, counted from now, and ends no
        later than the key that asks, unless that is the old one.
        """
        owner, overlap = caller.owner.id, timedelta(seconds=body.overlap_seconds)
        end = body.fields().get("expires_at", Lifetime.AS_BEFORE)
        key, text = await made_once(
            owner,
            write_context,
            lambda: keys.roll(
                owner, id, write_context, precondition, overlap=overlap, expires_at=end, rolled_by=caller.key
            ),
        )
        if text is None:
            await keys.expire_previous(owner, id, key, write_context, overlap=overlap)
        shown_once = {**show(key), "key": text}
        return created_response(request, shown_once, key, replayed=text is None, among="/api/v1/keys", stored=False)

    @routes.get(
        "/keys/{id}",
        summary="Get a key",
        response_model=ApiKeyView,
        responses={200: headers("ETag") | then, 304: unchanged(), **refusals("key_not_found", "missing_scope")},
    )
    async def get_key(id: UUID, caller: Caller = manages, had: Sequence[str] = has) -> Response:
        """One key; 304 where `If-None-Match` names its tag."""
        key = await keys.get(caller.owner.id, id)
        return object_response(show(key), key, had)

    @routes.delete(
        "/keys/{id}",
        summary="Revoke a key",
        status_code=204,
        responses=refusals("key_not_found", "key_in_use", "precondition_failed", "missing_scope"),
    )
    async def revoke_key(
        id: UUID, caller: Caller = manages, write_context: WriteContext = because, precondition: Precondition = guarded
    ) -> Response:
        """Ends a key, once and for all; it stays readable. Again is no error.

        Any key of the owner but the one that asks, also one with scopes that this one lacks.
        """
        await keys.revoke(caller.owner.id, id, write_context, precondition, revoked_by=caller.key)
        return Response(status_code=204)

    return routes
