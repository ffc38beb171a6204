"""What a deliverer has done since it began, and how far webhooks are behind."""

from bisect import bisect_left
from collections.abc import Iterable
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from domain.webhooks.delivery import Delivery
from domain.webhooks.ports import Standing

BUCKETS = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
"""Upper bounds of the histogram of attempts, in seconds; a last bucket holds what took longer."""


class Outcome(StrEnum):
    """What became of an attempt."""

    ACCEPTED = "accepted"
    REFUSED = "refused"
    """The endpoint answered with another status than 2xx."""
    UNANSWERED = "unanswered"
    """There was no answer, or the address was not to be connected to."""


class DeliveryFigures:
    """Counts attempts, and knows since when webhooks wait. Other threads may read it at any time."""

    def __init__(self) -> None:
        self.outcomes = dict.fromkeys(Outcome, 0)
        self.standing: Standing | None = None
        """How the webhooks of all owners stood when it was last asked; None before."""
        self._seconds = [0.0] * (len(BUCKETS) + 2)
        self._waiting_since: dict[UUID, datetime] = {}

    def count(self, delivery: Delivery) -> None:
        """Counts an attempt."""
        answered = Outcome.REFUSED if delivery.status_code is not None else Outcome.UNANSWERED
        self.outcomes[Outcome.ACCEPTED if delivery.delivered else answered] += 1
        seconds = delivery.duration_ms / 1000
        self._seconds[bisect_left(BUCKETS, seconds)] += 1
        self._seconds[-1] += seconds

    def seconds(self) -> list[float]:
        """The number of attempts in each bucket, and last the sum of their seconds."""
        return [*self._seconds]

    def waiting(self, ids: Iterable[UUID], now: datetime) -> None:
        """These webhooks have something to send, and no others."""
        self._waiting_since = {id: self._waiting_since.get(id, now) for id in ids}

    def sending(self, id: UUID, changed_at: datetime) -> None:
        """The webhook is being sent the change of this time."""
        if id in self._waiting_since:
            self._waiting_since[id] = changed_at

    def served(self, id: UUID) -> None:
        """The webhook has had its turn."""
        self._waiting_since.pop(id, None)

    def waiting_lag(self, now: datetime) -> float:
        """For how many seconds a webhook has waited to be served, or has been sent what is old, at most."""
        return _longest(self._waiting_since.copy().values(), now)

    def failing_lag(self, now: datetime) -> float:
        """For how many seconds a webhook has failed, at most."""
        since = None if self.standing is None else self.standing.failing_since
        return _longest(() if since is None else (since,), now)


def _longest(since: Iterable[datetime], now: datetime) -> float:
    return max((now - min(since, default=now)).total_seconds(), 0.0)
