"""The application under the counters; on PostgreSQL alone, as SQLite is asked otherwise and by no wire."""

from __future__ import annotations

import os
from collections.abc import Iterator
from urllib.parse import urlsplit

import pytest

from tests.integration.conftest import VENDOR, on_test_database
from tests.integration.costs.counted_service import CountedService, served
from tests.integration.costs.counting_proxy import Wiretap, tapped

collect_ignore_glob = [] if VENDOR == "postgresql" else ["test_*.py"]


@pytest.fixture(scope="package")
def urls(django_db_setup: None) -> tuple[str, str]:
    """The test database as the service reaches it, and as operators do."""
    service, operators = os.environ["GOATFISH_DATABASE_URL"], os.environ["GOATFISH_OPERATOR_DATABASE_URL"]
    return on_test_database(urlsplit(service)), on_test_database(urlsplit(operators))


@pytest.fixture(scope="package")
def wiretap(urls: tuple[str, str]) -> Iterator[Wiretap]:
    with tapped(urls[0]) as tap:
        yield tap


@pytest.fixture(scope="package")
def watched(wiretap: Wiretap, urls: tuple[str, str]) -> Iterator[CountedService]:
    """The application behind the wiretap."""
    with served(wiretap.url, urls[1]) as service:
        yield service


@pytest.fixture(scope="package")
def plain(urls: tuple[str, str]) -> Iterator[CountedService]:
    """The application with nothing between it and PostgreSQL."""
    with served(*urls) as service:
        yield service
