"""When a request is sent again, and how long to wait before."""

from __future__ import annotations

import logging
import random

from goatfish.errors import APIError, ConnectionFailed, GoatfishError, RequestInFlight, TimedOut
from goatfish.http.request import Request
from goatfish.http.response import Response
from goatfish.problems import error_of

log = logging.getLogger("goatfish")
FIRST_WAIT, LONGEST_WAIT = 0.5, 30.0  # seconds
LONGEST_RETRY_AFTER = 60.0  # seconds; who is asked to wait longer is told so at once
NOTICED = 3.0  # seconds after which whoever waits wants to know why
NOT_MODIFIED = 304  # what a raw request with If-None-Match asks for
RETRIED = frozenset({408, 429, 502, 503, 504})
DOUBTFUL = frozenset({500, 502, 503, 504})
"""After these the request may have been carried out, by a service whose answer did not come through."""
NOT_DONE = frozenset({"unavailable", "list_timeout"})
"""The codes by which the service itself says with one of those that the request was not carried out."""


class Tries:
    """The tries of one request: each failure gives the seconds to wait before the next, or is raised."""

    def __init__(self, request: Request, max_retries: int) -> None:
        self._what = f"{request.method} {request.path}"
        self._left = max_retries if request.retried else 0
        self._made = 0
        self._maybe_done = False
        self._reads = request.method in {"GET", "HEAD"}

    def failed(self, failure: ConnectionFailed) -> float:
        """Raises the failure where no try is left."""
        self._maybe_done = failure.maybe_done = (self._maybe_done or failure.maybe_done) and not self._reads
        if self._left <= 0:
            raise failure
        return self._next(failure, None)

    def answered(self, response: Response) -> float | None:
        """None where the answer is a success. Raises its error where it is none, and no retry is left or would help."""
        if response.succeeded or response.status == NOT_MODIFIED:
            return None
        error = error_of(response)
        if response.status in DOUBTFUL and error.code not in NOT_DONE and not self._reads:
            self._maybe_done = True
        error.maybe_done = self._maybe_done
        asked = response.retry_after
        if self._left <= 0 or not _is_retried(error) or (asked is not None and asked > LONGEST_RETRY_AFTER):
            raise error
        return self._next(error, asked)

    def _next(self, error: GoatfishError, asked: float | None) -> float:
        wait = self._wait(asked)
        is_slow = wait >= NOTICED or isinstance(error, TimedOut)
        level = logging.INFO if is_slow else logging.DEBUG
        log.log(level, "%s failed, and is sent again in %.1f s: %s", self._what, wait, error)
        return wait

    def _wait(self, asked: float | None) -> float:
        longest = min(LONGEST_WAIT, FIRST_WAIT * 2**self._made)
        self._left -= 1
        self._made += 1
        if asked is None:
            return random.uniform(0, longest)  # noqa: S311 -- spreads those who wait
        return asked + random.uniform(0, min(longest, 1.0))  # noqa: S311 -- spreads retries, guards nothing


def _is_retried(error: APIError) -> bool:
    return error.status in RETRIED or isinstance(error, RequestInFlight)
