"""The application with its database traffic counted; PostgreSQL only, as SQLite has no wire protocol."""

from __future__ import annotations

import os
from collections.abc import Iterator
from urllib.parse import urlsplit

import pytest

from tests.integration.conftest import VENDOR, on_test_database
from tests.integration.costs.counted_service import CountedService, served
from tests.integration.costs.counting_proxy import CountingProxy, running_proxy

collect_ignore_glob = [] if VENDOR == "postgresql" else ["test_*.py"]


@pytest.fixture(scope="package")
def urls(django_db_setup: None) -> tuple[str, str]:
    """The URLs of the test database for the service and for operators."""
    service, operators = os.environ["GOATFISH_DATABASE_URL"], os.environ["GOATFISH_OPERATOR_DATABASE_URL"]
    return on_test_database(urlsplit(service)), on_test_database(urlsplit(operators))


@pytest.fixture(scope="package")
def proxy(urls: tuple[str, str]) -> Iterator[CountingProxy]:
    with running_proxy(urls[0]) as proxy:
        yield proxy


@pytest.fixture(scope="package")
def proxied_service(proxy: CountingProxy, urls: tuple[str, str]) -> Iterator[CountedService]:
    """The application, connected to PostgreSQL through the counting proxy."""
    with served(proxy.url, urls[1]) as service:
        yield service


@pytest.fixture(scope="package")
def direct_service(urls: tuple[str, str]) -> Iterator[CountedService]:
    """The application, connected to PostgreSQL directly."""
    with served(*urls) as service:
        yield service
