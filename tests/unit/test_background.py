"""Work beside the requests is waited for at the stop, but not for ever."""

from __future__ import annotations

import asyncio

import pytest

from adapters.http_fastapi.kit import background
from adapters.http_fastapi.kit.background import Background


async def test_the_stop_waits_for_what_is_under_way_and_cancels_what_takes_too_long(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    ended: list[str] = []
    work = Background()

    async def short() -> None:
        await asyncio.sleep(0)
        ended.append("short")

    async def endless() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            ended.append("endless")

    work.start(short())
    await work.drain()
    assert ended == ["short"]
    await work.drain()
    monkeypatch.setattr(background, "DRAIN_TIMEOUT", 0.01)
    work.start(endless())
    async with asyncio.timeout(30):
        await work.drain()
    assert ended == ["short", "endless"]
