"""The register of all connections of one worker: which are admitted, which are late, and whose request begins."""

import asyncio
import logging
import os
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from operator import attrgetter
from time import monotonic
from typing import Protocol

from adapters.http_fastapi.kit.middleware import PROBES
from app.http_server.limits import Limits

CHECK_EVERY = 0.25
"""Seconds between two looks for connections that are late."""
STARTS_MAX = 4
"""Requests that are begun between two looks for new connections and packets: however many come at once, others are seen
to meanwhile."""
READ_AT_ONCE = 16 << 10
"""Bytes that are read of a connection at a time, so that none has much that is not parsed yet."""
REFUSED_MAX = 100
"""Connections beyond the most that are open for a moment to read why they are refused; further ones are cut without
an answer."""
_LOG_EVERY = 10.0
"""Seconds between two lines that say the same."""
_log = logging.getLogger("goatfish.server")


class Connection(Protocol):
    """What the register asks of a connection."""

    @property
    def deadline(self) -> float: ...
    @property
    def is_idle(self) -> bool:
        """Whether no request is read or answered on it."""
        ...

    def late(self) -> None:
        """Its deadline has passed."""
        ...

    def abort(self) -> None:
        """Ends it at once."""
        ...


@dataclass(slots=True)
class Register:
    """All open connections of one worker, and the one timer that looks for those that are late."""

    limits: Limits
    open: set[Connection] = field(default_factory=set)
    refused: set[Connection] = field(default_factory=set)
    buffer: bytearray = field(default_factory=lambda: bytearray(READ_AT_ONCE))
    """What is read goes here first; whoever it came for takes it at once."""
    _timer: asyncio.TimerHandle | None = None
    _said: dict[str, float] = field(default_factory=dict)
    _waiting: deque[Callable[[], None]] = field(default_factory=deque)
    _started: int = 0  # since the event loop last looked for what has come

    def admit(self, connection: Connection) -> bool:
        """Whether there is room for one more; an idle connection makes room, first the one that would end first.

        Where there is none, the log says so, every ten seconds at most.
        """
        if self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(CHECK_EVERY, self._check)
        if len(self.open) >= self.limits.connections_max and not self._make_room():
            self._say(
                "%d connections are busy, which is GOATFISH_CONNECTIONS_MAX: further ones are refused.", len(self.open)
            )
            return False
        self.open.add(connection)
        return True

    def refuse(self, connection: Connection) -> bool:
        """Whether one that is not admitted may stay open for a moment."""
        if len(self.refused) >= REFUSED_MAX:
            return False
        self.refused.add(connection)
        return True

    def _make_room(self) -> bool:
        idle = [connection for connection in self.open if connection.is_idle]
        if not idle:
            return False
        first = min(idle, key=attrgetter("deadline"))
        self.open.discard(first)
        first.abort()
        return True

    def leave(self, connection: Connection) -> None:
        """It is closed."""
        self.open.discard(connection)
        self.refused.discard(connection)

    def start(self, begin: Callable[[], None], path: str) -> None:
        """Lets a request begin, now or in its turn; a probe does not wait for others."""
        if self._started >= STARTS_MAX and path not in PROBES:
            self._waiting.append(begin)
            return
        if not self._started:
            asyncio.get_running_loop().call_soon(self._start_more)
        self._started += 1
        begin()

    def _start_more(self) -> None:
        self._started = min(len(self._waiting), STARTS_MAX)
        for _ in range(self._started):
            self._waiting.popleft()()
        if self._started:
            asyncio.get_running_loop().call_soon(self._start_more)

    def _check(self) -> None:
        loop = asyncio.get_running_loop()
        self._timer = loop.call_later(CHECK_EVERY, self._check)
        now = loop.time()
        for connection in [connection for connection in (*self.open, *self.refused) if connection.deadline <= now]:
            connection.late()
        try:
            os.close(os.open(os.devnull, os.O_RDONLY))
        except OSError as error:
            self._say("No file descriptor is left, so connections cannot be accepted: %s", error.strerror)

    def _say(self, message: str, detail: object) -> None:
        """One line every ten seconds at most, whatever happens how often."""
        now = monotonic()
        if now - self._said.get(message, float("-inf")) >= _LOG_EVERY:
            self._said[message] = now
            _log.warning(message, detail)
