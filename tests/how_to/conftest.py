"""One service on PostgreSQL for all pages."""

from collections.abc import Iterator

import pytest

from tests.embedded_postgres import Server
from tests.running_service import Live, live


@pytest.fixture(scope="session")
def service() -> Iterator[Live]:
    with Server(in_memory=True) as server, live(server.url, server.operator_url) as running:
        yield running
