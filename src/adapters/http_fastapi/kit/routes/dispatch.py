"""The innermost layer: finds the route, lets it answer, and lets an exception handler answer what it raises."""

from typing import Any

from fastapi import FastAPI
from fastapi.middleware.asyncexitstack import AsyncExitStackMiddleware
from fastapi.routing import APIRoute, APIWebSocketRoute, RouteContext, iter_route_contexts
from starlette.requests import Request
from starlette.routing import BaseRoute, Match
from starlette.types import Receive, Scope, Send
from starlette.websockets import WebSocket

from adapters.http_fastapi.kit.authentication import authenticated
from adapters.http_fastapi.kit.bounds import (
    excess,
    is_plain,
    require_length,
    require_no_key,
    require_short_type,
)
from adapters.http_fastapi.kit.context import KEY, RequestContext, path_within
from adapters.http_fastapi.kit.layers.exception_handlers import (
    ExceptionHandlers,
    add_failure_handler,
    add_problem_handlers,
    respond,
    ungrouped,
)
from adapters.http_fastapi.kit.layers.websockets import refuse
from adapters.http_fastapi.kit.problems import ProblemException
from adapters.http_fastapi.kit.routes.public_paths import PublicPaths, mounted_applications
from adapters.http_fastapi.kit.routes.route import CompiledRoute
from adapters.http_fastapi.kit.routes.routing import (
    ALL,
    RouteTable,
    Target,
    inner_routes,
    method_not_allowed,
    target,
)
from adapters.http_fastapi.kit.routes.signatures import required_scopes


class Dispatcher:
    """An ASGI application that answers by the routes of ``api``: compiled ones by their binding, others as FastAPI.

    Others are authenticated here, before FastAPI reads their bodies; where it solves ``authenticate``, the caller is
    known already. A route that neither authenticates nor is public is not served, whenever it was added.
    """

    def __init__(self, api: FastAPI, handlers: ExceptionHandlers, public: PublicPaths) -> None:
        self._api, self._handlers, self._public = api, handlers, public
        self._table = self._read_routes()
        self._as_fastapi = AsyncExitStackMiddleware(_handle)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self._api.router(scope, receive, send)
            return
        try:
            route, found = self._find(scope)
            if isinstance(route, CompiledRoute) and route.binding is not None and not self._api.dependency_overrides:
                scope.update(found)
                scope[KEY].route = route.path
                await route.binding(scope, receive, send)
            else:
                await self._serve(route, found, scope, receive, send)
        except Exception as error:
            # The error is given no other name: it would hold its own traceback, and all of the request with it.
            if not await self._is_answered(ungrouped(error), scope, receive, send):
                raise

    async def _is_answered(self, error: BaseException, scope: Scope, receive: Receive, send: Send) -> bool:
        """Whether a handler has answered."""
        context: RequestContext = scope[KEY]
        handler = self._handlers.find(error)
        is_websocket = scope["type"] == "websocket"
        if handler is None or (context.started and not is_websocket):
            return False
        request: Any = WebSocket(scope, receive, send) if is_websocket else Request(scope, receive, send)
        response = await respond(handler, request, error)
        if not is_websocket:
            await response(scope, receive, send)
        elif response is not None:  # otherwise the handler has closed it
            await refuse(response, context, scope, receive, send)
        return True

    async def _serve(self, route: BaseRoute, child_scope: Scope, scope: Scope, receive: Receive, send: Send) -> None:
        """Lets FastAPI answer, once the caller is authenticated and the request is within bounds."""
        found = target([route], scope, self._api.dependency_overrides)
        if found is None or not _encodes_parameters_alone(found.context, scope):
            raise ProblemException("not_found")
        context: RequestContext = scope[KEY]
        context.route = found.path
        await self._authenticate(found, scope)
        _require_bounds(route, scope)
        if context.repeated_headers and found.dependant is not None and not _is_compiled(route):
            scope["headers"] = context.repeated_headers  # of which FastAPI makes lists
        scope.update(child_scope)
        scope["route"], scope["router"] = route, self._api.router
        if scope["type"] == "http":  # what a WebSocket raises is answered here, by whether it was accepted
            scope["starlette.exception_handlers"] = self._handlers.in_scope
        await self._as_fastapi(scope, receive, send)

    async def _authenticate(self, found: Target, scope: Scope) -> None:
        """Refuses who may not come to the target; where that is overridden, FastAPI asks what stands in."""
        scopes = None if found.dependant is None else required_scopes(found.dependant)
        if scopes is None and found.path not in self._public:
            raise RuntimeError(f"The route {found.path} authenticates nobody and is not public.")
        if found.dependant is not None and found.overrides:
            scopes = required_scopes(found.dependant, found.overrides)
        if scopes is not None:
            await authenticated(scope, scopes)

    def _find(self, scope: Scope) -> tuple[BaseRoute, Scope]:
        """The first route that matches, and what it adds to the scope. Raises ``ProblemException``."""
        if len(self._api.router.routes) != len(self._table.routes):
            self._table = self._read_routes()
        if self._table.has_head_endpoints and scope[KEY].is_head and self._has_head_endpoint(scope):
            scope["method"] = "HEAD"
        is_encoded = b"%" in (scope.get("raw_path") or b"")
        for route in self._table.candidates(scope, scope.get("method")):
            match, found = route.matches(scope)
            if match is Match.FULL:
                if (
                    is_encoded
                    and isinstance(route, CompiledRoute)
                    and not _encodes_parameters_alone(RouteContext(route), scope)
                ):
                    raise ProblemException("not_found")
                return route, found
        contexts = self._at_path(scope)
        if not contexts or scope["type"] != "http":
            raise ProblemException("not_found")
        scope[KEY].route = contexts[0].path
        raise method_not_allowed({method for context in contexts for method in context.methods or ()})

    def path_of(self, scope: Scope) -> str | None:
        """The path, as it was declared, of what answers some method at the path of the request."""
        contexts = self._at_path(scope)
        return contexts[0].path if contexts else None

    def _at_path(self, scope: Scope) -> list[RouteContext]:
        return [
            context
            for context in iter_route_contexts(self._table.candidates(scope, ALL))
            if context.methods
            and context.path_regex.match(path_within(scope))
            and _encodes_parameters_alone(context, scope)
        ]

    def _has_head_endpoint(self, scope: Scope) -> bool:
        """Whether an endpoint of its own answers HEAD here, so that the one of GET does not."""
        try:
            found = target(self._api.routes, {**scope, "method": "HEAD"}, {})
        except ProblemException:
            return False
        return found is not None and found.methods is not None and "GET" not in found.methods

    def _read_routes(self) -> RouteTable:
        """The routes as they are now, with problems for answers to what goes wrong in them."""
        for mounted in mounted_applications(self._api.routes):
            add_problem_handlers(mounted.exception_handlers)
            add_failure_handler(mounted.exception_handlers)
        for route in self._api.routes:
            if isinstance(route, CompiledRoute):
                route.belong_to(self._api)
        return RouteTable(self._api.routes)


def _is_compiled(route: BaseRoute) -> bool:
    return isinstance(route, CompiledRoute) and route.binding is not None


async def _handle(scope: Scope, receive: Receive, send: Send) -> None:
    route: BaseRoute = scope["route"]
    await route.handle(scope, receive, send)


def _encodes_parameters_alone(context: RouteContext, scope: Scope) -> bool:
    """Whether nothing but parameters of the path is percent-encoded: rules of a proxy may go by the rest."""
    if not isinstance(context.original_route, APIRoute | APIWebSocketRoute) and not inner_routes(context):
        return is_plain(scope)
    raw: bytes = scope.get("raw_path") or b""
    regex = getattr(context, "path_regex", None)  # a Host has none
    if b"%" not in raw or regex is None:
        return True
    path = raw.decode("latin-1").removeprefix(scope.get("root_path", ""))
    return regex.match(path) is not None


def _require_bounds(route: BaseRoute, scope: Scope) -> None:
    """Refuses what is too much before anybody parses or stores it; a compiled route checks its body by itself."""
    context: RequestContext = scope[KEY]
    if isinstance(route, CompiledRoute) and route.binding is not None:
        context.body_max = route.binding.body_max
    else:
        require_length(context.request_headers)
        require_short_type(context.request_headers)
    if error := excess(scope["query_string"]):
        raise ProblemException("validation_failed", errors=[error])
    if path_within(scope).startswith("/admin"):
        require_no_key(scope["path"], scope["query_string"])
