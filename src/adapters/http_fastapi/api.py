"""The FastAPI application: every route, and one answer for every error."""

import logging
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from http import HTTPStatus
from typing import Protocol

from fastapi import FastAPI
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from adapters.http_fastapi.background import Background
from adapters.http_fastapi.caller import Door
from adapters.http_fastapi.cross_origin import CrossOrigin
from adapters.http_fastapi.cursors import Cursors
from adapters.http_fastapi.envelope import Envelope
from adapters.http_fastapi.keys import key_routes
from adapters.http_fastapi.openapi import document
from adapters.http_fastapi.problems import Refused, answer
from adapters.http_fastapi.revisions import change_routes
from adapters.http_fastapi.simulations import SIMULATIONS, simulation_routes
from adapters.http_fastapi.system import Checked, system_routes
from domain.access.use_cases import Keys
from domain.errors import DomainError, Unavailable
from domain.idempotency import Once
from domain.revisions import History
from domain.simulations.use_cases import Simulations

_log = logging.getLogger("goatfish.http")


class Opened(Checked, Protocol):
    """What the application opens when it starts and closes when it stops."""

    async def open(self) -> None:
        """Prepares for use on the running event loop; connects to nothing yet."""
        ...

    async def close(self) -> None:
        """Gives back every connection."""
        ...


def build_api(
    *,
    storage: Opened,
    simulations: Simulations,
    keys: Keys,
    history: History,
    background: Background,
    door: Door,
    cursors: Cursors,
    once: Once,
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

    routers = [
        simulation_routes(simulations, door, cursors, once),
        change_routes([SIMULATIONS], history, door, cursors),
        key_routes(keys, door, cursors, once),
        system_routes(storage),
    ]
    api = FastAPI(
        title="Goatfish",
        version="1",
        summary="Keeps each tenant's engineering simulations.",
        routes=[route for router in routers for route in router.routes],  # flat: an included router is matched twice
        lifespan=lifespan,
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
        telemetry={"tracing": False, "metrics": False, "logs": False},  # nobody collects it, and each request asks
    )
    api.openapi = lambda: document(api)  # type: ignore[method-assign]  # -- FastAPI's documented way to extend it
    if cors_origins:
        api.add_middleware(CrossOrigin, origins=cors_origins)
    api.add_middleware(Envelope, allowed_hosts=allowed_hosts)
    for expected in (DomainError, Refused, Unavailable, HTTPException):
        api.add_exception_handler(expected, _answer)
    return api


async def _answer(request: Request, error: Exception) -> Response:
    if isinstance(error, Unavailable):
        _log.warning("request %s could not be served: %s", request.state.request_id, error)
    elif isinstance(error, HTTPException):
        error = _framework_error(request, error)
    return answer(error, request.scope)


def _framework_error(request: Request, error: HTTPException) -> Exception:
    if error.status_code == HTTPStatus.NOT_FOUND:
        return Refused("not_found")
    if error.status_code == HTTPStatus.METHOD_NOT_ALLOWED:
        return Refused("method_not_allowed", headers={"Allow": ", ".join(sorted(_methods(request)))})
    return error


def _methods(request: Request) -> set[str]:
    """Every verb of this path; Starlette's own answer names those of the first route alone."""
    path = request.scope["path"]
    here = [route for route in request.app.routes if isinstance(route, Route) and route.path_regex.match(path)]
    methods = {method for route in here for method in route.methods or ()} or {"GET"}  # files have no route
    return methods | ({"HEAD"} if "GET" in methods else set())
