"""The storage contract on the Django adapter, with every executor of this database."""

from tests.contracts.idempotency import IdempotencyRecordsContract, IdempotentExecutorContract
from tests.contracts.owned_repository import OwnedRepositoryContract
from tests.contracts.owner_directory import OwnerDirectoryContract
from tests.contracts.revisions import HistoryContract, PurgeContract, RevisionsContract
from tests.contracts.webhook_deliveries import DeliveriesContract


class TestOwnedRepository(OwnedRepositoryContract):
    pass


class TestOwnerDirectory(OwnerDirectoryContract):
    pass


class TestOutcomes(IdempotencyRecordsContract):
    pass


class TestOnce(IdempotentExecutorContract):
    pass


class TestRevisions(RevisionsContract):
    pass


class TestHistory(HistoryContract):
    pass


class TestPurge(PurgeContract):
    pass


class TestDeliveries(DeliveriesContract):
    pass
