"""Waiting, in both ways."""

from __future__ import annotations

import asyncio
import time
from asyncio import sleep as async_sleep
from threading import Event
from time import sleep
from typing import Any, Callable, Union

Stop = Union[Event, Callable[[], bool]]
AsyncStop = Union[asyncio.Event, Event, Callable[[], bool]]
_LOOK = 0.5  # seconds between looks at a function

__all__ = ["AsyncStop", "Stop", "async_sleep", "async_stopped_within", "sleep", "stopped", "stopped_within"]


def stopped(stop: Any) -> bool:
    """Whether this event is set, or this function says so."""
    if stop is None:
        return False
    return bool(stop.is_set() if hasattr(stop, "is_set") else stop())


def stopped_within(stop: Stop | None, seconds: float) -> bool:
    """Waits for so long, or until it is stopped; returns whether it is."""
    if isinstance(stop, Event):
        return stop.wait(seconds)
    end = time.monotonic() + seconds
    while not stopped(stop) and (left := end - time.monotonic()) > 0:
        sleep(left if stop is None else min(left, _LOOK))
    return stopped(stop)


async def async_stopped_within(stop: AsyncStop | None, seconds: float) -> bool:
    """The same for asyncio."""
    if isinstance(stop, asyncio.Event):
        try:
            await asyncio.wait_for(stop.wait(), seconds)
        except asyncio.TimeoutError:
            return stop.is_set()
        return True
    end = time.monotonic() + seconds
    while not stopped(stop) and (left := end - time.monotonic()) > 0:  # noqa: ASYNC110 -- a function has to be asked
        await async_sleep(left if stop is None else min(left, _LOOK))
    return stopped(stop)
