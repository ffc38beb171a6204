"""What is bounded round every request, whoever answers it: bodies, queries, spellings of paths, and time."""

import asyncio
import time
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import pytest
from starlette.routing import Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from adapters.http_fastapi.bodies import Bodies
from adapters.http_fastapi.detached import Detached
from adapters.http_fastapi.problems import Refused
from adapters.in_memory.storage import OwnedRepository, Storage
from tests.contracts.hostile_requests import LARGE, TYPED, Hostile
from tests.contracts.http_api import SIMULATIONS, UNKNOWN, WING, Service, Tenant, expect_problem, serving
from tests.contracts.http_hostile import ask

MIB = 1 << 20
CHUNK = b" " * (64 << 10)
ELSEWHERE = ["/admin/", "/admin/login/", "/livez", "/readyz", "/docs", "/openapi.json", "/problems/not-found"]


class Stores:
    """Stands for an application that reads every body to its end before it looks at it, as Django does."""

    def __init__(self) -> None:
        self.asked = 0
        self.stored = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self.asked += 1
        more = True
        while more:
            message = await receive()
            self.stored += len(message.get("body", b""))
            more = message.get("more_body", False)
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b""})


class Plain:
    """Keeps Starlette from taking a function for an endpoint."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self._app(scope, receive, send)


@pytest.fixture(scope="module")
def admin() -> Stores:
    return Stores()


@pytest.fixture(scope="module")
def service(admin: Stores) -> Iterator[Service]:
    with serving(Storage(), bodies_max=8) as service:
        for path in ("/admin", "/admin/{path:path}"):
            service.api.router.routes.append(Route(path, admin, include_in_schema=False))
        yield service


@pytest.fixture(autouse=True)
def nothing_is_held_afterwards(service: Service) -> Iterator[None]:
    yield
    bodies = service.container.bodies()
    assert (bodies._left, bodies._held) == (8 * MIB, {})


class TestBodies:
    @pytest.mark.parametrize("path", [b"/admin/", b"/admin", b"/admin/x/y"])
    @pytest.mark.parametrize("method", ["GET", "POST", "PUT", "FOO"])
    def test_no_more_than_a_mebibyte_is_stored_by_anybody(
        self, service: Service, admin: Stores, path: bytes, method: str
    ) -> None:
        before = admin.stored
        endless = Hostile("", 413, "body_too_large", path, method, (), (CHUNK, 10_000), key=False)
        answer = ask(service, endless)
        assert (answer.status, answer.chunks_read) == (413, 17)
        assert admin.stored - before == MIB

    @pytest.mark.parametrize("length", [b"1048577", b"9" * 30, b"9" * 5000, b"-1", b"x", b"\xb2", b""])
    def test_a_length_that_is_too_large_is_refused_at_once(
        self, service: Service, admin: Stores, length: bytes
    ) -> None:
        before = admin.asked
        for path in (b"/admin/", b"/openapi.json", b"/docs/assets/swagger-ui.css"):
            headers = ((b"content-length", length),)
            answer = ask(service, Hostile("", 413, None, path, "GET", headers, (CHUNK, 10_000), key=False))
            assert (answer.status, answer.chunks_read) == (413, 0)
        assert admin.asked == before

    def test_a_whole_mebibyte_is_let_through(self, service: Service, admin: Stores) -> None:
        before = admin.stored
        answer = ask(service, Hostile("", 200, None, b"/admin/", "POST", (), (CHUNK, 16), key=False))
        assert (answer.status, admin.stored - before) == (200, MIB)

    @pytest.mark.parametrize(
        ("method", "target", "key", "status"),
        [
            ("POST", SIMULATIONS, False, 401),
            ("GET", SIMULATIONS, True, 200),
            ("DELETE", UNKNOWN, True, 404),
            ("PUT", SIMULATIONS, True, 405),
            ("POST", "/api/v1/x", True, 404),
            ("POST", "/x", False, 404),
        ],
    )
    def test_a_body_that_nobody_reads_is_left_where_it_is(
        self, service: Service, method: str, target: str, key: bool, status: int
    ) -> None:
        answer = ask(service, Hostile("", status, None, target.encode(), method, TYPED, (CHUNK, 10_000), key=key))
        assert (answer.status, answer.chunks_read) == (status, 0)


class Slow:
    """A request that has sent some of its body, and no end of it."""

    def __init__(self, service: Service, tenant: Tenant | None, size: int, address: str = "192.0.2.1") -> None:
        self._service = service
        self._more = asyncio.Event()
        self.status = 0
        self.headers: dict[bytes, bytes] = {}
        path = SIMULATIONS if tenant else "/admin/"
        headers = [(b"host", b"localhost"), *TYPED, *([(b"x-api-key", tenant.key.encode())] if tenant else [])]
        scope = {"type": "http", "method": "POST", "path": path, "raw_path": path.encode(), "query_string": b""}
        scope |= {"headers": headers, "client": (address, 1), "scheme": "http"}
        self._messages: list[Message] = [{"type": "http.request", "body": b" " * size, "more_body": True}]
        self.task: asyncio.Task[None] = service.call(lambda: self._begin(scope))

    async def _begin(self, scope: dict[str, Any]) -> asyncio.Task[None]:
        task = asyncio.create_task(self._service.api(scope, self._receive, self._send))
        for _ in range(20):
            await asyncio.sleep(0)
        return task

    async def _receive(self) -> Message:
        while not self._messages:
            self._more.clear()
            await self._more.wait()
        return self._messages.pop(0)

    async def _send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.status, self.headers = message["status"], dict(message["headers"])

    def goes_on(self, message: Message) -> None:
        async def told() -> None:
            self._messages.append(message)
            self._more.set()
            await asyncio.wait([self.task])

        self._service.call(told)

    def is_cut(self) -> None:
        async def cut() -> None:
            self.task.cancel()
            await asyncio.wait([self.task])

        self._service.call(cut)


END: Message = {"type": "http.request", "body": b"", "more_body": False}
GONE: Message = {"type": "http.disconnect"}


class TestBodiesTogether:
    def test_each_may_hold_a_quarter_of_what_is_left_and_all_is_given_back(self, service: Service) -> None:
        hog, other, third = (service.tenant() for _ in range(3))
        slow = [Slow(service, hog, MIB) for _ in range(4)]
        assert [each.status for each in slow] == [0, 0, 503, 503]
        assert [each.headers[b"retry-after"] for each in slow[2:]] == [b"1", b"1"]
        assert other.make()["name"] == WING["name"]
        more = [Slow(service, other, MIB), Slow(service, other, MIB), Slow(service, None, MIB)]
        assert [each.status for each in more] == [0, 503, 0]
        third.make()
        slow[0].goes_on(END)
        assert slow[0].status == 400
        slow[1].goes_on(GONE)
        more[0].is_cut()
        more[2].goes_on(END)
        assert more[2].status == 200

    def test_many_who_send_little_hold_little(self, service: Service) -> None:
        slow = [Slow(service, None, 1, f"192.0.2.{n}") for n in range(200)]
        assert [each.status for each in slow] == [0] * 200
        service.tenant().make()
        for each in slow:
            each.goes_on(END)
            assert each.status == 200

    def test_addresses_without_a_key_are_told_apart_as_networks(self, service: Service) -> None:
        slow = [Slow(service, None, MIB, f"2001:db8::{n}") for n in range(3)]
        assert [each.status for each in slow] == [0, 0, 503]
        other = Slow(service, None, MIB, "2001:db8:0:1::1")
        assert other.status == 0
        for each in (*slow[:2], other):
            each.goes_on(GONE)

    def test_however_many_hold_all_they_can_something_is_left(self) -> None:
        bodies = Bodies(32 * MIB)
        for sender in range(20):
            with suppress(Refused):
                while True:
                    bodies.hold(sender, 4096)
        assert bodies._held[0] == 8 * MIB
        bodies.hold("a newcomer", 16_000)


class TestQueries:
    @pytest.mark.parametrize("query", LARGE.values(), ids=LARGE)
    @pytest.mark.parametrize("path", [*ELSEWHERE, "/docs/assets/swagger-ui.css"])
    def test_a_large_one_is_refused_wherever_it_goes(
        self, service: Service, admin: Stores, path: str, query: str
    ) -> None:
        before = admin.asked
        answer = ask(service, Hostile("", 422, None, f"{path}?{query}".encode(), "GET", (), key=False))
        assert answer.status == 422
        assert len(answer.body) < 1500
        assert answer.body.count(b'"parameter"') == 1
        assert admin.asked == before

    @pytest.mark.parametrize("query", ["x=" + "1" * 8190, "&".join(f"p{n}=1" for n in range(100))], ids=["8k", "100"])
    @pytest.mark.parametrize("path", ELSEWHERE)
    def test_one_within_the_bounds_is_not(self, service: Service, path: str, query: str) -> None:
        assert ask(service, Hostile("", 200, None, f"{path}?{query}".encode(), "GET", (), key=False)).status == 200

    def test_the_first_field_that_is_too_much_is_named(self, service: Service) -> None:
        tenant = service.tenant()
        many = "&".join(f"p{n}=1" for n in range(200))
        for query, name in (
            (many, "p100"),
            ("a=1&b=" + "x" * 9000 + "&c=1", "b"),
            ("a=" + "x" * 8186 + "&bc%20d=1&e=1", "bc d"),
            ("y" * 9000, "y" * 200),
            ("%ff" * 9000, "\ufffd" * 66 + "%f"),
        ):
            body = expect_problem(tenant.send("GET", f"{SIMULATIONS}?{query}"), 422, "validation_failed")
            (error,) = body["errors"]
            assert error["parameter"].rstrip("…") == name
            assert error["code"] in {"query_too_long", "too_many_fields"}

    @pytest.mark.parametrize(
        ("method", "path", "more", "status"),
        [
            ("GET", "/api/v1/x", {}, 404),
            ("PUT", SIMULATIONS, {}, 405),
            ("POST", "/livez", {}, 405),
            ("GET", SIMULATIONS, {"headers": {"X-API-Key": "x"}}, 401),
            ("POST", SIMULATIONS, {"content": b" " * (MIB + 1)}, 413),
            ("POST", SIMULATIONS, {"content": b"{"}, 415),
            ("POST", SIMULATIONS, {"content": b"{", "headers": {"Content-Type": "application/json"}}, 400),
            ("DELETE", UNKNOWN, {}, 422),
        ],
    )
    def test_it_has_its_place_among_the_refusals(
        self, service: Service, method: str, path: str, more: dict[str, Any], status: int
    ) -> None:
        answer = service.tenant().send(method, f"{path}?{'x' * 9000}", **more)
        assert answer.status_code == status


class TestSpellings:
    @pytest.mark.parametrize(
        "target",
        [
            *("/%61dmin/", "/%61dmin", "/admin%2F", "/admin%2flogin/", "/admin/%6cogin/", "/adm%69n/", "/admin/%2e/"),
            *("/admin/%2e%2e/admin/", "/admin/./", "/admin/.", "/admin/..", "/admin/../admin/", "/admin//"),
            *("//admin/", "/./admin/", "/ADMIN/", "/Admin", "/x/../admin/", "/static/../admin/", "/admin//x"),
            *("/admin/x%00", "/admin/%c3%a9", "/admin\\login/", "/admin/login;x/", "/admin%0A", "/admin/%"),
            *("/%2fadmin/", "/%61%64%6d%69%6e/", "/admin/x%2f..%2f..%2fy", "http://localhost/admin/"),
            *("/admin/" + "x" * 2000, "/%2561dmin/", "/admin/a%0Ab"),
        ],
    )  # fmt: skip
    def test_no_other_one_leads_to_the_admin(self, service: Service, admin: Stores, target: str) -> None:
        before = admin.asked
        answer = ask(service, Hostile("", 404, None, target.encode(), "GET", (), key=False))
        assert (answer.status, admin.asked) == (404, before)

    @pytest.mark.parametrize(
        "target", ["/admin", "/admin/", "/admin/login/", "/admin/goatfish/ownerrow/x_2Fy.z/change/"]
    )
    def test_its_own_does(self, service: Service, admin: Stores, target: str) -> None:
        before = admin.asked
        assert ask(service, Hostile("", 200, None, target.encode(), "GET", (), key=False)).status == 200
        assert admin.asked == before + 1

    @pytest.mark.parametrize(
        "target",
        [
            *("/%6civez", "/live%7a", "/%64ocs", "/docs%2Fassets/swagger-ui.css", "/docs/assets/swagger%2Dui.css"),
            *("/docs/%61ssets/swagger-ui.css", "/docs/assets/./swagger-ui.css", "/docs/assets//swagger-ui.css"),
            *("/docs/assets/%2e%2e/%2e%2e/__init__.py", "/docs/assets/../__init__.py", "/docs/assets/.."),
            *("/docs/assets/" + "a/" * 30_000, "/docs/assets/" + "../" * 20_000, "/openapi%2Ejson"),
            *("/%70roblems/not-found", "/%64ocs/assets/swagger-ui.css"),
            *("/api/v1/%6be%79s", "/%61pi/v1/me", "/api%2fv1/me", "/api/v1/m%65"),
        ],
    )  # fmt: skip
    def test_everything_has_one_alone(self, service: Service, target: str) -> None:
        for method in ("GET", "POST"):
            assert ask(service, Hostile("", 404, None, target.encode(), method, ())).status == 404

    def test_a_parameter_may_be_encoded(self, service: Service) -> None:
        tenant = service.tenant()
        id = tenant.make()["id"]
        path = f"{SIMULATIONS}/{id.replace('-', '%2d')}"
        assert tenant.send("GET", path).json()["id"] == id
        assert service.http.get("/problems/not%2dfound").status_code == 200


class TestTime:
    @pytest.fixture
    def hurried(self) -> Iterator[Service]:
        timeouts = {"pool_timeout": 0.1, "statement_timeout": 0.1, "request_timeout": 0.3}
        with serving(Storage(), cors_origins=["*"], **timeouts) as service:
            yield service

    @pytest.mark.parametrize("method", ["GET", "DELETE"])
    def test_a_request_that_takes_too_long_is_ended(
        self, hurried: Service, monkeypatch: pytest.MonkeyPatch, method: str
    ) -> None:
        ended: list[str] = []

        async def forever(*_: object) -> None:
            try:
                await asyncio.sleep(60)
            finally:
                ended.append(method)

        tenant = hurried.tenant()
        path = f"{SIMULATIONS}/{tenant.make()['id']}"
        with monkeypatch.context() as stuck:
            stuck.setattr(OwnedRepository, "get" if method == "GET" else "remove", forever)
            answer = tenant.send(method, path, headers={"Origin": "https://app.example"})
        body = expect_problem(answer, 503, "unavailable")
        assert answer.headers["retry-after"] == "1"
        assert answer.headers["access-control-allow-origin"] == "*"
        assert ended == [method]
        assert ("may have been carried out" in body["detail"]) is (method != "GET")
        assert "Idempotency-Key" in body["detail"] or method == "GET"
        assert tenant.send("GET", path).status_code == 200

    def test_a_body_that_never_ends_is_part_of_it(self, hurried: Service) -> None:
        slow = Slow(hurried, hurried.tenant(), MIB)
        hurried.call(lambda: asyncio.wait([slow.task]))
        assert slow.status == 503
        bodies, deadlines = hurried.container.bodies(), hurried.container.deadlines()
        assert (bodies._held, deadlines._since, deadlines.overdue) == ({}, {}, set())

    def test_who_has_begun_to_answer_may_take_longer(self, hurried: Service) -> None:
        async def long(scope: Scope, receive: Receive, send: Send) -> None:
            await send({"type": "http.response.start", "status": 200, "headers": []})
            await asyncio.sleep(0.6)
            await send({"type": "http.response.body", "body": b"the end"})

        hurried.api.router.routes.append(Route("/long", Plain(long), include_in_schema=False))
        assert hurried.http.get("/long").text == "the end"

    def test_what_minds_no_cancelling_answers_late_and_is_forgotten(self, hurried: Service) -> None:
        async def stubborn(scope: Scope, receive: Receive, send: Send) -> None:
            try:
                await asyncio.sleep(60)
            except asyncio.CancelledError:
                await send({"type": "http.response.start", "status": 200, "headers": []})
                await send({"type": "http.response.body", "body": b"late"})

        hurried.api.router.routes.append(Route("/stubborn", Plain(stubborn), include_in_schema=False))
        assert hurried.http.get("/stubborn").text == "late"
        assert hurried.container.deadlines().overdue == set()

    def test_who_else_cancels_a_request_is_obeyed(self, hurried: Service) -> None:
        slow = Slow(hurried, hurried.tenant(), 10)
        slow.is_cut()
        assert slow.task.cancelled()
        assert slow.status == 0

    def test_an_application_in_threads_goes_on_by_itself(self, hurried: Service) -> None:
        """And neither holds up the event loop nor answers twice."""
        told: list[str] = []

        async def in_a_thread(scope: Scope, receive: Receive, send: Send) -> None:
            await receive()
            await asyncio.shield(asyncio.get_running_loop().run_in_executor(None, time.sleep, 0.8))
            await send({"type": "http.response.start", "status": 200, "headers": []})
            told.append((await receive())["type"])

        hurried.api.router.routes.append(Route("/threads", Detached(in_a_thread), include_in_schema=False))
        expect_problem(hurried.http.get("/threads"), 503, "unavailable")
        assert told == []
        hurried.call(lambda: asyncio.sleep(0.8))
        assert told == ["http.disconnect"]

    def test_a_fault_of_an_application_in_threads_is_a_fault(self, hurried: Service) -> None:
        async def faulty(scope: Scope, receive: Receive, send: Send) -> None:
            raise RuntimeError("a fault")

        hurried.api.router.routes.append(Route("/faulty", Detached(faulty), include_in_schema=False))
        expect_problem(hurried.http.get("/faulty"), 500, "internal_error")
