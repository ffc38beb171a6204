"""From key to caller: the only door into the API."""

import hashlib
import json
import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Annotated

from fastapi import Header, Security
from fastapi.security import APIKeyHeader, HTTPAuthorizationCredentials, HTTPBearer, SecurityScopes
from starlette.requests import Request

from adapters.http_fastapi.kit.background import Background
from adapters.http_fastapi.kit.context import KEY, RequestContext
from adapters.http_fastapi.kit.problems import ProblemError, ProblemException
from adapters.http_fastapi.kit.rate_limit import FailureLimit, RateLimit
from domain.access.authentication import Authentication, Caller, LastUsedTracker
from domain.access.scopes import Scope, require_scopes
from domain.access.token import redact
from domain.write_context import IdempotencyKey, WriteContext

_HEADER = APIKeyHeader(name="X-API-Key", scheme_name="ApiKey", auto_error=False)
_BEARER = HTTPBearer(scheme_name="Bearer", bearerFormat="gf_…", auto_error=False)
_PATTERN = '^("[!-~]{1,255}"|[!#-~][!-~]{0,254}|"([!-~]{0,253}[!#-~])?)$'
_VISIBLE = re.compile(r"[\x21-\x7e]{1,255}")


class Authenticator:
    """A dependency for ``Security(door, scopes=[…])``: gives the ``Caller``, or refuses with 401, 429 or 403."""

    def __init__(
        self,
        *,
        authentication: Authentication,
        failure_limit: FailureLimit,
        rate_limit: RateLimit,
        uses: LastUsedTracker,
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
        context: RequestContext = request.scope[KEY]
        text = _key(context.sent)
        if text is None:  # which guesses nothing: a program that was not given its key should hear of that
            raise _unauthenticated()
        caller = self._authentication.remembered(text) or await self._looked_up(text, request)
        context.caller = caller
        if self._uses.due(caller.key, caller.at):
            self._background.start(self._uses.write(caller.key))
        self._rate_limit.count(caller.owner.id, context.headers)
        require_scopes(caller.key.scopes, scopes)
        return caller

    async def _looked_up(self, text: str, request: Request) -> Caller:
        """The holder of this key; a failure counts against the address that it came from."""
        address, _ = request.scope.get("client") or ("", 0)
        self._failure_limit.admit(text, address)
        caller = await self._authentication.caller(text)
        if caller is None:
            self._failure_limit.failed(text, address)
            raise _unauthenticated()
        self._failure_limit.opened(text)
        return caller


def _unauthenticated() -> ProblemException:
    return ProblemException("unauthenticated", headers={"WWW-Authenticate": 'Bearer realm="goatfish"'})


def _key(sent: Mapping[bytes, bytes]) -> str | None:
    """The text of the key; none at all is None, and what cannot be one is empty."""
    key, bearer = sent.get(b"x-api-key"), sent.get(b"authorization")
    if bearer is None and key is not None and b"," not in key:
        return key.decode("latin-1")
    texts = set()
    if key is not None:
        texts |= {text.strip() for text in key.decode("latin-1").split(",")}
    if bearer is not None:
        texts |= {_token(credentials.strip()) for credentials in bearer.decode("latin-1").split(",")}
    if not texts:
        return None
    return texts.pop() if len(texts) == 1 else ""


def _token(credentials: str) -> str:
    scheme, _, text = credentials.partition(" ")
    return text.strip() if scheme.lower() == "bearer" else ""


def write_context(request: Request) -> WriteContext:
    """A dependency: why the write of this request happens. The door comes before it."""
    context: RequestContext = request.scope[KEY]
    return WriteContext(actor=f"key:{context.caller.key.id}", request_id=context.request_id, at=context.caller.at)


def idempotent_write_context(operation: str) -> Callable[..., WriteContext]:
    """A dependency like ``cause``, for an operation that a client may repeat with an ``IdempotencyKey-Key``."""

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
    ) -> WriteContext:
        del idempotency_key  # tells FastAPI what to document; the header may come several times
        why = write_context(request)
        context: RequestContext = request.scope[KEY]
        if b"idempotency-key" not in context.sent:
            return why
        key = context.sent[b"idempotency-key"].decode("latin-1")
        key = key[1:-1] if key[:1] == key[-1:] == '"' and len(key) > 1 else key
        if not _VISIBLE.fullmatch(key) or key != redact(key):  # it is kept as it is
            detail = "An idempotency key is 1 to 255 visible ASCII characters, and no API key."
            error = ProblemError(header="Idempotency-Key", code="idempotency_key", detail=detail)
            raise ProblemException("validation_failed", errors=[error])
        asked = json.dumps(request.path_params) + json.dumps(context.content, sort_keys=True)
        write_key = IdempotencyKey(operation=operation, key=key, fingerprint=hashlib.sha256(asked.encode()).hexdigest())
        return replace(why, idempotency_key=write_key)

    return promised
