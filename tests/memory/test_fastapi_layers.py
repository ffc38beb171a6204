"""Middleware, lifespan and exception handlers work as in FastAPI's documentation."""

import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest
from fastapi import (
    APIRouter,
    FastAPI,
    HTTPException,
    Request,
    Response,
)
from fastapi.responses import PlainTextResponse
from starlette.middleware.gzip import GZipMiddleware

from adapters.http_fastapi.kit.responses import json_response
from domain.errors import Conflict, Unavailable
from tests.contracts.http_api import SIMULATIONS, WING, expect_problem
from tests.memory.snippets import (
    WITH_KEY,
    binding,
    expect_status,
    send,
    served,
    with_body,
)


class TestMiddleware:
    def test_middleware_wraps_every_route(self) -> None:
        order: list[str] = []

        def prepare(api: FastAPI) -> None:
            @api.middleware("http")
            async def inner(request: Request, call_next: Callable[[Request], Awaitable[Response]]) -> Response:
                order.append("inner")
                response = await call_next(request)
                response.headers["X-Inner"] = str(response.status_code)
                return response

            @api.middleware("http")
            async def outer(request: Request, call_next: Callable[[Request], Awaitable[Response]]) -> Response:
                order.append("outer")
                if request.url.path == "/stopped":
                    return PlainTextResponse("stopped", 418)
                return await call_next(request)

            api.add_middleware(GZipMiddleware, minimum_size=1)

        with served(prepare) as service:
            tenant = service.tenant()
            made = tenant.send("POST", SIMULATIONS, json=WING)
            assert (made.status_code, made.headers["x-inner"], made.headers["content-encoding"]) == (201, "201", "gzip")
            assert order == ["outer", "inner"]
            refused = tenant.send("GET", f"{SIMULATIONS}/x")
            assert (refused.headers["x-inner"], refused.headers["x-request-id"]) == (
                "404",
                refused.json()["request_id"],
            )
            stopped = service.http.get("/stopped")
            assert (stopped.status_code, bool(stopped.headers["x-request-id"])) == (418, True)
            with pytest.raises(RuntimeError, match="after an application has started"):
                service.api.add_middleware(GZipMiddleware)

    def test_a_too_large_body_is_a_413_behind_middleware(self) -> None:
        def prepare(api: FastAPI) -> None:
            @api.middleware("http")
            async def pass_through(request: Request, call_next: Callable[[Request], Awaitable[Response]]) -> Response:
                return await call_next(request)

            api.post("/items", dependencies=WITH_KEY)(with_body)

            @api.post("/raw", dependencies=WITH_KEY)
            async def raw(request: Request) -> Response:
                return PlainTextResponse(await request.body())

        with served(prepare) as service:
            for path in ("/items", "/raw", SIMULATIONS):
                parts = iter([b" " * (1 << 20), b" "])  # without Content-Length
                answer = send(service, "POST", path, content=parts, headers={"Content-Type": "application/json"})
                expect_problem(answer, 413, "body_too_large")

    def test_the_state_of_a_router_lifespan_is_on_the_request(self) -> None:
        @asynccontextmanager
        async def lifespan(_: FastAPI) -> AsyncIterator[dict[str, int]]:
            yield {"number": 1}

        def prepare(api: FastAPI) -> None:
            router = APIRouter(lifespan=lifespan)

            @router.get("/state", dependencies=WITH_KEY)
            async def state(request: Request) -> Any:
                return request.state.number

            api.include_router(router)

            @api.get("/compiled", dependencies=WITH_KEY)
            async def compiled(request: Request) -> Response:
                return json_response(request.state.number)

        with served(prepare) as service:
            assert binding(service.api, "/compiled") is not None
            assert send(service, "GET", "/state").json() == send(service, "GET", "/compiled").json() == 1

    def test_lifespan_runs_and_route_names_resolve(self) -> None:
        events: list[str] = []

        def prepare(api: FastAPI) -> None:
            before = api.router.lifespan_context

            @asynccontextmanager
            async def lifespan(app: FastAPI) -> AsyncIterator[None]:
                async with before(app):
                    events.append("up")
                    yield
                    events.append("down")

            api.router.lifespan_context = lifespan
            sub = APIRouter(prefix="/sub", dependencies=WITH_KEY)

            @sub.get("/{item}")
            async def item_of_sub(item: str, request: Request) -> Any:
                return [str(request.url_for("item_of_sub", item="x")), request.app is api]

            api.include_router(sub)

        with served(prepare) as service:
            assert events == ["up"]
            assert service.api.url_path_for("get_simulation", id="x") == f"{SIMULATIONS}/x"
            assert service.api.url_path_for("item_of_sub", item="y") == "/sub/y"
            assert send(service, "GET", "/sub/a").json() == ["http://localhost/sub/x", True]
        assert events == ["up", "down"]


class Teapot(Exception):
    pass


class TestExceptions:
    def test_an_http_exception_becomes_a_problem(self) -> None:
        def prepare(api: FastAPI) -> None:
            @api.get("/raise/{status}", dependencies=WITH_KEY)
            async def raising(status: int) -> Any:
                raise HTTPException(status, {"why": 1} if status == 418 else "because", headers={"X-Why": "so"})

            @api.get("/compiled/{status}", dependencies=WITH_KEY)
            async def compiled(status: str) -> Response:
                raise HTTPException(int(status))

        with served(prepare) as service:
            for status, code in ((404, "not_found"), (409, "conflict"), (429, "rate_limited"), (503, "unavailable")):
                answer = send(service, "GET", f"/raise/{status}")
                problem = expect_status(answer, status)
                assert (problem["code"], problem["detail"], answer.headers["x-why"]) == (code, "because", "so")
                assert problem["type"] == (
                    "about:blank" if code == "conflict" else f"/problems/{code.replace('_', '-')}"
                )
                assert expect_status(send(service, "GET", f"/compiled/{status}"), status)["code"] == code
                assert ("retry-after" in answer.headers) is (status in {429, 503})
            problem = expect_status(send(service, "GET", "/raise/418"), 418)
            assert (problem["title"], problem["code"]) == ("I'm a Teapot", "i_m_a_teapot")
            assert json.loads(problem["detail"]) == {"why": 1}
            moved = send(service, "GET", "/raise/304")
            assert (moved.status_code, moved.content) == (304, b"")

    def test_exception_handlers_apply_to_ordinary_and_compiled_routes(self) -> None:
        def prepare(api: FastAPI) -> None:
            @api.exception_handler(Teapot)
            async def teapot(request: Request, error: Teapot) -> Response:
                return PlainTextResponse(f"tea for {request.url.path}", 418)

            @api.exception_handler(404)
            def missing(request: Request, error: HTTPException) -> Response:
                return PlainTextResponse(f"none: {error.detail}", 404)

            @api.exception_handler(Conflict)
            def conflict(request: Request, error: Conflict) -> Response:
                return PlainTextResponse(error.code, 409)

            @api.exception_handler(Exception)
            def broken(request: Request, error: Exception) -> Response:
                return PlainTextResponse(f"broken: {type(error).__name__}", 500)

            for kind in (dict[str, Any], Response):  # an ordinary route and a compiled one

                async def endpoint(case: str) -> Any:
                    raise {"tea": Teapot(), "lost": HTTPException(404), "bug": ValueError()}.get(
                        case, Conflict("taken", "It is taken.") if case == "taken" else Unavailable("away")
                    )

                endpoint.__annotations__["return"] = kind
                api.get(f"/{kind.__name__}/{{case}}", dependencies=WITH_KEY)(endpoint)

        with served(prepare) as service:
            for kind in ("dict", "Response"):
                assert (binding(service.api, f"/{kind}/{{case}}") is None) is (kind == "dict")
                assert send(service, "GET", f"/{kind}/tea").text == f"tea for /{kind}/tea"
                assert send(service, "GET", f"/{kind}/lost").text == "none: Not Found"
                assert send(service, "GET", f"/{kind}/taken").text == "taken"
                broken = send(service, "GET", f"/{kind}/bug")
                assert (broken.status_code, broken.text) == (500, "broken: ValueError")
                expect_problem(send(service, "GET", f"/{kind}/x"), 503, "unavailable")
            assert service.http.get("/nowhere").text.startswith("none: ")
            assert send(service, "GET", f"{SIMULATIONS}/x").text.startswith("none: ")

    def test_a_failing_exception_handler_leads_to_a_500_without_details(self) -> None:
        def prepare(api: FastAPI) -> None:
            @api.exception_handler(500)
            async def broken(request: Request, error: Exception) -> Response:
                raise ValueError("a secret")

            @api.get("/bug", dependencies=WITH_KEY)
            async def bug() -> Response:
                raise Teapot

        with served(prepare) as service:
            assert "secret" not in json.dumps(expect_problem(send(service, "GET", "/bug"), 500, "internal_error"))
