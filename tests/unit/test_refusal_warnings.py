"""A request that cannot be served is logged at once, and many in few lines."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterator

import pytest

from adapters.http_fastapi.kit.layers import refusal_warnings
from adapters.http_fastapi.kit.layers.current_request import CURRENT
from adapters.http_fastapi.kit.layers.refusal_warnings import RefusalWarnings

AWAY = "The database is away."


class Lines(logging.Handler):
    """What is logged, and whether within a request."""

    def __init__(self) -> None:
        super().__init__()
        self.queue = asyncio.Queue[tuple[str, bool]]()

    def emit(self, record: logging.LogRecord) -> None:
        self.queue.put_nowait((record.getMessage(), CURRENT.get() is not None))


@pytest.fixture
def lines(monkeypatch: pytest.MonkeyPatch) -> Iterator[Lines]:
    monkeypatch.setattr(refusal_warnings, "INTERVAL", 0.02)
    handler = Lines()
    logger = logging.getLogger("goatfish.http")
    logger.addHandler(handler)
    yield handler
    logger.removeHandler(handler)


async def test_the_first_is_logged_at_once_and_then_how_many(lines: Lines, monkeypatch: pytest.MonkeyPatch) -> None:
    token = CURRENT.set(object())  # type: ignore[arg-type]  # -- nobody looks into it
    warnings = RefusalWarnings()
    for _ in range(500):
        warnings.add(AWAY)
    warnings.add("No connection was free.")
    first, other = (lines.queue.get_nowait() for _ in range(2))
    assert first == (f"The request could not be served: {AWAY}", True)
    assert other == ("The request could not be served: No connection was free.", True)
    assert lines.queue.empty()
    async with asyncio.timeout(30):
        assert await lines.queue.get() == (f"499 more could not be served: {AWAY}", False)
        warnings.add(AWAY)
        assert await lines.queue.get() == (f"1 more could not be served: {AWAY}", False)
    CURRENT.reset(token)


async def test_what_comes_later_is_logged_at_once_again(lines: Lines) -> None:
    warnings = RefusalWarnings()
    async with asyncio.timeout(30):
        for _ in range(2):
            warnings.add(AWAY)
            assert await lines.queue.get() == (f"The request could not be served: {AWAY}", False)
            await asyncio.sleep(3 * refusal_warnings.INTERVAL)
    assert lines.queue.empty()


def test_another_event_loop_begins_anew(lines: Lines) -> None:
    warnings = RefusalWarnings()

    async def refuse() -> None:
        warnings.add(AWAY)

    for _ in range(2):
        asyncio.run(refuse())
    assert lines.queue.qsize() == 2
