"""From key to caller: the only door into the API."""

from collections.abc import Iterable
from typing import Annotated

from fastapi import Security
from fastapi.security import APIKeyHeader, HTTPAuthorizationCredentials, HTTPBearer, SecurityScopes
from starlette.requests import Request

from adapters.http_fastapi.problems import Refused
from domain.access.key import Scope, require_scopes
from domain.access.use_cases import Authentication, Caller
from domain.tenancy import Cause

_HEADER = APIKeyHeader(name="X-API-Key", scheme_name="ApiKey", auto_error=False)
_BEARER = HTTPBearer(scheme_name="Bearer", bearerFormat="gf_…", auto_error=False)


class Door:
    """A dependency for ``Security(door, scopes=[…])``: gives the ``Caller``, or refuses with 401 or 403."""

    def __init__(self, authentication: Authentication) -> None:
        self._authentication = authentication

    async def __call__(
        self,
        request: Request,
        scopes: SecurityScopes,
        _key: Annotated[str | None, Security(_HEADER)] = None,
        _bearer: Annotated[HTTPAuthorizationCredentials | None, Security(_BEARER)] = None,
    ) -> Caller:
        # The last two parameters tell FastAPI of the credentials, for the OpenAPI document; admit() reads the headers,
        # because it has to see each of several that are sent.
        return await self.admit(request, scopes.scopes)

    async def admit(self, request: Request, scopes: Iterable[str]) -> Caller:
        """The holder of the request's one key, who has these scopes."""
        texts = set(_credentials(request))
        caller = await self._authentication.caller(texts.pop()) if len(texts) == 1 else None
        if caller is None:
            raise Refused("unauthenticated", headers={"WWW-Authenticate": 'Bearer realm="goatfish"'})
        request.state.caller = caller
        require_scopes(caller.key.scopes, [Scope(scope) for scope in scopes])
        return caller


def _credentials(request: Request) -> Iterable[str]:
    yield from request.headers.getlist("x-api-key")
    for authorization in request.headers.getlist("authorization"):
        scheme, _, text = authorization.partition(" ")
        yield text.strip() if scheme.lower() == "bearer" else ""


def cause(request: Request) -> Cause:
    """A dependency: why the write of this request happens. The door comes before it."""
    caller: Caller = request.state.caller
    return Cause(actor=f"key:{caller.key.id}", request_id=request.state.request_id)
