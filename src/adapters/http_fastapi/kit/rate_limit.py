"""How many requests an owner may make, and how often one address may present keys that are not valid.

Both count by the generic cell rate algorithm (GCRA), in this process alone: with several workers, each has its part.
"""

from collections.abc import Callable, Hashable
from math import ceil
from typing import Generic, NamedTuple, TypeVar

from adapters.http_fastapi.kit.context import RawHeaders
from adapters.http_fastapi.kit.problems import ProblemException
from domain.access.client_network import network
from domain.errors import Limited
from domain.repository import OwnerId

C = TypeVar("C", bound=Hashable)

WINDOW = 60
"""Seconds."""
CLIENTS_MAX = 100_000
"""Clients that are remembered: those whose quota is not whole."""
TOKENS_MAX = 10_000
"""Keys that are remembered as valid."""
_ROUNDING = 1e-3
"""Part of a use: more than sums of seconds since the machine was started can be wrong by."""


class Decision(NamedTuple):
    """One use: whether it was allowed, how many remain, and the seconds until all do (``reset``), or until one does."""

    allowed: bool
    remaining: int
    reset: int
    retry_after: int


class Gcra(Generic[C]):
    """For each client ``per_minute`` uses at once, then one whenever its part of a minute is over; at least one.

    In the minute of a burst there are nearly twice as many, as the algorithm has it; in the long run there are not.
    One number is kept for each client: the time at which its quota will be whole again.
    """

    def __init__(self, per_minute: float, monotonic: Callable[[], float]) -> None:
        self.quota = max(int(per_minute), 1)
        self._interval = WINDOW / self.quota
        self._monotonic = monotonic
        self._whole_at: dict[C, float] = {}

    def use(self, client: C) -> Decision:
        """Takes one use, if any remains."""
        now = self._monotonic()
        whole_at, remaining = self._remaining(client, now)
        if remaining:
            whole_at += self._interval
            self._remember(client, whole_at, now)
        return self._decision(remaining, whole_at, now)

    def peek(self, client: C) -> Decision:
        """What ``use`` would decide, without taking one."""
        now = self._monotonic()
        whole_at, remaining = self._remaining(client, now)
        return self._decision(remaining, whole_at + self._interval if remaining else whole_at, now)

    def charge(self, client: C) -> None:
        """Takes one use, also where none remains: that is a debt, which grows to the quota of a minute at most."""
        now = self._monotonic()
        whole_at, _ = self._remaining(client, now)
        self._remember(client, min(whole_at + self._interval, now + 2 * WINDOW), now)

    def _remaining(self, client: C, now: float) -> tuple[float, int]:
        whole_at = self._whole_at.get(client, now)
        if whole_at <= now:
            return now, self.quota
        remaining = int((WINDOW - (whole_at - now)) / self._interval + _ROUNDING)
        return whole_at, max(remaining, 0)

    def _decision(self, remaining: int, whole_at: float, now: float) -> Decision:
        wait = 0 if remaining else max(ceil(whole_at + self._interval - now - WINDOW), 1)
        return Decision(bool(remaining), max(remaining - 1, 0), ceil(whole_at - now), wait)

    def _remember(self, client: C, whole_at: float, now: float) -> None:
        if len(self._whole_at) >= CLIENTS_MAX:
            busy = sorted((item for item in self._whole_at.items() if item[1] > now), key=lambda item: item[1])
            self._whole_at = dict(busy[-CLIENTS_MAX // 2 :])
        self._whole_at[client] = whole_at


class RateLimit:
    """``per_minute`` requests of an owner at once, then as many a minute, evenly; 0 sets no limit.

    The headers are those of draft-ietf-httpapi-ratelimit-headers-10.
    """

    def __init__(self, per_minute: float, monotonic: Callable[[], float]) -> None:
        self._quotas = Gcra[OwnerId](per_minute, monotonic)
        self._policy = (b"ratelimit-policy", b'"owner";q=%d;w=%d' % (self._quotas.quota, WINDOW))
        self._unlimited = not per_minute

    def count(self, owner: OwnerId, headers: RawHeaders) -> None:
        """Counts one request and adds the headers of its answer. Raises ``Limited`` where no request remains."""
        if self._unlimited:
            return
        allowed, remaining, reset, retry_after = self._quotas.use(owner)
        headers += (self._policy, (b"ratelimit", b'"owner";r=%d;t=%d' % (remaining, reset)))
        if not allowed:
            detail = f"More than {self._quotas.quota} requests in a minute."
            raise Limited(detail, retry_after=retry_after)


class FailureLimit:
    """``per_minute`` failed authentications from one address, then as many a minute, evenly; 0 sets no limit.

    At the limit, unknown keys from the address are not looked up, so guessing stops and does not load the database.
    Keys that have been valid in this process are still looked up, so that others at the address are not locked out.
    They are remembered by a hash that is of no use outside this process.
    """

    def __init__(self, per_minute: float, monotonic: Callable[[], float]) -> None:
        self._failures = Gcra[str](per_minute, monotonic)
        self._unlimited = not per_minute
        self._valid: dict[int, None] = {}

    def check(self, token: str, address: str) -> None:
        """Before this key from this address is looked up. Raises ``ProblemException`` once too many have failed.

        Keys that come at once are all looked up, for most may be valid. Each that fails is charged for: the address
        waits the longer.
        """
        if self._unlimited or hash(token) in self._valid:
            return
        use = self._failures.peek(_client(address))
        if not use.allowed:
            raise ProblemException("too_many_failures", headers={"Retry-After": str(use.retry_after)})

    def succeeded(self, token: str) -> None:
        """The key is valid."""
        known = hash(token)
        if known not in self._valid:
            if len(self._valid) >= TOKENS_MAX:
                del self._valid[next(iter(self._valid))]
            self._valid[known] = None

    def failed(self, token: str, address: str) -> None:
        """The key is not valid, though it may have been before."""
        self._valid.pop(hash(token), None)
        if not self._unlimited:
            self._failures.charge(_client(address))


def _client(address: str) -> str:
    return network(address) or address
