"""A route that is compiled where its endpoint is understood wholly, and FastAPI's own where it is not."""

from collections.abc import Callable
from typing import Any, ClassVar

from fastapi.routing import APIRoute, request_response
from starlette.routing import Match
from starlette.types import Scope

from adapters.http_fastapi.kit.signatures import binding_of

_FASTAPI = "fastapi"
"""Where FastAPI keeps in the scope by which inclusion of a router it has come to a route."""


class CompiledRoute(APIRoute):
    """FastAPI's route, with a ``binding`` by which ``Api`` answers where the endpoint is understood wholly.

    That is an asynchronous endpoint which promises a ``Response`` and asks, with its asynchronous dependencies, for
    nothing but the caller (``authenticate``), a body that is a ``CreateBody``, a query that is a ``QueryModel``, path
    parameters that are ``str`` or ``ObjectId``, optional headers and the request. There it does what FastAPI would, in
    a quarter of the time and in the order of refusals that the contract promises. Anything else, and any route that is
    included, mounted or has dependencies overridden, is FastAPI's.
    """

    STRICT_QUERY: ClassVar[bool] = False
    """Whether a query is refused (422) where the endpoint declares none; FastAPI leaves it to who looks for it."""

    def __init__(self, path: str, endpoint: Callable[..., Any], **settings: Any) -> None:
        super().__init__(path, endpoint, **settings)
        self.binding = binding_of(self, is_strict=self.STRICT_QUERY)
        # Methods as the ASGI scope has them; the request middleware makes a HEAD a GET.
        self._verbs = frozenset(self.methods or ())

    def belong_to(self, app: object) -> None:
        """Has FastAPI look for overridden dependencies in ``app``: a router that is made alone knows of none."""
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
