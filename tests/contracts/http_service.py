"""The application under test over HTTP: tenants with keys and clients, and assertions about problems."""

import asyncio
import re
from collections import Counter
from collections.abc import Awaitable, Callable, Coroutine, Hashable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar
from uuid import UUID, uuid4

import pytest
from fastapi import FastAPI
from httpx2 import ASGITransport, AsyncClient, Client, Response
from pydantic import SecretStr
from starlette.types import ASGIApp

from app.container import Container
from app.storage import Storage
from app.system import System
from config.settings import Settings
from domain.access.scopes import Scope
from domain.repository import OwnerId
from domain.write_context import WriteContext
from tests.canary import CANARY, WatchedAnswers
from tests.contracts.cases import add_referred
from tests.contracts.http_client import Running, in_process
from tests.contracts.resources import SIMULATION, Json, ResourceCase, Violations

T = TypeVar("T")

CONTEXT = WriteContext(actor="operator:tests", request_id="tests", at=datetime.now(UTC))
KEYS = "/api/v1/keys"
ME = "/api/v1/me"
NEW_KEY = {"name": "n", "scopes": ["keys:manage"]}
SECRET, SECRET_BEFORE = "signs what the contract makes, today", "signed what the contract made before"
HOUR = timedelta(hours=1)
before_storage = pytest.mark.before_storage
"""The answer comes before storage is asked for anything but the key: over every storage from the same code. Such tests
run in memory alone, and fail if storage is asked."""
of_the_request = pytest.mark.of_the_request
"""Storage answers what it answers in other tests, and the contract of storage tests it over every storage: what is new
is how the request is written or what comes before and after. Such tests run in memory alone, too."""
STAMP = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,6})?Z")


@dataclass
class Clock:
    """The current time, which tests can advance. Other tests are unaffected, as each has tenants of its own."""

    ahead: timedelta = timedelta()

    def __call__(self) -> datetime:
        return datetime.now(UTC) + self.ahead

    def passes(self, time: timedelta) -> None:
        self.ahead += time


@dataclass
class Tenant:
    """An owner with a key, and a client that presents it."""

    http: Client
    owner: OwnerId
    key_id: UUID
    key: str
    made: Counter[str] = field(default_factory=Counter)
    """The number of bodies made so far, by kind."""

    def send(self, method: str, path: str, **more: Any) -> Response:
        headers = {"X-API-Key": self.key} | more.pop("headers", {})
        return self.http.request(method, path, headers=headers, **more)

    def body(self, resource: ResourceCase, /, **members: Any) -> Json:
        """A complete body with new values for unique members; the first one is ``resource.body``."""
        before = self.made[resource.kind]
        self.made[resource.kind] += 1
        # The second and the third value are reserved for the changes that tests make.
        return resource.body | resource.distinct(before and before + 2) | members

    def named(self, resource: ResourceCase, text: str) -> Json:
        """A body with this text as the label, plus a number if labels are unique."""
        if resource.label not in resource.unique:
            return resource.named(text)
        self.made[resource.label] += 1
        return resource.named(f"{text} {self.made[resource.label]}")

    def make(self, resource: ResourceCase = SIMULATION, /, **members: Any) -> Any:
        answer = self.send("POST", resource.path, json=self.body(resource, **members))
        assert answer.status_code == 201, answer.text
        return answer.json()


@dataclass
class Service:
    """The application under test, and tenants made through the operators' use cases."""

    container: Container
    running: Running
    http: Client
    clock: Clock
    entities: tuple[type[Any], ...] = ()
    """The kinds whose referred objects are added for each new tenant."""

    made: dict[Hashable, Any] = field(default_factory=dict)
    """What was made once, for tests that only read it."""

    def once(self, name: Hashable, make: Callable[[], T]) -> T:
        """What was made by this name before, or is made now: for objects that no test changes."""
        if name not in self.made:
            self.made[name] = make()
        made: T = self.made[name]
        return made

    @property
    def api(self) -> FastAPI:
        return self.container.api()

    def call(self, make: Callable[[], Coroutine[Any, Any, T]]) -> T:
        """Runs a coroutine on the application's event loop."""
        return self.running.call(make)

    def together(
        self,
        requests: Iterable[Callable[[AsyncClient], Awaitable[Response]]],
        api: ASGIApp | None = None,
        address: str = "127.0.0.1",
    ) -> list[Response]:
        """Sends the requests concurrently from a client at this address, and returns the responses."""

        async def gathered() -> list[Response]:
            transport = ASGITransport(app=api or self.api, raise_app_exceptions=False, client=(address, 1))
            async with AsyncClient(transport=transport, base_url="http://localhost") as http:
                return await asyncio.gather(*(request(http) for request in requests))

        return self.call(gathered)

    def tenant(self, *scopes: str) -> Tenant:
        """A new tenant whose key has these scopes, or all."""

        async def make() -> Tenant:
            context = replace(CONTEXT, at=self.clock())
            owner = await self.container.use_cases.owners().create(f"tenant {uuid4()}", context)
            key, text = await self.container.use_cases.keys().create(
                owner.id, context, name="tests", scopes=[*map(Scope, scopes)] or [*Scope]
            )
            await add_referred(self.container.storage(), owner.id, *self.entities, context=context)
            return Tenant(self.http, owner.id, key.id, text.reveal())

        return self.call(make)


@contextmanager
def serving(storage: Storage, prepare: Callable[[FastAPI], object] = lambda _: None, **given: Any) -> Iterator[Service]:
    """Runs the application on this storage with these settings, without a limit of failed authentications.

    ``prepare`` can change the application before it starts.
    """
    clock = Clock()
    secrets = {"secret_key": SecretStr(SECRET), "secret_key_previous": SecretStr(SECRET_BEFORE)}
    settings = Settings(**{"failure_limit": 0, **secrets, **given})
    container = Container(settings=settings, storage=storage, system=System(now=clock))
    for secret in (SECRET, SECRET_BEFORE):
        CANARY.knows_word(secret)
    prepare(container.api())
    watched = WatchedAnswers(container.api(), canary=CANARY)
    with in_process(watched) as running:
        yield Service(container, running, running.client(follow_redirects=True), clock)


def expect_problem(answer: Response, status: int, code: str) -> Any:
    """Asserts that the response is exactly this problem, and returns its body."""
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    body = answer.json()
    assert body["code"] == code
    assert body["status"] == status
    assert body["type"] == "/problems/" + code.replace("_", "-")
    assert body["request_id"] == answer.headers["x-request-id"]
    assert body["title"]
    assert body["detail"]
    assert ("errors" in body) == (status == 422)
    return body


def violations(answer: Response) -> dict[str, str]:
    """The error codes of a 422 response by location."""
    body = expect_problem(answer, 422, "validation_failed")
    return {e.get("pointer") or e.get("parameter") or e.get("header"): e["code"] for e in body["errors"]}


def expect_violations(answer: Response, expected: Violations) -> None:
    """Asserts that the response is a 422 with exactly these errors."""
    found = violations(answer)
    assert found.keys() == expected.keys(), answer.text
    assert found == {at: code or found[at] for at, code in expected.items()}
