"""The in-memory adapter fulfils the contract of the ports."""

import pytest

from adapters.in_memory.storage import Storage
from tests.contracts.idempotency import IdempotencyRecordsContract, IdempotentExecutorContract
from tests.contracts.owned_repository import OwnedRepositoryContract
from tests.contracts.owner_directory import OwnerDirectoryContract
from tests.contracts.revisions import HistoryContract, PurgeContract, RevisionsContract
from tests.contracts.webhook_deliveries import DeliveriesContract


@pytest.fixture
def storage() -> Storage:
    return Storage()


class TestOwnedRepository(OwnedRepositoryContract):
    pass


class TestOwnerDirectory(OwnerDirectoryContract):
    pass


class TestIdempotencyRecords(IdempotencyRecordsContract):
    pass


class TestIdempotentExecutor(IdempotentExecutorContract):
    pass


class TestRevisions(RevisionsContract):
    pass


class TestHistory(HistoryContract):
    pass


class TestPurge(PurgeContract):
    pass


class TestDeliveries(DeliveriesContract):
    pass
