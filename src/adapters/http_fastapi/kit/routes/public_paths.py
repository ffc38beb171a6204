"""Every route authenticates, or its path is on the list of those that are public."""

from collections.abc import Collection, Iterator, Sequence

from fastapi import APIRouter, FastAPI
from fastapi.routing import iter_route_contexts
from starlette.applications import Starlette
from starlette.routing import BaseRoute, Router

from adapters.http_fastapi.kit.routes.routing import inner_routes, mounted_app
from adapters.http_fastapi.kit.routes.signatures import required_scopes


class PublicPaths:
    """Paths as routes are declared with them; one that ends with ``/*`` stands for itself and all beneath."""

    def __init__(self, paths: Collection[str]) -> None:
        self._paths = frozenset(paths)
        self._areas = tuple(path.removesuffix("*") for path in paths if path.endswith("/*"))

    def __contains__(self, path: str) -> bool:
        return path in self._paths or f"{path}/".startswith(self._areas)


def require_authentication(routes: Sequence[BaseRoute], public: PublicPaths) -> None:
    """Raises ``RuntimeError`` with the names of the routes that neither authenticate nor are public."""
    if names := [*_unprotected(routes, public)]:
        raise RuntimeError(
            f"These routes authenticate nobody and are not on the list of public paths: {', '.join(names)}. Give each "
            "Security(authenticate, scopes=[...]), or its path to PUBLIC in adapters/http_fastapi/app.py."
        )


def mounted_applications(routes: Sequence[BaseRoute]) -> Iterator[Starlette | FastAPI]:
    """The applications that are mounted among these routes, and those within them."""
    for context in iter_route_contexts(routes):
        inner = inner_routes(context)
        if inner:
            app = mounted_app(context)
            if isinstance(app, Starlette):
                yield app
            yield from mounted_applications(inner)


def has_frontend(router: Router) -> bool:
    """Whether files are served by ``frontend()`` of this router, or of one that is included: no list shows them."""
    return isinstance(router, APIRouter) and any(True for _ in router._iter_low_priority_routes())


def _unprotected(routes: Sequence[BaseRoute], public: PublicPaths, prefix: str = "") -> Iterator[str]:
    for context in iter_route_contexts(routes):
        path = prefix + (context.path or "")
        dependant = getattr(context, "dependant", None)
        try:
            is_protected = dependant is not None and required_scopes(dependant) is not None
        except ValueError as error:
            raise RuntimeError(f"The route {path} asks for a scope that does not exist: {error}.") from error
        inner = inner_routes(context)
        if is_protected or path in public:
            continue
        if inner:
            yield from _unprotected(inner, public, path)
        else:
            yield f"{path or type(context.original_route).__name__} ({context.name or 'without a name'})"
