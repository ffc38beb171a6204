"""The HTTP contract over each database, by applications that commit; each test has tenants of its own.

Over a test's own connection, in a transaction that is rolled back, run the contracts of the repositories and one test
of what only that shows: to make an application for each test of HTTP takes longer than the test.
"""

from __future__ import annotations

import pytest

from tests.contracts.hostile_requests import HOSTILE, Hostile
from tests.contracts.http_api import HttpContract, Service, serving
from tests.contracts.http_batch import BatchContract
from tests.contracts.http_batch_runs import BatchOfRunsContract
from tests.contracts.http_changes import ChangesContract
from tests.contracts.http_conditions import ConditionsContract
from tests.contracts.http_following import FollowingContract
from tests.contracts.http_hostile import HostileContract
from tests.contracts.http_idempotency import IdempotencyContract
from tests.contracts.http_key_ends import KeyEndsContract
from tests.contracts.http_large_pages import LargePagesContract
from tests.contracts.http_lists import ListsContract
from tests.contracts.http_order import OrderContract
from tests.contracts.http_restore import RestoreContract
from tests.contracts.http_revisions import RevisionsContract
from tests.contracts.http_roll import RollContract
from tests.contracts.http_run_lists import RunListsContract
from tests.contracts.http_run_quantities import RunQuantitiesContract
from tests.contracts.http_runs import RunsContract
from tests.contracts.http_simulation_lists import SimulationListsContract
from tests.contracts.http_webhooks import WebhooksContract
from tests.integration.conftest import MakeStorage
from tests.integration.factories import SimulationRowFactory


class OnCommitting:
    @pytest.fixture
    def service(self, committing: Service) -> Service:
        return committing


class TestHttp(OnCommitting, HttpContract):
    pass


class TestWebhooks(OnCommitting, WebhooksContract):
    pass


class TestLists(OnCommitting, ListsContract):
    pass


class TestSimulationLists(OnCommitting, SimulationListsContract):
    pass


class TestBatch(OnCommitting, BatchContract):
    pass


class TestBatchOfRuns(OnCommitting, BatchOfRunsContract):
    pass


class TestConditions(OnCommitting, ConditionsContract):
    pass


class TestIdempotency(OnCommitting, IdempotencyContract):
    pass


class TestOrderOfRefusals(OnCommitting, OrderContract):
    pass


class TestRolling(OnCommitting, RollContract):
    pass


class TestEndsOfKeys(OnCommitting, KeyEndsContract):
    pass


REFUSED_AT_ONCE = [each for each in HOSTILE if each.code is not None and not each.code.endswith("_not_found")]
"""What is refused before storage is asked, but for the key. Over any storage the answer comes from the same code, so
all of it is tested in memory and only one of many here. The rest are accepted or look for an object."""
HOSTILE_HERE = [each for each in HOSTILE if each not in REFUSED_AT_ONCE] + REFUSED_AT_ONCE[::25]


class TestHostileRequests(OnCommitting, HostileContract):
    @pytest.mark.parametrize("hostile", HOSTILE_HERE, ids=lambda hostile: hostile.id)
    def test_hostile_request_gets_a_small_response_in_time(self, service: Service, hostile: Hostile) -> None:
        super().test_hostile_request_gets_a_small_response_in_time(service, hostile)


class TestRevisions(OnCommitting, RevisionsContract):
    pass


class TestRestore(OnCommitting, RestoreContract):
    pass


class TestChanges(OnCommitting, ChangesContract):
    pass


class TestFollowing(OnCommitting, FollowingContract):
    pass


class TestRuns(OnCommitting, RunsContract):
    pass


class TestRunLists(OnCommitting, RunListsContract):
    pass


class TestLargePages(OnCommitting, LargePagesContract):
    pass


class TestRunQuantities(OnCommitting, RunQuantitiesContract):
    pass


def test_a_row_of_an_unfinished_transaction_is_seen_through_http(lend: MakeStorage) -> None:
    with serving(lend()) as service:
        tenant = service.tenant()
        row = SimulationRowFactory.create(owner_id=tenant.owner)
        assert tenant.send("GET", f"/api/v1/simulations/{row.id}").json()["name"] == row.name
