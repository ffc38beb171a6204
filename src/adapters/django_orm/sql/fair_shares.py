"""Who may use a few places at once: no owner more than its share, and the service itself always some.

A place is a connection of PostgreSQL's, or a thread on SQLite; docs/decisions/0013 says why the shares are such.
"""

from __future__ import annotations

import asyncio
from collections import deque
from time import monotonic
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

SERVICE, LOOKUPS = "service", "lookups"
"""Who is no owner: what is done for nobody's sake, as by probes and operators, and the lookup of keys."""
SYSTEM = frozenset({SERVICE, LOOKUPS})
_WINDOW = 1 / 5
"""The part of the timeout for which a queue is watched before anything is concluded from its pace.

Until then there is no history: a burst keeps the event loop busy, and nobody can be served meanwhile.
"""


class _Queue:
    """Those of one name who wait, and how fast they have been served since there were any."""

    __slots__ = ("_pace", "_served", "_since", "waiters")

    def __init__(self, now: float) -> None:
        self.waiters: deque[asyncio.Future[None]] = deque()
        self._since, self._served = now, 0  # the window that is watched
        self._pace = 0.0  # seconds from one to the next, in the window before; 0 where there was none

    def next(self) -> asyncio.Future[None] | None:
        """Takes the next out who has not given up."""
        while self.waiters:
            waiter = self.waiters.popleft()
            if not waiter.done():
                self._served += 1
                return waiter
        return None

    def estimate(self, now: float, window: float, at_once: int) -> float:
        """How many seconds whoever comes now will wait, by the pace at which those before it have been served.

        Where nobody was served for a whole window, ``at_once`` will hardly be served sooner than in as long again.
        """
        elapsed = now - self._since
        if elapsed >= window:
            self._pace = elapsed / (self._served or at_once)
            if self._served:
                self._since, self._served = now, 0
        return len(self.waiters) * self._pace


class Shares:
    """Lends ``size`` places by name; whoever waits longer than ``timeout`` seconds gets none, without it nobody does.

    Of two places or more, one is kept back for the service itself, of eight or more two. An owner has at most two
    thirds of the others, rounded up, and from three places on never all of them. One place is lent to whoever comes:
    then nothing is promised, but that the service itself comes first.

    Owners who wait take turns, whoever asks a thousand times is served no sooner than whoever asks once. A place that
    somebody waits for and may have is never left free. Whoever would have to wait longer than ``timeout``, by the pace
    at which those before it are served, is refused at once; the first of a name never is. Belongs to one event loop.
    """

    def __init__(self, size: int, *, timeout: float | None, clock: Callable[[], float] = monotonic) -> None:
        self._size, self._timeout, self._clock = size, timeout, clock
        self.kept = 0 if size == 1 else 1 if size < 8 else 2  # noqa: PLR2004 -- see above
        self.general = size - self.kept
        self.share = max(min(-(-self.general * 2 // 3), self.general - 1), 1)
        self._free = size
        self._owners = 0  # places that owners have, together
        self._held: dict[str, int] = {}
        self._waiting: dict[str, _Queue] = {}  # owners, the next to have a turn first
        self._waiting_first: dict[str, _Queue] = {}  # those of SYSTEM, likewise
        self._returned: asyncio.Event | None = None

    def take_now(self, name: str) -> bool:
        """A place, where this name may have one now. It has to be given back."""
        if not self._free:
            return False
        held = self._held.get(name, 0)
        if name not in SYSTEM:
            if held >= self.share or self._owners >= self.general:
                return False
            self._owners += 1
        self._held[name] = held + 1
        self._free -= 1
        return True

    async def take(self, name: str) -> None:
        """A place, which has to be given back. Raises ``TimeoutError``, at once where it is foreseen."""
        if not self.take_now(name):
            await self._wait(name)

    def give(self, name: str) -> None:
        """Takes a place back, for the next who waits."""
        held = self._held[name] - 1
        if held:
            self._held[name] = held
        else:
            del self._held[name]
        self._free += 1
        if name not in SYSTEM:
            self._owners -= 1
        if self._waiting or self._waiting_first:
            self._serve()
        if self._returned is not None and self._free == self._size:
            self._returned.set()

    async def returned(self) -> None:
        """Waits until every place is given back and nobody waits."""
        if self._free < self._size:
            self._returned = asyncio.Event()
            await self._returned.wait()

    async def _wait(self, name: str) -> None:
        queues, at_once = self._queues(name)
        now = self._clock()
        queue = queues.get(name)
        if queue is None:
            queue = queues[name] = _Queue(now)
        elif self._timeout is not None and queue.estimate(now, self._timeout * _WINDOW, at_once) > self._timeout:
            raise TimeoutError
        loop = asyncio.get_running_loop()
        waiter: asyncio.Future[None] = loop.create_future()
        queue.waiters.append(waiter)
        expiry = None if self._timeout is None else loop.call_later(self._timeout, _expire, waiter)
        try:
            await waiter
        except BaseException:
            if waiter.done() and not waiter.cancelled() and waiter.exception() is None:  # it came too late
                self.give(name)
            elif waiter in queue.waiters:
                queue.waiters.remove(waiter)
                if not queue.waiters and queues.get(name) is queue:
                    del queues[name]
            raise
        finally:
            if expiry is not None:
                expiry.cancel()

    def _queues(self, name: str) -> tuple[dict[str, _Queue], int]:
        """Where this name waits, and how many places it has at once at least, or at most."""
        return (self._waiting_first, max(self.kept, 1)) if name in SYSTEM else (self._waiting, self.share)

    def _serve(self) -> None:
        """Gives what is free to those who wait and may have it."""
        while (name := self._next()) is not None:
            queues, _ = self._queues(name)
            queue = queues.pop(name)
            waiter = queue.next()
            if queue.waiters:
                queues[name] = queue  # its next turn comes after everybody else's
            if waiter is not None and self.take_now(name):
                waiter.set_result(None)

    def _next(self) -> str | None:
        """Whose turn it is: the service's own while it has less than is kept back for it, then an owner's."""
        if not self._free:
            return None
        first = next(iter(self._waiting_first), None)
        if first is not None and self._size - self._free - self._owners < max(self.kept, 1):
            return first
        if self._owners < self.general:
            for name in self._waiting:  # one that has its share keeps its turn, and few have
                if self._held.get(name, 0) < self.share:
                    return name
        return first


def _expire(waiter: asyncio.Future[None]) -> None:
    if not waiter.done():
        waiter.set_exception(TimeoutError())
