"""Keys over HTTP, and who the caller is: their routes."""

from collections.abc import Awaitable, Callable, Sequence
from datetime import timedelta
from typing import Any
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Security
from starlette.requests import Request
from starlette.responses import Response

from adapters.http_fastapi.caller import Door, cause, once
from adapters.http_fastapi.conditions import guard, has_already
from adapters.http_fastapi.cursors import Cursor, Cursors
from adapters.http_fastapi.key_schemas import CallerShown, KeyCreated, KeyRoll, KeySent, KeyShown, OwnerShown
from adapters.http_fastapi.lists import ListQuery, Lists
from adapters.http_fastapi.openapi import BODY, headers, links, refusals, unchanged
from adapters.http_fastapi.operation import Operation
from adapters.http_fastapi.problems import register_not_found
from adapters.http_fastapi.schemas import created, json_answer, page_of, shown
from domain.access.key import Key, KeyText, Lifetime, Scope
from domain.access.use_cases import Caller, Keys
from domain.idempotency import Once
from domain.tenancy import Cause, Guard, OwnerId

register_not_found(Key.KIND)


def key_routes(keys: Keys, door: Door, cursors: Cursors, once_: Once) -> APIRouter:
    """The routes of keys, on these use cases."""
    routes = APIRouter(
        prefix="/api/v1", tags=["keys"], route_class=Operation, generate_unique_id_function=lambda route: route.name
    )
    lists = Lists("keys", cursors)
    anybody: Any = Security(door)
    manages: Any = Security(door, scopes=[Scope.KEYS_MANAGE])
    queried: Any = Query()
    place: Any = Depends(cursors.sent)
    because: Any = Depends(cause)
    because_once: Any = Depends(once("create_key"))
    because_rolled_once: Any = Depends(once("roll_key"))
    guarded: Any = Depends(guard)
    has: Any = Depends(has_already)
    show = KeyShown.of
    then = links(reads=["get_key"], writes=["roll_key", "revoke_key"])

    async def made_once(
        owner: OwnerId, cause: Cause, make: Callable[[], Awaitable[tuple[Key, KeyText]]]
    ) -> tuple[Key, str | None]:
        """The key, and its text unless the request is repeated."""
        texts: list[KeyText] = []

        async def kept() -> Key:
            key, text = await make()
            texts.append(text)
            return key

        key, replayed = await once_.make(owner, cause, Key, kept)
        return key, None if replayed else texts[0].reveal()

    @routes.get("/me", summary="Who am I", response_model=CallerShown, responses=refusals())
    async def whoami(caller: Caller = anybody) -> Response:
        """The owner, the key in use, its scopes and expiry."""
        key = show(caller.key)
        content = {"owner": OwnerShown.of(caller.owner), "key": key}
        return json_answer({**content, "scopes": key["scopes"], "expires_at": key["expires_at"]})

    @routes.get(
        "/keys",
        summary="List keys",
        response_model=page_of(Key.KIND, KeyShown),
        responses={200: headers("Link"), **refusals("missing_scope", "invalid_cursor")},
    )
    async def list_keys(
        request: Request, caller: Caller = manages, cursor: Cursor | None = place, query: ListQuery = queried
    ) -> Response:
        """One page of the owner's keys, newest first."""
        owner = caller.owner.id
        wanted = lists.asked(owner, query, cursor)
        page = await keys.list(owner, wanted)
        return lists.answer(request, owner, wanted, page, KeyShown.each(page.items))

    @routes.post(
        "/keys",
        summary="Create a key",
        status_code=201,
        response_model=KeyCreated,
        responses={
            201: headers("ETag", "Location", "Idempotency-Replayed", secret=True) | then,
            **refusals("missing_scope", "key_ended", "request_in_flight", "idempotency_key_reused", *BODY),
        },
    )
    async def create_key(
        request: Request, body: KeySent, caller: Caller = manages, cause: Cause = because_once
    ) -> Response:
        """Makes a key, which ends no later than the one that asks.

        Only this answer ever holds its text, and only once: a repeated request is answered without.
        """
        owner = caller.owner.id
        key, text = await made_once(
            owner, cause, lambda: keys.create(owner, cause, granted_by=caller.key, **body.fields())
        )
        return created(request, {**show(key), "key": text}, key, replayed=text is None, stored=False)

    @routes.post(
        "/keys/{id}/roll",
        summary="Roll a key",
        status_code=201,
        response_model=KeyCreated,
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
        body: KeyRoll,
        caller: Caller = manages,
        cause: Cause = because_rolled_once,
        guard: Guard = guarded,
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
            cause,
            lambda: keys.roll(owner, id, cause, guard, overlap=overlap, expires_at=end, rolled_by=caller.key),
        )
        if text is None:
            await keys.outlive(owner, id, key, cause, overlap=overlap)
        shown_once = {**show(key), "key": text}
        return created(request, shown_once, key, replayed=text is None, among="/api/v1/keys", stored=False)

    @routes.get(
        "/keys/{id}",
        summary="Get a key",
        response_model=KeyShown,
        responses={200: headers("ETag") | then, 304: unchanged(), **refusals("key_not_found", "missing_scope")},
    )
    async def get_key(id: UUID, caller: Caller = manages, had: Sequence[str] = has) -> Response:
        """One key; 304 where `If-None-Match` names its tag."""
        key = await keys.get(caller.owner.id, id)
        return shown(show(key), key, had)

    @routes.delete(
        "/keys/{id}",
        summary="Revoke a key",
        status_code=204,
        responses=refusals("key_not_found", "key_in_use", "precondition_failed", "missing_scope"),
    )
    async def revoke_key(
        id: UUID, caller: Caller = manages, cause: Cause = because, guard: Guard = guarded
    ) -> Response:
        """Ends a key, once and for all; it stays readable. Again is no error.

        Any key of the owner but the one that asks, also one with scopes that this one lacks.
        """
        await keys.revoke(caller.owner.id, id, cause, guard, revoked_by=caller.key)
        return Response(status_code=204)

    return routes
