"""The FastAPI application: every route, and one answer for every error."""

import logging
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from http import HTTPStatus
from typing import Any, Protocol

from fastapi import FastAPI
from starlette.exceptions import HTTPException
from starlette.responses import Response
from starlette.routing import BaseRoute, Match, Route
from starlette.types import Receive, Scope, Send

from adapters.http_fastapi.kit.authentication import Authenticator
from adapters.http_fastapi.kit.background import Background
from adapters.http_fastapi.kit.body_budget import BodyBudget
from adapters.http_fastapi.kit.bounds import (
    excess,
    is_plain,
    require_length,
    require_no_key,
    require_short_type,
)
from adapters.http_fastapi.kit.context import KEY, RequestContext
from adapters.http_fastapi.kit.cors import Cors
from adapters.http_fastapi.kit.cursors import Cursors
from adapters.http_fastapi.kit.deadlines import Deadlines
from adapters.http_fastapi.kit.middleware import RequestMiddleware
from adapters.http_fastapi.kit.openapi import description, document, tags
from adapters.http_fastapi.kit.problems import ProblemException, problem_response
from adapters.http_fastapi.kit.resource import Resource
from adapters.http_fastapi.kit.revisions import change_routes, entity_routes
from adapters.http_fastapi.kit.route import CompiledRoute
from adapters.http_fastapi.resources.api_keys import key_routes
from adapters.http_fastapi.resources.system import HealthCheck, system_routes
from domain.access.use_cases import ApiKeys
from domain.errors import DomainError, Unavailable
from domain.idempotency import IdempotentExecutor
from domain.repository import Owned
from domain.revisions import History
from domain.use_cases import EntityUseCases

_log = logging.getLogger("goatfish.http")


class Lifecycle(HealthCheck, Protocol):
    """What the application opens when it starts and closes when it stops."""

    async def open(self) -> None:
        """Prepares for use on the running event loop; connects to nothing yet."""
        ...

    async def close(self) -> None:
        """Gives back every connection."""
        ...


def build_api(
    *,
    storage: Lifecycle,
    entities: Mapping[type[Owned], EntityUseCases[Any]],
    keys: ApiKeys,
    history: History,
    background: Background,
    authenticator: Authenticator,
    cursors: Cursors,
    once: IdempotentExecutor,
    bodies: BodyBudget,
    deadlines: Deadlines,
    allowed_hosts: Sequence[str],
    cors_origins: Sequence[str],
) -> FastAPI:
    """The API on these use cases."""

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        await storage.open()
        try:
            yield
        finally:
            await background.drain()
            await storage.close()

    resources = {Resource.of(entity, entities): use_cases for entity, use_cases in entities.items()}
    routers = [
        *(entity_routes(resource, each, authenticator, cursors, once) for resource, each in resources.items()),
        change_routes([*resources], history, authenticator, cursors),
        key_routes(keys, authenticator, cursors, once),
        system_routes(storage),
    ]
    return Api(
        bodies=bodies,
        deadlines=deadlines,
        allowed_hosts=allowed_hosts,
        cors_origins=cors_origins,
        title="Goatfish",
        version="1",
        summary="Keeps each tenant's engineering simulations.",
        description=description(entities),
        openapi_tags=tags(entities),
        routes=[route for router in routers for route in router.routes],  # flat: an included router is matched twice
        lifespan=lifespan,
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
    )


class Api(FastAPI):
    """FastAPI's routes and document, with our own few layers round its router in place of its many.

    Every layer costs each request some microseconds, and what FastAPI's do is done here: unexpected exceptions are
    the envelope's, bounds of bodies ``read_json``'s, and no operation leaves anything to be closed. So what is given to
    ``add_middleware`` has no effect: docs/decisions/0011.
    """

    def __init__(
        self,
        *,
        bodies: BodyBudget,
        deadlines: Deadlines,
        allowed_hosts: Sequence[str],
        cors_origins: Sequence[str],
        **settings: Any,
    ) -> None:
        super().__init__(**settings)
        self.router.route_class = CompiledRoute
        self._layers = RequestMiddleware(
            self._answer,
            allowed_hosts=allowed_hosts,
            bodies=bodies,
            deadlines=deadlines,
            cross_origin=Cors(cors_origins) if cors_origins else None,
        )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        scope["app"] = self
        await self._layers(scope, receive, send)

    def openapi(self) -> dict[str, Any]:
        """The OpenAPI document."""
        return document(self)

    async def _answer(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Lets a route answer; whatever refusal is raised by it, or by there being none, is answered as a problem."""
        if scope["type"] != "http":
            await self.router(scope, receive, send)
            return
        try:
            route = self._matching(scope)
            if not isinstance(route, CompiledRoute) or not route.takes_key:
                _require_bounds(route, scope)
            await route.handle(scope, receive, send)
        except HTTPException as error:
            # The error is given no other name: it would hold its own traceback, and all of the request with it.
            await self._refusal(_ours(error), scope)(scope, receive, send)
        except (DomainError, ProblemException, Unavailable) as error:
            await self._refusal(error, scope)(scope, receive, send)

    def _refusal(self, error: Exception, scope: Scope) -> Response:
        context: RequestContext = scope[KEY]
        if isinstance(error, Unavailable):
            _log.warning("request %s could not be served: %s", context.request_id, error)
        return problem_response(error, scope["path"], context.request_id)

    def _matching(self, scope: Scope) -> BaseRoute:
        """The first route that matches, with what it found; an operation matches its own verbs alone."""
        routes = self.router.routes
        encoded = b"%" in (scope.get("raw_path") or b"")
        for route in routes:
            match, found = route.matches(scope)
            if match is Match.FULL:
                if (encoded or not isinstance(route, CompiledRoute)) and not _is_spelled(route, scope):
                    raise ProblemException("not_found")
                scope.update(found)
                return route
        path = scope["path"]
        here = [route for route in routes if isinstance(route, Route) and route.path_regex.match(path)]
        methods = {method for route in here if _is_spelled(route, scope) for method in route.methods or ()}
        raise _not_allowed(methods) if methods else ProblemException("not_found")


def _is_spelled(route: BaseRoute, scope: Scope) -> bool:
    """Whether the path is spelled as the route's: what stands for a parameter alone may be percent-encoded."""
    if not isinstance(route, CompiledRoute):
        return is_plain(scope)
    raw: bytes = scope.get("raw_path") or b""
    return b"%" not in raw or route.path_regex.match(raw.decode("latin-1")) is not None


def _require_bounds(route: BaseRoute, scope: Scope) -> None:
    """What an operation with a key sees to in its own order: pages, probes, files and the admin are refused at once."""
    context: RequestContext = scope[KEY]
    if not isinstance(route, CompiledRoute):
        require_length(context.sent)
        require_short_type(context.sent)
    if error := excess(scope["query_string"]):
        raise ProblemException("validation_failed", errors=[error])
    if scope["path"].startswith("/admin"):
        require_no_key(scope["path"], scope["query_string"])


def _ours(error: HTTPException) -> Exception:
    """Of what is not ours, which is files: there is none of this name, or another verb than GET and HEAD."""
    if error.status_code == HTTPStatus.NOT_FOUND:
        return ProblemException("not_found")
    if error.status_code == HTTPStatus.METHOD_NOT_ALLOWED:
        return _not_allowed({"GET"})
    return error


def _not_allowed(methods: set[str]) -> ProblemException:
    allowed = sorted(methods | {"HEAD"}) if "GET" in methods else sorted(methods)
    return ProblemException("method_not_allowed", headers={"Allow": ", ".join(allowed)})
