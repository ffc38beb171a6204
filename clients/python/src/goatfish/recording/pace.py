"""When the service is asked again after it has failed, and whether it counts as away."""

from __future__ import annotations

import random
import time
from typing import Optional

FIRST_PAUSE, LONGEST_PAUSE = 0.25, 60.0
LONGEST_ASKED = 3600.0
"""Seconds that the service is let alone at most, whatever its Retry-After says."""
FRESH = 5.0
"""Seconds for which the service counts as away after a failure."""
_AWAY = 2


class Pace:
    """How the latest requests went, and when the next one may be sent; times are those of ``time.monotonic``."""

    def __init__(self) -> None:
        self.next_try = 0.0
        self._asked_until = 0.0  # before which the service wants no request
        self._failures = 0
        self._began: Optional[float] = None
        self._last_try = -FRESH

    @property
    def is_away(self) -> bool:
        """Whether nobody need wait for the service: it has failed, or has not answered for long."""
        return self._failures >= _AWAY or self.is_stalled

    @property
    def is_stalled(self) -> bool:
        """Whether it has not answered for long."""
        return self._began is not None and time.monotonic() - self._began > FRESH

    def begin(self) -> None:
        """Something is being sent."""
        self._began = self._last_try = time.monotonic()

    def end(self) -> None:
        """It was answered, or given up."""
        self._began = None

    def succeeded(self) -> None:
        """The service has taken it."""
        self._failures, self.next_try = 0, 0.0

    def failed(self, error: Exception) -> None:
        """The service has not taken it: wait, the longer the more often that happens, and as long as it asks."""
        self._failures += 1
        longest = min(LONGEST_PAUSE, FIRST_PAUSE * 4 ** min(self._failures - 1, 8))
        asked: Optional[float] = getattr(error, "retry_after", None)
        pause = min(asked, LONGEST_ASKED) if asked else 0.0
        self._asked_until = time.monotonic() + pause
        self.next_try = self._asked_until + random.uniform(longest / 2, longest)  # noqa: S311 -- spreads clients
        if pause > FRESH:
            self.give_up()

    def again_soon(self) -> None:
        """Another process makes the same simulation at this moment."""
        self.next_try = time.monotonic() + random.uniform(0.05, 0.2)  # noqa: S311 -- spreads clients

    def give_up(self) -> None:
        """Let the service count as away."""
        self._failures = max(self._failures, _AWAY)

    def hurry(self, now: float) -> None:
        """Try once more, if the last failure is some time ago and the service does not ask to be let alone."""
        if self._failures and now - self._last_try >= FRESH and now >= self._asked_until:
            self.next_try, self._failures = now, _AWAY - 1
