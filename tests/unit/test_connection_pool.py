"""The connection pool loses no connection, whatever fails, and serves waiters fairly."""

from __future__ import annotations

import asyncio
from time import monotonic
from typing import Any

import pytest

from adapters.django_orm.sql import connection_pool
from adapters.django_orm.sql.connection_pool import ConnectionPool
from adapters.django_orm.sql.failures import OutOfReach, ServerFull
from adapters.django_orm.sql.fair_semaphore import SERVICE


class FakeConnection:
    """A fake connection that tests can break."""

    def __init__(self) -> None:
        self.closed = False

    def is_closed(self) -> bool:
        return self.closed

    def terminate(self) -> None:
        self.closed = True

    async def close(self) -> None:
        self.closed = True


class FakeServer:
    """Opens fake connections, or fails to."""

    def __init__(self) -> None:
        self.made: list[Any] = []
        self.fails = False
        self.full = 0  # times that it still refuses a session
        self.asked = 0
        self.hangs: asyncio.Event | None = None
        self.silent = False

    async def connect(self) -> Any:
        self.asked += 1
        await asyncio.sleep(0)
        if self.hangs is not None:
            await self.hangs.wait()
        if self.silent:
            raise TimeoutError
        if self.fails:
            raise ConnectionRefusedError
        if self.full:
            self.full -= 1
            raise ServerFull("too many clients")
        self.made.append(FakeConnection())
        return self.made[-1]

    def pool(self, size: int, timeout: float = 5) -> ConnectionPool:
        return ConnectionPool(self.connect, size=size, timeout=timeout)


async def turns(pool: ConnectionPool, names: str) -> str:
    """The order in which waiters with these names get the only connection."""
    held, served = await pool.acquire("held"), list[str]()

    async def ask(name: str) -> None:
        connection = await pool.acquire(name)
        served.append(name)
        pool.release(connection, name)

    waiting = [asyncio.create_task(ask(name)) for name in names]
    await asyncio.sleep(0.01)
    pool.release(held, "held")
    await asyncio.gather(*waiting)
    return "".join(served)


async def test_connections_are_opened_on_demand_and_reused() -> None:
    server = FakeServer()
    pool = server.pool(2)
    first = await pool.acquire(SERVICE)
    pool.release(first, SERVICE)
    assert await pool.acquire(SERVICE) is first
    assert await pool.acquire(SERVICE) is not first
    assert len(server.made) == 2


async def test_waiters_take_turns_by_name() -> None:
    assert await turns(FakeServer().pool(1), "aaaaaabbc") == "abcabaaaa"


async def test_timed_out_waiter_loses_no_connection() -> None:
    pool = FakeServer().pool(1, timeout=0.01)
    held = await pool.acquire(SERVICE)
    with pytest.raises(TimeoutError):
        await pool.acquire(SERVICE)
    pool.release(held, SERVICE)
    assert await pool.acquire(SERVICE) is held


async def test_cancelled_waiter_passes_its_turn_to_the_next() -> None:
    pool = FakeServer().pool(1)
    held = await pool.acquire(SERVICE)
    first, second = (asyncio.create_task(pool.acquire(name)) for name in "bc")
    await asyncio.sleep(0)
    first.cancel()
    await asyncio.sleep(0)
    pool.release(held, SERVICE)
    assert await second is held


async def test_connection_given_to_a_cancelled_waiter_goes_to_the_next() -> None:
    pool = FakeServer().pool(1)
    held = await pool.acquire(SERVICE)
    first, second = (asyncio.create_task(pool.acquire(name)) for name in "bc")
    await asyncio.sleep(0)
    pool.release(held, SERVICE)
    first.cancel()
    assert await second is held


async def test_broken_connection_is_replaced_also_for_a_waiter() -> None:
    server = FakeServer()
    pool = server.pool(1)
    held = await pool.acquire(SERVICE)
    waiting = asyncio.create_task(pool.acquire(SERVICE))
    await asyncio.sleep(0)
    server.made[0].closed = True
    pool.release(held, SERVICE)
    second = await waiting
    assert second is not held
    pool.release(second, SERVICE)
    server.made[1].closed = True
    assert await pool.acquire(SERVICE) is server.made[2]


async def test_failed_connection_attempts_use_up_no_slot() -> None:
    server = FakeServer()
    pool = server.pool(1)
    server.fails = True
    for _ in range(3):
        with pytest.raises(ConnectionRefusedError):
            await pool.acquire(SERVICE)
    server.fails = False
    assert await pool.acquire(SERVICE) is server.made[0]


async def test_full_server_is_waited_for_like_a_busy_pool(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connection_pool, "FULL_PAUSES", (0.001, 0.002))
    server = FakeServer()
    server.full = 3
    pool = server.pool(2)
    held = await pool.acquire(SERVICE)
    assert server.made == [held]
    server.full = 1000
    waiting = asyncio.create_task(pool.acquire("a"))
    await asyncio.sleep(0.01)
    pool.release(held, SERVICE)
    assert await waiting is held  # what is released meanwhile will do
    impatient = server.pool(1, timeout=0.01)
    with pytest.raises(ServerFull):
        await impatient.acquire(SERVICE)
    server.full = 0
    assert await impatient.acquire(SERVICE) is server.made[-1]


async def test_few_wait_for_a_server_that_does_not_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connection_pool, "RETRY_INTERVAL", 60.0)
    server = FakeServer()
    pool = server.pool(5)
    pool.release(await pool.acquire(SERVICE), SERVICE)
    pool.lose_server(monotonic())
    assert server.made[0].closed
    with pytest.raises(OutOfReach):
        await pool.acquire(SERVICE)
    assert server.asked == 1
    monkeypatch.setattr(connection_pool, "RETRY_INTERVAL", 0.0)  # as if it were over
    server.hangs = asyncio.Event()
    asking = asyncio.create_task(pool.acquire(SERVICE))
    await asyncio.sleep(0.01)
    monkeypatch.setattr(connection_pool, "RETRY_INTERVAL", 60.0)
    with pytest.raises(OutOfReach):  # while another asks
        await pool.acquire(SERVICE)
    assert server.asked == 2
    monkeypatch.setattr(connection_pool, "RETRY_INTERVAL", 0.0)
    hanging, server.hangs = server.hangs, None
    assert await pool.acquire(SERVICE) is server.made[1]
    server.silent = True
    hanging.set()
    with pytest.raises(TimeoutError):
        await asking
    assert pool.lost_at is None  # it was reached after that attempt had begun


async def test_a_server_that_was_reached_since_is_not_lost() -> None:
    server = FakeServer()
    pool = server.pool(2)
    hung_since = monotonic()
    pool.release(await pool.acquire(SERVICE), SERVICE)  # perhaps on another host
    pool.lose_server(hung_since)
    assert pool.lost_at is None
    assert await pool.acquire(SERVICE) is server.made[0]


async def test_others_do_not_wait_for_an_attempt_that_takes_long(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connection_pool, "SILENT", 0.01)
    monkeypatch.setattr(connection_pool, "RETRY_INTERVAL", 60.0)
    server = FakeServer()
    server.hangs = asyncio.Event()
    pool = server.pool(5)
    asking = asyncio.create_task(pool.acquire(SERVICE))
    await asyncio.sleep(0.05)
    with pytest.raises(OutOfReach):
        await pool.acquire("a")
    assert server.asked == 1
    server.hangs.set()
    assert await asking is server.made[0]
    assert await pool.acquire("a") is server.made[1]


@pytest.mark.parametrize("leaves", ["patience", "cancelled"])
async def test_a_connection_is_opened_although_nobody_waits_for_it_any_more(leaves: str) -> None:
    server = FakeServer()
    server.hangs = asyncio.Event()
    pool = server.pool(1)
    leaving = asyncio.create_task(pool.acquire(SERVICE, 0.01 if leaves == "patience" else 5))
    for _ in range(3):
        await asyncio.sleep(0)
    assert server.asked == 1
    if leaves == "cancelled":
        leaving.cancel()
    with pytest.raises((OutOfReach, asyncio.CancelledError)):
        await leaving
    assert pool.semaphore.in_use == 1  # there are never more connections than slots
    waiting = asyncio.create_task(pool.acquire("a"))
    server.hangs.set()
    assert await waiting is server.made[0]
    assert server.asked == 1


async def test_an_attempt_that_fails_when_nobody_waits_for_it_uses_up_no_slot() -> None:
    server = FakeServer()
    server.hangs, server.silent = asyncio.Event(), True
    pool = server.pool(1)
    with pytest.raises(OutOfReach):
        await pool.acquire(SERVICE, 0.01)
    server.hangs.set()
    await pool.semaphore.all_released()
    server.silent = False
    assert await pool.acquire("a") is server.made[0]


async def test_close_ends_attempts_that_nobody_waits_for() -> None:
    server = FakeServer()
    server.hangs = asyncio.Event()
    pool = server.pool(1)
    with pytest.raises(OutOfReach):
        await pool.acquire(SERVICE, 0.01)
    async with asyncio.timeout(30):
        await pool.close(60)
    assert pool.semaphore.in_use == 0


async def test_idle_connections_are_closed(monkeypatch: pytest.MonkeyPatch) -> None:
    server = FakeServer()
    pool = server.pool(2)
    first, second = await pool.acquire(SERVICE), await pool.acquire(SERVICE)
    pool.release(first, SERVICE)
    monkeypatch.setattr(connection_pool, "IDLE_MAX", -1.0)
    pool.release(second, SERVICE)
    assert [connection.closed for connection in server.made] == [True, True]
    assert await pool.acquire(SERVICE) is server.made[2]


async def test_close_waits_for_connections_in_use_and_then_terminates_them() -> None:
    server = FakeServer()
    pool = server.pool(2)
    idle, lazy = await pool.acquire(SERVICE), await pool.acquire(SERVICE)
    pool.release(idle, SERVICE)
    closing = asyncio.create_task(pool.close(5))
    await asyncio.sleep(0.01)
    assert not closing.done()
    pool.release(lazy, SERVICE)
    await closing
    assert [connection.closed for connection in server.made] == [True, True]
    stuck = server.pool(1)
    await stuck.acquire(SERVICE)
    await stuck.close(0.01)
    assert server.made[2].closed


async def test_close_waits_for_connections_being_opened() -> None:
    server = FakeServer()
    pool = server.pool(1)
    late = asyncio.create_task(pool.acquire(SERVICE))
    await asyncio.sleep(0)
    closing = asyncio.create_task(pool.close(5))
    pool.release(await late, SERVICE)
    await closing
    assert [connection.closed for connection in server.made] == [True]


async def test_idle_connection_is_acquired_without_waiting() -> None:
    server = FakeServer()
    pool = server.pool(1)
    assert pool.acquire_nowait(SERVICE) is None
    first = await pool.acquire(SERVICE)
    assert pool.acquire_nowait(SERVICE) is None
    pool.release(first, SERVICE)
    assert pool.acquire_nowait(SERVICE) is first
    pool.release(first, SERVICE)
    server.made[0].closed = True
    assert pool.acquire_nowait(SERVICE) is None
    assert await pool.acquire(SERVICE) is server.made[1]


async def test_broken_idle_connection_does_not_hide_a_working_one() -> None:
    server = FakeServer()
    pool = server.pool(2)
    first, last = await pool.acquire(SERVICE), await pool.acquire(SERVICE)
    pool.release(first, SERVICE)
    pool.release(last, SERVICE)
    server.made[1].closed = True
    assert pool.acquire_nowait(SERVICE) is first
