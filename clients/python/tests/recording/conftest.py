"""What the tests of recording share."""

from __future__ import annotations

from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest
from clients.python.tests.recording.places import Network, Place

import goatfish
from goatfish.recording import pace
from goatfish.recording import sender as senders

FAST = "fake" if find_spec("goatfish.testing") else "real"
SERVICES = {"test_recorder": sorted({FAST, "real"}), "test_killed": ["real"]}
"""The services that a module is tried on, where it is not the fast one alone."""


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "service" in metafunc.fixturenames:
        module = metafunc.module.__name__.rpartition(".")[2]
        metafunc.parametrize("service", SERVICES.get(module, [FAST]), indirect=True)


@pytest.fixture
def service(request: pytest.FixtureRequest) -> Any:
    return request.getfixturevalue(request.param)


@pytest.fixture
def place(service: Any, unique: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Place]:
    monkeypatch.setenv("GOATFISH_SPOOL", str(tmp_path / "spool"))
    network = Network(service.transport)
    made: list[goatfish.Client] = []

    def new_client(key: str | None = None, **options: Any) -> goatfish.Client:
        client = goatfish.Client(service.url, key or service.key, transport=network, **options)
        made.append(client)
        return client

    other = new_client(service.other_key, max_retries=0)
    yield Place(network, new_client(max_retries=0), other, tmp_path / "spool", unique, new_client)
    network.fault = lambda _request, _place: None
    network.away = True
    for client in made:
        client.close()
    if not network.is_shared:
        network.inner.close()


@pytest.fixture
def real_place(place: Place, service: Any, monkeypatch: pytest.MonkeyPatch) -> Place:
    """The same where other processes can reach the service: without the network that fails."""
    place.new_client = lambda key=None, **options: goatfish.Client(service.url, key or service.key, **options)
    return place


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """The sender looks and tries again soon, so that no test sleeps."""
    monkeypatch.setattr(senders, "TICK", 0.05)
    monkeypatch.setattr(pace, "FIRST_PAUSE", 0.01)
