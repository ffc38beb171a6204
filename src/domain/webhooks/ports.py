"""What webhooks need: where their cursors and deliveries are kept, and what sends a message."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import NamedTuple, Protocol
from uuid import UUID

from domain.paging import Page, PageRequest
from domain.repository import OwnerId
from domain.webhooks.delivery import ACCEPTED, Cursor, Delivery


class Waiting(NamedTuple):
    """A webhook that has something to send, and that nobody serves."""

    owner_id: OwnerId
    id: UUID


class Standing(NamedTuple):
    """How the webhooks of all owners stand: how many are behind or failing, or disabled, and how far behind at most.

    ``failing_since`` is when the first attempt failed of whichever has failed for longest.
    """

    behind: int
    changes: int
    failing: int
    failing_since: datetime | None
    disabled: int


class OwnedDeliveries(Protocol):
    """One owner's cursors and deliveries. Each method may raise ``Unavailable``.

    A webhook is served by one ``holder`` at a time, who has leased its cursor until a moment. A change of the webhook
    ends the lease.
    """

    async def claim(self, id: UUID, holder: UUID, now: datetime, until: datetime) -> Cursor | None:
        """Leases the webhook's cursor; None where another has leased it, or there is no such webhook."""
        ...

    async def save(
        self, id: UUID, holder: UUID, cursor: Cursor, until: datetime | None, deliveries: Sequence[Delivery]
    ) -> bool:
        """Stores the cursor but for what is requested, and new deliveries, in one transaction.

        The lease lasts until ``until``, and ends now where that is None. False, and nothing is stored, where the holder
        has lost it.
        """
        ...

    async def request(self, id: UUID, requested: UUID) -> bool:
        """Requests the repetition of a delivery, or a ping; False where another request is still waiting."""
        ...

    async def fulfil(self, id: UUID, requested: UUID) -> None:
        """Removes the request."""
        ...

    async def page(self, request: PageRequest) -> Page[Delivery]:
        """One page of deliveries."""
        ...


class Deliveries(Protocol):
    """The cursors and deliveries of all owners.

    A cursor begins at the owner's last change when its webhook is added to its repository, is active while the webhook
    is enabled, and goes with it.
    """

    def of(self, owner: OwnerId) -> OwnedDeliveries: ...

    async def waiting(self, now: datetime) -> Sequence[Waiting]:
        """The webhooks of all owners that nobody serves, and that have a request, or are active, behind and due.

        One is behind where its cursor is not at its owner's last change. Those that have waited longest come first.
        """
        ...

    async def standing(self) -> Standing:
        """How all webhooks stand now."""
        ...

    async def all(self) -> Sequence[tuple[OwnerId, UUID]]:
        """The webhooks of all owners, by their owners and ids."""
        ...

    async def purge(self, before: datetime) -> int:
        """Deletes the deliveries of all owners that were made before; returns how many."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What an endpoint answered; ``status_code`` is None where it did not, and ``error`` says why.

    ``text`` and ``error`` have at most ``Delivery.TEXT_MAX`` characters.
    """

    status_code: int | None = None
    text: str = ""
    error: str | None = None
    retry_after: timedelta = timedelta()

    @property
    def accepted(self) -> bool:
        """Whether the endpoint has accepted the message."""
        return self.status_code in ACCEPTED


class Sender(Protocol):
    """Sends messages."""

    async def post(self, url: str, headers: Mapping[str, str], body: bytes) -> Answer:
        """Sends one request and waits for the answer, for some seconds. Raises nothing."""
        ...

    async def open(self) -> None:
        """Prepares for use on the running event loop."""
        ...

    async def close(self) -> None:
        """Closes every connection."""
        ...
