"""Waits for what a database or its pool comes to, however busy the machine is."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import TYPE_CHECKING

from domain.errors import Unavailable
from tests.restartable import PATIENCE

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable


async def until_seen(look: Callable[[], Awaitable[object]], expected: object) -> None:
    """Looks until this is seen."""
    seen: object = None
    with suppress(TimeoutError):
        async with asyncio.timeout(PATIENCE):
            while (seen := await look()) != expected:  # noqa: ASYNC110 -- a database sets no event
                await asyncio.sleep(0.005)
    assert seen == expected


async def until_available(ask: Callable[[], Awaitable[object]]) -> None:
    """Asks until the answer is another than ``Unavailable``."""
    async with asyncio.timeout(PATIENCE):
        while True:
            with suppress(Unavailable):
                await ask()
                return
            await asyncio.sleep(0.005)
