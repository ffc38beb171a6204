"""Finds the route of a request in a time that does not grow with the number of resources."""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from typing import Any, Final, NamedTuple, TypeAlias

from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute, APIWebSocketRoute, RouteContext, iter_route_contexts
from starlette.routing import BaseRoute, Host, Match, Mount, Route, WebSocketRoute
from starlette.types import ASGIApp, Scope

from adapters.http_fastapi.kit.context import KEY
from adapters.http_fastapi.kit.problems import ProblemException
from adapters.http_fastapi.kit.routes.route import CompiledRoute, LiteralRoute

_INDEXED = {each.matches for each in (Route, APIRoute, CompiledRoute, WebSocketRoute, APIWebSocketRoute, Mount)}
"""The ``matches`` of routes that go by their path; a route with another may match any path."""
_OTHER: Final = None
"""The key of the routes that may match any method."""
ALL: Final = "*"
"""The method that stands for all."""
Overrides: TypeAlias = Mapping[Callable[..., Any], Callable[..., Any]]
"""An application's ``dependency_overrides``."""
_Candidates = dict[str | None, Sequence[BaseRoute]]
"""By the method of a request, the routes that may match, in the order of their registration."""


class RouteTable:
    """Routes by their literal paths, or by the literal beginning of a path with parameters, up to its last slash."""

    def __init__(self, routes: Sequence[BaseRoute]) -> None:
        self.routes = tuple(routes)
        heads = [_head(route) for route in routes]
        alone = {getattr(route, "path", None) for route in routes if isinstance(route, LiteralRoute)}
        self._exact: dict[str, _Candidates] = {}
        self._beneath: dict[str, _Candidates] = {}
        for head, is_exact in {("", False), *heads}:
            found = [
                route
                for route, (other, is_path) in zip(routes, heads, strict=True)
                if (other == head and is_path == is_exact)
                or (not is_path and head.startswith(other) and not (is_exact and head in alone))
            ]
            (self._exact if is_exact else self._beneath)[head] = _by_method(found)
        self._everywhere = _by_method(routes)
        self.has_head_endpoints = answers_head(routes)
        self._depth = max(head.count("/") for head in self._beneath)

    def candidates(self, scope: Scope, method: str | None) -> Sequence[BaseRoute]:
        """The routes that may match the path of the request by this method, in the order of their registration."""
        path = scope["path"]
        found = self._everywhere if scope.get("root_path") else self._exact.get(path)
        if found is None:
            found = self._beneath.get(path[: path.rfind("/") + 1])
        if found is None:
            found, end = self._beneath[""], 0
            for _ in range(self._depth):
                end = path.find("/", end) + 1
                if not end:
                    break
                found = self._beneath.get(path[:end], found)
        routes = found.get(method)
        return found[_OTHER] if routes is None else routes


def _head(route: BaseRoute) -> tuple[str, bool]:
    """The literal beginning of the paths that a route may match, and whether it is all of them."""
    path = getattr(route, "path", None)
    if type(route).matches not in _INDEXED or not isinstance(path, str):
        return "", False
    if isinstance(route, Mount):
        path += "/{path}"
    literal, brace, _ = path.partition("{")
    return (literal[: literal.rfind("/") + 1], False) if brace else (path, True)


def _by_method(routes: Sequence[BaseRoute]) -> _Candidates:
    methods = {method for route in routes if isinstance(route, Route) for method in route.methods or ()}
    found: _Candidates = {method: _for(method, routes) for method in methods}
    found |= {_OTHER: _for(_OTHER, routes), ALL: tuple(routes)}
    return found


def _for(method: str | None, routes: Iterable[BaseRoute]) -> Sequence[BaseRoute]:
    """Without the compiled routes of other methods, whose match is never partial."""
    return tuple(
        route
        for route in routes
        if not (isinstance(route, CompiledRoute) and route.binding is not None and method not in (route.methods or ()))
    )


class Target(NamedTuple):
    """What a request is routed to in the end."""

    path: str
    """As routes are declared, with the prefixes of routers and the paths of mounts."""
    dependant: Dependant | None
    methods: Collection[str] | None
    overrides: Overrides
    """Which dependencies stand in for others there."""
    context: RouteContext
    """Of the route of the application itself, where what answers is mounted."""


def target(routes: Sequence[BaseRoute], scope: Scope, overrides: Overrides, prefix: str = "") -> Target | None:
    """What answers the request among these routes, be it in an included router or in a mounted application.

    Raises ``ProblemException`` (405) where there is only what answers other methods.
    """
    methods: set[str] = set()
    refused: str | None = None
    for context in iter_route_contexts(routes):
        match, child_scope = context.matches(scope)
        if match is Match.PARTIAL:
            methods |= context.methods or set()
            refused = refused or prefix + (context.path or "")
        if match is not Match.FULL:
            continue
        path = prefix + (context.path or "")
        inner = inner_routes(context)
        if inner:
            within: Overrides = getattr(mounted_app(context), "dependency_overrides", {})
            found = target(inner, {**scope, **child_scope}, within, path)
            return found and found._replace(context=context)
        return Target(path, getattr(context, "dependant", None), context.methods, overrides, context)
    if methods:
        scope[KEY].route = refused
        raise method_not_allowed(methods)
    return None


def method_not_allowed(methods: Collection[str]) -> ProblemException:
    """The refusal of a method where these are known; a GET is answered to a HEAD too."""
    allowed = {*methods, "HEAD"} if "GET" in methods else methods
    return ProblemException("method_not_allowed", headers={"Allow": ", ".join(sorted(allowed))})


def inner_routes(context: RouteContext) -> Sequence[BaseRoute]:
    """The routes of a mounted application; none where it has no list of them, or is not mounted."""
    if not isinstance(context.original_route, Mount | Host):
        return ()
    return getattr(context, "routes", None) or ()


def mounted_app(context: RouteContext) -> ASGIApp | None:
    """The mounted application itself, without the middleware that a ``Mount`` may have."""
    app: ASGIApp | None = getattr(context, "_base_app", None) or getattr(context, "app", None)
    return app


def answers_head(routes: Sequence[BaseRoute]) -> bool:
    """Whether an endpoint among these routes answers HEAD and not GET."""
    return any(
        answers_head(inner_routes(context)) or ("HEAD" in methods and "GET" not in methods)
        for context in iter_route_contexts(routes)
        for methods in [context.methods or ()]
    )
