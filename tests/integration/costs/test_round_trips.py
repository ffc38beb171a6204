"""How many statements a request executes and how often it waits for PostgreSQL: each operation has its numbers here."""

from __future__ import annotations

import os

import pytest

from domain.access.token import ApiKeyToken
from tests.contracts import document
from tests.contracts.http_service import KEYS, Tenant
from tests.contracts.resources import RESOURCES, OfResources, ResourceCase
from tests.integration.costs import counted_requests
from tests.integration.costs.counted_requests import Request
from tests.integration.costs.counted_service import CountedService, served
from tests.integration.costs.counting_proxy import Traffic, Wiretap

# Statements, round trips; of a key that is believed, with all statements prepared. A statement is a transaction, and
# names the owner to PostgreSQL within itself, so that one is enough wherever one row or one list is asked for.
RESOURCE = {
    "list": (1, 1),
    "create": (1, 1),
    "get": (1, 1),
    "replace": (2, 2),  # reads the row, then writes it where it is still the same, like all that follow
    "update": (2, 2),
    "amend": (2, 2),
    "delete": (2, 2),
    "restore": (3, 3),  # reads the revision before
    "revisions": (1, 1),
    "get, HEAD": (1, 1),
    "get, 304": (1, 1),
    "get, unknown": (1, 1),
    "get, no id": (1, 1),  # asks for the id that nothing has, so that it takes as long
    "list, HEAD": (1, 1),
    "list, deep": (1, 1),
    "list, filtered": (1, 1),
    "create, invalid": (0, 0),
    "create, once": (1, 1),
    "create, again": (2, 2),  # adds nothing, then reads what was recorded
    "replace, as it was": (1, 1),  # writes nothing
    "update, If-Match": (2, 2),
    "update, stale": (1, 1),
    "update, unknown": (1, 1),
    "delete, unknown": (1, 1),
    "restore, deleted": (4, 4),  # reads the revision, no row and the last revision, then adds the row
    "restore, unknown": (3, 3),  # reads no revision, none at all, and no row
    "revisions, unknown": (2, 2),  # reads none, and no row
    "list, no such cursor": (0, 0),
    "update, contradicting": (1, 1),  # together with what is stored
}
"""Of any resource, by the verb and what is particular; a case may say otherwise in ``statements``."""
REFERRING = {
    "create, again": (3, 3),  # adds nothing, looks for what is referred to, then reads what was recorded
}
"""Of a resource that refers to others."""
OPERATIONS = {
    "livez": (0, 0),
    "readyz": (1, 1),  # the migrations; once a second the role as well
    "get_problem": (0, 0),
    "whoami": (0, 0),
    "list_changes": (1, 1),
    "list_keys": (1, 1),
    "create_key": (2, 2),  # reads the key that asks, which may have ended meanwhile
    "get_key": (1, 1),
    "revoke_key": (2, 2),
    "roll_key": (5, 5),  # reads the old key and the one that asks, adds the new one, then reads and writes the old one
}
VARIANTS = {
    "changes, following": (2, 2),  # reads the changes, then whether any has been forgotten
    "changes, latest": (1, 1),
    "create key, once": (2, 2),
    "roll, once": (5, 5),
    "roll, again": (
        5,
        5,
    ),  # reads the old key and the one that asks, adds nothing, reads what was recorded and that the old key ends
    "no such method": (0, 0),
    "no such path": (0, 0),
    "no such file": (0, 0),
}
COSTS = OPERATIONS | VARIANTS
for each in RESOURCES:
    COSTS |= counted_requests.rows(each, RESOURCE | (REFERRING if each.references else {}) | dict(each.statements))
REQUESTS = counted_requests.OPERATIONS | counted_requests.VARIANTS
LOOK_UP = 1
"""More for a key that is not believed, or no longer."""
NOTE_OF_USE = 2
"""More, beside the request, for a key that has not been used for a minute: it is read and written."""


def counted(traffic: Traffic) -> tuple[int, int]:
    """Statements and round trips."""
    return len(traffic.statements), traffic.round_trips


def described(traffic: Traffic) -> str:
    """What a failed assertion shows."""
    statements = "".join(f"\n- {statement[:400]}" for statement in traffic.statements)
    return f"{counted(traffic)} instead; if they have to be, change the table. Executed were:{statements}"


class Meter:
    """The application, whose traffic is looked at request by request."""

    def __init__(self, service: CountedService, wiretap: Wiretap) -> None:
        self.service, self._wiretap = service, wiretap

    def traffic(self, request: Request, tenant: Tenant) -> Traffic:
        """What the request causes, all that is done beside it included."""
        self.service.settle()
        traffic = self._wiretap.reset()
        request.send(tenant)
        self.service.settle()
        return traffic


@pytest.fixture
def meter(watched: CountedService, wiretap: Wiretap) -> Meter:
    return Meter(watched, wiretap)


@pytest.fixture(scope="module")
def tenant(watched: CountedService) -> Tenant:
    """One whose key is believed, and has just been used."""
    tenant = watched.tenant()
    Request("GET", KEYS).send(tenant)
    return tenant


def with_unknown_key(tenant: Tenant) -> Tenant:
    """The tenant with a key that is well-formed, and nobody's."""
    return Tenant(tenant.http, tenant.owner, tenant.key_id, ApiKeyToken.new(os.urandom).reveal())


def test_every_operation_has_its_numbers() -> None:
    assert counted_requests.OPERATIONS.keys() == document.OPERATIONS.keys()
    # A resource without a rule between its members has nothing that contradicts what is stored.
    unasked = {counted_requests.row(each, "update, contradicting") for each in RESOURCES if not each.contradiction}
    assert COSTS.keys() - unasked == REQUESTS.keys()


@pytest.mark.parametrize("name", REQUESTS)
def test_a_request_costs_what_the_table_says(meter: Meter, tenant: Tenant, name: str) -> None:
    prepare = REQUESTS[name]
    prepare(tenant).send(tenant)
    tries = 3 if name == "readyz" else 1  # a second may have passed since
    traffic = min((meter.traffic(prepare(tenant), tenant) for _ in range(tries)), key=counted)
    assert counted(traffic) == COSTS[name], described(traffic)


@pytest.mark.parametrize("name", [name for name, said in document.OPERATIONS.items() if said.scopes is not None])
def test_a_key_that_is_believed_no_longer_costs_one_more(meter: Meter, tenant: Tenant, name: str) -> None:
    prepare, (statements, round_trips) = REQUESTS[name], COSTS[name]
    prepare(tenant).send(tenant)
    request = prepare(tenant)
    meter.service.clock.seconds += 1
    traffic = meter.traffic(request, tenant)
    assert counted(traffic) == (statements + LOOK_UP, round_trips + LOOK_UP), described(traffic)


def test_the_first_request_with_a_key_looks_it_up_and_notes_its_use(meter: Meter) -> None:
    request = Request("GET", KEYS)
    meter.traffic(request, meter.service.tenant())  # which prepares everything
    tenant = meter.service.tenant()
    traffic = meter.traffic(request, tenant)
    expected = 1 + LOOK_UP + NOTE_OF_USE
    assert counted(traffic) == (expected, expected), described(traffic)
    assert counted(meter.traffic(request, tenant)) == (1, 1)


class TestForeignObjects(OfResources):
    @pytest.mark.parametrize("method", ["GET", "HEAD", "PATCH", "DELETE"])
    def test_a_foreign_object_is_asked_for_once(
        self, meter: Meter, tenant: Tenant, resource: ResourceCase, method: str
    ) -> None:
        body = resource.named("mine") if method == "PATCH" else None
        request = Request(method, counted_requests.made(meter.service.tenant(), resource), body, 404)
        request.send(tenant)
        traffic = meter.traffic(request, tenant)
        assert counted(traffic) == (1, 1), described(traffic)


def test_an_unknown_key_is_looked_up_once(meter: Meter, tenant: Tenant) -> None:
    request, unknown = Request("GET", KEYS, status=401), with_unknown_key(tenant)
    assert counted(meter.traffic(request, unknown)) == (LOOK_UP, LOOK_UP)
    assert counted(meter.traffic(request, unknown)) == (0, 0)
    malformed = Tenant(tenant.http, tenant.owner, tenant.key_id, "gf_x")
    assert counted(meter.traffic(request, malformed)) == (0, 0)


def test_over_a_limit_postgresql_is_asked_nothing(wiretap: Wiretap, urls: tuple[str, str]) -> None:
    with served(wiretap.url, urls[1], rate_limit=1, failure_limit=1) as service:
        meter, tenant = Meter(service, wiretap), service.tenant()
        first = meter.traffic(Request("GET", KEYS), tenant)
        statements = 1 + LOOK_UP + NOTE_OF_USE
        assert counted(first) == (statements, 2 * statements), described(first)  # each of them is prepared
        for limited in (Request("GET", KEYS, status=429), Request("POST", KEYS, {}, 429)):
            assert counted(meter.traffic(limited, tenant)) == (0, 0)
        failed, limited = (Request("GET", KEYS, status=status) for status in (401, 429))
        assert counted(meter.traffic(failed, with_unknown_key(tenant))) == (LOOK_UP, LOOK_UP)
        assert counted(meter.traffic(limited, with_unknown_key(tenant))) == (0, 0)
