"""One running service for all tests of the document; each has an owner of its own."""

from collections.abc import Iterator
from dataclasses import replace

import pytest

from tests.embedded_postgres import Server
from tests.running_service import Live, live


@pytest.fixture(scope="session")
def running() -> Iterator[Live]:
    with Server(in_memory=True) as server, live(server.url, server.operator_url) as running:
        yield running


@pytest.fixture
def service(running: Live, request: pytest.FixtureRequest) -> Live:
    """The service, with the key of a new owner."""
    owner = running.goatfish("owner", "create", request.node.name).stdout.strip()
    return replace(running, key=running.goatfish("key", "create", owner).stdout.strip())
