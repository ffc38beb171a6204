"""Answers with a JSON body: encoded once, with the headers of an object."""

from collections.abc import Callable, Sequence
from typing import Any, TypeAlias

import msgspec
from starlette.background import BackgroundTask
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from adapters.http_fastapi.kit.conditional_requests import ANY, EntityTags
from domain.repository import Owned
from domain.turns import Turns, in_parts


class _Json(Response):
    """A response whose raw headers are made at once, for they are rarely looked at on the way."""

    background: BackgroundTask | None = None

    def __init__(self, body: bytes, status: int, headers: Sequence[tuple[bytes, bytes]]) -> None:
        self.body, self.status_code = body, status
        self.raw_headers = [(b"content-length", b"%d" % len(body)), _JSON, *headers]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
        await send({"type": "http.response.body", "body": self.body})
        if self.background is not None:
            await self.background()


Show: TypeAlias = Callable[[Sequence[Any]], Sequence[object]]
"""Makes of each of several objects what JSON is made of."""
_JSON = (b"content-type", b"application/json")


NO_STORE = (b"cache-control", b"private, no-cache, no-store")
"""Of what holds a secret."""


_encoded = msgspec.json.Encoder().encode


def json_response(content: object, status: int = 200, *headers: tuple[bytes, bytes]) -> Response:
    """The content as JSON."""
    return _Json(_encoded(content), status, headers)


async def encoded_items(show: Show, items: Sequence[Any]) -> msgspec.Raw:
    """What ``show`` makes of the items of a page, as the JSON of a list."""
    parts = await in_parts(lambda part: [_encoded(show(part))[1:-1]], items)
    return msgspec.Raw(b"[%s]" % b",".join(parts))


def created_response(
    request: Request,
    content: object,
    entity: Owned,
    tags: EntityTags,
    *,
    replayed: bool = False,
    among: str | None = None,
    stored: bool = True,
) -> Response:
    """201 with the representation, its tag and its path; the same again for a request that is repeated.

    ``among`` is the path of its list, where that is not the request's. Nobody on the way may keep what is not to be
    ``stored``.
    """
    location = f"{among or request.scope['path']}/{entity.id}".encode("latin-1")
    headers = [(b"etag", tags.of(entity).encode()), (b"location", location)]
    if replayed:
        headers.append((b"idempotency-replayed", b"true"))
    if not stored:
        headers.append(NO_STORE)
    return _Json(_encoded(content), 201, headers)


async def batch_response(entities: Sequence[Owned], show: Callable[[Any], object], *, replayed: bool) -> Response:
    """201 with the representations of entities that were created at once."""
    parts: list[bytes] = []
    with Turns() as turns:
        for entity in entities:
            parts.append(_encoded(show(entity)))
            await turns.pause()
    body = b'{"items":[%s]}' % b",".join(parts)
    return _Json(body, 201, [(b"idempotency-replayed", b"true")] if replayed else [])


def object_response(
    content: object, entity: Owned, tags: EntityTags, known: Sequence[str] = (), *, stored: bool = True
) -> Response:
    """200 with the representation and its tag, or 304 for a reader whose ``known`` tags name it.

    Nobody on the way may keep what is not to be ``stored``.
    """
    tag = tags.of(entity)
    if known and (tag in known or ANY in known):
        return Response(status_code=304, headers={"ETag": tag})
    headers = ((b"etag", tag.encode()),) if stored else ((b"etag", tag.encode()), NO_STORE)
    return _Json(_encoded(content), 200, headers)
