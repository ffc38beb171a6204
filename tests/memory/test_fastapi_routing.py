"""Routing and access control of routers, mounts, methods and dependency overrides."""

from collections.abc import Awaitable, Callable
from functools import wraps
from typing import Annotated, Any

import pytest
from fastapi import APIRouter, Depends, FastAPI, Query, Request, Response
from fastapi.responses import PlainTextResponse
from fastapi.routing import APIRoute
from starlette.middleware import Middleware
from starlette.middleware.gzip import GZipMiddleware
from starlette.routing import Mount

from adapters.http_fastapi.kit.authentication import authenticate
from adapters.http_fastapi.kit.bounds import BODY_MAX
from adapters.http_fastapi.kit.routes.route import CompiledRoute
from adapters.http_fastapi.kit.schemas import QueryModel
from domain.access.scopes import Scope
from tests.contracts.http_api import SIMULATIONS, expect_problem, violations
from tests.contracts.http_service import KEYS, NEW_KEY
from tests.memory.snippets import WITH_KEY, WITH_MANAGE_SCOPE, CallerOf, Item, binding, send, served

JSON = {"Content-Type": "application/json"}


async def read() -> Response:
    return PlainTextResponse("in")


async def create(item: Item) -> Item:
    return item


def add_get_and_post(routes: Any, **settings: Any) -> Any:
    routes.get("/x", **settings)(read)
    routes.post("/x", **settings)(create)
    return routes


def sub_application(**settings: Any) -> FastAPI:
    app = FastAPI(openapi_url=None, **settings)
    add_get_and_post(app)
    return app


def nested_sub_applications(api: FastAPI) -> None:
    outer = FastAPI(openapi_url=None)
    outer.mount("/inner", sub_application(dependencies=WITH_MANAGE_SCOPE))
    api.mount("/outer", outer)


def nested_routers(api: FastAPI) -> None:
    inner = add_get_and_post(APIRouter(prefix="/inner"))
    outer = APIRouter(prefix="/outer", dependencies=WITH_MANAGE_SCOPE)
    outer.include_router(inner)
    api.include_router(outer, prefix="/api2")


PLACES: dict[str, tuple[Callable[[FastAPI], object], str]] = {
    "nested routers": (nested_routers, "/api2/outer/inner/x"),
    "router of compiled routes": (
        lambda api: api.include_router(
            add_get_and_post(APIRouter(route_class=CompiledRoute)), dependencies=WITH_MANAGE_SCOPE
        ),
        "/x",
    ),
    "sub-application": (lambda api: api.mount("/sub", sub_application(dependencies=WITH_MANAGE_SCOPE)), "/sub/x"),
    "nested sub-application": (nested_sub_applications, "/outer/inner/x"),
    "mounted router": (
        lambda api: api.mount("/sub", add_get_and_post(APIRouter(dependencies=WITH_MANAGE_SCOPE))),
        "/sub/x",
    ),
    "mounted routes": (
        lambda api: api.router.routes.append(
            Mount(
                "/sub",
                routes=[*add_get_and_post(APIRouter(route_class=CompiledRoute), dependencies=WITH_MANAGE_SCOPE).routes],
            )
        ),
        "/sub/x",
    ),
    "mount with middleware": (
        lambda api: api.router.routes.append(
            Mount("/sub", sub_application(dependencies=WITH_MANAGE_SCOPE), middleware=[Middleware(GZipMiddleware)])
        ),
        "/sub/x",
    ),
    "appended routes": (
        lambda api: api.router.routes.extend(add_get_and_post(APIRouter(dependencies=WITH_MANAGE_SCOPE)).routes),
        "/x",
    ),
}


class TestPlaces:
    @pytest.mark.parametrize("place", PLACES)
    def test_requests_are_rejected_in_the_order_of_the_contract(self, place: str) -> None:
        prepare, path = PLACES[place]
        with served(prepare) as service:
            big = b"{" * (BODY_MAX + 1)
            wrong_method = service.http.delete(path)
            expect_problem(wrong_method, 405, "method_not_allowed")
            assert wrong_method.headers["allow"] == "GET, HEAD, POST"
            expect_problem(service.http.get(path), 401, "unauthenticated")
            expect_problem(service.http.post(path, content=big), 401, "unauthenticated")
            reader = service.tenant(Scope.SIMULATIONS_READ)
            expect_problem(reader.send("POST", path, content=big), 403, "missing_scope")
            expect_problem(send(service, "POST", path, content=big), 413, "body_too_large")
            expect_problem(send(service, "POST", path, content=b"{", headers=JSON), 400, "malformed_json")
            assert violations(send(service, "POST", path, json={})) == {"#/name": "missing"}
            assert send(service, "GET", path).text == "in"
            assert send(service, "HEAD", path).content == b""
            assert send(service, "POST", path, json={"name": "n"}).json()["name"] == "n"

    def test_an_application_mounted_after_the_start_responds_with_problems(self) -> None:
        async def fail(n: int) -> Any:
            raise ValueError("a secret")

        with served(lambda _: None) as service:
            late = FastAPI(openapi_url=None, dependencies=WITH_KEY)
            late.get("/fail")(fail)
            service.api.mount("/late", late)
            expect_problem(service.http.get("/late/fail"), 401, "unauthenticated")
            assert violations(send(service, "GET", "/late/fail?n=x")) == {"n": "int_parsing"}
            assert "secret" not in str(expect_problem(send(service, "GET", "/late/fail?n=1"), 500, "internal_error"))

    def test_url_for_resolves_routes_of_the_whole_application(self) -> None:
        sub = FastAPI(openapi_url=None)

        @sub.get("/items/{item}", dependencies=WITH_KEY)
        async def item_of_sub(item: str, request: Request) -> Any:
            return [
                str(request.url_for("sub:item_of_sub", item="x")),
                str(request.url_for("whoami")),
                request.app is sub,
            ]

        with served(lambda api: api.mount("/sub", sub, name="sub")) as service:
            assert service.api.url_path_for("sub:item_of_sub", item="x") == "/sub/items/x"
            found = send(service, "GET", "/sub/items/a").json()
            assert found == ["http://localhost/sub/items/x", "http://localhost/api/v1/me", True]

    def test_the_application_can_be_served_below_a_root_path(self) -> None:
        def prepare(api: FastAPI) -> None:
            @api.get("/own/{name}", dependencies=WITH_KEY)
            async def own(name: str, request: Request) -> Any:
                return [name, str(request.url_for("own", name="x"))]

            @api.get("/compiled/{name}", dependencies=WITH_KEY)
            async def compiled(name: str) -> Response:
                return PlainTextResponse(name)

            api.root_path = "/proxy"

        with served(prepare) as service:
            for base in ("", "/proxy"):  # a proxy may strip its prefix or keep it
                assert send(service, "GET", f"{base}/own/a%20b").json() == ["a b", "http://localhost/proxy/own/x"]
                assert send(service, "GET", f"{base}/compiled/a%20b").text == "a b"
                expect_problem(service.http.post(f"{base}/own/a"), 405, "method_not_allowed")
                assert send(service, "GET", base + SIMULATIONS).headers["cache-control"] == "private, no-cache"
                tenant = service.tenant()
                created = tenant.send("POST", base + KEYS, json=NEW_KEY)
                rolled = tenant.send("POST", f"{created.headers['location']}/roll", json={})
                assert rolled.headers["location"] == f"{base}{KEYS}/{rolled.json()['id']}"

    def test_an_application_can_be_bound_to_a_host(self) -> None:
        async def named(name: str) -> Any:
            return name

        sub = FastAPI(openapi_url=None, dependencies=WITH_KEY)
        sub.get("/names/{name}")(named)
        with served(lambda api: api.host("localhost", sub)) as service:
            expect_problem(service.http.get("/names/a"), 401, "unauthenticated")
            assert send(service, "GET", "/names/a%20b").json() == "a b"


class TestMethods:
    def test_a_declared_head_endpoint_is_used(self) -> None:
        def prepare(api: FastAPI) -> None:
            @api.head("/head", dependencies=WITH_KEY)
            async def head() -> Response:
                return Response(headers={"X-Seen": "head"})

            @api.get("/both", dependencies=WITH_KEY)
            async def get_both() -> Any:
                return "get"

            @api.head("/both", dependencies=WITH_KEY)
            def head_both(request: Request, response: Response) -> None:
                response.headers["X-Seen"] = request.method

        with served(prepare) as service:
            assert service.http.head("/head").status_code == 401
            assert send(service, "HEAD", "/head").headers["x-seen"] == "head"
            assert service.http.get("/head").headers["allow"] == "HEAD"
            assert send(service, "HEAD", "/both").headers["x-seen"] == "HEAD"
            assert send(service, "GET", "/both").json() == "get"
            assert send(service, "HEAD", SIMULATIONS).status_code == 200

    def test_a_declared_options_endpoint_is_used(self) -> None:
        def prepare(api: FastAPI) -> None:
            @api.options("/choices", dependencies=WITH_KEY)
            async def choices() -> Any:
                return ["a", "b"]

        with served(prepare) as service:
            expect_problem(service.http.options("/choices"), 401, "unauthenticated")
            assert send(service, "OPTIONS", "/choices").json() == ["a", "b"]


class TestOverrides:
    def test_an_override_replaces_the_authentication_of_its_dependency(self) -> None:
        async def name(caller: CallerOf) -> str:
            return caller.owner.name

        async def named(name: Annotated[str, Depends(name)]) -> Response:
            return PlainTextResponse(name)

        async def of_caller(caller: CallerOf, name: Annotated[str, Depends(name)]) -> Any:
            return name

        sub, inner = FastAPI(openapi_url=None), FastAPI(openapi_url=None)
        sub.get("/name")(named)
        inner.get("/name")(named)
        sub.mount("/inner", inner)

        def prepare(api: FastAPI) -> None:
            api.get("/name")(named)
            api.get("/of_caller")(of_caller)
            api.mount("/sub", sub)

        with served(prepare) as service:
            for app, path in ((service.api, "/name"), (sub, "/sub/name"), (inner, "/sub/inner/name")):
                expect_problem(service.http.get(path), 401, "unauthenticated")
                app.dependency_overrides[name] = lambda: "replaced"
                assert service.http.get(path).text == "replaced"
            expect_problem(service.http.get("/of_caller"), 401, "unauthenticated")
            assert send(service, "GET", "/of_caller").json() == "replaced"

            def manager(caller: Annotated[Any, WITH_MANAGE_SCOPE[0]]) -> str:
                return "manager"

            service.api.dependency_overrides[name] = manager
            expect_problem(service.http.get("/name"), 401, "unauthenticated")
            expect_problem(service.tenant(Scope.SIMULATIONS_READ).send("GET", "/name"), 403, "missing_scope")
            assert send(service, "GET", "/name").text == "manager"

    def test_an_override_does_not_apply_to_a_mounted_application(self) -> None:
        sub = sub_application(dependencies=WITH_KEY)

        with served(lambda api: api.mount("/sub", sub)) as service:
            service.api.dependency_overrides[authenticate] = lambda: None
            expect_problem(service.http.get("/sub/x"), 401, "unauthenticated")


class TestCompiledRoutes:
    def test_an_endpoint_with_the_request_may_read_undeclared_parameters(self) -> None:
        def prepare(api: FastAPI) -> None:
            @api.get("/echo", dependencies=WITH_KEY)
            async def echo(request: Request) -> Response:
                return PlainTextResponse(",".join(request.query_params.getlist("q")))

        with served(prepare) as service:
            assert binding(service.api, "/echo") is not None
            assert send(service, "GET", "/echo?q=a&q=").text == "a,"
            assert violations(send(service, "GET", "/api/v1/me?q=a")) == {"q": "unknown"}

    def test_the_query_of_a_public_route_is_parsed(self) -> None:
        class Limited(QueryModel):
            limit: int = 5

        def prepare(api: FastAPI) -> None:
            @api.get("/docs/assets/limit")
            async def limit(query: Annotated[Limited, Query()]) -> Response:
                return PlainTextResponse(str(query.limit))

            api.router.routes.insert(0, api.router.routes.pop())

        with served(prepare) as service:
            assert binding(service.api, "/docs/assets/limit") is not None
            assert service.http.get("/docs/assets/limit?limit=3").text == "3"
            assert violations(service.http.get("/docs/assets/limit?limit=x")) == {"limit": "int_parsing"}

    @pytest.mark.parametrize("base", [APIRoute, CompiledRoute])
    def test_a_custom_route_class_is_used(self, base: type[APIRoute]) -> None:
        class TimedRoute(base):  # type: ignore[valid-type, misc]  # -- mypy cannot check a base class that is a variable
            def get_route_handler(self) -> Callable[[Request], Awaitable[Response]]:
                handler = super().get_route_handler()

                async def timed(request: Request) -> Response:
                    response: Response = await handler(request)
                    response.headers["X-Time"] = "1"
                    return response

                return timed

        def prepare(api: FastAPI) -> None:
            api.router.route_class = TimedRoute
            api.get("/timed", dependencies=WITH_KEY)(read)

        with served(prepare) as service:
            assert send(service, "GET", "/timed").headers["x-time"] == "1"

    def test_a_decorator_of_a_compiled_endpoint_gets_named_arguments(self) -> None:
        def shouting(endpoint: Callable[..., Awaitable[Response]]) -> Callable[..., Awaitable[Response]]:
            @wraps(endpoint)
            async def wrapper(*values: Any, **named: Any) -> Response:
                return await endpoint(*values, **{**named, "name": named["name"].upper()})

            return wrapper

        def prepare(api: FastAPI) -> None:
            @api.get("/shout/{name}", dependencies=WITH_KEY)
            @shouting
            async def shout(name: str) -> Response:
                return PlainTextResponse(name)

        with served(prepare) as service:
            assert binding(service.api, "/shout/{name}") is not None
            assert send(service, "GET", "/shout/a").text == "A"
