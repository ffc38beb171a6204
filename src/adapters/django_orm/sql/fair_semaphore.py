"""A semaphore that is fair between owners: none gets more than its share, and some slots are reserved for the service.

A slot is a PostgreSQL connection, or a thread on SQLite; docs/decisions/0013 explains the numbers.
"""

from __future__ import annotations

import asyncio
from collections import deque
from time import monotonic
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

SERVICE, LOOKUPS = "service", "lookups"
"""Names for work that belongs to no owner: probes and operators' work, and the lookup of API keys."""
SYSTEM = frozenset({SERVICE, LOOKUPS})
_PACE_WINDOW = 1 / 5
"""The fraction of the timeout over which a queue's pace is measured.

In less time a burst tells nothing about the pace: it keeps the event loop busy, so nobody is served meanwhile.
"""


class NoSlot(TimeoutError):
    """No slot was free in time."""


class _Queue:
    """The waiters of one name, and the pace at which they are served."""

    __slots__ = ("_pace", "_served", "_since", "waiters")

    def __init__(self, now: float) -> None:
        self.waiters: deque[asyncio.Future[None]] = deque()
        self._since, self._served = now, 0  # start of the current window, and how many were served in it
        self._pace = 0.0  # seconds per waiter in the previous window; 0 before there is one

    def next(self) -> asyncio.Future[None] | None:
        """Removes and returns the next waiter that is not cancelled."""
        while self.waiters:
            waiter = self.waiters.popleft()
            if not waiter.done():
                self._served += 1
                return waiter
        return None

    def estimate(self, now: float, window: float, at_once: int) -> float:
        """How many seconds a new waiter will wait, at the pace at which those before it have been served.

        If nobody was served in a whole window, the pace is estimated as ``at_once`` waiters in that time.
        """
        elapsed = now - self._since
        if elapsed >= window:
            self._pace = elapsed / (self._served or at_once)
            if self._served:
                self._since, self._served = now, 0
        return len(self.waiters) * self._pace


class FairSemaphore:
    """``size`` slots, acquired by name; waiting longer than ``timeout`` seconds raises ``NoSlot`` (None: never).

    With two slots or more one is reserved for the service itself, with eight or more two. An owner gets at most two
    thirds of the others, rounded up, and with three slots or more never all of them. A single slot is shared by all,
    the service first.

    Waiting owners are served in turn, however many waiters each has. A slot is never left free while somebody waits who
    may have it. A new waiter that would wait longer than ``timeout``, at the current pace of its queue, is refused at
    once, unless it is the first in it. Belongs to one event loop.
    """

    def __init__(self, size: int, *, timeout: float | None, clock: Callable[[], float] = monotonic) -> None:
        self.size, self._timeout, self._clock = size, timeout, clock
        self.reserved = 0 if size == 1 else 1 if size < 8 else 2  # noqa: PLR2004 -- see above
        self.unreserved = size - self.reserved
        self.owner_limit = max(min(-(-self.unreserved * 2 // 3), self.unreserved - 1), 1)
        self._free = size
        self._held_by_owners = 0  # slots held by all owners together
        self._held: dict[str, int] = {}
        self._waiting: dict[str, _Queue] = {}  # owners in the order of their turns
        self._waiting_system: dict[str, _Queue] = {}  # names of SYSTEM, likewise
        self._all_released: asyncio.Event | None = None

    @property
    def in_use(self) -> int:
        """How many slots are acquired."""
        return self.size - self._free

    @property
    def waiting(self) -> int:
        """How many wait for a slot; may be asked from another thread."""
        queues = [*self._waiting.values(), *self._waiting_system.values()]
        return sum(len(queue.waiters) for queue in queues)

    def acquire_nowait(self, name: str) -> bool:
        """Acquires a slot if this name may have one now; returns whether it did."""
        if not self._free:
            return False
        held = self._held.get(name, 0)
        if name not in SYSTEM:
            if held >= self.owner_limit or self._held_by_owners >= self.unreserved:
                return False
            self._held_by_owners += 1
        self._held[name] = held + 1
        self._free -= 1
        return True

    async def acquire(self, name: str) -> None:
        """Acquires a slot. Raises ``NoSlot``, immediately if the wait is estimated to be too long."""
        if not self.acquire_nowait(name):
            await self._wait(name)

    def release(self, name: str) -> None:
        """Releases a slot of this name, and serves the next waiter."""
        held = self._held[name] - 1
        if held:
            self._held[name] = held
        else:
            del self._held[name]
        self._free += 1
        if name not in SYSTEM:
            self._held_by_owners -= 1
        if self._waiting or self._waiting_system:
            self._serve()
        if self._all_released is not None and self._free == self.size:
            self._all_released.set()

    async def all_released(self) -> None:
        """Waits until every slot is released and nobody waits."""
        if self._free < self.size:
            self._all_released = asyncio.Event()
            await self._all_released.wait()

    async def _wait(self, name: str) -> None:
        queues, at_once = self._queues(name)
        now = self._clock()
        queue = queues.get(name)
        if queue is None:
            queue = queues[name] = _Queue(now)
        elif self._timeout is not None and queue.estimate(now, self._timeout * _PACE_WINDOW, at_once) > self._timeout:
            raise NoSlot
        loop = asyncio.get_running_loop()
        waiter: asyncio.Future[None] = loop.create_future()
        queue.waiters.append(waiter)
        expiry = None if self._timeout is None else loop.call_later(self._timeout, _expire, waiter)
        try:
            await waiter
        except BaseException:
            if (
                waiter.done() and not waiter.cancelled() and waiter.exception() is None
            ):  # a slot was assigned just before the cancellation
                self.release(name)
            elif waiter in queue.waiters:
                queue.waiters.remove(waiter)
                if not queue.waiters and queues.get(name) is queue:
                    del queues[name]
            raise
        finally:
            if expiry is not None:
                expiry.cancel()

    def _queues(self, name: str) -> tuple[dict[str, _Queue], int]:
        """The queues that this name waits in, and how many of it are served at a time."""
        return (self._waiting_system, max(self.reserved, 1)) if name in SYSTEM else (self._waiting, self.owner_limit)

    def _serve(self) -> None:
        """Assigns free slots to waiters that may have them."""
        while (name := self._next_name()) is not None:
            queues, _ = self._queues(name)
            queue = queues.pop(name)
            waiter = queue.next()
            if queue.waiters:
                queues[name] = queue  # to the end: its next turn is after all others
            if waiter is not None and self.acquire_nowait(name):
                waiter.set_result(None)

    def _next_name(self) -> str | None:
        """Whose turn it is: the service's while it has fewer slots than are reserved for it, then an owner's."""
        if not self._free:
            return None
        first = next(iter(self._waiting_system), None)
        if first is not None and self.size - self._free - self._held_by_owners < max(self.reserved, 1):
            return first
        if self._held_by_owners < self.unreserved:
            for name in self._waiting:  # an owner at its limit keeps its turn; few are
                if self._held.get(name, 0) < self.owner_limit:
                    return name
        return first


def _expire(waiter: asyncio.Future[None]) -> None:
    if not waiter.done():
        waiter.set_exception(NoSlot())
