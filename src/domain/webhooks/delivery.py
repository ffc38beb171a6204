"""How far a webhook has come, what became of each attempt to deliver a message, and when the next one is made."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import ClassVar
from uuid import UUID

from domain.repository import OwnerId

DELIVERIES_KEPT = timedelta(days=30)
"""For how long attempts are kept."""
GIVE_UP_AFTER = timedelta(days=3)
"""For how long an endpoint is tried that accepts nothing; then it is disabled."""
FIRST_DELAY, LONGEST_DELAY = timedelta(seconds=5), timedelta(hours=6)
INACTIVE_WAIT = timedelta(minutes=1)
"""For how long a webhook waits whose owner is deactivated; then it is looked at again."""
ACCEPTED = range(200, 300)
GONE = 410


class DeliveryCause(StrEnum):
    """Why a message was sent."""

    CHANGE = "change"
    REPEAT = "repeat"
    """An owner has asked for an earlier delivery again."""
    PING = "ping"


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """One attempt to deliver a message, and what the endpoint answered.

    ``number`` is that of the change among the owner's, 0 for a ping. ``status_code`` is None where there was no answer,
    and ``error`` then says why. ``answer`` is the beginning of the body. ``next_attempt_at`` is None for the last.
    """

    KIND: ClassVar[str] = "webhook_delivery"
    TEXT_MAX: ClassVar[int] = 1000
    """Characters of an answer, and of an error, that are kept."""

    id: UUID
    owner_id: OwnerId
    created_at: datetime
    webhook_id: UUID
    message_id: str
    type: str
    number: int
    cause: DeliveryCause
    attempt: int
    status_code: int | None
    duration_ms: int
    answer: str
    error: str | None
    next_attempt_at: datetime | None

    @property
    def version(self) -> int:
        """Deliveries never change."""
        return 1

    @property
    def kind(self) -> str | None:
        """The kind of the object whose change was sent; None for a ping."""
        return self.type.partition(".")[0] if self.number else None

    @property
    def delivered(self) -> bool:
        """Whether the endpoint has accepted the message."""
        return self.status_code in ACCEPTED


@dataclass(frozen=True, slots=True, kw_only=True)
class Cursor:
    """How far a webhook has come: ``number`` is that of the last change that needs no more attempts.

    ``attempts`` of the next one have failed, the first at ``failing_since``. ``requested`` is the id of a delivery to
    repeat, or the webhook's own for a ping.
    """

    number: int
    attempts: int = 0
    failing_since: datetime | None = None
    next_attempt_at: datetime
    requested: UUID | None = None

    def advanced(self, number: int, now: datetime) -> "Cursor":
        """The cursor after this change was accepted, or skipped; others that wait come first from now on."""
        return replace(self, number=number, attempts=0, failing_since=None, next_attempt_at=now)

    def paused(self, now: datetime) -> "Cursor":
        """The cursor of an owner that is deactivated."""
        return replace(self, next_attempt_at=now + INACTIVE_WAIT)

    def failed(self, now: datetime, delay: timedelta) -> "Cursor":
        """The cursor after another failed attempt."""
        return replace(
            self, attempts=self.attempts + 1, failing_since=self.failing_since or now, next_attempt_at=now + delay
        )

    def gives_up(self, now: datetime) -> bool:
        """Whether attempts have failed for too long."""
        return self.failing_since is not None and now - self.failing_since >= GIVE_UP_AFTER


def retry_delay(attempts: int, jitter: float, retry_after: timedelta = timedelta()) -> timedelta:
    """How long to wait after so many failed attempts: twice as long each time, at most ``LONGEST_DELAY``.

    ``jitter``, from 0 to 1, makes it up to a quarter shorter or longer, so that endpoints that failed together are not
    tried together. An endpoint may ask for more by ``Retry-After``.
    """
    doubled: timedelta = min(FIRST_DELAY * 2 ** min(attempts, 20), LONGEST_DELAY)
    return max(doubled * (0.75 + jitter / 2), min(retry_after, LONGEST_DELAY))
