"""From key to caller: the only door into the API."""

import hashlib
import json
import re
from collections.abc import Callable
from dataclasses import replace
from typing import Annotated

from fastapi import Header, Security
from fastapi.security import APIKeyHeader, HTTPAuthorizationCredentials, HTTPBearer, SecurityScopes
from starlette.requests import Request

from adapters.http_fastapi.background import Background
from adapters.http_fastapi.body import lines
from adapters.http_fastapi.limits import FailureLimit, RateLimit
from adapters.http_fastapi.problems import ProblemError, Refused
from domain.access.key import Scope, hidden, require_scopes
from domain.access.use_cases import Authentication, Caller, KeyUses
from domain.tenancy import Cause, Idempotency

_HEADER = APIKeyHeader(name="X-API-Key", scheme_name="ApiKey", auto_error=False)
_BEARER = HTTPBearer(scheme_name="Bearer", bearerFormat="gf_…", auto_error=False)
_PATTERN = '^("[!-~]{1,255}"|[!#-~][!-~]{0,254}|"([!-~]{0,253}[!#-~])?)$'
_VISIBLE = re.compile(r"[\x21-\x7e]{1,255}")


class Door:
    """A dependency for ``Security(door, scopes=[…])``: gives the ``Caller``, or refuses with 401, 429 or 403."""

    def __init__(
        self,
        *,
        authentication: Authentication,
        failure_limit: FailureLimit,
        rate_limit: RateLimit,
        uses: KeyUses,
        background: Background,
    ) -> None:
        self._authentication, self._failure_limit, self._rate_limit = authentication, failure_limit, rate_limit
        self._uses, self._background = uses, background

    async def __call__(
        self,
        request: Request,
        scopes: SecurityScopes,
        _key: Annotated[str | None, Security(_HEADER)] = None,
        _bearer: Annotated[HTTPAuthorizationCredentials | None, Security(_BEARER)] = None,
    ) -> Caller:
        # The last two parameters tell FastAPI of the credentials, for the OpenAPI document; admit() reads the headers,
        # because it has to see each of several that are sent.
        return await self.admit(request, frozenset(map(Scope, scopes.scopes)))

    async def admit(self, request: Request, scopes: frozenset[Scope]) -> Caller:
        """The holder of the request's one key, who has these scopes."""
        caller = await self._caller(request)
        if caller is None:
            raise Refused("unauthenticated", headers={"WWW-Authenticate": 'Bearer realm="goatfish"'})
        request.state.caller = caller
        if self._uses.due(caller.key):
            self._background.start(self._uses.write(caller.key))
        self._rate_limit.count(caller.owner.id, request.state.headers)
        require_scopes(caller.key.scopes, scopes)
        return caller

    async def _caller(self, request: Request) -> Caller | None:
        """The holder of the request's one key.

        No key at all is no failure that is counted: it guesses nothing and costs no look-up, and a program that was
        not given its key should hear of that.
        """
        texts = _credentials(request)
        if not texts:
            return None
        text = texts.pop() if len(texts) == 1 else ""
        address, _ = request.scope.get("client") or ("", 0)
        self._failure_limit.admit(text, address)
        caller = await self._authentication.caller(text)
        if caller is None:
            self._failure_limit.failed(text, address)
        else:
            self._failure_limit.opened(text)
        return caller


def _credentials(request: Request) -> set[str]:
    texts = set()
    for name, value in request.scope["headers"]:
        if name == b"x-api-key":
            texts.add(value.decode("latin-1"))
        elif name == b"authorization":
            scheme, _, text = value.decode("latin-1").partition(" ")
            texts.add(text.strip() if scheme.lower() == "bearer" else "")
    return texts


def cause(request: Request) -> Cause:
    """A dependency: why the write of this request happens. The door comes before it."""
    caller: Caller = request.state.caller
    return Cause(actor=f"key:{caller.key.id}", request_id=request.state.request_id, at=caller.at)


def once(operation: str) -> Callable[..., Cause]:
    """A dependency like ``cause``, for an operation that a client may repeat with an ``Idempotency-Key``."""

    def promised(
        request: Request,
        idempotency_key: Annotated[
            str | None,
            Header(
                alias="Idempotency-Key",
                description="1 to 255 visible ASCII characters, bare or quoted: the request is carried out once,"
                " and answered alike for 24 hours",
                json_schema_extra={"minLength": 1, "pattern": _PATTERN},
            ),
        ] = None,
    ) -> Cause:
        del idempotency_key  # tells FastAPI what to document; the header may come several times
        why, keys = cause(request), lines(request, b"idempotency-key")
        if not keys:
            return why
        key = keys[0][1:-1] if keys[0][:1] == keys[0][-1:] == '"' and len(keys[0]) > 1 else keys[0]
        if len(keys) > 1 or not _VISIBLE.fullmatch(key) or key != hidden(key):  # it is kept as it is
            detail = "An idempotency key is 1 to 255 visible ASCII characters, and no API key."
            error = ProblemError(header="Idempotency-Key", code="idempotency_key", detail=detail)
            raise Refused("validation_failed", errors=[error])
        asked = json.dumps(request.path_params) + json.dumps(request.state.content, sort_keys=True)
        promise = Idempotency(operation=operation, key=key, fingerprint=hashlib.sha256(asked.encode()).hexdigest())
        return replace(why, idempotency=promise)

    return promised
