"""A route that is compiled where its endpoint is understood wholly, and FastAPI's own where it is not."""

from collections.abc import Callable
from typing import Any, ClassVar

from fastapi import APIRouter
from fastapi.routing import APIRoute, request_response
from starlette.routing import Match
from starlette.types import Scope

from adapters.http_fastapi.kit.routes.signatures import binding_of

_FASTAPI = "fastapi"
"""The key of the scope under which FastAPI keeps the included router that it matches."""


class CompiledRoute(APIRoute):
    """FastAPI's route, with a ``binding`` that answers in its place where the whole signature is understood.

    That is so for an asynchronous endpoint that is annotated to return a ``Response``, if it and its dependencies,
    which are asynchronous too, take nothing but:

    - the caller (``authenticate``) and the request,
    - a body that is a ``CreateBody`` and a query that is a ``QueryModel``, in the endpoint alone,
    - path parameters that are ``str`` or ``ObjectId``, and headers that are optional text.

    The binding does what FastAPI would, in a quarter of the time and in the order of refusals that the contract
    promises. FastAPI answers all other routes, and any that is included, mounted or has dependencies overridden.
    """

    STRICT_QUERY: ClassVar[bool] = False
    """Whether a query is refused (422) where the endpoint declares none; FastAPI ignores it."""

    def __init__(self, path: str, endpoint: Callable[..., Any], **settings: Any) -> None:
        super().__init__(path, endpoint, **settings)
        self.binding = binding_of(self, is_strict=self.STRICT_QUERY)
        # Methods as the ASGI scope has them; the request middleware makes a HEAD a GET.
        self._verbs = frozenset(self.methods or ())

    def belong_to(self, app: object) -> None:
        """Takes the ``dependency_overrides`` of this application, which the router that made the route did not know."""
        if self.dependency_overrides_provider is None:
            self.dependency_overrides_provider = app
            self.app = request_response(self.get_route_handler())

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        """Whether it answers this request, and with which parameters; a compiled one matches its own verbs alone."""
        if self.binding is None or scope["type"] != "http" or scope.get("root_path") or _FASTAPI in scope:
            return super().matches(scope)
        if scope["method"] in self._verbs:
            found = self.path_regex.match(scope["path"])
            if found is not None:
                return Match.FULL, {"route": self, "endpoint": self.endpoint, "path_params": found.groupdict()}
        return Match.NONE, {}


class StrictRoute(CompiledRoute):
    """A compiled route that ignores no parameter of a query, as the API's contract promises."""

    STRICT_QUERY = True


class LiteralRoute(StrictRoute):
    """A route with a literal path, for which no route with a parameter answers by another method: that is a 405."""


def router(tag: str, prefix: str = "/api/v1", route_class: type[CompiledRoute] = StrictRoute) -> APIRouter:
    """A router for routes of this class below ``prefix``, with their names as the ids of their operations."""
    return APIRouter(
        prefix=prefix, tags=[tag], route_class=route_class, generate_unique_id_function=lambda route: route.name
    )
