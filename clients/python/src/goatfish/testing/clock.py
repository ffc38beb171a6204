"""The time of a fake service."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone


class Clock:
    """The time of a service: the machine's, until it is set or moved."""

    def __init__(self) -> None:
        self._set_to: datetime | None = None
        self._ahead = timedelta()

    def now(self) -> datetime:
        """The time, in UTC."""
        return (self._set_to or datetime.now(timezone.utc)) + self._ahead

    def set(self, moment: datetime) -> None:
        """It is this time, until it is moved or set again. Raises ``ValueError`` for a time without a zone."""
        if moment.tzinfo is None:
            raise ValueError("The time needs a time zone.")
        self._set_to, self._ahead = moment.astimezone(timezone.utc), timedelta()

    def advance(self, by: timedelta | float) -> None:
        """So much time passes; a number is of seconds."""
        self._ahead += by if isinstance(by, timedelta) else timedelta(seconds=by)
