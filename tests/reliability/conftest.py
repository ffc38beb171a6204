"""A PostgreSQL server of its own for these tests."""

from collections.abc import Iterator

import pytest

from tests.embedded_postgres import Server


@pytest.fixture
def server() -> Iterator[Server]:
    with Server(in_memory=True) as server:
        yield server
