"""The services that the client is tried on: a real one on PostgreSQL, and the fake one in memory."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pytest

import goatfish
from goatfish.testing import FakeService

if TYPE_CHECKING:
    from tests.running_service import Live


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--services", default="fake,real", help="fake alone on Pythons that the service does not run on")


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    # The generator is tried once, as it needs tools that are not of the client; and what compares both services.
    return True if without_real(config) and collection_path.name in {"test_generated.py", "service"} else None


def without_real(config: pytest.Config) -> bool:
    return "real" not in config.getoption("--services")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if not without_real(config):
        return
    real = [item for item in items if "real" in getattr(item, "fixturenames", ()) or "[real" in item.name]
    config.hook.pytest_deselected(items=real)
    items[:] = [item for item in items if item not in real]


@dataclass(frozen=True)
class Service:
    """A service: its URL, a key with all scopes, and one of another owner."""

    url: str
    key: str
    other_key: str
    transport: Any = None
    """Of the HTTP library; None for a service that listens."""

    def client(self, key: str | None = None, **options: Any) -> goatfish.Client:
        return goatfish.Client(self.url, key or self.key, transport=self.transport, **options)

    def async_client(self, key: str | None = None, **options: Any) -> goatfish.AsyncClient:
        return goatfish.AsyncClient(self.url, key or self.key, transport=self.transport, **options)


@pytest.fixture(scope="session")
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture(autouse=True)
def home(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home of the test's own, and an environment without the configuration of a real Goatfish."""
    for name in list(os.environ):
        if name.startswith(("GOATFISH_", "XDG_", "SLURM_", "PBS_", "LSB_")):
            monkeypatch.delenv(name)
    folder = tmp_path_factory.mktemp("home")
    monkeypatch.setenv("HOME", str(folder))
    return folder


@pytest.fixture(scope="session")
def listening() -> Iterator[tuple[Live, str]]:
    """A Goatfish on a PostgreSQL of its own, and the key of a second owner."""
    from clients.python.tests.owners import owners_with_keys
    from tests.embedded_postgres import Server
    from tests.running_service import live

    with Server(in_memory=True) as server, live(server.url, server.operator_url) as running:
        yield running, owners_with_keys(running, "others")["others"]


@pytest.fixture(scope="session")
def real(listening: tuple[Live, str]) -> Service:
    running, other_key = listening
    return Service(running.url, running.key, other_key)


@pytest.fixture(scope="session")
def fake() -> Service:
    service = FakeService()
    return Service(service.url, service.key, service.add_owner("others").key, service.transport)


@pytest.fixture(params=["fake", "real"])
def service(request: pytest.FixtureRequest) -> Service:
    found: Service = request.getfixturevalue(request.param)
    return found


@pytest.fixture
def client(service: Service) -> Iterator[goatfish.Client]:
    with service.client() as client:
        yield client


@pytest.fixture
def unique() -> str:
    """A name that no other test has."""
    return f"Wing {uuid4().hex}"


@pytest.fixture
def simulation(client: goatfish.Client, unique: str) -> goatfish.Simulation:
    return client.simulations.create(unique, "2026-01-05", "2026-02-01")
