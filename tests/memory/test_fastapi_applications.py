"""Sub-applications, WebSockets, and the check at start that every route authenticates."""

from collections.abc import Callable
from typing import Annotated, Any

import pytest
from fastapi import (
    APIRouter,
    FastAPI,
    Request,
    Response,
    Security,
    WebSocket,
    WebSocketDisconnect,
    WebSocketException,
)
from fastapi.responses import PlainTextResponse
from fastapi.staticfiles import StaticFiles
from starlette.routing import Mount, Route
from starlette.testclient import TestClient, WebSocketDenialResponse

from adapters.http_fastapi.kit.authentication import authenticate
from domain.access.authentication import Caller
from domain.access.scopes import Scope
from tests.contracts.http_api import KEYS, expect_problem, violations
from tests.memory.snippets import WITH_KEY, WITH_MANAGE_SCOPE, Item, send, served, with_body


class Teapot(Exception):
    pass


class TestApplications:
    def test_a_mounted_sub_application_authenticates_and_responds_with_problems(self) -> None:
        def prepare(api: FastAPI) -> None:
            sub = FastAPI(openapi_url=None)

            @sub.get("/items/{item_id}")
            async def read(
                item_id: int, caller: Annotated[Caller, Security(authenticate, scopes=["keys:manage"])]
            ) -> Any:
                return [item_id, caller.owner.id]

            @sub.post("/bug", dependencies=WITH_KEY)
            async def bug(item: Item) -> Any:
                raise Teapot

            api.mount("/sub", sub)

        with served(prepare) as service:
            tenant = service.tenant()
            assert tenant.send("GET", "/sub/items/3").json() == [3, str(tenant.owner)]
            expect_problem(service.http.get("/sub/items/3"), 401, "unauthenticated")
            expect_problem(service.tenant(Scope.SIMULATIONS_READ).send("GET", "/sub/items/3"), 403, "missing_scope")
            assert violations(send(service, "GET", "/sub/items/x")) == {"item_id": "int_parsing"}
            expect_problem(service.http.post("/sub/bug", content=b"{"), 401, "unauthenticated")
            expect_problem(send(service, "POST", "/sub/bug", json={"name": "n"}), 500, "internal_error")
            expect_problem(tenant.send("GET", "/sub/nowhere"), 404, "not_found")
            expect_problem(tenant.send("GET", "/sub/bug"), 405, "method_not_allowed")

    def test_a_websocket_requires_a_key_and_its_scope(self) -> None:
        def prepare(api: FastAPI) -> None:
            @api.websocket("/ws/{name}")
            async def echo(
                websocket: WebSocket,
                name: str,
                caller: Annotated[Caller, Security(authenticate, scopes=["keys:manage"])],
            ) -> None:
                await websocket.accept()
                text = await websocket.receive_text()
                if text == "leave":
                    raise WebSocketException(1008, "left")
                if text == "fail":
                    raise Teapot
                await websocket.send_text(f"{name} {text} {caller.owner.id}")

        with served(prepare) as service:
            tenant = service.tenant()
            headers = {"X-API-Key": tenant.key, "X-Request-ID": "mine"}
            with TestClient(service.api).websocket_connect("ws://localhost/ws/me", headers=headers) as websocket:
                websocket.send_text("hello")
                assert websocket.receive_text() == f"me hello {tenant.owner}"
                sent: Any = websocket.extra_headers  # Starlette types it as None
                assert (b"x-request-id", b"mine") in sent
            for text, code in (("leave", 1008), ("fail", 1011)):
                with (  # noqa: PT012  # -- the connection is closed in response to what is sent
                    pytest.raises(WebSocketDisconnect) as left,
                    TestClient(service.api).websocket_connect("ws://localhost/ws/me", headers=headers) as websocket,
                ):
                    websocket.send_text(text)
                    websocket.receive_text()
                assert left.value.code == code
            reader = service.tenant(Scope.SIMULATIONS_READ)
            for request_headers, status in (({}, 401), ({"X-API-Key": reader.key}, 403), ({"Host": "elsewhere"}, 400)):
                with (
                    pytest.raises(WebSocketDenialResponse) as denied,
                    TestClient(service.api).websocket_connect("ws://localhost/ws/me", headers=request_headers),
                ):
                    pass
                assert denied.value.status_code == status
                assert denied.value.headers["content-type"] == "application/problem+json"
            with (
                pytest.raises(WebSocketDenialResponse) as denied,
                TestClient(service.api).websocket_connect("ws://localhost/nowhere"),
            ):
                pass
            assert denied.value.status_code == 404


def endpoint() -> None: ...


async def plain_endpoint(request: Request) -> Response:
    return PlainTextResponse("in")


async def websocket_endpoint(websocket: WebSocket) -> None: ...


def included(api: FastAPI) -> None:
    router = APIRouter()
    router.get("/open")(endpoint)
    outer = APIRouter(prefix="/outer")
    outer.include_router(router)
    api.include_router(outer)


def mounted(api: FastAPI) -> None:
    sub = FastAPI(openapi_url=None)
    sub.get("/open")(endpoint)
    api.mount("/mounted", sub)


UNPROTECTED: dict[str, tuple[Callable[[FastAPI], object], str]] = {
    "fastapi route": (lambda api: api.get("/open")(endpoint), "/open"),
    "not in the document": (lambda api: api.get("/open", include_in_schema=False)(endpoint), "/open"),
    "compiled route": (lambda api: api.get("/open")(websocket_endpoint), "/open"),
    "included router": (included, "/outer/open"),
    "mounted application": (mounted, "/mounted/open"),
    "document of a mounted application": (lambda api: api.mount("/mounted", FastAPI()), "/mounted/openapi.json"),
    "starlette route": (lambda api: api.add_route("/open", plain_endpoint), "/open"),
    "websocket": (lambda api: api.websocket("/open")(websocket_endpoint), "/open"),
    "static files": (lambda api: api.mount("/open", StaticFiles(directory=".")), "/open"),
    "path below a public one": (lambda api: api.get("/livez/open")(endpoint), "/livez/open"),
    "mounted routes": (
        lambda api: api.router.routes.append(Mount("/m", routes=[Route("/open", plain_endpoint)])),
        "/m/open",
    ),
}


class TestStart:
    @pytest.mark.parametrize("kind", UNPROTECTED)
    def test_start_fails_for_a_route_without_authentication(self, kind: str) -> None:
        prepare, path = UNPROTECTED[kind]
        with pytest.raises(RuntimeError, match=f"authenticate nobody.* {path} "), served(prepare):
            pass

    def test_start_fails_for_an_unknown_scope(self) -> None:
        def prepare(api: FastAPI) -> None:
            api.get("/open", dependencies=[Security(authenticate, scopes=["items:eat"])])(endpoint)

        with pytest.raises(RuntimeError, match=r"/open .*items:eat"), served(prepare):
            pass

    def test_a_route_added_after_the_start_is_not_served_without_authentication(self) -> None:
        router, sub = APIRouter(), FastAPI(openapi_url=None)
        router.get("/router/kept", dependencies=WITH_KEY)(endpoint)
        sub.get("/kept", dependencies=WITH_KEY)(endpoint)

        def prepare(api: FastAPI) -> None:
            api.include_router(router)
            api.mount("/sub", sub)

        with served(prepare) as service:
            service.api.get("/later")(endpoint)
            service.api.get("/later/kept", dependencies=WITH_KEY)(endpoint)
            router.get("/router/later")(endpoint)
            sub.get("/later")(endpoint)
            for path in ("/later", "/router/later", "/sub/later"):
                expect_problem(service.http.get(path), 500, "internal_error")
            for path in ("/later/kept", "/router/kept", "/sub/kept"):
                expect_problem(service.http.get(path), 401, "unauthenticated")
                assert send(service, "GET", path).json() is None

    @pytest.mark.parametrize("place", ["application", "router", "mounted"])
    def test_start_fails_for_a_frontend_route(self, place: str) -> None:
        def prepare(api: FastAPI) -> None:
            router, sub = APIRouter(dependencies=WITH_KEY), FastAPI(openapi_url=None)
            sub.get("/kept", dependencies=WITH_KEY)(endpoint)
            places: dict[str, Any] = {"application": api, "router": router, "mounted": sub}
            places[place].frontend("/pages", directory=".")
            api.include_router(router)
            api.mount("/sub", sub)

        with pytest.raises(RuntimeError, match="Mount StaticFiles"), served(prepare):
            pass

    def test_an_added_route_is_in_the_document(self) -> None:
        def prepare(api: FastAPI) -> None:
            api.post("/extra", dependencies=WITH_MANAGE_SCOPE)(with_body)

        with served(prepare) as service:
            document = service.http.get("/openapi.json").json()
            assert document["paths"]["/extra"]["post"]["security"]
            assert KEYS in document["paths"]
