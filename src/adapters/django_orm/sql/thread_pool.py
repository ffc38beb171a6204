"""Threads that do the work of an event loop: assigned fairly, and notified when nobody waits for them any more."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from functools import partial
from time import monotonic
from typing import TypeAlias, TypeVar

from adapters.django_orm.sql.fair_semaphore import FairSemaphore
from domain.errors import PoolTimeout

T = TypeVar("T")


class Cancellation:
    """Tells a thread to interrupt its statement, once its time is over or its caller has been cancelled."""

    __slots__ = ("_cancelled", "_deadline")

    def __init__(self) -> None:
        self._deadline, self._cancelled = float("inf"), False

    def set_timeout(self, seconds: float | None) -> None:
        self._deadline = float("inf") if seconds is None else monotonic() + seconds

    def cancel(self) -> None:
        self._cancelled = True

    def is_cancelled(self) -> bool:
        return self._cancelled or monotonic() > self._deadline


Work: TypeAlias = Callable[[Cancellation], T]


class ThreadPool:
    """``size`` threads, each of which begins with ``initializer``, and the semaphore that assigns them.

    ``timeout`` is that of waiting for a thread, in seconds; None is no limit.
    """

    def __init__(self, size: int, *, timeout: float | None, initializer: Callable[[], None]) -> None:
        self._threads = ThreadPoolExecutor(size, thread_name_prefix="goatfish-db", initializer=initializer)
        self.semaphore = FairSemaphore(size, timeout=timeout)

    async def run(self, share: str, work: Work[T]) -> T:
        """What the work returns, which counts for this share. Raises ``PoolTimeout``."""
        try:
            await self.semaphore.acquire(share)
        except TimeoutError as error:
            raise PoolTimeout("The database cannot be used: no thread was free in time, it is overloaded.") from error
        cancellation = Cancellation()
        result: Future[T] | None = None
        try:
            result = self._threads.submit(work, cancellation)
            return await asyncio.wrap_future(result)
        finally:
            if result is None or result.done():
                self.semaphore.release(share)
            else:  # cancelled: the thread keeps its slot until it has noticed
                cancellation.cancel()
                release = partial(_call_in, asyncio.get_running_loop(), self.semaphore.release, share)
                result.add_done_callback(lambda _: release())

    def shutdown(self) -> None:
        """Waits for the threads to end."""
        self._threads.shutdown()


def _call_in(loop: asyncio.AbstractEventLoop, function: Callable[[str], None], name: str) -> None:
    """Calls the function on that event loop, unless it is closed."""
    with suppress(RuntimeError):
        loop.call_soon_threadsafe(function, name)
