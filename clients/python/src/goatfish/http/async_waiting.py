"""The same as goatfish.http.waiting, for asyncio."""

from __future__ import annotations

import asyncio
import time
from asyncio import sleep as async_sleep
from threading import Event
from typing import Callable, Union

from goatfish.http.waiting import LOOK, stopped

AsyncStop = Union[asyncio.Event, Event, Callable[[], bool]]

__all__ = ["AsyncStop", "async_sleep", "async_stopped_within", "stopped"]


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
