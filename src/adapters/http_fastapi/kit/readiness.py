"""Answers probes in time, however long the storage takes to say whether it can be used."""

import asyncio
from time import monotonic
from typing import Final, Protocol

from domain.errors import Unavailable

PATIENCE: Final = 0.05
"""Seconds for which a probe waits for the look that it has begun or joined, where an earlier one can answer it too."""
KNOWN: Final = 15.0
"""Seconds for which the result of a look may answer probes that a later look keeps waiting."""
LOOK_MAX: Final = 2.0
"""Seconds of a look after which it is given up, and the storage counts as out of reach."""


class HealthCheck(Protocol):
    """Checks whether requests can be served."""

    async def check(self) -> None:
        """Raises ``Unavailable`` where they cannot."""
        ...


class Readiness:
    """One look at the storage at a time, shared by all probes that ask meanwhile.

    A look that takes its time answers later probes: this one is answered by the look before. Only where there was none
    lately, as at the start, a probe waits until its look is over.
    """

    def __init__(self, storage: HealthCheck) -> None:
        self._storage = storage
        self._look: asyncio.Task[None] | None = None
        self._last: asyncio.Task[None] | None = None
        self._known_until = float("-inf")

    async def check(self) -> None:
        """Raises ``Unavailable`` where requests cannot be served."""
        look = self._look
        if look is None:
            look = self._look = asyncio.create_task(self._looked())
            look.add_done_callback(self._ended)
        is_known = monotonic() < self._known_until
        await asyncio.wait([look], timeout=PATIENCE if is_known else None)
        (look if look.done() or self._last is None else self._last).result()

    async def close(self) -> None:
        """Ends a look that is under way."""
        if self._look is not None:
            self._look.cancel()
            await asyncio.wait([self._look])

    async def _looked(self) -> None:
        try:
            async with asyncio.timeout(LOOK_MAX):
                await self._storage.check()
        except TimeoutError as error:
            raise Unavailable(f"The database has not answered within {LOOK_MAX:g} seconds.") from error

    def _ended(self, look: asyncio.Task[None]) -> None:
        self._look = None
        if not look.cancelled():
            look.exception()  # there may be nobody left who waits for it
            self._last, self._known_until = look, monotonic() + KNOWN
