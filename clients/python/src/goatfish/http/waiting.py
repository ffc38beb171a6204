"""Waiting for a time, or until one is told to stop."""

from __future__ import annotations

import time
from threading import Event
from time import sleep
from typing import Any, Callable, Union

Stop = Union[Event, Callable[[], bool]]
LOOK = 0.5  # seconds between looks at a function

__all__ = ["LOOK", "Stop", "call", "sleep", "stopped", "stopped_within"]


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
        sleep(left if stop is None else min(left, LOOK))
    return stopped(stop)


def call(function: Callable[[], object]) -> None:
    """Calls what may block."""
    function()
