"""The storage contract of specimens (every kind of field, unique values, references) on the Django adapter."""

import pytest

from adapters.django_orm.storage import Storage
from tests.contracts.specimens import SpecimensContract
from tests.integration.conftest import VENDOR, MakeStorage
from tests.integration.specimen_tables import specimen_tables, with_specimens

__all__ = ["specimen_tables"]


@pytest.fixture(scope="module")
def kept(specimen_tables: None, kept_open: Storage) -> Storage:
    return with_specimens(kept_open)


@pytest.fixture(scope="module")
def on_connection(specimen_tables: None, on_test_connection: Storage) -> Storage:
    return with_specimens(on_test_connection)


@pytest.fixture
def lent(on_connection: Storage, lend: MakeStorage) -> Storage:
    return on_connection


@pytest.fixture(params=["lent", "kept"] if VENDOR == "postgresql" else ["kept"])
def storage(request: pytest.FixtureRequest) -> Storage:
    storage: Storage = request.getfixturevalue(request.param)
    return storage


class TestSpecimens(SpecimensContract):
    pass
