"""The HTTP contracts of what runs mean in SQL, on PostgreSQL by Django's connections; by asyncpg they run elsewhere."""

from __future__ import annotations

import pytest

from tests.contracts.http_run_lists import RunListsContract
from tests.contracts.http_run_quantities import RunQuantitiesContract
from tests.contracts.http_service import Service


@pytest.fixture
def service(committing_by_django: Service) -> Service:
    return committing_by_django


class TestLists(RunListsContract):
    pass


class TestQuantities(RunQuantitiesContract):
    pass
