"""How much one owner may ask for, told in the IETF draft's headers, and how often one address may fail to come in."""

from collections.abc import Callable

from adapters.http_fastapi.kit.context import RawHeaders
from adapters.http_fastapi.kit.gcra import WINDOW, Gcra
from adapters.http_fastapi.kit.problems import ProblemException
from domain.access.client_network import network
from domain.errors import Limited
from domain.repository import OwnerId

OPENED_MAX = 10_000
"""Keys that are remembered to have opened."""


class RateLimit:
    """``per_minute`` requests of an owner at once, then as many a minute, evenly; 0 sets no limit.

    So in one minute, the first, there may be nearly twice as many, and in the long run there are not.

    A process counts for itself alone, so with several workers each is given its part. The headers are those of
    draft-ietf-httpapi-ratelimit-headers-10.
    """

    def __init__(self, per_minute: float, monotonic: Callable[[], float]) -> None:
        self._allowance = Gcra[OwnerId](per_minute, monotonic)
        self._policy = (b"ratelimit-policy", b'"owner";q=%d;w=%d' % (self._allowance.quota, WINDOW))
        self._unlimited = not per_minute

    def count(self, owner: OwnerId, headers: RawHeaders) -> None:
        """Counts one request and adds the headers of its answer. Raises ``Limited`` once there is nothing left."""
        if self._unlimited:
            return
        allowed, left, whole_in, retry_after = self._allowance.use(owner)
        headers += (self._policy, (b"ratelimit", b'"owner";r=%d;t=%d' % (left, whole_in)))
        if not allowed:
            detail = f"More than {self._allowance.quota} requests in a minute."
            raise Limited(detail, retry_after=retry_after)


class FailureLimit:
    """``per_minute`` keys from one address that open nothing, then as many a minute, evenly; 0 sets no limit.

    A process counts for itself.

    Once there are as many, no unknown key from there is looked up, so whoever guesses can neither go on nor keep the
    database busy. A key that has opened in this process before is looked up all the same, so that nobody is locked out
    by whoever shares the address. Such keys are remembered by a hash of their text that is good in this process alone.
    """

    def __init__(self, per_minute: float, monotonic: Callable[[], float]) -> None:
        self._failures = Gcra[str](per_minute, monotonic)
        self._unlimited = not per_minute
        self._opened: dict[int, None] = {}

    def admit(self, text: str, address: str) -> None:
        """Before this key from this address is looked up. Raises ``ProblemException`` once too many have failed.

        Keys that come at once are all looked up, for most may be good. What fails of them is owed: the address waits
        the longer.
        """
        if self._unlimited or hash(text) in self._opened:
            return
        use = self._failures.look(_client(address))
        if not use.allowed:
            raise ProblemException("too_many_failures", headers={"Retry-After": str(use.retry_after)})

    def opened(self, text: str) -> None:
        """It has opened."""
        known = hash(text)
        if known not in self._opened:
            if len(self._opened) >= OPENED_MAX:
                del self._opened[next(iter(self._opened))]
            self._opened[known] = None

    def failed(self, text: str, address: str) -> None:
        """It has opened nothing, though it may have before."""
        self._opened.pop(hash(text), None)
        if not self._unlimited:
            self._failures.owe(_client(address))


def _client(address: str) -> str:
    return network(address) or address
