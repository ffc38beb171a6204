"""How much somebody may do at once, and then in a minute: the generic cell rate algorithm, kept in this process."""

from collections.abc import Callable, Hashable
from math import ceil
from typing import Generic, NamedTuple, TypeVar

H = TypeVar("H", bound=Hashable)

WINDOW = 60
"""Seconds."""
REMEMBERED_MAX = 100_000
"""Of those whose allowance is not whole."""
_ROUNDING = 1e-3
"""Part of a use: more than sums of seconds since the machine was started can be wrong by."""


class Decision(NamedTuple):
    """One use: whether it was allowed, how many are ``left``, and the seconds until all are, or until one is."""

    allowed: bool
    left: int
    whole_in: int
    retry_after: int


class Gcra(Generic[H]):
    """For each of many ``per_minute`` uses at once, then one whenever its part of a minute is over; at least one.

    In the minute of a burst there are nearly twice as many, as the algorithm has it; in the long run there are not.

    One number is kept for each, the time at which its allowance will be whole again.
    """

    def __init__(self, per_minute: float, monotonic: Callable[[], float]) -> None:
        self.quota = max(int(per_minute), 1)
        self._interval = WINDOW / self.quota
        self._monotonic = monotonic
        self._whole_at: dict[H, float] = {}

    def use(self, who: H) -> Decision:
        """Takes one of what is left, if anything is."""
        now = self._monotonic()
        whole_at, left = self._left(who, now)
        if left:
            whole_at += self._interval
            self._remember(who, whole_at, now)
        return self._told(left, whole_at, now)

    def look(self, who: H) -> Decision:
        """What a use would be told, of which there is none."""
        now = self._monotonic()
        whole_at, left = self._left(who, now)
        return self._told(left, whole_at + self._interval if left else whole_at, now)

    def owe(self, who: H) -> None:
        """Takes one, also where nothing is left: that is a debt, which grows to what a minute gives and no further."""
        now = self._monotonic()
        whole_at, _ = self._left(who, now)
        self._remember(who, min(whole_at + self._interval, now + 2 * WINDOW), now)

    def _left(self, who: H, now: float) -> tuple[float, int]:
        whole_at = self._whole_at.get(who, now)
        if whole_at <= now:
            return now, self.quota
        left = int((WINDOW - (whole_at - now)) / self._interval + _ROUNDING)
        return whole_at, max(left, 0)

    def _told(self, left: int, whole_at: float, now: float) -> Decision:
        wait = 0 if left else max(ceil(whole_at + self._interval - now - WINDOW), 1)
        return Decision(bool(left), max(left - 1, 0), ceil(whole_at - now), wait)

    def _remember(self, who: H, whole_at: float, now: float) -> None:
        if len(self._whole_at) >= REMEMBERED_MAX:
            busy = sorted((item for item in self._whole_at.items() if item[1] > now), key=lambda item: item[1])
            self._whole_at = dict(busy[-REMEMBERED_MAX // 2 :])
        self._whole_at[who] = whole_at
