"""A thing that is asked for twice is made once: the outcome is recorded with the write and given again."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Generic, Protocol

from domain.errors import Conflict, Invalid, NotFound, Stale, Unfit
from domain.repository import E, OwnerId
from domain.write_context import IdempotencyKey, WriteContext

KEPT_FOR = timedelta(hours=24)


@dataclass(frozen=True, slots=True)
class IdempotencyRecord(Generic[E]):
    """What a request made, and the digest of the body that it came with."""

    fingerprint: str
    entity: E


class OwnedIdempotencyRecords(Protocol):
    """One owner's recorded outcomes. ``add`` of an owned repository writes them, beside the entity."""

    async def find(
        self, idempotency_key: IdempotencyKey, entity: type[E], since: datetime
    ) -> IdempotencyRecord[E] | None:
        """The outcome of the request with this operation and key, unless it was recorded before ``since``.

        Attributes that are secret are empty in it.
        """
        ...


class IdempotencyRecords(Protocol):
    """All recorded outcomes, of which one owner's are reached through ``of``."""

    def of(self, owner: OwnerId) -> OwnedIdempotencyRecords: ...

    async def purge(self, before: datetime) -> int:
        """Forgets what was recorded before, whoever owns it; gives how many."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class IdempotentExecutor:
    """Makes things at most once for each promise of idempotency; an outcome is remembered for ``KEPT_FOR``."""

    idempotency_records: IdempotencyRecords
    now: Callable[[], datetime]

    async def make(
        self, owner: OwnerId, context: WriteContext, entity: type[E], make: Callable[[], Awaitable[E]]
    ) -> tuple[E, bool]:
        """What ``make`` made, now or when it was first asked for, and whether that was before.

        Raises ``Conflict`` where the key came with another body before, or its first request is still under way. What
        no longer fits what is stored is no refusal of a request that was carried out when it did.
        """
        idempotency_key = context.idempotency_key
        if idempotency_key is None:
            return await make(), False
        try:
            return await make(), False
        except (NotFound, Stale, Conflict, Unfit):
            outcome = await self._outcome(owner, idempotency_key, entity)
            if outcome is None:
                raise
        except Invalid:
            # What is wrong in itself is said first, unless it was right when it was first asked for.
            outcome = await self._outcome(owner, idempotency_key, entity)
            if outcome is None or outcome.fingerprint != idempotency_key.fingerprint:
                raise
        except DuplicateRequest:
            outcome = await self._outcome(owner, idempotency_key, entity)
            if outcome is None:
                raise Conflict("request_in_flight", "The first request with this key is still under way.") from None
        if outcome.fingerprint != idempotency_key.fingerprint:
            raise Conflict("idempotency_key_reused", "This Idempotency-Key came with another request.")
        return outcome.entity, True

    async def purge(self) -> int:
        """Forgets, for all owners, what is remembered no longer; gives how many outcomes."""
        return await self.idempotency_records.purge(self.now() - KEPT_FOR)

    async def _outcome(
        self, owner: OwnerId, idempotency_key: IdempotencyKey, entity: type[E]
    ) -> IdempotencyRecord[E] | None:
        return await self.idempotency_records.of(owner).find(idempotency_key, entity, self.now() - KEPT_FOR)


class DuplicateRequest(Exception):
    """An entity is to be added for a request whose outcome is recorded already; nothing has been written."""
