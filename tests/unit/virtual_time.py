"""An event loop of which no timer is early or late, however busy the machine is, and for which nobody waits."""

from __future__ import annotations

import asyncio
import selectors
from collections.abc import Callable, Coroutine
from typing import Any


class _Jumping(selectors.DefaultSelector):
    """Where no file is ready, the time for which it would wait is over at once."""

    now = 0.0

    def select(self, timeout: float | None = None) -> Any:
        if timeout is None or timeout <= 0:
            return super().select(timeout)
        ready = super().select(0)
        if not ready:
            self.now += timeout
        return ready


class VirtualTimeLoop(asyncio.SelectorEventLoop):
    """Its clock stands still while anything can be done, and then jumps to the next timer."""

    def __init__(self) -> None:
        self._jumping = _Jumping()
        super().__init__(self._jumping)

    def time(self) -> float:
        return self._jumping.now


def run(test: Callable[[], Coroutine[Any, Any, None]]) -> None:
    """Runs a test that uses no network and no threads."""
    with asyncio.Runner(loop_factory=VirtualTimeLoop) as runner:
        runner.run(test())
