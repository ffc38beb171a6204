"""Whatever becomes of the standby, clients see their writes at once, nothing older than before, and no error."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable

import pytest

from tests.replicas.conftest import SIMULATIONS, Replicated
from tests.replicas.load import Load
from tests.replicas.standby_server import ask, lists_of
from tests.running_service import served

SECONDS = 6.0
CONFLICTS = "SELECT sum(confl_snapshot + confl_lock + confl_bufferpin)::int FROM pg_stat_database_conflicts"
LAG = "recovery_min_apply_delay"


def nothing(replicated: Replicated) -> None:
    """The standby is as far behind as it happens to be."""


def late(replicated: Replicated) -> None:
    with replicated.standby.having(LAG, 300):
        time.sleep(SECONDS - 1)


def paused(replicated: Replicated) -> None:
    for _ in range(5):
        replicated.standby.pause()
        time.sleep(0.5)
        replicated.standby.resume()
        time.sleep(0.5)


def frozen(replicated: Replicated) -> None:
    time.sleep(1)
    with replicated.standby.frozen():
        time.sleep(2)


def killed(replicated: Replicated) -> None:
    time.sleep(1)
    replicated.standby.crash()
    time.sleep(1)
    replicated.standby.restart()


def vacuumed(replicated: Replicated) -> None:
    """The standby has no patience with reads that need what the primary has removed."""
    with replicated.standby.having("max_standby_streaming_delay", 0):
        until = time.monotonic() + SECONDS - 1
        while time.monotonic() < until:
            ask(replicated.primary, "VACUUM run, revision, change_count, run_labels")
            time.sleep(0.05)


@pytest.mark.parametrize("fault", [nothing, late, paused, frozen, killed, vacuumed])
def test_clients_notice_nothing(replicated: Replicated, key: str, fault: Callable[[Replicated], None]) -> None:
    with replicated.client(key) as client:
        simulation = client.get(SIMULATIONS).json()["items"][0]["id"]
    before = lists_of(replicated.primary), lists_of(replicated.standby)
    ((conflicts,),) = ask(replicated.standby, CONFLICTS)
    load = Load(replicated.urls, key, simulation)

    async def with_fault() -> None:
        await asyncio.gather(load.run(SECONDS), asyncio.to_thread(fault, replicated))

    asyncio.run(with_fault())

    seen = load.noticed
    on_primary = lists_of(replicated.primary) - before[0]
    on_standby = lists_of(replicated.standby) - (0 if fault is killed else before[1])  # a server that dies forgets
    ((conflicts_after,),) = ask(replicated.standby, CONFLICTS)
    print(  # noqa: T201 -- the figures are wanted
        f"\n| {fault.__name__} | {len(seen.written)} | {seen.answers['read']} | {seen.answers['feed']}"
        f" | {on_standby / (on_primary + on_standby):.0%} | {seen.slowest * 1000:.0f}"
        f" | {max(conflicts_after - conflicts, 0)} |"
    )
    assert (seen.failed, seen.not_seen, seen.went_back) == ({}, [], [])
    assert (seen.missed, seen.out_of_order) == (set(), [])
    assert len(seen.written) > 10
    assert on_standby


def test_load_notices_a_standby_that_is_read_without_asking(replicated: Replicated, key: str) -> None:
    """The control: one process has the standby for its database, as if it were the primary."""
    with replicated.client(key) as client:
        simulation = client.get(SIMULATIONS).json()["items"][0]["id"]
    env = {**replicated.first.env, "GOATFISH_DATABASE_URL": replicated.standby.url}
    for name in ("GOATFISH_OPERATOR_DATABASE_URL", "GOATFISH_REPLICA_DATABASE_URL"):
        env.pop(name)
    with replicated.standby.having(LAG, 300), served(env) as reading:
        load = Load(replicated.urls, key, simulation, reading=(reading, *replicated.urls))
        seen = asyncio.run(load.run(2))

    assert seen.not_seen
    assert seen.went_back
