"""The number of statements and round trips to PostgreSQL of every operation."""

from __future__ import annotations

import os

import pytest

from domain.access.token import ApiKeyToken
from tests.contracts import document
from tests.contracts.http_service import KEYS, Tenant
from tests.contracts.resources import RESOURCES, ResourceCase, ResourceFixtures
from tests.integration.costs import counted_requests
from tests.integration.costs.counted_requests import Request
from tests.integration.costs.counted_service import CountedService, served
from tests.integration.costs.counting_proxy import CountingProxy, Traffic

# Statements and round trips, with a cached key and all statements prepared. A statement is a transaction and sets
# the owner for RLS itself, so that one is enough to read a row or a list.
RESOURCE = {
    "list": (1, 1),
    "create": (1, 1),
    "batch": (1, 1),
    "get": (1, 1),
    "replace": (2, 2),  # reads the row, then writes it if its version is unchanged; so do all below
    "update": (2, 2),
    "amend": (2, 2),
    "delete": (2, 2),
    "restore": (3, 3),  # reads the revision before
    "revisions": (1, 1),
    "get, HEAD": (1, 1),
    "get, 304": (1, 1),
    "get, unknown": (1, 1),
    "get, malformed id": (1, 1),  # queries an id that does not exist, so that timing is the same
    "list, HEAD": (1, 1),
    "list, next page": (1, 1),
    "list, filtered": (1, 1),
    "create, invalid": (0, 0),
    "create, Idempotency-Key": (1, 1),
    "create, replayed": (2, 2),  # adds nothing, then reads the idempotency record
    "batch, Idempotency-Key": (1, 1),
    "batch, replayed": (3, 3),  # adds nothing, then reads the idempotency record and the revisions
    "replace, no change": (1, 1),  # writes nothing
    "update, If-Match": (2, 2),
    "update, stale If-Match": (1, 1),
    "update, unknown": (1, 1),
    "delete, unknown": (1, 1),
    "restore, deleted": (4, 4),  # reads the revision, no row and the last revision, then adds the row
    "restore, unknown": (3, 3),  # reads no revision, none at all, and no row
    "revisions, unknown": (2, 2),  # reads none, and no row
    "list, invalid cursor": (0, 0),
    "update, invalid with stored row": (1, 1),  # the rule needs the stored row
}
"""For every resource, by verb and variant; a case may override it in ``statements``."""
REFERRING = {
    "create, replayed": (3, 3),  # adds nothing, checks the references, then reads the idempotency record
    "batch, replayed": (4, 4),
}
"""For resources with references."""
OPERATIONS = {
    "livez": (0, 0),
    "readyz": (1, 1),  # the migrations; once a second the role as well
    "get_problem": (0, 0),
    "whoami": (0, 0),
    "list_changes": (1, 1),
    "summarize_simulation": (1, 1),
    "export_runs": (4, 4),  # reads the names and units in two statements, a page, and that there is no other
    "list_keys": (1, 1),
    "create_key": (2, 2),  # reads the key in use, which may have expired meanwhile
    "get_key": (1, 1),
    "revoke_key": (2, 2),
    "list_webhooks": (1, 1),
    "create_webhook": (1, 1),  # which looks whether there are too many, too
    "get_webhook": (1, 1),
    "update_webhook": (2, 2),
    "roll_webhook": (2, 2),
    "delete_webhook": (2, 2),
    "list_webhook_deliveries": (2, 2),  # reads the webhook first; so does the next one
    "request_webhook_delivery": (2, 2),
    "roll_key": (5, 5),  # reads the old key and the one in use, adds the new one, then reads and writes the old one
}
VARIANTS = {
    "changes, next page": (2, 2),  # reads the changes, then whether any has been purged
    "changes, latest": (1, 1),
    "create key, Idempotency-Key": (2, 2),
    "roll, Idempotency-Key": (5, 5),
    "roll, replayed": (
        5,
        5,
    ),  # reads both keys, adds nothing, reads the idempotency record and the old key's expiry
    "method not allowed": (0, 0),
    "unknown path": (0, 0),
    "unknown file": (0, 0),
}
COSTS = OPERATIONS | VARIANTS
for each in RESOURCES:
    COSTS |= counted_requests.rows(each, RESOURCE | (REFERRING if each.references else {}) | dict(each.statements))
REQUESTS = counted_requests.OPERATIONS | counted_requests.VARIANTS
KEY_LOOKUP = 1
"""Statements added if the key is not cached, or its cache entry has expired."""
LAST_USED_UPDATE = 2
"""Statements of the background update of ``last_used_at``, once a minute per key."""
CONNECTING = 1
"""The statement of a new connection, here a second one for that update: no limit of the time of transactions."""


def counted(traffic: Traffic) -> tuple[int, int]:
    """Statements and round trips."""
    return len(traffic.statements), traffic.round_trips


def described(traffic: Traffic) -> str:
    """The message of a failed assertion."""
    statements = "".join(f"\n- {statement[:400]}" for statement in traffic.statements)
    return f"{counted(traffic)} instead; if that is intended, change the table. Executed statements:{statements}"


class Meter:
    """Measures the database traffic of single requests."""

    def __init__(self, service: CountedService, proxy: CountingProxy) -> None:
        self.service, self._proxy = service, proxy

    def traffic(self, request: Request, tenant: Tenant) -> Traffic:
        """The traffic of the request, with its background tasks."""
        self.service.settle()
        traffic = self._proxy.reset()
        request.send(tenant)
        self.service.settle()
        return traffic


@pytest.fixture
def meter(proxied_service: CountedService, proxy: CountingProxy) -> Meter:
    return Meter(proxied_service, proxy)


@pytest.fixture(scope="module")
def tenant(proxied_service: CountedService) -> Tenant:
    """A tenant whose key is cached and was used within the last minute."""
    tenant = proxied_service.tenant()
    Request("GET", KEYS).send(tenant)
    return tenant


def with_unknown_key(tenant: Tenant) -> Tenant:
    """The tenant with a well-formed key that does not exist."""
    return Tenant(tenant.http, tenant.owner, tenant.key_id, ApiKeyToken.new(os.urandom).reveal())


def test_every_operation_has_expected_counts() -> None:
    assert counted_requests.OPERATIONS.keys() == document.OPERATIONS.keys()
    # A resource without a rule between members has no such request.
    without_rule = {
        counted_requests.row(each, "update, invalid with stored row") for each in RESOURCES if not each.contradiction
    }
    assert COSTS.keys() - without_rule == REQUESTS.keys()


@pytest.mark.parametrize("name", REQUESTS)
def test_a_request_executes_the_expected_statements(meter: Meter, tenant: Tenant, name: str) -> None:
    prepare = REQUESTS[name]
    prepare(tenant).send(tenant)
    attempts = 3 if name == "readyz" else 1  # the audit of the role is repeated after a second
    traffic = min((meter.traffic(prepare(tenant), tenant) for _ in range(attempts)), key=counted)
    assert counted(traffic) == COSTS[name], described(traffic)


@pytest.mark.parametrize(
    "name", [name for name, operation in document.OPERATIONS.items() if operation.scopes is not None]
)
def test_a_key_with_an_expired_cache_entry_takes_one_more_statement(meter: Meter, tenant: Tenant, name: str) -> None:
    prepare, (statements, round_trips) = REQUESTS[name], COSTS[name]
    prepare(tenant).send(tenant)
    request = prepare(tenant)
    meter.service.clock.seconds += 1
    traffic = meter.traffic(request, tenant)
    assert counted(traffic) == (statements + KEY_LOOKUP, round_trips + KEY_LOOKUP), described(traffic)


def test_the_first_request_with_a_key_looks_it_up_and_updates_last_used(meter: Meter) -> None:
    request = Request("GET", KEYS)
    meter.traffic(request, meter.service.tenant())  # which prepares all statements
    tenant = meter.service.tenant()
    traffic = meter.traffic(request, tenant)
    expected = 1 + KEY_LOOKUP + LAST_USED_UPDATE
    assert counted(traffic) == (expected, expected), described(traffic)
    assert counted(meter.traffic(request, tenant)) == (1, 1)


class TestForeignObjects(ResourceFixtures):
    @pytest.mark.parametrize("method", ["GET", "HEAD", "PATCH", "DELETE"])
    def test_a_foreign_object_takes_one_statement(
        self, meter: Meter, tenant: Tenant, resource: ResourceCase, method: str
    ) -> None:
        body = resource.named("mine") if method == "PATCH" else None
        request = Request(method, counted_requests.created(meter.service.tenant(), resource), body, 404)
        request.send(tenant)
        traffic = meter.traffic(request, tenant)
        assert counted(traffic) == (1, 1), described(traffic)


def test_an_unknown_key_is_looked_up_once(meter: Meter, tenant: Tenant) -> None:
    request, unknown = Request("GET", KEYS, status=401), with_unknown_key(tenant)
    assert counted(meter.traffic(request, unknown)) == (KEY_LOOKUP, KEY_LOOKUP)
    assert counted(meter.traffic(request, unknown)) == (0, 0)
    malformed = Tenant(tenant.http, tenant.owner, tenant.key_id, "gf_x")
    assert counted(meter.traffic(request, malformed)) == (0, 0)


def test_a_rate_limited_request_executes_no_statement(proxy: CountingProxy, urls: tuple[str, str]) -> None:
    with served(proxy.url, urls[1], rate_limit=1, failure_limit=1) as service:
        meter, tenant = Meter(service, proxy), service.tenant()
        first = meter.traffic(Request("GET", KEYS), tenant)
        statements = 1 + KEY_LOOKUP + LAST_USED_UPDATE
        # One of two round trips prepares a statement, but for that of a new connection.
        assert counted(first) == (statements + CONNECTING, 2 * statements + CONNECTING), described(first)
        for limited in (Request("GET", KEYS, status=429), Request("POST", KEYS, {}, 429)):
            assert counted(meter.traffic(limited, tenant)) == (0, 0)
        failed, limited = (Request("GET", KEYS, status=status) for status in (401, 429))
        assert counted(meter.traffic(failed, with_unknown_key(tenant))) == (KEY_LOOKUP, KEY_LOOKUP)
        assert counted(meter.traffic(limited, with_unknown_key(tenant))) == (0, 0)
