"""How much one owner may ask for: a rate limit kept in this process, told in the IETF draft's headers."""

from collections.abc import Callable, MutableMapping
from math import ceil

from domain.errors import Limited
from domain.tenancy import OwnerId

WINDOW = 60
"""Seconds."""
REMEMBERED_MAX = 100_000
"""Owners."""
_ROUNDING = 1e-3
"""Part of a request: more than sums of seconds since the machine was started can be wrong by."""


class RateLimit:
    """At most ``per_minute`` requests of an owner in any minute, some at once, the rest evenly; 0 sets no limit.

    A process counts for itself alone, so with several workers each is given its part. The algorithm is the generic
    cell rate algorithm: one number an owner, the time at which its allowance will be whole again. The headers are
    those of draft-ietf-httpapi-ratelimit-headers-10.
    """

    def __init__(self, per_minute: float, monotonic: Callable[[], float]) -> None:
        self._quota = max(int(per_minute), 1)
        self._interval = WINDOW / self._quota
        self._monotonic = monotonic
        self._whole_at: dict[OwnerId, float] = {}
        self._policy = f'"owner";q={self._quota};w={WINDOW}'
        self._unlimited = not per_minute

    def count(self, owner: OwnerId, headers: MutableMapping[str, str]) -> None:
        """Counts one request and sets the headers of its answer. Raises ``Limited`` once there is nothing left."""
        if self._unlimited:
            return
        now = self._monotonic()
        whole_at = max(self._whole_at.get(owner, now), now)
        left = max(int((WINDOW - (whole_at - now)) / self._interval + _ROUNDING), 0)
        if left:
            whole_at += self._interval
            self._remember(owner, whole_at, now)
        headers["RateLimit-Policy"] = self._policy
        headers["RateLimit"] = f'"owner";r={max(left - 1, 0)};t={ceil(whole_at - now)}'
        if not left:
            wait = ceil(whole_at + self._interval - now - WINDOW)
            raise Limited(f"More than {self._quota} requests in a minute.", retry_after=max(wait, 1))

    def _remember(self, owner: OwnerId, whole_at: float, now: float) -> None:
        if len(self._whole_at) >= REMEMBERED_MAX:
            busy = sorted((at, other) for other, at in self._whole_at.items() if at > now)
            self._whole_at = {other: at for at, other in busy[-REMEMBERED_MAX // 2 :]}
        self._whole_at[owner] = whole_at
