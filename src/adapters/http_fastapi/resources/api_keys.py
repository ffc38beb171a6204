"""Keys over HTTP, and who the caller is: their routes."""

from collections.abc import Awaitable, Callable, Sequence
from datetime import timedelta
from typing import Annotated

from fastapi import APIRouter, Depends, Query, Security
from starlette.requests import Request
from starlette.responses import Response

from adapters.http_fastapi.kit.authentication import authenticate
from adapters.http_fastapi.kit.conditional_requests import EntityTags
from adapters.http_fastapi.kit.cursors import Cursors
from adapters.http_fastapi.kit.object_id import ObjectId
from adapters.http_fastapi.kit.openapi import (
    BODY,
    headers,
    links,
    refusals,
    unchanged,
)
from adapters.http_fastapi.kit.pagination import ListQuery, Pagination, with_cursors
from adapters.http_fastapi.kit.problem_types import register_not_found
from adapters.http_fastapi.kit.resource import taking
from adapters.http_fastapi.kit.responses import created_response, json_response, object_response
from adapters.http_fastapi.kit.route import StrictRoute
from adapters.http_fastapi.kit.schemas import page_of
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
from domain.repository import OwnerId, Precondition
from domain.write_context import WriteContext

register_not_found(ApiKey.KIND)
Manager = Annotated[Caller, Security(authenticate, scopes=[Scope.KEYS_MANAGE])]
"""A caller whose key may manage keys."""


def key_routes(keys: ApiKeys, cursors: Cursors, once_: IdempotentExecutor) -> APIRouter:
    """The routes of keys, on these use cases."""
    routes = APIRouter(
        prefix="/api/v1", tags=["keys"], route_class=StrictRoute, generate_unique_id_function=lambda route: route.name
    )
    pages, tags = Pagination("keys", cursors), EntityTags(ApiKeyView)
    Condition = Annotated[Precondition, Depends(tags.precondition)]  # noqa: N806  # -- a type
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
    async def whoami(caller: Annotated[Caller, Security(authenticate)]) -> Response:
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
    @taking(query=Annotated[with_cursors(ListQuery, cursors.open), Query()])
    async def list_keys(request: Request, caller: Manager, query: ListQuery) -> Response:
        """One page of the owner's keys, newest first."""
        owner = caller.owner.id
        wanted = pages.request(owner, query)
        page = await keys.list(owner, wanted)
        return pages.response(request, owner, wanted, page, ApiKeyView.each(page.items))

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
        request: Request,
        body: ApiKeyCreate,
        caller: Manager,
        write_context: Annotated[WriteContext, Depends(idempotent_write_context("create_key"))],
    ) -> Response:
        """Makes a key, which ends no later than the one that asks.

        Only this answer ever holds its text, and only once: a repeated request is answered without.
        """
        owner = caller.owner.id
        key, text = await made_once(
            owner, write_context, lambda: keys.create(owner, write_context, granted_by=caller.key, **body.fields())
        )
        shown_once = {**show(key), "key": text}
        return created_response(request, shown_once, key, tags, replayed=text is None, stored=False)

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
        id: ObjectId,
        *,
        request: Request,
        body: ApiKeyRoll,
        caller: Manager,
        write_context: Annotated[WriteContext, Depends(idempotent_write_context("roll_key"))],
        precondition: Condition,
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
            lambda: keys.rotate(
                owner, id, write_context, precondition, overlap=overlap, expires_at=end, rotated_by=caller.key
            ),
        )
        if text is None:
            await keys.expire_previous(owner, id, key, write_context, overlap=overlap)
        shown_once = {**show(key), "key": text}
        return created_response(
            request, shown_once, key, tags, replayed=text is None, among="/api/v1/keys", stored=False
        )

    @routes.get(
        "/keys/{id}",
        summary="Get a key",
        response_model=ApiKeyView,
        responses={200: headers("ETag") | then, 304: unchanged(), **refusals("key_not_found", "missing_scope")},
    )
    async def get_key(id: ObjectId, caller: Manager, known: Annotated[Sequence[str], Depends(tags.known)]) -> Response:
        """One key; 304 where `If-None-Match` names its tag."""
        key = await keys.get(caller.owner.id, id)
        return object_response(show(key), key, tags, known)

    @routes.delete(
        "/keys/{id}",
        summary="Revoke a key",
        status_code=204,
        responses=refusals("key_not_found", "key_in_use", "precondition_failed", "missing_scope"),
    )
    async def revoke_key(
        id: ObjectId,
        caller: Manager,
        write_context: Annotated[WriteContext, Depends(write_context)],
        precondition: Condition,
    ) -> Response:
        """Ends a key, once and for all; it stays readable. Again is no error.

        Any key of the owner but the one that asks, also one with scopes that this one lacks.
        """
        await keys.revoke(caller.owner.id, id, write_context, precondition, revoked_by=caller.key)
        return Response(status_code=204)

    return routes
