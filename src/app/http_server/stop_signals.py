"""SIGTERM and SIGINT: the first says when to stop, the second ends the process at once."""

import signal
from collections.abc import Callable
from math import inf
from time import monotonic
from types import FrameType

STOP_SIGNALS = (signal.SIGTERM, signal.SIGINT)
SAME_SIGNAL = 0.5
"""Seconds in which a signal that is sent again is the same: programs like timeout(1) signal a process and its group."""


class StopSignals:
    """After SIGTERM, ``stop_at`` is in ``drain_time`` seconds, and after SIGINT (Ctrl-C) now.

    ``end_at_once`` is called with the number of the second signal.
    """

    def __init__(self, drain_time: float, end_at_once: Callable[[int], None]) -> None:
        self.stop_at = inf
        """When to stop, as ``time.monotonic`` tells it; infinite before the first signal."""
        self.first: int | None = None
        self._drain_time, self._end_at_once = drain_time, end_at_once
        self._first_at = inf

    def listen(self) -> None:
        """Replaces the handlers of the two signals, and receives them where they were blocked."""
        for number in STOP_SIGNALS:
            signal.signal(number, self.receive)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, STOP_SIGNALS)

    def receive(self, number: int, frame: FrameType | None) -> None:  # noqa: ARG002 -- the signature of a handler
        """The handler of both signals."""
        now = monotonic()
        self.stop_at = min(self.stop_at, now if number == signal.SIGINT else now + self._drain_time)
        if self.first is None:
            self.first, self._first_at = number, now
        elif now - self._first_at > SAME_SIGNAL:
            self._end_at_once(number)
