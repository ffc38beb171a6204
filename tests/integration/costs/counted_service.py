"""The application with one PostgreSQL connection and a clock that tests advance."""

from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, TypeVar
from uuid import uuid4

from httpx2 import Client

from app.container import Container
from app.system import System
from config.databases import DatabaseUrl
from config.settings import Settings
from domain.access.scopes import Scope
from domain.registry import ENTITIES
from tests.contracts.cases import add_referred
from tests.contracts.http_client import Running, in_process
from tests.contracts.http_service import CONTEXT, Tenant

T = TypeVar("T")


@dataclass
class ManualClock:
    """A monotonic clock in seconds; cached keys expire only when a test advances it."""

    seconds: float = 0.0

    def __call__(self) -> float:
        return self.seconds


@dataclass
class CountedService:
    """The application, and a second container that creates tenants on its own connections."""

    container: Container
    operators: Container
    running: Running
    http: Client
    clock: ManualClock

    def call(self, make: Callable[[], Coroutine[Any, Any, T]]) -> T:
        """Runs a coroutine on the application's event loop."""
        return self.running.call(make)

    def settle(self) -> None:
        """Waits for background tasks."""
        self.call(self.container.background().drain)

    def tenant(self, *scopes: Scope) -> Tenant:
        """An owner with a key that has not been used yet."""

        async def create() -> Tenant:
            owner = await self.operators.use_cases.owners().create(f"tenant {uuid4()}", CONTEXT)
            key, text = await self.operators.use_cases.keys().create(
                owner.id, CONTEXT, name="tests", scopes=scopes or tuple(Scope)
            )
            await add_referred(self.operators.storage(), owner.id, *ENTITIES)
            return Tenant(self.http, owner.id, key.id, text.reveal())

        return self.call(create)


@contextmanager
def served(url: str, operator_url: str, **settings: Any) -> Iterator[CountedService]:
    """Serves this database on uvloop; with one connection, each statement is prepared once."""
    clock, date = ManualClock(), datetime.now(UTC)
    container = Container(
        settings=Settings(database_url=DatabaseUrl(url), pool_size=1, **settings),
        system=System(now=lambda: date, monotonic=clock),
    )
    operators = Container(settings=Settings(database_url=DatabaseUrl(operator_url), one_role=True, pool_size=1))
    with in_process(container.api()) as running:
        service = CountedService(container, operators, running, running.client(follow_redirects=True), clock)
        service.call(operators.storage().open)
        try:
            yield service
        finally:
            service.call(operators.storage().close)
