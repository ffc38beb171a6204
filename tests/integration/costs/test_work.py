"""The number of Python calls of every operation, and that requests leak no memory."""

from __future__ import annotations

import gc
from collections import Counter
from collections.abc import Iterator
from types import CodeType

import pytest

from domain import fields as kinds
from domain.maps import Map
from tests.contracts.resources import RESOURCES, SIMULATION
from tests.integration.costs import counted_requests
from tests.integration.costs.counted_requests import Prepare
from tests.integration.costs.counted_service import CountedService
from tests.integration.costs.counting import Direct

# Python calls on the event loop during a request, on CPython 3.11 with uvloop and pages of twenty. Later versions make
# fewer, as comprehensions are not calls there. Changing a key varies by about ten calls with the order of sets.
RESOURCE = {
    "list": 153,
    "create": 159,
    "batch": 3750,  # of fifty items
    "get": 94,
    "replace": 207,
    "update": 202,
    "amend": 202,
    "delete": 153,
    "restore": 273,
    "revisions": 130,
    "get, 304": 101,
}
"""For every resource, by verb and variant; a case may override it in ``calls``."""
CONVERTED = (kinds.Choice, kinds.Amount, kinds.Words, Map)
"""Kinds of fields that are converted for storage or JSON, which takes about ``CONVERSION`` calls each time."""
CONVERSION = 7
CONVERSIONS = {
    "list": 20,
    "create": 2,
    "batch": 100,
    "get": 1,
    "get, 304": 1,
    "replace": 3,
    "update": 3,
    "amend": 3,
    "delete": 2,
} | {
    "restore": 3,
    "revisions": 3,
}
"""Conversions of each such field, by verb."""
CALLS = {
    "livez": 27,
    "readyz": 99,
    "get_problem": 29,
    "whoami": 53,
    "list_changes": 250,
    "list_keys": 320,
    "create_key": 263,
    "get_key": 105,
    "revoke_key": 205,
    "roll_key": 472,
    "summarize_simulation": 154,
    "list_webhooks": 124,
    "create_webhook": 286,
    "get_webhook": 104,
    "update_webhook": 242,
    "roll_webhook": 238,
    "delete_webhook": 166,
    "list_webhook_deliveries": 176,
    "request_webhook_delivery": 166,
}
for each in RESOURCES:
    conversion_calls = CONVERSION * sum(isinstance(field.kind, CONVERTED) for field in each.spec.fields.values())
    calls_of_resource = {name: calls + conversion_calls * CONVERSIONS[name] for name, calls in RESOURCE.items()}
    CALLS |= counted_requests.rows(each, calls_of_resource | dict(each.calls))
HEADROOM = 1.1
"""The accepted factor above the table. With 0 every test fails and reports the number for the table."""
ATTEMPTS = 5
"""Requests of which one has to be within the limit: the first ones make objects that stay."""
GROWTH_MAX, TIMES = 30, 300
"""The accepted growth in memory blocks after TIMES requests: less than one for ten requests."""
REQUESTS: dict[str, Prepare] = counted_requests.OPERATIONS | counted_requests.VARIANTS


def named(*names: str) -> list[str]:
    """The names of these table rows for every resource."""
    return [counted_requests.row(resource, name) for resource in RESOURCES for name in names]


@pytest.fixture(scope="module")
def direct(direct_service: CountedService) -> Iterator[Direct]:
    """A tenant with more than a page of objects of every kind."""
    tenant = direct_service.tenant()
    # Simulations first, so that the feed's first page is of them.
    for resource in sorted(RESOURCES, key=lambda each: each is not SIMULATION):
        for _ in range(25):
            counted_requests.updated(tenant, resource)
            if resource is SIMULATION:
                counted_requests.key(tenant)
    direct_service.settle()
    gc.collect()
    gc.freeze()  # the collector need not scan existing objects
    yield Direct(direct_service, tenant)
    gc.unfreeze()


def described(name: str, calls: Counter[CodeType]) -> str:
    """The message of a failed assertion."""
    functions: Counter[str] = Counter()
    files: Counter[str] = Counter()
    for code, times in calls.items():
        file = code.co_filename.rpartition("site-packages/")[2].rpartition("/src/")[2]
        functions[f"{file}: {getattr(code, 'co_qualname', code.co_name)}"] += times
        files[file] += times
    lines = [f"{times:6} {what}" for each in (functions, files) for what, times in [*each.most_common(25), ("", 0)]]
    return "\n".join([f'"{name}": {calls.total()} calls; most are in', *lines])


def test_every_operation_has_an_expected_count() -> None:
    # The export is streamed while it waits for its statements, which is not counted call by call.
    assert counted_requests.OPERATIONS.keys() - {"export_runs"} <= CALLS.keys() <= REQUESTS.keys()


@pytest.mark.parametrize("name", CALLS)
def test_a_request_makes_at_most_the_expected_calls(direct: Direct, name: str) -> None:
    limit, attempts = CALLS[name] * HEADROOM, list[Counter[CodeType]]()
    while not any(calls.total() <= limit for calls in attempts):
        least = min(attempts, key=Counter.total, default=Counter())
        assert len(attempts) < ATTEMPTS, described(name, least)
        attempts.append(direct.calls(REQUESTS[name](direct.tenant)))


@pytest.mark.parametrize("name", named("get", "list", "create"))
def test_requests_do_not_leak_memory(direct: Direct, name: str) -> None:
    assert direct.memory_growth(REQUESTS[name](direct.tenant), TIMES) <= GROWTH_MAX


@pytest.mark.parametrize(
    "name",
    [
        *named("get", "list", "create", "get, 304", "get, unknown", "create, invalid", "update, stale If-Match"),
        *named("restore, unknown", "list, invalid cursor"),
        *("method not allowed", "unknown path", "unknown file"),
    ],
)
def test_requests_create_no_reference_cycles(direct: Direct, name: str) -> None:
    assert direct.cyclic_garbage(REQUESTS[name](direct.tenant), 40) < 40
