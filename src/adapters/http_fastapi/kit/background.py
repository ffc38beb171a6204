"""Work that no answer waits for: begun at once, ended before the application stops, logged where it fails."""

import asyncio
import logging
from collections.abc import Coroutine
from typing import Final

DRAIN_TIMEOUT: Final = 2.0
"""Seconds for which the stop of the application waits for all that is under way."""
_log = logging.getLogger("goatfish.background")


class Background:
    """What is under way beside the requests, on the running event loop."""

    def __init__(self) -> None:
        self._tasks: set[asyncio.Task[None]] = set()

    def start(self, work: Coroutine[None, None, None]) -> None:
        """Begins the work; what it raises is logged and goes no further."""
        task = asyncio.create_task(self._logged(work))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def drain(self) -> None:
        """Waits for all that is under way, but for what takes too long, which is cancelled."""
        if self._tasks:
            _, late = await asyncio.wait(self._tasks, timeout=DRAIN_TIMEOUT)
            for task in late:
                task.cancel()
            await asyncio.gather(*late, return_exceptions=True)

    @staticmethod
    async def _logged(work: Coroutine[None, None, None]) -> None:
        try:
            await work
        except Exception as error:  # nobody waits for it, so nobody else would hear of it
            _log.warning("Work in the background failed: %s", error)
