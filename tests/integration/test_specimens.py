"""The storage contract of specimens (every kind of field, unique values, references) on the Django adapter."""

from collections.abc import AsyncIterator

import pytest

from adapters.django_orm.storage import Storage
from tests.contracts.specimens import SpecimensContract
from tests.integration.conftest import MakeStorage
from tests.integration.specimen_tables import specimen_storage, specimen_tables

__all__ = ["specimen_tables"]


@pytest.fixture
async def storage(specimen_tables: None, make_storage: MakeStorage) -> AsyncIterator[Storage]:
    async with specimen_storage(make_storage()) as storage:
        yield storage


class TestSpecimens(SpecimensContract):
    pass
