"""The HTTP contract of runs, on in-memory storage."""

from collections.abc import Iterator

import pytest

from adapters.in_memory.storage import Storage
from tests.contracts.http_api import Service, serving
from tests.contracts.http_large_pages import LargePagesContract
from tests.contracts.http_run_lists import RunListsContract
from tests.contracts.http_run_quantities import RunQuantitiesContract
from tests.contracts.http_runs import RunsContract


@pytest.fixture(scope="module")
def service() -> Iterator[Service]:
    with serving(Storage()) as service:
        yield service


class TestRuns(RunsContract):
    pass


class TestRunLists(RunListsContract):
    pass


class TestRunQuantities(RunQuantitiesContract):
    pass


class TestLargePages(LargePagesContract):
    pass
