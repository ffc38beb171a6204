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
_STALLED = 1 / 5
"""The fraction of the timeout after which a queue of which nobody has been served is taken for one that stands still.

In less time a burst tells nothing about the pace: it keeps the event loop busy, so nobody is served meanwhile.
"""
_PACE_WINDOW = 0.4
"""Seconds over which a queue's pace is measured, from the first waiter that is served."""
LONGEST_WAIT = 0.3
"""Seconds that a waiter may have to wait by that pace in a queue of overload; the rest is refused at once."""
ALWAYS_WAIT = 4
"""Waiters that a queue may have at any pace: where statements are slow, waiting for one is no overload."""
_MORE, _STANDING = 1.5, 1.5
"""A queue is one of overload where so many times more come than are served, or if it lasts for so many seconds."""


class _Queue:
    """The waiters of one name, and the pace at which they are served."""

    __slots__ = ("_came", "_first", "_is_overload", "_pace", "_served", "_since", "waiters")

    def __init__(self, now: float) -> None:
        self.waiters: deque[asyncio.Future[None]] = deque()
        # Start of the current window, and how many came and were served in it.
        self._since, self._came, self._served = now, 0, 0
        self._first: float | None = None  # when the first one was served
        self._is_overload = False  # in the previous window
        self._pace = 0.0  # seconds per waiter in the previous window; 0 before there is one

    def next(self, now: float) -> asyncio.Future[None] | None:
        """Removes and returns the next waiter that is not cancelled."""
        if self._first is None:
            self._first = self._since = now
            self._came = 0  # a burst, which may be all
        while self.waiters:
            waiter = self.waiters.popleft()
            if not waiter.done():
                self._served += 1
                return waiter
        return None

    def refuse(self, now: float, timeout: float, at_once: int) -> bool:
        """One more has come: refuses the newest waiters that would wait for too long, and returns whether it would too.

        If nobody was served in a whole window, the pace is estimated as ``at_once`` waiters in that time.
        """
        self._came += 1
        elapsed = now - self._since
        if elapsed >= (timeout * _STALLED if self._first is None else _PACE_WINDOW):
            self._pace = elapsed / (self._served or at_once)
            self._is_overload = self._came > _MORE * self._served or now - (self._first or now) > _STANDING
            if self._served:
                self._since, self._came, self._served = now, 0, 0
        if not self._pace:
            return False
        most = max(int((min(LONGEST_WAIT, timeout) if self._is_overload else timeout) / self._pace), ALWAYS_WAIT)
        while len(self.waiters) > most:
            _expire(self.waiters.pop())
        return len(self.waiters) == most


class FairSemaphore:
    """``size`` slots, acquired by name; waiting longer than ``timeout`` seconds raises ``TimeoutError`` (None: never).

    With two slots or more one is reserved for the service itself, with eight or more two. An owner gets at most two
    thirds of the others, rounded up, and with three slots or more never all of them. A single slot is shared by all,
    the service first.

    Waiting owners are served in turn, however many waiters each has. A slot is never left free while somebody waits who
    may have it. The newest waiters that would wait longer than ``timeout``, at the current pace of their queue, are
    refused at once, or in a queue of overload longer than ``LONGEST_WAIT``, but for the first ``ALWAYS_WAIT`` in it.
    Belongs to one event loop.
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
        """Acquires a slot. Raises ``TimeoutError``, immediately if the wait is estimated to be too long."""
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
        elif self._timeout is not None and queue.refuse(now, self._timeout, at_once):
            raise TimeoutError
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
            waiter = queue.next(self._clock())
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
        waiter.set_exception(TimeoutError())
