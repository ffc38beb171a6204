"""Record a run while a block of asynchronous code does the work."""

from __future__ import annotations

from typing import TYPE_CHECKING, Optional

from goatfish.recording.outcome import outcome_of
from goatfish.recording.recorder import Recorder

if TYPE_CHECKING:
    from types import TracebackType


class AsyncRecorder(Recorder):
    """A run that is being recorded by ``async with``; the event loop goes on while it waits."""

    async def __aenter__(self) -> AsyncRecorder:
        from goatfish.http.async_waiting import async_call  # noqa: PLC0415 -- needs asyncio

        try:
            self._begin()
            if self._wait:
                await async_call(self._wait_until_made)
        except BaseException as error:
            self._end_by(outcome_of(error))
            raise
        return self

    async def __aexit__(
        self, kind: Optional[type[BaseException]], error: Optional[BaseException], trace: Optional[TracebackType]
    ) -> None:
        self._end_by(self._how(error))
        if self._wait:
            from goatfish.http.async_waiting import async_call  # noqa: PLC0415 -- needs asyncio

            await async_call(self._wait_until_sent)
