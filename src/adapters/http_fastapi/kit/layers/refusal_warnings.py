"""Warnings about requests that cannot be served: of many with the same reason, the first and a count each second."""

import asyncio
import logging
from contextvars import Context
from typing import Final

INTERVAL: Final = 1.0
"""Seconds between two lines about the same reason."""
_log = logging.getLogger("goatfish.http")


class RefusalWarnings:
    """What was refused lately and why, of one event loop at a time."""

    def __init__(self) -> None:
        self._more: dict[str, int] = {}  # requests since the last line, by the reason
        self._loop: asyncio.AbstractEventLoop | None = None

    def add(self, reason: str) -> None:
        """Logs the reason for which the present request is refused, at once or in the line that counts."""
        loop = asyncio.get_running_loop()
        if self._loop is not loop:
            self._loop, self._more = loop, {}
            self._tell_later(loop)
        if reason in self._more:
            self._more[reason] += 1
        else:
            self._more[reason] = 0
            _log.warning("The request could not be served: %s", reason)

    def _tell_later(self, loop: asyncio.AbstractEventLoop) -> None:
        loop.call_later(INTERVAL, self._tell, loop, context=Context())  # of no request: the line has no request_id

    def _tell(self, loop: asyncio.AbstractEventLoop) -> None:
        if self._loop is not loop:
            return
        self._more = {reason: count for reason, count in self._more.items() if count}
        for reason, count in self._more.items():
            _log.warning("%d more could not be served: %s", count, reason)
            self._more[reason] = 0
        if self._more:
            self._tell_later(loop)
        else:
            self._loop = None


REFUSAL_WARNINGS: Final = RefusalWarnings()
"""Those of this process."""
