"""Which route answers, and who may come to it: snippets of routers, mounts, methods and overrides."""

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
from adapters.http_fastapi.kit.route import CompiledRoute
from adapters.http_fastapi.kit.schemas import QueryModel
from domain.access.scopes import Scope
from tests.contracts.http_api import SIMULATIONS, expect_problem, violations
from tests.memory.snippets import KEYED, MANAGES, CallerOf, Item, ask, binding, served

JSON = {"Content-Type": "application/json"}


async def read() -> Response:
    return PlainTextResponse("in")


async def create(item: Item) -> Item:
    return item


def with_both(routes: Any, **settings: Any) -> Any:
    routes.get("/x", **settings)(read)
    routes.post("/x", **settings)(create)
    return routes


def sub_application(**settings: Any) -> FastAPI:
    app = FastAPI(openapi_url=None, **settings)
    with_both(app)
    return app


def within_another(api: FastAPI) -> None:
    outer = FastAPI(openapi_url=None)
    outer.mount("/inner", sub_application(dependencies=MANAGES))
    api.mount("/outer", outer)


def nested_routers(api: FastAPI) -> None:
    inner = with_both(APIRouter(prefix="/inner"))
    outer = APIRouter(prefix="/outer", dependencies=MANAGES)
    outer.include_router(inner)
    api.include_router(outer, prefix="/api2")


PLACES: dict[str, tuple[Callable[[FastAPI], object], str]] = {
    "routers within routers": (nested_routers, "/api2/outer/inner/x"),
    "a router of compiled routes": (
        lambda api: api.include_router(with_both(APIRouter(route_class=CompiledRoute)), dependencies=MANAGES),
        "/x",
    ),
    "a sub-application": (lambda api: api.mount("/sub", sub_application(dependencies=MANAGES)), "/sub/x"),
    "one within another": (within_another, "/outer/inner/x"),
    "a mounted router": (lambda api: api.mount("/sub", with_both(APIRouter(dependencies=MANAGES))), "/sub/x"),
    "routes of a mount": (
        lambda api: api.router.routes.append(
            Mount("/sub", routes=[*with_both(APIRouter(route_class=CompiledRoute), dependencies=MANAGES).routes])
        ),
        "/sub/x",
    ),
    "a mount with middleware": (
        lambda api: api.router.routes.append(
            Mount("/sub", sub_application(dependencies=MANAGES), middleware=[Middleware(GZipMiddleware)])
        ),
        "/sub/x",
    ),
    "routes that are appended": (
        lambda api: api.router.routes.extend(with_both(APIRouter(dependencies=MANAGES)).routes),
        "/x",
    ),
}


class TestPlaces:
    @pytest.mark.parametrize("place", PLACES)
    def test_everybody_else_is_refused_in_the_order_of_the_contract(self, place: str) -> None:
        prepare, path = PLACES[place]
        with served(prepare) as service:
            big = b"{" * (BODY_MAX + 1)
            other = service.http.delete(path)
            expect_problem(other, 405, "method_not_allowed")
            assert other.headers["allow"] == "GET, HEAD, POST"
            expect_problem(service.http.get(path), 401, "unauthenticated")
            expect_problem(service.http.post(path, content=big), 401, "unauthenticated")
            reader = service.tenant(Scope.SIMULATIONS_READ)
            expect_problem(reader.send("POST", path, content=big), 403, "missing_scope")
            expect_problem(ask(service, "POST", path, content=big), 413, "body_too_large")
            expect_problem(ask(service, "POST", path, content=b"{", headers=JSON), 400, "malformed_json")
            assert violations(ask(service, "POST", path, json={})) == {"#/name": "missing"}
            assert ask(service, "GET", path).text == "in"
            assert ask(service, "HEAD", path).content == b""
            assert ask(service, "POST", path, json={"name": "n"}).json()["name"] == "n"

    def test_an_application_that_is_mounted_later_answers_with_problems_too(self) -> None:
        async def fail(n: int) -> Any:
            raise ValueError("a secret")

        with served(lambda _: None) as service:
            late = FastAPI(openapi_url=None, dependencies=KEYED)
            late.get("/fail")(fail)
            service.api.mount("/late", late)
            expect_problem(service.http.get("/late/fail"), 401, "unauthenticated")
            assert violations(ask(service, "GET", "/late/fail?n=x")) == {"n": "int_parsing"}
            assert "secret" not in str(expect_problem(ask(service, "GET", "/late/fail?n=1"), 500, "internal_error"))

    def test_urls_are_those_of_the_whole_application(self) -> None:
        sub = FastAPI(openapi_url=None)

        @sub.get("/items/{item}", dependencies=KEYED)
        async def item_of_sub(item: str, request: Request) -> Any:
            return [
                str(request.url_for("sub:item_of_sub", item="x")),
                str(request.url_for("whoami")),
                request.app is sub,
            ]

        with served(lambda api: api.mount("/sub", sub, name="sub")) as service:
            assert service.api.url_path_for("sub:item_of_sub", item="x") == "/sub/items/x"
            found = ask(service, "GET", "/sub/items/a").json()
            assert found == ["http://localhost/sub/items/x", "http://localhost/api/v1/me", True]

    def test_a_proxy_may_serve_it_beneath_a_path(self) -> None:
        def prepare(api: FastAPI) -> None:
            @api.get("/own/{name}", dependencies=KEYED)
            async def own(name: str, request: Request) -> Any:
                return [name, str(request.url_for("own", name="x"))]

            @api.get("/compiled/{name}", dependencies=KEYED)
            async def compiled(name: str) -> Response:
                return PlainTextResponse(name)

            api.root_path = "/proxy"

        with served(prepare) as service:
            for base in ("", "/proxy"):  # as proxies do that take the path away, and that leave it
                assert ask(service, "GET", f"{base}/own/a%20b").json() == ["a b", "http://localhost/proxy/own/x"]
                assert ask(service, "GET", f"{base}/compiled/a%20b").text == "a b"
                expect_problem(service.http.post(f"{base}/own/a"), 405, "method_not_allowed")
                assert ask(service, "GET", base + SIMULATIONS).headers["cache-control"] == "private, no-cache"

    def test_an_application_of_a_host(self) -> None:
        async def named(name: str) -> Any:
            return name

        sub = FastAPI(openapi_url=None, dependencies=KEYED)
        sub.get("/names/{name}")(named)
        with served(lambda api: api.host("localhost", sub)) as service:
            expect_problem(service.http.get("/names/a"), 401, "unauthenticated")
            assert ask(service, "GET", "/names/a%20b").json() == "a b"


class TestMethods:
    def test_head_has_an_endpoint_of_its_own_where_it_is_declared(self) -> None:
        def prepare(api: FastAPI) -> None:
            @api.head("/head", dependencies=KEYED)
            async def head() -> Response:
                return Response(headers={"X-Seen": "head"})

            @api.get("/both", dependencies=KEYED)
            async def get_both() -> Any:
                return "get"

            @api.head("/both", dependencies=KEYED)
            def head_both(request: Request, response: Response) -> None:
                response.headers["X-Seen"] = request.method

        with served(prepare) as service:
            assert service.http.head("/head").status_code == 401
            assert ask(service, "HEAD", "/head").headers["x-seen"] == "head"
            assert service.http.get("/head").headers["allow"] == "HEAD"
            assert ask(service, "HEAD", "/both").headers["x-seen"] == "HEAD"
            assert ask(service, "GET", "/both").json() == "get"
            assert ask(service, "HEAD", SIMULATIONS).status_code == 200

    def test_options_are_an_endpoint_like_any_other(self) -> None:
        def prepare(api: FastAPI) -> None:
            @api.options("/choices", dependencies=KEYED)
            async def choices() -> Any:
                return ["a", "b"]

        with served(prepare) as service:
            expect_problem(service.http.options("/choices"), 401, "unauthenticated")
            assert ask(service, "OPTIONS", "/choices").json() == ["a", "b"]


class TestOverrides:
    def test_what_stands_in_for_a_dependency_stands_in_for_its_authentication_too(self) -> None:
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
            assert ask(service, "GET", "/of_caller").json() == "replaced"

            def manager(caller: Annotated[Any, MANAGES[0]]) -> str:
                return "manager"

            service.api.dependency_overrides[name] = manager
            expect_problem(service.http.get("/name"), 401, "unauthenticated")
            expect_problem(service.tenant(Scope.SIMULATIONS_READ).send("GET", "/name"), 403, "missing_scope")
            assert ask(service, "GET", "/name").text == "manager"

    def test_an_override_in_one_application_does_not_open_another(self) -> None:
        sub = sub_application(dependencies=KEYED)

        with served(lambda api: api.mount("/sub", sub)) as service:
            service.api.dependency_overrides[authenticate] = lambda: None
            expect_problem(service.http.get("/sub/x"), 401, "unauthenticated")


class TestCompiledRoutes:
    def test_whoever_asks_for_the_request_may_read_its_query(self) -> None:
        def prepare(api: FastAPI) -> None:
            @api.get("/echo", dependencies=KEYED)
            async def echo(request: Request) -> Response:
                return PlainTextResponse(",".join(request.query_params.getlist("q")))

        with served(prepare) as service:
            assert binding(service.api, "/echo") is not None
            assert ask(service, "GET", "/echo?q=a&q=").text == "a,"
            assert violations(ask(service, "GET", "/api/v1/me?q=a")) == {"q": "unknown"}

    def test_the_query_of_a_public_route_is_read(self) -> None:
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
    def test_a_route_class_of_ones_own_has_its_way(self, base: type[APIRoute]) -> None:
        class TimedRoute(base):  # type: ignore[valid-type, misc]
            def get_route_handler(self) -> Callable[[Request], Awaitable[Response]]:
                handler = super().get_route_handler()

                async def timed(request: Request) -> Response:
                    response: Response = await handler(request)
                    response.headers["X-Time"] = "1"
                    return response

                return timed

        def prepare(api: FastAPI) -> None:
            api.router.route_class = TimedRoute
            api.get("/timed", dependencies=KEYED)(read)

        with served(prepare) as service:
            assert ask(service, "GET", "/timed").headers["x-time"] == "1"

    def test_a_decorator_sees_arguments_by_name(self) -> None:
        def shouting(endpoint: Callable[..., Awaitable[Response]]) -> Callable[..., Awaitable[Response]]:
            @wraps(endpoint)
            async def wrapper(*values: Any, **named: Any) -> Response:
                return await endpoint(*values, **{**named, "name": named["name"].upper()})

            return wrapper

        def prepare(api: FastAPI) -> None:
            @api.get("/shout/{name}", dependencies=KEYED)
            @shouting
            async def shout(name: str) -> Response:
                return PlainTextResponse(name)

        with served(prepare) as service:
            assert binding(service.api, "/shout/{name}") is not None
            assert ask(service, "GET", "/shout/a").text == "A"
