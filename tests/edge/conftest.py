"""One running `goatfish serve` for all edge tests, with its own SQLite database."""

from collections.abc import Iterator
from urllib.parse import urlsplit

import pytest

from tests.running_service import Live, live


@pytest.fixture(scope="session")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Live]:
    url = f"sqlite:///{tmp_path_factory.mktemp('edge')}/goatfish.sqlite3"
    with live(url, url) as running:
        yield running


@pytest.fixture(scope="session")
def address(service: Live) -> tuple[str, int]:
    parts = urlsplit(service.url)
    assert parts.hostname is not None
    assert parts.port is not None
    return parts.hostname, parts.port
