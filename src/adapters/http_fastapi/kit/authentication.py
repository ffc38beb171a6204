"""Who is calling: the dependency ``authenticate``, for every route that is not public."""

from collections.abc import Collection
from typing import Annotated, Any

from fastapi import Security
from fastapi.openapi.models import APIKey, APIKeyIn, HTTPBearer
from fastapi.openapi.models import SecurityBase as SecuritySchemeModel
from fastapi.security import SecurityScopes
from fastapi.security.base import SecurityBase
from starlette.requests import HTTPConnection
from starlette.types import Scope

from adapters.http_fastapi.kit.background import Background
from adapters.http_fastapi.kit.context import KEY, RequestContext
from adapters.http_fastapi.kit.problems import ProblemException
from adapters.http_fastapi.kit.rate_limit import FailureLimit, RateLimit
from domain.access.authentication import Authentication, Caller, LastUsedTracker
from domain.access.scopes import Scope as KeyScope
from domain.access.scopes import require_scopes


class _CredentialsHeader(SecurityBase):
    """A security scheme of the OpenAPI document, and the dependency that reads its header."""

    def __init__(self, scheme_name: str, header: str, model: SecuritySchemeModel) -> None:
        self.scheme_name, self.model = scheme_name, model
        self._name = header.lower().encode()

    async def __call__(self, connection: HTTPConnection) -> str | None:
        context: RequestContext = connection.scope[KEY]
        sent = context.request_headers.get(self._name)  # all lines of it: two keys must not pass for one
        return None if sent is None else sent.decode("latin-1")


_in_header: Any = {"in": APIKeyIn.header}
_API_KEY = _CredentialsHeader("ApiKey", "X-API-Key", APIKey(**_in_header, name="X-API-Key"))
_BEARER = _CredentialsHeader("Bearer", "Authorization", HTTPBearer(bearerFormat="gf_…"))


class Authenticator:
    """Turns the credentials of a request into its ``Caller``, within the limits of failures and of requests."""

    def __init__(
        self,
        *,
        authentication: Authentication,
        failure_limit: FailureLimit,
        rate_limit: RateLimit,
        last_used: LastUsedTracker,
        background: Background,
    ) -> None:
        self._authentication, self._failure_limit, self._rate_limit = authentication, failure_limit, rate_limit
        self._last_used, self._background = last_used, background

    async def authenticate(self, scope: Scope, token: str | None) -> Caller:
        """The caller with this key; counts the request against the rate limit.

        Raises ``ProblemException`` (401, 429) and ``Limited`` (429).
        """
        if token is None:  # nobody guesses at keys so: it does not count as a failure
            raise _unauthenticated()
        caller = self._authentication.cached(token) or await self._looked_up(token, scope)
        context: RequestContext = scope[KEY]
        context.caller = caller
        if self._last_used.claim(caller.key, caller.at):
            self._background.start(self._last_used.record(caller.key))
        self._rate_limit.count(caller.owner.id, context.response_headers)
        return caller

    async def _looked_up(self, token: str, scope: Scope) -> Caller:
        """The caller with this key; a failure counts against the address that it came from."""
        address, _ = scope.get("client") or ("", 0)
        self._failure_limit.check(token, address)
        caller = await self._authentication.authenticate(token)
        if caller is None:
            self._failure_limit.failed(token, address)
            raise _unauthenticated()
        self._failure_limit.succeeded(token)
        return caller


async def authenticate(
    connection: HTTPConnection,
    scopes: SecurityScopes,
    api_key: Annotated[str | None, Security(_API_KEY)] = None,
    authorization: Annotated[str | None, Security(_BEARER)] = None,
) -> Caller:
    """A dependency for ``Annotated[Caller, Security(authenticate, scopes=[…])]``: the caller, who has these scopes.

    A request is authenticated once, however many dependencies ask, and before its body is read. Raises
    ``ProblemException`` (401, 429), ``Limited`` (429) and ``Denied`` (403).
    """
    context: RequestContext = connection.scope[KEY]
    token = presented_token(api_key, authorization)
    caller = context.caller or await context.authenticator.authenticate(connection.scope, token)
    require_scopes(caller.key.scopes, [KeyScope(scope) for scope in scopes.scopes])
    return caller


async def authenticated(scope: Scope, scopes: Collection[KeyScope]) -> Caller:
    """The same as ``authenticate``, for a route whose scopes are known before its dependencies are solved."""
    context: RequestContext = scope[KEY]
    caller = context.caller
    if caller is None:
        headers = context.request_headers
        api_key, authorization = headers.get(b"x-api-key"), headers.get(b"authorization")
        token = presented_token(
            None if api_key is None else api_key.decode("latin-1"),
            None if authorization is None else authorization.decode("latin-1"),
        )
        caller = await context.authenticator.authenticate(scope, token)
    require_scopes(caller.key.scopes, scopes)
    return caller


def presented_token(api_key: str | None, authorization: str | None) -> str | None:
    """The key in these headers; None where there is none, empty where there are several or none that could be one."""
    if authorization is None and api_key is not None and "," not in api_key:
        return api_key
    tokens = set()
    if api_key is not None:
        tokens |= {token.strip() for token in api_key.split(",")}
    if authorization is not None:
        tokens |= {_bearer_token(credentials.strip()) for credentials in authorization.split(",")}
    if not tokens:
        return None
    return tokens.pop() if len(tokens) == 1 else ""


def _bearer_token(credentials: str) -> str:
    scheme, _, token = credentials.partition(" ")
    return token.strip() if scheme.lower() == "bearer" else ""


def _unauthenticated() -> ProblemException:
    return ProblemException("unauthenticated", headers={"WWW-Authenticate": 'Bearer realm="goatfish"'})
