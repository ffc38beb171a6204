"""The storage contract on the Django adapter, with every executor of this database."""

import pytest

from adapters.django_orm.storage import Storage
from tests.contracts.idempotency import IdempotencyRecordsContract, IdempotentExecutorContract
from tests.contracts.owned_batches import OwnedBatchesContract
from tests.contracts.owned_lists import OwnedListsContract
from tests.contracts.owned_reading import OwnedReadingContract
from tests.contracts.owned_simulations import OwnedSimulationsContract
from tests.contracts.owned_writing import OwnedWritingContract
from tests.contracts.owner_directory import OwnerDirectoryContract
from tests.contracts.revisions import HistoryContract, PurgeContract, RevisionsContract
from tests.contracts.webhook_deliveries import DeliveriesContract


class TestOwnedRepository(OwnedReadingContract, OwnedWritingContract, OwnedBatchesContract):
    pass


class TestOwnedLists(OwnedListsContract, OwnedSimulationsContract):
    """By the executor that commits alone: every executor sends the same statements, which are compiled once.

    How Django's sends their parameters on PostgreSQL, and reads their rows, is seen in test_runs_by_django.py.
    """

    @pytest.fixture
    def storage(self, kept_open: Storage) -> Storage:
        return kept_open


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
