"""Parameters, dependencies and responses work as in FastAPI's documentation, in routes added to the application."""

import threading
from collections.abc import AsyncIterator, Iterator
from typing import Annotated, Any
from uuid import UUID

import pytest
from fastapi import (
    APIRouter,
    BackgroundTasks,
    Cookie,
    Depends,
    FastAPI,
    File,
    Form,
    Header,
    HTTPException,
    Path,
    Query,
    Request,
    Response,
    Security,
    UploadFile,
)
from fastapi.responses import HTMLResponse, PlainTextResponse, StreamingResponse

from adapters.http_fastapi.kit.authentication import authenticate
from adapters.http_fastapi.kit.responses import json_response
from domain.access.authentication import Caller
from domain.access.scopes import Scope
from tests.contracts.http_api import SIMULATIONS, WING, expect_problem, violations
from tests.memory.snippets import (
    WITH_KEY,
    WITH_MANAGE_SCOPE,
    CallerOf,
    Item,
    SecretItem,
    binding,
    expect_status,
    send,
    served,
)


class TestParameters:
    def test_path_and_query_parameters_are_parsed(self) -> None:
        def prepare(api: FastAPI) -> None:
            @api.get("/items/{item_id}", dependencies=WITH_KEY)
            async def read(
                item_id: Annotated[int, Path(ge=1)],
                q: str | None = None,
                limit: int = 5,
                tags: list[str] = Query([]),  # noqa: B008  # -- an older style from FastAPI's documentation
            ) -> Any:
                return {"item_id": item_id, "q": q, "limit": limit, "tags": tags}

            @api.get("/names/{name}", dependencies=WITH_KEY)
            async def named(name: str) -> Any:
                return name

        with served(prepare) as service:
            assert send(service, "GET", "/items/3?q=x&tags=a&tags=b").json() == {
                "item_id": 3,
                "q": "x",
                "limit": 5,
                "tags": ["a", "b"],
            }
            assert set(violations(send(service, "GET", "/items/0?limit=x"))) == {"item_id", "limit"}
            assert send(service, "GET", "/names/a%20b").json() == "a b"
            assert service.tenant().send("POST", "/items/3").headers["allow"] == "GET, HEAD"
            assert send(service, "HEAD", "/items/3").content == b""
            expect_problem(service.http.get("/items/3"), 401, "unauthenticated")

    def test_headers_and_cookies_are_parsed(self) -> None:
        def prepare(api: FastAPI) -> None:
            @api.get("/seen", dependencies=WITH_KEY)
            async def seen(
                user_agent: Annotated[str, Header()],
                theme: Annotated[str, Cookie()],
                x_list: Annotated[list[str], Header()],
            ) -> Any:
                return [user_agent, theme, x_list]

        with served(prepare) as service:
            tenant = service.tenant()
            lines = [("x-api-key", tenant.key), ("user-agent", "u"), ("cookie", "a=b"), ("cookie", "theme=dark")]
            lines += [("x-list", "1"), ("x-list", "2")]
            answer = service.http.get("/seen", headers=[(a.encode(), b.encode()) for a, b in lines])
            assert answer.json() == ["u", "dark", ["1", "2"]]
            assert violations(send(service, "GET", "/seen")) == {"Cookie": "missing", "x-list": "missing"}

    def test_a_body_is_parsed_and_an_invalid_one_is_rejected(self) -> None:
        def prepare(api: FastAPI) -> None:
            @api.post("/items", status_code=201, dependencies=WITH_KEY)
            async def create(item: Item) -> Item:
                return item

        with served(prepare, bodies_max=8) as service:
            answer = send(service, "POST", "/items", json={"name": "a"})
            assert (answer.status_code, answer.json()) == (201, {"name": "a", "price": 1.5})
            assert violations(send(service, "POST", "/items", json={"price": "x"})) == {
                "#/name": "missing",
                "#/price": "float_parsing",
            }
            typed = {"Content-Type": "application/json"}
            for content, status, code in (
                (b"{", 400, "malformed_json"),
                (b'{"name": "\xff"}', 400, "malformed_json"),
                (b"[" * 500_000, 400, "malformed_json"),
                (b" " * ((1 << 20) + 1), 413, "body_too_large"),
            ):
                expect_problem(send(service, "POST", "/items", content=content, headers=typed), status, code)
            parts = iter([b" " * (1 << 20), b" " * (1 << 20)])  # without Content-Length
            expect_problem(send(service, "POST", "/items", content=parts, headers=typed), 413, "body_too_large")
            assert violations(send(service, "POST", "/items", content=b"x")) == {"#": "wrong_type"}

    def test_authentication_precedes_reading_the_body(self) -> None:
        def prepare(api: FastAPI) -> None:
            @api.post("/items")
            async def create(
                item: Item, caller: Annotated[Caller, Security(authenticate, scopes=["keys:manage"])]
            ) -> Any:
                return caller.owner.id

        with served(prepare) as service:
            big = b"{" * ((1 << 20) + 1)
            expect_problem(service.http.post("/items", content=big), 401, "unauthenticated")
            reader = service.tenant(Scope.SIMULATIONS_READ)
            expect_problem(reader.send("POST", "/items", content=big), 403, "missing_scope")
            tenant = service.tenant()
            expect_problem(tenant.send("POST", "/items", content=big), 413, "body_too_large")
            assert tenant.send("POST", "/items", json={"name": "n"}).json() == str(tenant.owner)

    def test_a_request_with_several_authenticating_dependencies_counts_once(self) -> None:
        def prepare(api: FastAPI) -> None:
            async def owner(caller: CallerOf) -> UUID:
                return caller.owner.id

            @api.get("/once", dependencies=WITH_MANAGE_SCOPE)
            async def once(caller: CallerOf, of: Annotated[UUID, Depends(owner)]) -> Any:
                return caller.owner.id == of

        with served(prepare, rate_limit=60) as service:
            answer = send(service, "GET", "/once")
            assert answer.json() is True
            assert answer.headers["ratelimit"].startswith('"owner";r=59;')

    def test_forms_and_files_require_python_multipart(self) -> None:
        """``python-multipart`` is not installed, and FastAPI raises when such a route is declared."""

        async def form(name: Annotated[str, Form()]) -> None: ...
        async def file(name: Annotated[bytes, File()]) -> None: ...
        async def upload(name: UploadFile) -> None: ...

        def prepare(api: FastAPI) -> None:
            for endpoint in (form, file, upload):
                with pytest.raises(RuntimeError, match="python-multipart"):
                    api.post("/forms")(endpoint)

        with served(prepare):
            pass


class TestDependencies:
    def test_sub_dependencies_class_dependencies_and_yield_work(self) -> None:
        done: list[str] = []

        class Page:
            def __init__(self, skip: int = 0, limit: int = 100) -> None:
                self.skip, self.limit = skip, limit

        def query(q: str | None = None) -> str | None:
            return q

        def query_or_cookie(
            q: Annotated[str | None, Depends(query)], last: Annotated[str | None, Cookie()] = None
        ) -> Any:
            return q or last

        async def database() -> AsyncIterator[str]:
            try:
                yield "open"
            finally:
                done.append("asynchronous")

        def file() -> Iterator[str]:
            yield "open"
            done.append("synchronous")

        def prepare(api: FastAPI) -> None:
            @api.get("/old", dependencies=WITH_KEY)
            async def old(page: Page = Depends(), q: Any = Depends(query_or_cookie)) -> Any:  # noqa: B008  # -- an older style
                return [page.skip, page.limit, q]

            @api.get("/new", dependencies=WITH_KEY)
            async def new(db: Annotated[str, Depends(database)], handle: Annotated[str, Depends(file)]) -> Response:
                assert not done
                return PlainTextResponse(db + handle)

            @api.get("/failing", dependencies=WITH_KEY)
            async def failing(db: Annotated[str, Depends(database)]) -> Response:
                raise HTTPException(409, "taken")

        with served(prepare) as service:
            assert send(service, "GET", "/old?skip=3", headers={"Cookie": "last=x"}).json() == [3, 100, "x"]
            assert send(service, "GET", "/new").text == "openopen"
            assert sorted(done) == ["asynchronous", "synchronous"]
            assert binding(service.api, "/new") is None
            assert expect_status(send(service, "GET", "/failing"), 409)["code"] == "conflict"
            assert done[2:] == ["asynchronous"]

    def test_synchronous_endpoints_and_dependencies_run_in_a_thread(self) -> None:
        def thread() -> str:
            return threading.current_thread().name

        def prepare(api: FastAPI) -> None:
            @api.get("/threads", dependencies=WITH_KEY)
            def threads(name: Annotated[str, Depends(thread)]) -> Any:
                return [name, thread()]

            @api.get("/half", dependencies=WITH_KEY)
            async def half(name: Annotated[str, Depends(thread)]) -> Response:
                return PlainTextResponse(name)

        with served(prepare) as service:
            loop = service.call(_thread_name)
            assert loop not in send(service, "GET", "/threads").json()
            assert send(service, "GET", "/half").text != loop

    def test_a_route_with_simple_dependencies_is_compiled(self) -> None:
        async def owner(caller: CallerOf, accept_language: Annotated[str | None, Header()] = None) -> str:
            return f"{caller.owner.id} {accept_language}"

        def prepare(api: FastAPI) -> None:
            @api.get("/compiled/{name}")
            async def compiled(name: str, request: Request, owner: str = Depends(owner)) -> Response:
                return PlainTextResponse(f"{name} {owner} {request.method}")

        with served(prepare) as service:
            assert binding(service.api, "/compiled/{name}") is not None
            tenant = service.tenant()
            answer = tenant.send("GET", "/compiled/x", headers={"Accept-Language": "de"})
            assert answer.text == f"x {tenant.owner} de GET"
            expect_problem(service.http.get("/compiled/x"), 401, "unauthenticated")

    @pytest.mark.parametrize("where", ["decorator", "router", "included"])
    def test_security_of_a_router_or_decorator_is_enforced(self, where: str) -> None:
        async def endpoint() -> Response:
            return PlainTextResponse("in")

        def prepare(api: FastAPI) -> None:
            on_router, on_decorator, included = (
                WITH_MANAGE_SCOPE if where == each else [] for each in ("router", "decorator", "included")
            )
            router = APIRouter(prefix="/v2", dependencies=on_router)
            router.get("/guarded", dependencies=on_decorator)(endpoint)
            api.include_router(router, prefix="/more", dependencies=included)

        with served(prepare) as service:
            path = "/more/v2/guarded"
            expect_problem(service.http.get(path), 401, "unauthenticated")
            expect_problem(service.tenant(Scope.SIMULATIONS_READ).send("GET", path), 403, "missing_scope")
            assert send(service, "GET", path).text == "in"
            answer = service.http.post(path)
            assert (expect_problem(answer, 405, "method_not_allowed")["status"], answer.headers["allow"]) == (
                405,
                "GET, HEAD",
            )
            schemes = service.api.openapi()["paths"][path]["get"]["security"]
            assert schemes == [{"ApiKey": ["keys:manage"]}, {"Bearer": ["keys:manage"]}]

    def test_authenticate_can_be_overridden(self) -> None:
        def prepare(api: FastAPI) -> None:
            @api.get("/mine")
            async def mine(caller: CallerOf) -> Response:
                return PlainTextResponse(caller.owner.name)

        with served(prepare) as service:
            tenant = service.tenant()
            holder = service.call(lambda: service.container.use_cases.authentication().authenticate(tenant.key))
            made = tenant.make()
            service.api.dependency_overrides[authenticate] = lambda: holder
            assert service.http.get("/mine").text == holder.owner.name
            assert service.http.get(f"{SIMULATIONS}/{made['id']}").json() == made
            assert service.http.get(f"{SIMULATIONS}/nothing").status_code == 404
            twice = [service.http.post(SIMULATIONS, json=WING, headers={"Idempotency-Key": "k"}) for _ in range(2)]
            assert [answer.status_code for answer in twice] == [201, 201]
            assert twice[0].json() == twice[1].json()
            assert len(service.http.get(f"{SIMULATIONS}?limit=1").json()["items"]) == 1
            expect_problem(service.http.get(f"{SIMULATIONS}?cursor=x&limit=0"), 400, "invalid_cursor")
            assert violations(service.http.get(f"{SIMULATIONS}?limit=0&x=1")) == {"limit": "limit", "x": "unknown"}
            service.api.dependency_overrides.clear()
            expect_problem(service.http.get("/mine"), 401, "unauthenticated")


class TestResponses:
    def test_models_and_dicts_are_serialized_and_filtered(self) -> None:
        def prepare(api: FastAPI) -> None:
            @api.get("/model", dependencies=WITH_KEY)
            async def model() -> Item:
                return SecretItem(name="a")

            @api.get("/filtered", response_model=Item, response_model_exclude_unset=True, dependencies=WITH_KEY)
            async def filtered() -> Any:
                return {"name": "b", "secret": "x"}

            @api.get("/headers", status_code=202, dependencies=WITH_KEY)
            async def headers(response: Response) -> dict[str, int]:
                response.headers["X-Cat"] = "alone"
                return {"a": 1}

            @api.get("/mistyped", dependencies=WITH_KEY, status_code=203)
            async def mistyped() -> Response:
                return {"kept": False}  # type: ignore[return-value]  # -- the annotation is wrong on purpose

            @api.get("/invalid", dependencies=WITH_KEY)
            async def invalid() -> Item:
                return {"price": "x"}  # type: ignore[return-value]  # -- an invalid response is what is tested

        with served(prepare) as service:
            assert send(service, "GET", "/model").json() == {"name": "a", "price": 1.5}
            assert send(service, "GET", "/filtered").json() == {"name": "b"}
            answer = send(service, "GET", "/headers")
            assert (answer.status_code, answer.json(), answer.headers["x-cat"]) == (202, {"a": 1}, "alone")
            assert binding(service.api, "/mistyped") is not None
            answer = send(service, "GET", "/mistyped")
            assert (answer.status_code, answer.json()) == (203, {"kept": False})
            expect_problem(send(service, "GET", "/invalid"), 500, "internal_error")

    def test_custom_response_classes_and_streams_work(self) -> None:
        class Plain(PlainTextResponse):
            media_type = "text/x-plain"

        async def numbers() -> AsyncIterator[str]:
            for number in range(3):
                yield f"{number}\n"

        def prepare(api: FastAPI) -> None:
            @api.get("/html", response_class=HTMLResponse, dependencies=WITH_KEY)
            async def html() -> str:
                return "<p>"

            @api.get("/plain", response_class=Plain, dependencies=WITH_KEY)
            async def plain() -> str:
                return "text"

            @api.get("/stream", dependencies=WITH_KEY)
            async def stream() -> StreamingResponse:
                return StreamingResponse(numbers(), media_type="text/csv")

        with served(prepare) as service:
            assert send(service, "GET", "/html").headers["content-type"].startswith("text/html")
            assert send(service, "GET", "/plain").headers["content-type"].startswith("text/x-plain")
            assert binding(service.api, "/stream") is not None
            assert send(service, "GET", "/stream").text == "0\n1\n2\n"

    def test_background_tasks_run_after_the_response(self) -> None:
        done: list[str] = []

        def prepare(api: FastAPI) -> None:
            @api.post("/notify/{name}", dependencies=WITH_KEY)
            async def notify(name: str, tasks: BackgroundTasks) -> Any:
                tasks.add_task(done.append, name)
                return {"before": len(done)}

            @api.post("/json", dependencies=WITH_KEY)
            async def own_response(tasks: BackgroundTasks) -> Response:
                tasks.add_task(done.append, "ours")
                return json_response({})

        with served(prepare) as service:
            assert send(service, "POST", "/notify/me").json() == {"before": 0}
            assert send(service, "POST", "/json").json() == {}
            assert done == ["me", "ours"]


async def _thread_name() -> str:
    return threading.current_thread().name
