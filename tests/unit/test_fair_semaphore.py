"""The fair semaphore: no owner exceeds its limit, reserved slots stay available, and no slot is lost."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.django_orm.sql.fair_semaphore import (
    LOOKUPS,
    SERVICE,
    SYSTEM,
    FairSemaphore,
)

if TYPE_CHECKING:
    from collections.abc import Coroutine

NAMES = ("a", "b", "c", "d", LOOKUPS, SERVICE)
STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("ask"), st.sampled_from(NAMES)),
        st.tuples(st.sampled_from(["release", "cancel", "cancel and release"]), st.integers(0, 50)),
        st.tuples(st.just("rest"), st.integers(1, 3)),
    ),
    max_size=60,
)


class Clock:
    """A clock that tests advance."""

    def __init__(self) -> None:
        self.seconds = 1000.0

    def __call__(self) -> float:
        return self.seconds


class Tasks:
    """Tasks that acquire slots, and hold them until a test releases them."""

    def __init__(self, size: int, timeout: float | None = None, clock: Clock | None = None) -> None:
        self.semaphore = FairSemaphore(size, timeout=timeout, clock=clock or Clock())
        self.size = size
        self.holding: list[str] = []
        self.refused = 0
        self.waiting: list[tuple[str, asyncio.Task[None]]] = []

    def acquire_in_task(self, name: str) -> asyncio.Task[None]:
        async def acquire() -> None:
            try:
                await self.semaphore.acquire(name)
            except TimeoutError:
                self.refused += 1
            else:
                self.holding.append(name)

        task = asyncio.create_task(acquire())
        self.waiting.append((name, task))
        return task

    def release(self, place: int) -> None:
        if self.holding:
            self.semaphore.release(self.holding.pop(place % len(self.holding)))

    def cancel(self, place: int) -> None:
        if self.waiting:
            self.waiting[place % len(self.waiting)][1].cancel()

    async def settle(self, rounds: int = 5) -> None:
        """Lets all tasks run as far as they can."""
        for _ in range(rounds):
            await asyncio.sleep(0)
        self.waiting = [(name, task) for name, task in self.waiting if not task.done()]

    def check(self) -> None:
        """Asserts the invariants, once no task can proceed."""
        semaphore, owners = self.semaphore, [name for name in self.holding if name not in SYSTEM]
        assert semaphore._free == self.size - len(self.holding) >= 0
        assert len(owners) <= semaphore.unreserved
        assert all(owners.count(name) <= semaphore.owner_limit for name in owners)
        for name, _ in self.waiting:
            assert not semaphore.acquire_nowait(name)
        assert semaphore.in_use == len(self.holding)
        assert len(self.waiting) == semaphore.waiting


def run(made: Coroutine[None, None, None]) -> None:
    asyncio.run(made)


@given(size=st.integers(1, 12), steps=STEPS)
def test_no_slot_is_lost_and_no_usable_slot_stays_free(size: int, steps: list[tuple[str, str | int]]) -> None:
    async def scenario() -> None:
        tasks = Tasks(size)
        for what, value in steps:
            if isinstance(value, str):
                tasks.acquire_in_task(value)
            elif what == "rest":
                await tasks.settle(value)
            elif what == "release":
                tasks.release(value)
            else:  # the cancelled task may just have been given a slot
                tasks.cancel(value)
                if what == "cancel and release":
                    tasks.release(value)
                    tasks.cancel(value + 1)
        await tasks.settle()
        tasks.check()
        while tasks.holding:
            tasks.release(0)
            await tasks.settle()
            tasks.check()
        assert tasks.waiting == []
        assert (tasks.semaphore._free, tasks.semaphore._held_by_owners, tasks.semaphore._held) == (size, 0, {})
        assert not tasks.semaphore._waiting
        assert not tasks.semaphore._waiting_system

    run(scenario())


@pytest.mark.parametrize(
    ("size", "kept", "share"),
    [(1, 0, 1), (2, 1, 1), (3, 1, 1), (4, 1, 2), (7, 1, 4), (8, 2, 4), (10, 2, 6), (33, 2, 21)],
)
async def test_owner_limit_is_a_part_of_the_unreserved_slots(size: int, kept: int, share: int) -> None:
    tasks = Tasks(size)
    for _ in range(size + 5):
        tasks.acquire_in_task("a")
    await tasks.settle()
    assert tasks.holding == ["a"] * share
    for _ in range(size + 5):
        tasks.acquire_in_task("b")
        tasks.acquire_in_task("c")
    await tasks.settle()
    assert len(tasks.holding) == size - kept
    assert size < 3 or "b" in tasks.holding
    for _ in range(size):
        tasks.acquire_in_task(SERVICE)
    await tasks.settle()
    assert tasks.holding.count(SERVICE) == kept
    tasks.check()


async def test_system_names_come_first_but_use_only_reserved_slots_while_owners_wait() -> None:
    tasks = Tasks(10)
    for name in ["a"] * 4 + ["b"] * 4 + [LOOKUPS] * 2:
        tasks.acquire_in_task(name)
    await tasks.settle()
    for name in ["c"] * 3 + [LOOKUPS] * 5 + [SERVICE]:
        tasks.acquire_in_task(name)
    await tasks.settle()
    assert tasks.holding.count("c") == 0
    tasks.release(tasks.holding.index("a"))
    await tasks.settle()
    assert tasks.holding[-1] == "c"
    for _ in range(2):
        tasks.release(tasks.holding.index(LOOKUPS))
        await tasks.settle()
    assert tasks.holding[-2:] == [LOOKUPS, SERVICE]  # system names take turns as well


async def test_system_names_come_first_with_a_single_slot() -> None:
    tasks = Tasks(1)
    for name in ("a", "b", SERVICE):
        tasks.acquire_in_task(name)
    await tasks.settle()
    tasks.release(0)
    await tasks.settle()
    assert tasks.holding == [SERVICE]


async def test_owner_at_its_limit_keeps_its_turn_without_blocking_others() -> None:
    tasks = Tasks(4)
    for name in "aaabc":
        tasks.acquire_in_task(name)
    await tasks.settle()
    assert tasks.holding == ["a", "a", "b"]
    tasks.release(2)
    await tasks.settle()
    assert tasks.holding == ["a", "a", "c"]
    tasks.release(0)
    await tasks.settle()
    assert tasks.holding == ["a", "c", "a"]


async def release_slowly(tasks: Tasks, clock: Clock, times: int, seconds: float) -> None:
    """Releases the slots one by one, so many seconds apart."""
    for _ in range(times):
        clock.seconds += seconds
        tasks.release(0)
        await tasks.settle()


async def test_newest_that_would_wait_too_long_are_refused_at_once() -> None:
    clock = Clock()
    tasks = Tasks(1, 5, clock)
    for _ in range(60):
        tasks.acquire_in_task("a")
    await tasks.settle()
    await release_slowly(tasks, clock, 5, 0.05)  # at this pace six are served in 0.3 s
    for _ in range(20):
        tasks.acquire_in_task("a")
    await tasks.settle()
    await release_slowly(tasks, clock, 5, 0.05)
    assert (tasks.refused, len(tasks.waiting)) == (0, 69)
    first, last = tasks.waiting[0][1], tasks.waiting[-1][1]
    late = tasks.acquire_in_task("a")
    await tasks.settle()
    assert (tasks.refused, len(tasks.waiting)) == (64, 6)
    assert (first.done(), last.done(), late.done()) == (False, True, True)
    tasks.check()
    tasks.acquire_in_task("b")
    await tasks.settle()
    assert tasks.refused == 64  # of another owner, who has not sent too much


async def test_a_burst_is_served_however_slowly_and_a_queue_that_lasts_is_overload() -> None:
    clock = Clock()
    tasks = Tasks(1, 5, clock)
    for _ in range(40):
        tasks.acquire_in_task("a")
    await tasks.settle()
    await release_slowly(tasks, clock, 15, 0.1)
    tasks.acquire_in_task("a")
    await tasks.settle()
    assert tasks.refused == 0
    await release_slowly(tasks, clock, 5, 0.1)
    tasks.acquire_in_task("a")
    await tasks.settle()
    assert tasks.refused == 17
    assert len(tasks.waiting) == 4


async def test_some_may_wait_however_slow_the_statements_are() -> None:
    clock = Clock()
    tasks = Tasks(1, 5, clock)
    for _ in range(4):
        tasks.acquire_in_task("a")
    await tasks.settle()
    await release_slowly(tasks, clock, 2, 2.0)
    for _ in range(3):
        tasks.acquire_in_task("a")
    await tasks.settle()
    assert tasks.refused == 0
    tasks.acquire_in_task("a")
    await tasks.settle()
    assert tasks.refused == 1


async def test_first_simultaneous_and_fast_requests_are_not_refused() -> None:
    clock = Clock()
    tasks = Tasks(1, 5, clock)
    for _ in range(1000):
        tasks.acquire_in_task("a")
    await tasks.settle()
    clock.seconds += 0.9  # the event loop was busy
    tasks.acquire_in_task("a")
    await release_slowly(tasks, clock, 300, 0.001)
    tasks.acquire_in_task("b")
    await release_slowly(tasks, clock, 600, 0.001)
    tasks.acquire_in_task("a")
    await tasks.settle()
    assert tasks.refused == 0
    assert len(tasks.waiting) == 1002 - 900


async def test_stalled_queue_stops_growing_before_its_first_timeout() -> None:
    clock = Clock()
    tasks = Tasks(10, 5, clock)
    for _ in range(24):
        tasks.acquire_in_task("a")
    await tasks.settle()
    clock.seconds += 2
    late, other = tasks.acquire_in_task("a"), tasks.acquire_in_task("b")
    await tasks.settle(2)
    assert late.done()
    assert tasks.refused > 1
    assert "b" in tasks.holding
    assert other.done()


@given(seconds=st.lists(st.sampled_from([0.001, 0.1, 1.0, 4.0]), min_size=5, max_size=12))
def test_refusals_end_when_releases_are_fast_again(seconds: list[float]) -> None:
    async def scenario() -> None:
        clock = Clock()
        tasks = Tasks(3, 5, clock)
        for each in seconds:
            for _ in range(10):
                tasks.acquire_in_task("a")
            await tasks.settle()
            # Even after refusals one waiter remains, so that the pace is always measured again.
            assert tasks.waiting
            await release_slowly(tasks, clock, 3, each)
        for _ in range(2):  # the first window still contains slow releases, the second does not
            clock.seconds += 1
            tasks.acquire_in_task("a")
            await release_slowly(tasks, clock, len(tasks.waiting), 0.001)
        refused = tasks.refused
        for _ in range(20):
            tasks.acquire_in_task("a")
        await tasks.settle()
        assert tasks.refused == refused

    run(scenario())


async def test_timed_out_waiter_leaves_no_entry() -> None:
    tasks = Tasks(1, 0.01)
    tasks.acquire_in_task("a")
    late = tasks.acquire_in_task("b")
    await asyncio.sleep(0.05)
    assert late.done()
    assert tasks.refused == 1
    assert not tasks.semaphore._waiting


async def test_all_released_waits_for_the_last_slot() -> None:
    tasks = Tasks(3)
    await tasks.semaphore.all_released()
    tasks.acquire_in_task("a")
    tasks.acquire_in_task("b")
    await tasks.settle()
    waiting = asyncio.create_task(tasks.semaphore.all_released())
    tasks.release(0)
    await tasks.settle()
    assert not waiting.done()
    tasks.release(0)
    await waiting
