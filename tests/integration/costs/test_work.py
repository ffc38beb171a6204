"""How much Python a request takes, counted in calls, and that nothing of it is kept: the same on any machine."""

from __future__ import annotations

from collections import Counter
from types import CodeType

import pytest

from domain import fields as kinds
from tests.contracts.resources import RESOURCES
from tests.integration.costs import counted_requests
from tests.integration.costs.counted_requests import Prepare
from tests.integration.costs.counted_service import CountedService
from tests.integration.costs.counting import Direct

# Calls of Python on the event loop, from the request to the end of its answer, as counted on CPython 3.11 with uvloop;
# a page holds twenty. Later versions make fewer, because comprehensions are no calls there. What changes a key takes
# some ten more or less, by the order that sets have in the process.
RESOURCE = {
    "list": 153,
    "create": 159,
    "get": 94,
    "replace": 207,
    "update": 202,
    "amend": 202,
    "delete": 153,
    "restore": 273,
    "revisions": 130,
    "get, 304": 101,
}
"""Of any resource, by the verb and what is particular; a case may say otherwise in ``calls``."""
CONVERTED = (kinds.Choice, kinds.Amount, kinds.Words, kinds.Map)
"""Kinds of fields that are stored or shown as something else, which takes some ``CONVERSION`` calls each time."""
CONVERSION = 5
CONVERSIONS = {"list": 20, "create": 2, "get": 1, "get, 304": 1, "replace": 3, "update": 3, "amend": 3, "delete": 2} | {
    "restore": 3,
    "revisions": 3,
}
"""How often each of these fields is converted, by the verb."""
CALLS = {
    "livez": 27,
    "readyz": 66,
    "get_problem": 29,
    "whoami": 53,
    "list_changes": 237,
    "list_keys": 320,
    "create_key": 263,
    "get_key": 105,
    "revoke_key": 205,
    "roll_key": 472,
}
for each in RESOURCES:
    more = CONVERSION * sum(isinstance(field.kind, CONVERTED) for field in each.spec.fields.values())
    usual = {name: calls + more * CONVERSIONS[name] for name, calls in RESOURCE.items()}
    CALLS |= counted_requests.rows(each, usual | dict(each.calls))
HEADROOM = 1.1
"""What may come in without a word. With 0 every test fails, and tells the number that belongs into the table."""
KEPT_MAX, TIMES = 30, 300
"""Blocks of memory that may be more after so many requests: one that every tenth leaves is too many."""
REQUESTS: dict[str, Prepare] = counted_requests.OPERATIONS | counted_requests.VARIANTS


def named(*names: str) -> list[str]:
    """These rows of every resource."""
    return [counted_requests.row(resource, name) for resource in RESOURCES for name in names]


@pytest.fixture(scope="module")
def direct(plain: CountedService) -> Direct:
    """A tenant with more than a page of everything."""
    tenant = plain.tenant()
    for resource in RESOURCES:  # the first first, so that a page of the feed is alike whatever other kinds there are
        for _ in range(25):
            counted_requests.updated(tenant, resource)
            if resource is RESOURCES[0]:
                counted_requests.key(tenant)
    plain.settle()
    return Direct(plain, tenant)


def described(name: str, calls: Counter[CodeType]) -> str:
    """What a failed assertion shows."""
    functions: Counter[str] = Counter()
    files: Counter[str] = Counter()
    for code, times in calls.items():
        file = code.co_filename.rpartition("site-packages/")[2].rpartition("/src/")[2]
        functions[f"{file}: {getattr(code, 'co_qualname', code.co_name)}"] += times
        files[file] += times
    lines = [f"{times:6} {what}" for each in (functions, files) for what, times in [*each.most_common(25), ("", 0)]]
    return "\n".join([f'"{name}": {calls.total()} calls, of which the most are those of', *lines])


def test_every_operation_has_its_number() -> None:
    assert counted_requests.OPERATIONS.keys() <= CALLS.keys() <= REQUESTS.keys()


@pytest.mark.parametrize("name", CALLS)
def test_a_request_calls_no_more_than_the_table_says(direct: Direct, name: str) -> None:
    prepare = REQUESTS[name]
    for _ in range(2):
        direct.calls(prepare(direct.tenant))
    calls = min((direct.calls(prepare(direct.tenant)) for _ in range(3)), key=Counter.total)
    assert calls.total() <= CALLS[name] * HEADROOM, described(name, calls)


@pytest.mark.parametrize("name", named("get", "list", "create"))
def test_nothing_is_kept_of_a_request(direct: Direct, name: str) -> None:
    assert direct.kept(REQUESTS[name](direct.tenant), TIMES) <= KEPT_MAX


@pytest.mark.parametrize(
    "name",
    [
        *named("get", "list", "create", "get, 304", "get, unknown", "create, invalid", "update, stale"),
        *named("restore, unknown", "list, no such cursor"),
        *("no such method", "no such path", "no such file"),
    ],
)
def test_a_request_leaves_nothing_that_only_the_collector_finds(direct: Direct, name: str) -> None:
    assert direct.left_behind(REQUESTS[name](direct.tenant), 40) < 40
