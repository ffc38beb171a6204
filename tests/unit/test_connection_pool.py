"""The connection pool loses no connection, whatever fails, and serves those who wait fairly."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from adapters.django_orm.sql import connection_pool
from adapters.django_orm.sql.connection_pool import ConnectionPool
from adapters.django_orm.sql.fair_semaphore import SERVICE


class Line:
    """A fake connection that tests can break."""

    def __init__(self) -> None:
        self.closed = False

    def is_closed(self) -> bool:
        return self.closed

    def terminate(self) -> None:
        self.closed = True

    async def close(self) -> None:
        self.closed = True


class Exchange:
    """Opens fake connections, or fails to."""

    def __init__(self) -> None:
        self.made: list[Any] = []
        self.fails = False

    async def connect(self) -> Any:
        await asyncio.sleep(0)
        if self.fails:
            raise ConnectionRefusedError
        self.made.append(Line())
        return self.made[-1]

    def pool(self, size: int, timeout: float = 5) -> ConnectionPool:
        return ConnectionPool(self.connect, size=size, timeout=timeout)


async def turns(pool: ConnectionPool, names: str) -> str:
    """The order in which waiters of these names get the only connection."""
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


async def test_a_connection_is_made_when_it_is_needed_and_used_again() -> None:
    exchange = Exchange()
    pool = exchange.pool(2)
    first = await pool.acquire(SERVICE)
    pool.release(first, SERVICE)
    assert await pool.acquire(SERVICE) is first
    assert await pool.acquire(SERVICE) is not first
    assert len(exchange.made) == 2


async def test_those_who_wait_take_turns_by_name() -> None:
    assert await turns(Exchange().pool(1), "aaaaaabbc") == "abcabaaaa"


async def test_who_waits_too_long_gets_none_and_nothing_is_lost() -> None:
    pool = Exchange().pool(1, timeout=0.01)
    held = await pool.acquire(SERVICE)
    with pytest.raises(TimeoutError):
        await pool.acquire(SERVICE)
    pool.release(held, SERVICE)
    assert await pool.acquire(SERVICE) is held


async def test_who_gives_up_waiting_leaves_the_turn_to_the_next() -> None:
    pool = Exchange().pool(1)
    held = await pool.acquire(SERVICE)
    first, second = (asyncio.create_task(pool.acquire(name)) for name in "bc")
    await asyncio.sleep(0)
    first.cancel()
    await asyncio.sleep(0)
    pool.release(held, SERVICE)
    assert await second is held


async def test_what_is_given_to_one_who_gives_up_at_that_moment_goes_on_to_the_next() -> None:
    pool = Exchange().pool(1)
    held = await pool.acquire(SERVICE)
    first, second = (asyncio.create_task(pool.acquire(name)) for name in "bc")
    await asyncio.sleep(0)
    pool.release(held, SERVICE)
    first.cancel()
    assert await second is held


async def test_a_broken_connection_is_replaced_also_for_one_who_waits() -> None:
    exchange = Exchange()
    pool = exchange.pool(1)
    held = await pool.acquire(SERVICE)
    waiting = asyncio.create_task(pool.acquire(SERVICE))
    await asyncio.sleep(0)
    exchange.made[0].closed = True
    pool.release(held, SERVICE)
    second = await waiting
    assert second is not held
    pool.release(second, SERVICE)
    exchange.made[1].closed = True
    assert await pool.acquire(SERVICE) is exchange.made[2]


async def test_a_failed_attempt_to_connect_takes_nothing_away() -> None:
    exchange = Exchange()
    pool = exchange.pool(1)
    exchange.fails = True
    for _ in range(3):
        with pytest.raises(ConnectionRefusedError):
            await pool.acquire(SERVICE)
    exchange.fails = False
    assert await pool.acquire(SERVICE) is exchange.made[0]


async def test_connections_that_nobody_needs_are_closed(monkeypatch: pytest.MonkeyPatch) -> None:
    exchange = Exchange()
    pool = exchange.pool(2)
    first, second = await pool.acquire(SERVICE), await pool.acquire(SERVICE)
    pool.release(first, SERVICE)
    monkeypatch.setattr(connection_pool, "IDLE_MAX", -1.0)
    pool.release(second, SERVICE)
    assert [line.closed for line in exchange.made] == [True, True]
    assert await pool.acquire(SERVICE) is exchange.made[2]


async def test_closing_waits_for_what_is_lent_and_then_cuts_it() -> None:
    exchange = Exchange()
    pool = exchange.pool(2)
    idle, lazy = await pool.acquire(SERVICE), await pool.acquire(SERVICE)
    pool.release(idle, SERVICE)
    closing = asyncio.create_task(pool.close(5))
    await asyncio.sleep(0.01)
    assert not closing.done()
    pool.release(lazy, SERVICE)
    await closing
    assert [line.closed for line in exchange.made] == [True, True]
    stuck = exchange.pool(1)
    await stuck.acquire(SERVICE)
    await stuck.close(0.01)
    assert exchange.made[2].closed


async def test_closing_waits_for_what_is_just_being_made() -> None:
    exchange = Exchange()
    pool = exchange.pool(1)
    late = asyncio.create_task(pool.acquire(SERVICE))
    await asyncio.sleep(0)
    closing = asyncio.create_task(pool.close(5))
    pool.release(await late, SERVICE)
    await closing
    assert [line.closed for line in exchange.made] == [True]


async def test_what_is_idle_is_had_at_once() -> None:
    exchange = Exchange()
    pool = exchange.pool(1)
    assert pool.acquire_nowait(SERVICE) is None
    first = await pool.acquire(SERVICE)
    assert pool.acquire_nowait(SERVICE) is None
    pool.release(first, SERVICE)
    assert pool.acquire_nowait(SERVICE) is first
    pool.release(first, SERVICE)
    exchange.made[0].closed = True
    assert pool.acquire_nowait(SERVICE) is None
    assert await pool.acquire(SERVICE) is exchange.made[1]


async def test_a_broken_one_that_is_idle_does_not_hide_another() -> None:
    exchange = Exchange()
    pool = exchange.pool(2)
    first, last = await pool.acquire(SERVICE), await pool.acquire(SERVICE)
    pool.release(first, SERVICE)
    pool.release(last, SERVICE)
    exchange.made[1].closed = True
    assert pool.acquire_nowait(SERVICE) is first
