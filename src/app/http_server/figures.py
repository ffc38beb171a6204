"""What the HTTP server of this process counts: each request by its route and status, and how long it took."""

from bisect import bisect_left
from time import perf_counter
from typing import Any, Final, TypeAlias

from adapters.http_fastapi.kit.context import KEY, RequestContext
from app.http_server.connection_registry import ConnectionRegistry

BUCKETS: Final = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
"""Upper bounds of the histogram of latencies, in seconds; a last bucket holds what took longer."""
OTHER: Final = "other"
"""The method of requests that have none of ``METHODS``, or were not understood."""
UNMATCHED: Final = "unmatched"
"""The route of requests that matched none."""
NO_RESPONSE: Final = "none"
"""The status of requests whose clients left before there was one."""
METHODS: Final = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
_Key: TypeAlias = tuple[str, str | None, int | None]
"""Method, route and status, as the server has them."""


class ServerFigures:
    """Counts requests: a dictionary and a bisection, because locks and labels of a library would cost ten times that.

    Other threads may read it at any time.
    """

    def __init__(self) -> None:
        self.connections: ConnectionRegistry | None = None
        """The open connections, once there was one."""
        self._requests: dict[_Key, list[float]] = {}  # the number in each bucket, and last the sum of seconds

    def count(  # a report: catching what it does not need in a dictionary would take a quarter of its time
        self,
        *,
        began: float,
        status: int | None,
        sent: int = 0,  # noqa: ARG002 -- see above
        client: object = None,  # noqa: ARG002 -- see above
        scope: Any = None,
        request_id: str | None = None,  # noqa: ARG002 -- see above
        is_complete: bool = True,  # noqa: ARG002 -- see above
    ) -> None:
        """Counts a request that began at this ``perf_counter()`` and has ended now."""
        seconds = perf_counter() - began
        context: RequestContext | None = None if scope is None else scope.get(KEY)
        key = (OTHER if scope is None else scope["method"], None if context is None else context.route, status)
        found = self._requests.get(key) or self._new(key)
        found[bisect_left(BUCKETS, seconds)] += 1
        found[-1] += seconds

    def _new(self, key: _Key) -> list[float]:
        method, route, status = key
        if method not in METHODS:
            key = OTHER, route, status
        return self._requests.setdefault(key, [0.0] * (len(BUCKETS) + 2))

    def requests(self) -> dict[tuple[str, str, str], list[float]]:
        """By method, route and status, the number of requests in each bucket, and last the sum of their seconds."""
        return {
            (method, route or UNMATCHED, NO_RESPONSE if status is None else str(status)): [*numbers]
            for (method, route, status), numbers in [*self._requests.items()]
        }


FIGURES: Final = ServerFigures()
"""Those of this process: the server and the application that it serves are made apart."""
