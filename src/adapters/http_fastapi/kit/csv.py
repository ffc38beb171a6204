"""Answers with a table as CSV (RFC 4180), streamed in parts."""

import asyncio
import re
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Iterable, Sequence
from contextlib import aclosing
from itertools import islice
from typing import Any, TypeAlias, TypeVar

import msgspec
from starlette.responses import StreamingResponse
from starlette.types import Send

from domain.turns import Turns

T = TypeVar("T")
Table: TypeAlias = tuple[Sequence[str], AsyncIterator[Iterable[Sequence[Any]]]]
"""A header, and pages of lines."""
CELLS_AT_ONCE = 2000
"""Cells of one part of an answer, which takes a millisecond or two."""
_encoded = msgspec.json.Encoder().encode
_BARE = frozenset({int, float, bool})
_EMPTY = msgspec.Raw(b"")
_QUOTED = re.compile(r'[",;\t\n\r]')
"""What makes a text need quotes, whichever of the usual separators its reader splits at."""


def line(cells: Iterable[Any]) -> bytes:
    """A line with these cells, which is empty where it is None; numbers, booleans, ids and times as in JSON."""
    written = [_EMPTY if each is None else each if each.__class__ in _BARE else _text(each) for each in cells]
    return _encoded(written)[1:-1] + b"\r\n"


def _text(cell: Any) -> msgspec.Raw:
    text: str = cell if cell.__class__ is str else msgspec.to_builtins(cell)
    if _QUOTED.search(text):
        text = f'"{text.replace(chr(34), chr(34) * 2)}"'
    return msgspec.Raw(text.encode())


async def csv_parts(
    opened: Callable[[], Awaitable[Table]], permitted: asyncio.Semaphore
) -> AsyncGenerator[bytes, None]:
    """The table that is opened as soon as it is permitted, in parts.

    While one of its pages is written, the next is read.
    """
    async with permitted:
        header, pages = await opened()
        rows_at_once = max(1, CELLS_AT_ONCE // len(header))
        head = line(header)
        async with aclosing(_ahead(pages)) as following:
            async for page in following:
                rows = iter(page)
                while lines := head + await _lines(islice(rows, rows_at_once)):
                    head = b""
                    yield lines
        if head:
            yield head


async def _lines(rows: Iterable[Sequence[Any]]) -> bytes:
    lines: list[bytes] = []
    # Not while the client receives them: who waits is not at work.
    with Turns() as turns:
        for row in rows:
            lines.append(line(row))
            await turns.pause()
        await turns.pause(now=True)
    return b"".join(lines)


async def _ahead(pages: AsyncIterator[T]) -> AsyncGenerator[T, None]:
    """The pages, each of which is asked for before the one before it is used."""
    following: asyncio.Task[T | None] = asyncio.create_task(_next(pages))
    try:
        while (page := await following) is not None:
            following = asyncio.create_task(_next(pages))
            yield page
    finally:
        following.cancel()
        await asyncio.gather(following, return_exceptions=True)


async def _next(pages: AsyncIterator[T]) -> T | None:
    return await anext(pages, None)


class CsvResponse(StreamingResponse):
    """A file of CSV, which begins once there is a part of it; what fails later cuts it off.

    The table is opened here, so that a client that leaves ends that as well.
    """

    media_type = "text/csv"

    def __init__(self, parts: AsyncGenerator[bytes, None], name: str, status_code: int = 200) -> None:
        super().__init__(parts, status_code, {"Content-Disposition": f'attachment; filename="{name}"'})
        self._parts = parts

    async def stream_response(self, send: Send) -> None:
        async with aclosing(self._parts) as parts:
            part = await anext(parts)
            await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
            await send({"type": "http.response.body", "body": part, "more_body": True})
            async for part in parts:
                await send({"type": "http.response.body", "body": part, "more_body": True})
        await send({"type": "http.response.body", "body": b"", "more_body": False})
