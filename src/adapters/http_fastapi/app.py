"""The FastAPI application: every route, and one answer for every error."""

from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from functools import partial
from typing import Any, NoReturn, Protocol

from fastapi import FastAPI
from starlette.types import ASGIApp

from adapters.http_fastapi.kit.authentication import Authenticator
from adapters.http_fastapi.kit.background import Background
from adapters.http_fastapi.kit.cursors import Cursors
from adapters.http_fastapi.kit.entities.batches import batch_routes
from adapters.http_fastapi.kit.entities.resource import Resource
from adapters.http_fastapi.kit.entities.revisions import entity_routes
from adapters.http_fastapi.kit.layers.body_budget import BodyBudget
from adapters.http_fastapi.kit.layers.cors import Cors
from adapters.http_fastapi.kit.layers.deadlines import Deadlines
from adapters.http_fastapi.kit.layers.exception_handlers import ExceptionHandlers, add_problem_handlers
from adapters.http_fastapi.kit.layers.middleware import PROBES, RequestMiddleware
from adapters.http_fastapi.kit.openapi import LICENSE, SERVERS, description, document, tags
from adapters.http_fastapi.kit.readiness import HealthCheck, Readiness
from adapters.http_fastapi.kit.routes.dispatch import Dispatcher
from adapters.http_fastapi.kit.routes.public_paths import (
    PublicPaths,
    has_frontend,
    mounted_applications,
    require_authentication,
)
from adapters.http_fastapi.kit.routes.route import CompiledRoute
from adapters.http_fastapi.resources.api_keys import key_routes
from adapters.http_fastapi.resources.changes import change_routes
from adapters.http_fastapi.resources.run_reports import run_report_routes
from adapters.http_fastapi.resources.system import system_routes
from adapters.http_fastapi.resources.webhooks import webhook_routes
from adapters.http_fastapi.workbench.routes import SignInCodes, workbench_routes
from domain.access.use_cases import ApiKeys
from domain.history import History
from domain.idempotency import IdempotentExecutor
from domain.repository import Owned
from domain.runs.use_cases import RunUseCases
from domain.use_cases import EntityUseCases
from domain.webhooks.use_cases import Webhooks

PUBLIC = PublicPaths(
    {
        *PROBES,
        "/",  # the workbench: a page without data
        "/workbench/*",  # its files, and its sign-in links
        "/problems/{name}",
        "/openapi.json",
        "/docs",
        "/docs/assets/*",
        "/admin/*",  # which has its own accounts
        "/static/*",  # the admin's
    }
)
"""The paths of routes that authenticate nobody. Any other such route stops the start."""
_NO_TELEMETRY = {"tracing": False, "metrics": False, "logs": False}
"""FastAPI looks for OpenTelemetry at every request; whoever configures it passes ``telemetry``."""


class Lifecycle(HealthCheck, Protocol):
    """What the application opens when it starts and closes when it stops."""

    async def open(self) -> None:
        """Prepares for use on the running event loop. Returns although its database is away."""
        ...

    async def close(self) -> None:
        """Gives back every connection."""
        ...


class Api(FastAPI):
    """FastAPI with layers of our own: the request middleware, whatever ``add_middleware`` has, and the dispatcher.

    They do what FastAPI's layers do, at a fraction of the cost where nothing of it is used: docs/decisions/0011.
    """

    def __init__(
        self,
        *,
        authenticator: Authenticator,
        bodies: BodyBudget,
        deadlines: Deadlines,
        allowed_hosts: Sequence[str],
        cors_origins: Sequence[str],
        **settings: Any,
    ) -> None:
        super().__init__(**{"telemetry": _NO_TELEMETRY, **settings})
        self.router.route_class = CompiledRoute
        self._around = partial(
            RequestMiddleware,
            authenticator=authenticator,
            allowed_hosts=allowed_hosts,
            bodies=bodies,
            deadlines=deadlines,
            cors=Cors(cors_origins) if cors_origins else None,
        )

    def check_routes(self) -> None:
        """Raises ``RuntimeError`` where a route neither authenticates nor is public, or is one of a frontend."""
        require_authentication(self.routes, PUBLIC)
        for app in (self, *mounted_applications(self.routes)):
            if has_frontend(app.router):
                self.frontend()

    def build_middleware_stack(self) -> ASGIApp:
        """Starlette's hook, called before the first request and the lifespan. Raises as ``check_routes`` does."""
        self.check_routes()
        add_problem_handlers(self.exception_handlers)
        handlers = ExceptionHandlers(self.exception_handlers)
        dispatcher = Dispatcher(self, handlers, PUBLIC)
        app: ASGIApp = dispatcher
        for middleware, arguments, settings in reversed(self.user_middleware):
            app = middleware(app, *arguments, **settings)
        return self._around(app, path_of=dispatcher.path_of, on_error=handlers.unexpected)

    def frontend(self, *_: Any, **__: Any) -> NoReturn:
        """Is not supported: the routes of files that it makes are found by FastAPI's router, which is not used."""
        raise RuntimeError("Mount StaticFiles instead, and add the path to PUBLIC.")

    def openapi(self) -> dict[str, Any]:
        """The OpenAPI document."""
        return document(self)


def build_api(
    *,
    storage: Lifecycle,
    entities: Mapping[type[Owned], EntityUseCases[Any]],
    keys: ApiKeys,
    webhooks: Webhooks,
    history: History,
    background: Background,
    authenticator: Authenticator,
    cursors: Cursors,
    idempotent: IdempotentExecutor,
    bodies: BodyBudget,
    deadlines: Deadlines,
    sign_in_codes: SignInCodes,
    allowed_hosts: Sequence[str],
    cors_origins: Sequence[str],
    public_url: str | None = None,
) -> Api:
    """The API on these use cases; the document names ``public_url`` as its server."""
    readiness = Readiness(storage)
    resources = {Resource.of(entity, entities): use_cases for entity, use_cases in entities.items()}
    routers = [
        *(batch_routes(resource, each, idempotent) for resource, each in resources.items()),
        *(entity_routes(resource, each, cursors, idempotent) for resource, each in resources.items()),
        *(run_report_routes(resource, each) for resource, each in resources.items() if isinstance(each, RunUseCases)),
        change_routes([*resources], history, cursors),
        key_routes(keys, cursors, idempotent),
        webhook_routes(webhooks, cursors, idempotent),
        system_routes(readiness),
        workbench_routes(sign_in_codes),
    ]
    return Api(
        authenticator=authenticator,
        bodies=bodies,
        deadlines=deadlines,
        allowed_hosts=allowed_hosts,
        cors_origins=cors_origins,
        servers=[{"url": public_url}] if public_url else SERVERS,
        title="Goatfish",
        version="1",
        summary="Keeps each tenant's engineering simulations.",
        description=description(entities),
        license_info=LICENSE,
        openapi_tags=tags(entities),
        # Flat: an included router's routes are FastAPI's own, and none of them is compiled.
        routes=[route for router in routers for route in router.routes],
        lifespan=_lifespan(storage, readiness, background),
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
    )


def _lifespan(
    storage: Lifecycle, readiness: Readiness, background: Background
) -> Callable[[FastAPI], AbstractAsyncContextManager[None]]:
    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        await storage.open()
        try:
            yield
        finally:
            await readiness.close()
            await background.drain()
            await storage.close()

    return lifespan
