"""The feed of changes, in the order of their commits."""

from __future__ import annotations

import logging
import os
from collections.abc import AsyncIterator
from typing import TYPE_CHECKING

from goatfish.cursors import CursorFile, parted, unseen, within
from goatfish.decoding import as_unexpected, decoded, items_of, unexpected
from goatfish.errors import APIError, ConnectionFailed, GoatfishError
from goatfish.http.async_waiting import AsyncStop, async_stopped_within, stopped
from goatfish.http.request import new_request
from goatfish.models import Change, ChangePage

if TYPE_CHECKING:
    from goatfish.async_api.sender import AsyncSender

PATH = "/api/v1/changes"
LONGEST_PAUSE = 30.0  # seconds between requests while the service is away
log = logging.getLogger("goatfish")


class AsyncChanges:
    """What became of the caller's objects: every change of each kind that the key may read."""

    def __init__(self, sender: AsyncSender) -> None:
        self._sender = sender

    async def list(self, after: str | None = None, *, limit: int | None = None) -> ChangePage:
        """The changes behind this cursor, the oldest first; without one, from the first that is kept.

        Raises ``ChangesForgotten`` where they are no longer kept.
        """
        after, seen = parted(after)
        response = await self._sender.send(new_request("GET", PATH, params={"after": after, "limit": limit}))
        json = decoded(response)
        items, end = items_of(json, response), json.get("next_cursor")
        if not isinstance(end, str):
            raise unexpected(response)
        with as_unexpected(response):
            changes = [
                Change.of(item, response, end if item is items[-1] else within(after, item))
                for item in items[unseen(items, seen) :]
            ]
        return ChangePage(changes, end, bool(json.get("has_more")), response)

    async def latest(self) -> str:
        """The cursor behind the latest change, to begin with."""
        return (await self.list("latest")).next_cursor

    async def follow(
        self,
        cursor: str | None = None,
        *,
        cursor_file: str | os.PathLike[str] | None = None,
        interval: float = 1.0,
        stop: AsyncStop | None = None,
    ) -> AsyncIterator[Change]:
        """Every change behind this cursor, and every one to come; without one, those that are still to come.

        A cursor in ``cursor_file`` comes before ``cursor``. It is saved there once the caller asks for the next change,
        so that one whose handling failed comes again. ``interval`` is the pause in seconds at the end of the feed, and
        ``stop`` an event or a function that ends it. While the service is away, it is asked again until it is back;
        that is said once in the log. Raises as ``list`` does for what does not pass.
        """
        file = CursorFile(cursor_file)
        after = file.read() or cursor or await self.latest()
        file.write(after)
        failures = 0
        while not stopped(stop):
            try:
                page = await self.list(after)
            except GoatfishError as error:
                if not _passes(error):
                    raise
                if not failures:
                    log.warning("The feed of changes is interrupted: %s", error)
                failures += 1
                asked = getattr(error, "retry_after", None) or 0.0
                if await async_stopped_within(stop, max(asked, min(LONGEST_PAUSE, 2.0 ** min(failures, 10)))):
                    return
                continue
            failures = 0
            for change in page.items:
                if stopped(stop):
                    return
                yield change
                after = change.cursor
                file.write(after)
            if after != page.next_cursor:
                after = page.next_cursor
                file.write(after)
            if not page.has_more and await async_stopped_within(stop, interval):
                return


def _passes(error: GoatfishError) -> bool:
    """Whether it comes from the service, or something before it, being away: no client would mend it."""
    if isinstance(error, APIError):
        return error.status in {408, 429} or error.status >= 500  # noqa: PLR2004 -- as HTTP has them
    return isinstance(error, ConnectionFailed)
