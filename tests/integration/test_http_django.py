"""The HTTP contract over each database: in a transaction that is rolled back, and really committing."""

from collections.abc import Iterator

import pytest
from dependency_injector import providers
from pydantic import SecretStr
from starlette.testclient import TestClient

from app.container import Container
from config.settings import Settings
from tests.contracts.http_api import HttpContract, Service
from tests.integration.conftest import MakeStorage
from tests.integration.factories import SimulationRowFactory


@pytest.fixture
def service(make_storage: MakeStorage) -> Iterator[Service]:
    container = Container(settings=Settings(secret_key=SecretStr("x" * 32)))
    container.storage.override(providers.Object(make_storage()))
    with TestClient(container.api(), base_url="http://localhost", raise_server_exceptions=False) as http:
        yield Service(container, http)


class TestHttp(HttpContract):
    pass


@pytest.mark.parametrize("make_storage", ["lend"], indirect=True)
def test_a_row_of_an_unfinished_transaction_is_seen_through_http(service: Service) -> None:
    tenant = service.tenant()
    row = SimulationRowFactory.create(owner_id=tenant.owner)
    assert tenant.send("GET", f"/api/v1/simulations/{row.id}").json()["name"] == row.name
