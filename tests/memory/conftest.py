"""The service of the test_edge_* modules, and a check of the mark ``before_storage``."""

from collections.abc import Callable, Iterator
from http import HTTPStatus
from inspect import isasyncgenfunction, iscoroutinefunction
from typing import Any

import pytest
from starlette.routing import Route
from starlette.types import Message, Receive, Scope, Send

from adapters.http_fastapi.app import Api
from adapters.in_memory.records import OwnedIdempotencyRecords, OwnedRevisions
from adapters.in_memory.repository import OwnedRepository
from adapters.in_memory.run_reports import OwnedRunReports
from adapters.in_memory.storage import Storage
from adapters.in_memory.webhooks import OwnedDeliveries
from domain.access.authentication import LastUsedTracker
from tests.contracts.http_api import Service, serving
from tests.memory.edges import BufferingApp


@pytest.fixture(scope="module")
def admin() -> BufferingApp:
    """A stub in place of Django's admin."""
    return BufferingApp()


@pytest.fixture(scope="module")
def service(admin: BufferingApp) -> Iterator[Service]:
    """A service with the stub admin and 8 MiB for request bodies; some modules override it."""
    with serving(Storage(), bodies_max=8) as service:
        for path in ("/admin", "/admin/{path:path}"):
            service.api.router.routes.append(Route(path, admin, include_in_schema=False))
        yield service


STORED = (OwnedRepository, OwnedIdempotencyRecords, OwnedRevisions, OwnedDeliveries, OwnedRunReports)
"""What is stored, but for the directory of owners, in which keys are looked up."""
QUESTIONS = [
    (stored, name, method)
    for stored in STORED
    for name, method in vars(stored).items()
    if iscoroutinefunction(method) or isasyncgenfunction(method)
]


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Iterator[None]:
    """Fails a test with the mark ``before_storage`` that asks storage.

    What it prepares or looks at by requests that succeed may do so, if there are refused ones, too.
    """
    if item.get_closest_marker("before_storage") is None:
        return (yield)
    with pytest.MonkeyPatch.context() as patch:
        asked, refused = watch(patch)
        result = yield
    wrong = [each for each in refused or [("the last request", asked)] if each[1]]
    assert wrong == [], "storage was asked, so this has to be tested over every storage"
    return result


def watch(patch: pytest.MonkeyPatch) -> tuple[list[str], list[tuple[str, list[str]]]]:
    """What the last request has asked storage for, and each request that was refused with what it has asked for."""
    asked: list[str] = []
    refused: list[tuple[str, list[str]]] = []
    serve = Api.__call__

    async def watched(api: Api, scope: Scope, receive: Receive, send: Send) -> None:
        async def sent(message: Message) -> None:
            if message.get("status", 0) >= HTTPStatus.BAD_REQUEST:
                refused.append((f"{scope['method']} {scope['path']}", [*asked]))
            await send(message)

        asked.clear()
        await serve(api, scope, receive, sent)

    patch.setattr(Api, "__call__", watched)
    patch.setattr(LastUsedTracker, "claim", lambda *_: False)  # any request may have its key's last use stored
    for stored, name, method in QUESTIONS:
        patch.setattr(stored, name, noting(method, asked))
    return asked, refused


def noting(method: Callable[..., Any], asked: list[str]) -> Callable[..., Any]:
    """The method, which notes its name when it is called."""

    def noted(*arguments: Any, **named: Any) -> Any:
        asked.append(method.__qualname__)
        return method(*arguments, **named)

    return noted
