"""The contracts of lists in SQL, on PostgreSQL by Django's connections; by asyncpg they run elsewhere."""

from __future__ import annotations

import pytest

from adapters.django_orm.storage import Storage
from domain.repository import OwnerId
from tests.contracts.cases import OwnerFixtures
from tests.contracts.http_run_lists import RunListsContract
from tests.contracts.http_run_quantities import RunQuantitiesContract
from tests.contracts.http_service import Service
from tests.contracts.owned_lists import OwnedListsContract
from tests.contracts.resources import ResourceCase, ResourceFixtures


@pytest.fixture
def service(committing_by_django: Service) -> Service:
    return committing_by_django


class TestLists(RunListsContract):
    pass


class TestQuantities(RunQuantitiesContract):
    pass


class TestFilters(OwnerFixtures, ResourceFixtures):
    """Every filter with every value, and every order."""

    @pytest.fixture
    def storage(self, rolled_back: Storage) -> Storage:
        return rolled_back

    async def test_every_filter(
        self, storage: Storage, owner: OwnerId, stranger: OwnerId, resource: ResourceCase
    ) -> None:
        test = OwnedListsContract.test_lists_contain_no_entities_of_other_owners
        await test(self, storage, owner, stranger, resource, resource.sorts[0])  # type: ignore[arg-type]  # -- it uses nothing of its class

    test_paging_continues_after_boundary_values = OwnedListsContract.test_paging_continues_after_boundary_values
