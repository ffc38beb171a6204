"""Waits for a time or until a stop is requested; and identifies the process that connections belong to."""

from __future__ import annotations

import os
import time
from threading import Event
from time import sleep
from typing import Any, Callable, Union

Stop = Union[Event, Callable[[], bool]]
Runtime = int
"""Where connections can be used: in one process."""
LOOK = 0.5  # seconds between looks at a function

__all__ = ["LOOK", "Runtime", "Stop", "call", "runtime_is_closed", "sleep", "stopped", "stopped_within", "this_runtime"]


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


def this_runtime() -> Runtime:
    """This process."""
    return os.getpid()


def runtime_is_closed(_: Runtime) -> bool:
    """Never: what a process has opened is left to it by those that it forks."""
    return False


def call(function: Callable[[], object]) -> None:
    """Calls what may block."""
    function()
