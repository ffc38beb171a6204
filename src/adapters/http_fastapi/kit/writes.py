"""Dependencies of writes: who makes the change and when, and the ``Idempotency-Key`` that makes a retry safe."""

import hashlib
import json
import re
from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Annotated, Any

from fastapi import Depends, Header, Security
from starlette.requests import Request

from adapters.http_fastapi.kit.authentication import authenticate
from adapters.http_fastapi.kit.context import KEY, UNREAD, RequestContext
from adapters.http_fastapi.kit.problems import ProblemError, ProblemException
from domain.access.authentication import Caller
from domain.access.token import redact
from domain.turns import Turns
from domain.write_context import IdempotencyKey, WriteContext

_PATTERN = '^("[!-~]{1,255}"|[!#-~][!-~]{0,254}|"([!-~]{0,253}[!#-~])?)$'
_VISIBLE = re.compile(r"[\x21-\x7e]{1,255}")


async def write_context(request: Request, caller: Annotated[Caller, Security(authenticate)]) -> WriteContext:
    """A dependency: who makes the change of this request, and when."""
    context: RequestContext = request.scope[KEY]
    return WriteContext(actor=f"key:{caller.key.id}", request_id=context.request_id, at=caller.at)


def idempotent_write_context(operation: str, *, many: bool = False) -> Callable[..., Awaitable[WriteContext]]:
    """A dependency like ``write_context``, for an operation with a JSON body that clients may repeat.

    The body may have ``many`` items.
    """

    async def idempotent(
        request: Request,
        context: Annotated[WriteContext, Depends(write_context)],
        idempotency_key: Annotated[
            str | None,
            Header(
                alias="Idempotency-Key",
                description="1 to 255 visible ASCII characters, bare or quoted: the request is carried out once,"
                " and repeated within 24 hours it gets the same answer",
                json_schema_extra={"minLength": 1, "pattern": _PATTERN},
            ),
        ] = None,
    ) -> WriteContext:
        if idempotency_key is None:
            return context
        key = _unquoted(idempotency_key)
        if not _VISIBLE.fullmatch(key) or key != redact(key):  # it is stored as it is
            detail = "An idempotency key is 1 to 255 visible ASCII characters, and not an API key."
            error = ProblemError(header="Idempotency-Key", code="idempotency_key", detail=detail)
            raise ProblemException("validation_failed", errors=[error])
        content = await _content(request)
        if many:
            fingerprint = await _fingerprint_in_turns(content)
        else:
            text = json.dumps(request.path_params) + _canonical(content)
            fingerprint = hashlib.sha256(text.encode()).hexdigest()
        return replace(context, idempotency_key=IdempotencyKey(operation=operation, key=key, fingerprint=fingerprint))

    return idempotent


def _canonical(content: object) -> str:
    """JSON that is the same for equal values: members in order, and 12.0 written as 12."""
    text = json.dumps(content, sort_keys=True)
    return json.dumps(_with_whole_numbers(content), sort_keys=True) if ".0" in text else text


def _with_whole_numbers(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _with_whole_numbers(member) for name, member in value.items()}
    if isinstance(value, list):
        return [_with_whole_numbers(item) for item in value]
    return int(value) if isinstance(value, float) and value.is_integer() else value


def _unquoted(key: str) -> str:
    return key[1:-1] if key[:1] == key[-1:] == '"' and len(key) > 1 else key


async def _fingerprint_in_turns(content: object) -> str:
    """A digest of a body with many items, as ``decode_in_turns`` gives it: in lines, each of which is one value."""
    digest = hashlib.sha256()
    with Turns() as turns:
        for name, value in sorted(content.items()) if isinstance(content, dict) else [("", content)]:
            digest.update(f"{json.dumps(name)} {type(value).__name__}\n".encode())
            for each in value if isinstance(value, list) else [value]:
                digest.update(f"{_canonical(each)}\n".encode())
                await turns.pause()
    return digest.hexdigest()


async def _content(request: Request) -> object:
    """The body as JSON, whoever reads it: a route of FastAPI's own leaves it with its ``Request``."""
    content = request.scope[KEY].content
    return await request.json() if content is UNREAD else content
