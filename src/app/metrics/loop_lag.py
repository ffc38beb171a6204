"""Measures how late the event loop runs a timer, four times a second."""

import asyncio
from bisect import bisect_left

INTERVAL = 0.25
"""Seconds between two measurements."""
BUCKETS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5)
"""Upper bounds of the histogram, in seconds; a last bucket holds what was later."""


class LoopLag:
    """A histogram of how many seconds late the running event loop was. Other threads may read it at any time."""

    def __init__(self) -> None:
        self._numbers: list[float] = [0.0] * (len(BUCKETS) + 2)
        self._timer: asyncio.TimerHandle | None = None

    def start(self) -> None:
        """Begins to measure the running event loop."""
        loop = asyncio.get_running_loop()
        due = loop.time() + INTERVAL
        self._timer = loop.call_at(due, self._measure, due)

    def stop(self) -> None:
        """Ends it."""
        if self._timer is not None:
            self._timer.cancel()

    def numbers(self) -> list[float]:
        """The number in each bucket, and last the sum of seconds."""
        return [*self._numbers]

    def _measure(self, due: float) -> None:
        late = max(asyncio.get_running_loop().time() - due, 0.0)
        self._numbers[bisect_left(BUCKETS, late)] += 1
        self._numbers[-1] += late
        self.start()
