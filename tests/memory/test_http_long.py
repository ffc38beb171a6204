"""The slower part of the HTTP contract, on in-memory storage."""

from collections.abc import Iterator

import pytest

from adapters.in_memory.storage import Storage
from tests.contracts.http_api import Service, serving
from tests.contracts.http_batch import BatchContract
from tests.contracts.http_batch_runs import BatchOfRunsContract
from tests.contracts.http_browsers import PAGE, BrowsersContract, CrossOriginContract
from tests.contracts.http_changes import ChangesContract
from tests.contracts.http_conditions import ConditionsContract
from tests.contracts.http_failures import LIMIT, FailuresContract
from tests.contracts.http_following import FollowingContract
from tests.contracts.http_hostile import HostileContract
from tests.contracts.http_idempotency import IdempotencyContract
from tests.contracts.http_key_ends import KeyEndsContract
from tests.contracts.http_lists import ListsContract
from tests.contracts.http_order import OrderContract
from tests.contracts.http_restore import RestoreContract
from tests.contracts.http_revisions import RevisionsContract
from tests.contracts.http_roll import RollContract
from tests.contracts.http_simulation_lists import SimulationListsContract


@pytest.fixture(scope="module")
def service() -> Iterator[Service]:
    with serving(Storage()) as service:
        yield service


class TestLists(ListsContract):
    pass


class TestBatch(BatchContract):
    pass


class TestBatchOfRuns(BatchOfRunsContract):
    pass


class TestConditions(ConditionsContract):
    pass


class TestIdempotency(IdempotencyContract):
    pass


class TestOrderOfErrors(OrderContract):
    pass


class TestRolling(RollContract):
    pass


class TestKeyExpiryAndRevocation(KeyEndsContract):
    pass


class TestFailures(FailuresContract):
    @pytest.fixture(scope="class")
    @classmethod
    def service(cls) -> Iterator[Service]:
        with serving(Storage(), failure_limit=LIMIT) as service:
            yield service


class TestBrowsers(BrowsersContract):
    pass


class TestCrossOrigin(CrossOriginContract):
    @pytest.fixture(scope="class")
    @classmethod
    def service(cls) -> Iterator[Service]:
        with serving(Storage(), cors_origins=["https://other.example", PAGE]) as service:
            yield service


class TestHostileRequests(HostileContract):
    pass


class TestRevisions(RevisionsContract):
    pass


class TestRestore(RestoreContract):
    pass


class TestChanges(ChangesContract):
    pass


class TestFollowing(FollowingContract):
    pass


class TestSimulationLists(SimulationListsContract):
    pass
