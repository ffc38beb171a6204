"""The same as goatfish.http.waiting, for asyncio."""

from __future__ import annotations

import asyncio
import os
import time
from asyncio import sleep as async_sleep
from contextlib import suppress
from threading import Event, Thread
from typing import Callable, Union

from goatfish.http.waiting import LOOK, stopped

AsyncStop = Union[asyncio.Event, Event, Callable[[], bool]]
AsyncRuntime = tuple[int, asyncio.AbstractEventLoop]
"""Where connections can be used: in one event loop of one process."""

__all__ = [
    "AsyncRuntime",
    "AsyncStop",
    "async_call",
    "async_runtime_is_closed",
    "async_sleep",
    "async_stopped_within",
    "async_this_runtime",
    "stopped",
]


async def async_stopped_within(stop: AsyncStop | None, seconds: float) -> bool:
    """Waits for so long, or until it is stopped; returns whether it is."""
    if isinstance(stop, asyncio.Event):
        try:
            await asyncio.wait_for(stop.wait(), seconds)
        except asyncio.TimeoutError:
            return stop.is_set()
        return True
    end = time.monotonic() + seconds
    while not stopped(stop) and (left := end - time.monotonic()) > 0:  # noqa: ASYNC110 -- a function has to be asked
        await async_sleep(left if stop is None else min(left, LOOK))
    return stopped(stop)


def async_this_runtime() -> AsyncRuntime:
    """This process and the event loop that runs."""
    return os.getpid(), asyncio.get_running_loop()


def async_runtime_is_closed(runtime: AsyncRuntime) -> bool:
    """Whether the event loop of this runtime is closed."""
    return runtime[1].is_closed()


async def async_call(function: Callable[[], object]) -> None:
    """Calls what may block, while the event loop goes on.

    In a thread of its own: those of the loop may all be busy with the very work that is recorded.
    """
    loop, done = asyncio.get_running_loop(), asyncio.Event()

    def run() -> None:
        try:
            function()
        finally:
            with suppress(RuntimeError):  # the loop was closed meanwhile
                loop.call_soon_threadsafe(done.set)

    Thread(target=run, name="goatfish-wait", daemon=True).start()
    await done.wait()
