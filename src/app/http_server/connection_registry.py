"""The connections of one worker: limits their number, enforces their deadlines, and paces the start of requests."""

import asyncio
import logging
import os
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from operator import attrgetter
from time import monotonic
from typing import Protocol

from adapters.http_fastapi.kit.layers.middleware import PROBES
from app.http_server.limits import Limits

CHECK_INTERVAL = 0.25
"""Seconds between two checks of all deadlines."""
STARTS_PER_PASS, STARTS_MAX = 4, 32
"""Requests that start in one pass of the event loop, so that a burst does not delay new connections and packets; and
how many at most after a long pass, which is followed by one for each of its milliseconds."""
START_WITHIN, COUNTED_OF_PASS = 0.5, 0.25
"""Seconds that a request waits for its start. While one has waited for longer, the processor cannot serve all that
come, and what comes is refused at once. Of one pass no more than ``COUNTED_OF_PASS`` counts: that the event loop was
held once is no overload."""
READ_SIZE = 16 << 10
"""Bytes read from a connection at a time, which bounds the input that is not yet parsed."""
REJECTED_MAX = 100
"""Connections over the limit that may stay open for a moment to read their 503; further ones are closed without a
response."""
_WARN_INTERVAL = 10.0
"""Seconds between two equal warnings."""
_log = logging.getLogger("goatfish.server")


class Connection(Protocol):
    """What the registry needs of a connection."""

    @property
    def deadline(self) -> float: ...
    @property
    def is_idle(self) -> bool:
        """Whether it has no request in progress."""
        ...

    def on_deadline(self) -> None:
        """Its deadline has passed."""
        ...

    def abort(self) -> None:
        """Closes it immediately."""
        ...


@dataclass(slots=True)
class ConnectionRegistry:
    """The open connections of one worker, with one timer for all deadlines."""

    limits: Limits
    open: set[Connection] = field(default_factory=set)
    rejected: set[Connection] = field(default_factory=set)
    buffer: bytearray = field(default_factory=lambda: bytearray(READ_SIZE))
    """The receive buffer that all connections share: each copies its bytes out immediately."""
    _timer: asyncio.TimerHandle | None = None
    _warned_at: dict[str, float] = field(default_factory=dict)
    _pending: deque[tuple[float, Callable[[], None]]] = field(default_factory=deque)  # each with _passed when it came
    _started: int = 0  # requests started in this pass of the event loop
    _pass_began: float = 0.0  # when the last requests were started
    _passed: float = 0.0  # seconds of passes while requests waited for their start

    def try_add(self, connection: Connection) -> bool:
        """Adds a connection, closing the idle one with the earliest deadline to make room; False if all are busy.

        Then it logs a warning, at most every ten seconds.
        """
        if self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(CHECK_INTERVAL, self._check)
        if len(self.open) >= self.limits.connections_max and not self._evict_idle():
            self._warn(
                "%d connections are busy, the limit of GOATFISH_CONNECTIONS_MAX: further ones are refused.",
                len(self.open),
            )
            return False
        self.open.add(connection)
        return True

    def try_add_rejected(self, connection: Connection) -> bool:
        """Whether a connection over the limit may stay open to read its response."""
        if len(self.rejected) >= REJECTED_MAX:
            return False
        self.rejected.add(connection)
        return True

    def _evict_idle(self) -> bool:
        idle = [connection for connection in self.open if connection.is_idle]
        if not idle:
            return False
        first = min(idle, key=attrgetter("deadline"))
        self.open.discard(first)
        first.abort()
        return True

    def remove(self, connection: Connection) -> None:
        """Forgets a closed connection."""
        self.open.discard(connection)
        self.rejected.discard(connection)

    def schedule(self, begin: Callable[[], None], path: str) -> bool:
        """Starts a request now, or in a later pass of the event loop; probes always start now.

        Returns whether it is to be refused, because others have waited too long; it starts now, too.
        """
        is_overload = bool(self._pending) and self._passed - self._pending[0][0] > START_WITHIN
        is_refused = is_overload and path not in PROBES
        if self._started >= STARTS_PER_PASS and path not in PROBES and not is_refused:
            self._pending.append((self._passed, begin))
            return False
        if not self._started:
            self._pass_began = monotonic()
            asyncio.get_running_loop().call_soon(self._start_more)
        self._started += 1
        begin()
        return is_refused

    def _start_more(self) -> None:
        now = monotonic()
        took = now - self._pass_began
        self._passed += min(took, COUNTED_OF_PASS)
        most = min(max(int(1000 * took), STARTS_PER_PASS), STARTS_MAX)
        self._pass_began, self._started = now, min(len(self._pending), most)
        for _ in range(self._started):
            self._pending.popleft()[1]()
        if self._started:
            asyncio.get_running_loop().call_soon(self._start_more)

    def _check(self) -> None:
        loop = asyncio.get_running_loop()
        self._timer = loop.call_later(CHECK_INTERVAL, self._check)
        now = loop.time()
        for connection in [connection for connection in (*self.open, *self.rejected) if connection.deadline <= now]:
            connection.on_deadline()
        try:
            os.close(os.open(os.devnull, os.O_RDONLY))
        except OSError as error:
            self._warn("No file descriptor is left, so connections cannot be accepted: %s", error.strerror)

    def _warn(self, message: str, detail: object) -> None:
        """Logs a warning, the same one at most every ten seconds."""
        now = monotonic()
        if now - self._warned_at.get(message, float("-inf")) >= _WARN_INTERVAL:
            self._warned_at[message] = now
            _log.warning(message, detail)
