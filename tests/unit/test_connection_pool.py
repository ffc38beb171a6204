"""Connections are lent by turns: none is lost whatever becomes of who asked, and a crowd does not push others aside."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from adapters.django_orm.sql import connection_pool
from adapters.django_orm.sql.connection_pool import ConnectionPool
from adapters.django_orm.sql.fair_shares import SERVICE


class Line:
    """A connection that a test breaks."""

    def __init__(self) -> None:
        self.closed = False

    def is_closed(self) -> bool:
        return self.closed

    def terminate(self) -> None:
        self.closed = True

    async def close(self) -> None:
        self.closed = True


class Exchange:
    """Makes lines, or fails to."""

    def __init__(self) -> None:
        self.made: list[Any] = []
        self.fails = False

    async def connect(self) -> Any:
        await asyncio.sleep(0)
        if self.fails:
            raise ConnectionRefusedError
        self.made.append(Line())
        return self.made[-1]

    def lent(self, size: int, timeout: float = 5) -> ConnectionPool:
        return ConnectionPool(self.connect, size=size, timeout=timeout)


async def turns(lent: ConnectionPool, names: str) -> str:
    """In which order those of these names are served, who all wait for the one connection."""
    held, served = await lent.take("held"), list[str]()

    async def ask(name: str) -> None:
        connection = await lent.take(name)
        served.append(name)
        lent.give(connection, name)

    waiting = [asyncio.create_task(ask(name)) for name in names]
    await asyncio.sleep(0.01)
    lent.give(held, "held")
    await asyncio.gather(*waiting)
    return "".join(served)


async def test_a_connection_is_made_when_it_is_needed_and_used_again() -> None:
    exchange = Exchange()
    lent = exchange.lent(2)
    first = await lent.take(SERVICE)
    lent.give(first, SERVICE)
    assert await lent.take(SERVICE) is first
    assert await lent.take(SERVICE) is not first
    assert len(exchange.made) == 2


async def test_those_who_wait_take_turns_by_name() -> None:
    assert await turns(Exchange().lent(1), "aaaaaabbc") == "abcabaaaa"


async def test_who_waits_too_long_gets_none_and_nothing_is_lost() -> None:
    lent = Exchange().lent(1, timeout=0.01)
    held = await lent.take(SERVICE)
    with pytest.raises(TimeoutError):
        await lent.take(SERVICE)
    lent.give(held, SERVICE)
    assert await lent.take(SERVICE) is held


async def test_who_gives_up_waiting_leaves_the_turn_to_the_next() -> None:
    lent = Exchange().lent(1)
    held = await lent.take(SERVICE)
    first, second = (asyncio.create_task(lent.take(name)) for name in "bc")
    await asyncio.sleep(0)
    first.cancel()
    await asyncio.sleep(0)
    lent.give(held, SERVICE)
    assert await second is held


async def test_what_is_given_to_one_who_gives_up_at_that_moment_goes_on_to_the_next() -> None:
    lent = Exchange().lent(1)
    held = await lent.take(SERVICE)
    first, second = (asyncio.create_task(lent.take(name)) for name in "bc")
    await asyncio.sleep(0)
    lent.give(held, SERVICE)
    first.cancel()
    assert await second is held


async def test_a_broken_connection_is_replaced_also_for_one_who_waits() -> None:
    exchange = Exchange()
    lent = exchange.lent(1)
    held = await lent.take(SERVICE)
    waiting = asyncio.create_task(lent.take(SERVICE))
    await asyncio.sleep(0)
    exchange.made[0].closed = True
    lent.give(held, SERVICE)
    second = await waiting
    assert second is not held
    lent.give(second, SERVICE)
    exchange.made[1].closed = True
    assert await lent.take(SERVICE) is exchange.made[2]


async def test_a_failed_attempt_to_connect_takes_nothing_away() -> None:
    exchange = Exchange()
    lent = exchange.lent(1)
    exchange.fails = True
    for _ in range(3):
        with pytest.raises(ConnectionRefusedError):
            await lent.take(SERVICE)
    exchange.fails = False
    assert await lent.take(SERVICE) is exchange.made[0]


async def test_connections_that_nobody_needs_are_closed(monkeypatch: pytest.MonkeyPatch) -> None:
    exchange = Exchange()
    lent = exchange.lent(2)
    first, second = await lent.take(SERVICE), await lent.take(SERVICE)
    lent.give(first, SERVICE)
    monkeypatch.setattr(connection_pool, "IDLE_MAX", -1.0)
    lent.give(second, SERVICE)
    assert [line.closed for line in exchange.made] == [True, True]
    assert await lent.take(SERVICE) is exchange.made[2]


async def test_closing_waits_for_what_is_lent_and_then_cuts_it() -> None:
    exchange = Exchange()
    lent = exchange.lent(2)
    idle, lazy = await lent.take(SERVICE), await lent.take(SERVICE)
    lent.give(idle, SERVICE)
    closing = asyncio.create_task(lent.close(5))
    await asyncio.sleep(0.01)
    assert not closing.done()
    lent.give(lazy, SERVICE)
    await closing
    assert [line.closed for line in exchange.made] == [True, True]
    stuck = exchange.lent(1)
    await stuck.take(SERVICE)
    await stuck.close(0.01)
    assert exchange.made[2].closed


async def test_closing_waits_for_what_is_just_being_made() -> None:
    exchange = Exchange()
    lent = exchange.lent(1)
    late = asyncio.create_task(lent.take(SERVICE))
    await asyncio.sleep(0)
    closing = asyncio.create_task(lent.close(5))
    lent.give(await late, SERVICE)
    await closing
    assert [line.closed for line in exchange.made] == [True]


async def test_what_is_idle_is_had_at_once() -> None:
    exchange = Exchange()
    lent = exchange.lent(1)
    assert lent.idle(SERVICE) is None
    first = await lent.take(SERVICE)
    assert lent.idle(SERVICE) is None
    lent.give(first, SERVICE)
    assert lent.idle(SERVICE) is first
    lent.give(first, SERVICE)
    exchange.made[0].closed = True
    assert lent.idle(SERVICE) is None
    assert await lent.take(SERVICE) is exchange.made[1]


async def test_a_broken_one_that_is_idle_does_not_hide_another() -> None:
    exchange = Exchange()
    lent = exchange.lent(2)
    first, last = await lent.take(SERVICE), await lent.take(SERVICE)
    lent.give(first, SERVICE)
    lent.give(last, SERVICE)
    exchange.made[1].closed = True
    assert lent.idle(SERVICE) is first
