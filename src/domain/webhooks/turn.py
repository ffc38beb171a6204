"""One turn of a webhook: what was requested, then the changes it has not been sent, until one is not accepted."""

import asyncio
import logging
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from typing import Any
from uuid import UUID

from domain.access.ports import OwnerDirectory
from domain.errors import Gone, NotFound, PoolTimeout, Unavailable
from domain.history import History
from domain.paging import LIMIT_MAX, Comparison, Condition, Page, PageRequest, Position
from domain.repository import Repository
from domain.revisions import Revision
from domain.webhooks.delivery import GONE, Cursor, Delivery, DeliveryCause, retry_delay
from domain.webhooks.messages import Message, Messages
from domain.webhooks.ports import Answer, Deliveries, OwnedDeliveries, Sender
from domain.webhooks.secrets import SecretBox, secret_bytes, signature
from domain.webhooks.webhook import DisabledReason, Webhook
from domain.write_context import WriteContext

LEASE = timedelta(seconds=30)
"""For how long a webhook is leased: longer than ``SAVE_AFTER`` and the time that an endpoint may take together."""
SAVE_AFTER = 1.0
"""Seconds after which the cursor is stored, and what was delivered since."""
SAVES, SAVE_PAUSE = 20, 0.25
"""How often it is tried to store the cursor while the database is too busy, and the seconds between: within a lease."""
TURN = 30.0
"""Seconds after which a webhook makes room for others."""
ACTOR = "system:webhooks"
_LAST_ID = UUID(int=2**128 - 1)
_log = logging.getLogger("goatfish.webhooks")


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivering:
    """What delivers with. ``random`` returns a number from 0 to 1, ``monotonic`` seconds."""

    owners: OwnerDirectory
    repository: Repository[Webhook]
    deliveries: Deliveries
    history: History
    secrets: SecretBox
    sender: Sender
    messages: Messages
    new_id: Callable[[], UUID]
    now: Callable[[], datetime]
    monotonic: Callable[[], float]
    random: Callable[[], float]

    def context(self) -> WriteContext:
        """The write context of what is changed without a request."""
        return WriteContext(actor=ACTOR, request_id="", at=self.now())


@dataclass(slots=True, kw_only=True)
class Turn:
    """Serves a webhook whose cursor is leased to ``holder``.

    ``database`` bounds the owner's statements at a time. ``note`` gets each attempt, and the time of its change.
    """

    means: Delivering
    webhook: Webhook
    cursor: Cursor
    holder: UUID
    database: asyncio.Semaphore
    note: Callable[[Delivery, datetime], None]
    _owned: OwnedDeliveries = field(init=False)
    _secrets: list[bytes] = field(init=False, default_factory=list)
    _made: list[Delivery] = field(init=False, default_factory=list)
    _saved_at: float = field(init=False)
    _is_more_left: bool = field(init=False, default=False)

    def __post_init__(self) -> None:
        self._owned = self.means.deliveries.of(self.webhook.owner_id)
        self._saved_at = self.means.monotonic()

    async def take(self) -> bool:
        """Sends what there is to send, then ends the lease; returns whether more is left. Raises ``Unavailable``."""
        disabled: DisabledReason | None = None
        try:
            disabled = await self._send_all()
        except Unavailable:
            raise
        except Exception:  # a bug, which would be met again at once
            self._fail()
            await self._drop_request()
            raise
        finally:
            if await self._save(until=None) and disabled is not None:
                change = partial(self._disable, disabled)
                with suppress(NotFound):  # deleted meanwhile
                    repository = self.means.repository.of(self.webhook.owner_id)
                    changed = await repository.change(self.webhook.id, change, self.means.context())
                    if changed.disabled_reason is disabled:
                        _log.warning("Webhook %s is disabled: %s", self.webhook.id, disabled)
        return self._is_more_left

    def _disable(self, reason: DisabledReason, stored: Webhook) -> Webhook:
        """The webhook disabled; as it is where its owner has changed it since the turn began."""
        if stored.version != self.webhook.version:
            return stored
        return stored.disable(reason=reason, now=self.means.now())

    async def _send_all(self) -> DisabledReason | None:
        """Sends what there is to send; returns why the webhook has to be disabled, if it has."""
        async with self.database:
            is_active = await self.means.owners.is_active(self.webhook.owner_id)
        if not is_active:
            self.cursor = self.cursor.paused(self.means.now())
            await self._drop_request()
            return None
        if not self._open_secrets():
            await self._drop_request()
            return DisabledReason.SECRET_UNREADABLE
        if self.cursor.requested is not None and await self._send_requested(self.cursor.requested):
            return DisabledReason.GONE
        if not self.webhook.enabled or self.cursor.next_attempt_at > self.means.now():
            return None
        try:
            return await self._follow()
        except Gone:
            span = await self.means.history.revisions.of(self.webhook.owner_id).span()
            # Behind what is kept; or ahead of all, where the owner was brought back from an older state.
            ahead = self.cursor.number > span.last
            number = span.last if ahead else span.purged_through
            self.cursor = self.cursor.advanced(number, self.means.now())
            return DisabledReason.CHANGES_FORGOTTEN

    async def _drop_request(self) -> None:
        """Removes the request, if there is one: the webhook would be waiting again at once."""
        if self.cursor.requested is not None:
            await self._owned.fulfil(self.webhook.id, self.cursor.requested)

    def _open_secrets(self) -> bool:
        """Whether the present secret can be read."""
        webhook, secrets = self.webhook, self.means.secrets
        sealed = webhook.sealed_secrets(self.means.now())
        opened = [secrets.open(each, webhook.owner_id, webhook.id) for each in sealed]
        self._secrets = [secret_bytes(each.text) for each in opened if each is not None]
        return opened[0] is not None

    async def _follow(self) -> DisabledReason | None:
        """Sends the changes that have not been sent. Raises ``Gone`` where they are kept no longer."""
        ends_at = self.means.monotonic() + TURN
        more = True
        while more and self.means.monotonic() < ends_at:
            page = await self._changes_after(self.cursor.number, LIMIT_MAX)
            for revision in page.items:
                if revision.kind not in self.webhook.kinds:
                    self.cursor = self.cursor.advanced(revision.number, self.means.now())
                else:
                    message = self.means.messages.of(revision)
                    answer = await self._attempt(message, DeliveryCause.CHANGE, revision.number)
                    if not answer.accepted:
                        return self._hopeless(answer)
                is_fresh = self.means.monotonic() - self._saved_at < SAVE_AFTER
                if not is_fresh and not await self._save(until=self.means.now() + LEASE):
                    return None
            more = page.next is not None
        self._is_more_left = more
        return None

    async def _changes_after(self, number: int, limit: int) -> Page[Revision[Any]]:
        request = PageRequest(limit=limit, after=Position(number, _LAST_ID))
        async with self.database:
            return await self.means.history.changes(self.webhook.owner_id, request)

    def _hopeless(self, answer: Answer) -> DisabledReason | None:
        """Why the endpoint is not tried again, if it is not."""
        if answer.status_code == GONE:
            return DisabledReason.GONE
        return DisabledReason.FAILING if self.cursor.gives_up(self.means.now()) else None

    async def _send_requested(self, requested: UUID) -> bool:
        """Sends the message of an earlier delivery once more, or a ping; returns whether the endpoint is gone."""
        is_gone = False
        number, message = await self._requested(requested)
        if message is not None:
            answer = await self._attempt(message, DeliveryCause.REPEAT if number else DeliveryCause.PING, number)
            is_gone = answer.status_code == GONE
            await self._save(until=self.means.now() + LEASE)
        await self._owned.fulfil(self.webhook.id, requested)
        return is_gone

    async def _requested(self, requested: UUID) -> tuple[int, Message | None]:
        """What was requested, and the number of its change; None for what is kept no longer."""
        if requested != self.webhook.id:
            wanted = PageRequest(limit=1, conditions=(Condition("id", Comparison.EQUAL, requested),))
            found = (await self._owned.page(wanted)).items
            if not found:
                return 0, None
            if number := found[0].number:
                try:
                    (revision,) = (await self._changes_after(number - 1, 1)).items
                except (Gone, ValueError):
                    return 0, None
                if revision.kind not in self.webhook.kinds:  # since the request
                    return 0, None
                return number, self.means.messages.of(revision)
        return 0, self.means.messages.ping(self.means.new_id(), self.webhook.id, self.means.now())

    async def _attempt(self, message: Message, cause: DeliveryCause, number: int) -> Answer:
        """Sends a message once, and notes what became of it."""
        is_change = cause is DeliveryCause.CHANGE
        attempt = self.cursor.attempts + 1 if is_change else 1
        at, began = self.means.now(), self.means.monotonic()
        answer = await self.means.sender.post(self.webhook.url, self._headers(message, at), message.body)
        took = self.means.monotonic() - began
        if is_change and answer.accepted:
            self.cursor = self.cursor.advanced(number, self.means.now())
        elif is_change:
            self._fail(answer.retry_after)
        is_last = not is_change or answer.accepted or self._hopeless(answer) is not None
        delivery = Delivery(
            id=self.means.new_id(),
            owner_id=self.webhook.owner_id,
            created_at=at,
            webhook_id=self.webhook.id,
            message_id=message.id,
            type=message.type,
            number=number,
            cause=cause,
            attempt=attempt,
            status_code=answer.status_code,
            duration_ms=round(took * 1000),
            answer=answer.text,
            error=answer.error,
            next_attempt_at=None if is_last else self.cursor.next_attempt_at,
        )
        self._made.append(delivery)
        self.note(delivery, message.at)
        return answer

    def _fail(self, retry_after: timedelta = timedelta()) -> None:
        delay = retry_delay(self.cursor.attempts, self.means.random(), retry_after)
        self.cursor = self.cursor.failed(self.means.now(), delay)

    def _headers(self, message: Message, now: datetime) -> dict[str, str]:
        timestamp = int(now.timestamp())
        return {
            "content-type": "application/json",
            "webhook-id": message.id,
            "webhook-timestamp": str(timestamp),
            "webhook-signature": signature(self._secrets, message.id, timestamp, message.body),
        }

    async def _save(self, until: datetime | None) -> bool:
        """Stores how far the webhook has come, and what was delivered; False where the lease was lost."""
        made, self._made = self._made, []
        self._saved_at = self.means.monotonic()
        for _ in range(SAVES - 1):
            with suppress(PoolTimeout):  # refused before anything was done: what is not stored would be sent again
                async with self.database:
                    return await self._owned.save(self.webhook.id, self.holder, self.cursor, until, made)
            await asyncio.sleep(SAVE_PAUSE)
        return await self._owned.save(self.webhook.id, self.holder, self.cursor, until, made)
