"""Idempotent requests: the result is recorded in the transaction of the write, and returned to a repeated request."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Generic, Protocol, TypeVar

from domain.errors import Conflict, Invalid, NotFound, Stale, Unfit
from domain.repository import E, OwnerId
from domain.write_context import IdempotencyKey, WriteContext

IDEMPOTENCY_TTL = timedelta(hours=24)
"""How long a record is kept, counted from the creation of its entity."""
T = TypeVar("T")
_IN_FLIGHT = "The first request with this Idempotency-Key is still being processed."


@dataclass(frozen=True, slots=True)
class IdempotencyRecord(Generic[T]):
    """What a request created, one entity or many, and the digest of its body."""

    fingerprint: str
    entity: T


class OwnedIdempotencyRecords(Protocol):
    """One owner's idempotency records. ``OwnedRepository`` adds them in the entities' transaction."""

    async def find(
        self, idempotency_key: IdempotencyKey, entity: type[E], since: datetime
    ) -> IdempotencyRecord[E] | None:
        """The record of this key and operation; None where there is none since ``since``.

        Its entity has no secrets.
        """
        ...

    async def find_many(
        self, idempotency_key: IdempotencyKey, entity: type[E], since: datetime
    ) -> IdempotencyRecord[Sequence[E]] | None:
        """Like ``find``, where many were created at once."""
        ...


class IdempotencyRecords(Protocol):
    """The idempotency records of all owners, reached through ``of``."""

    def of(self, owner: OwnerId) -> OwnedIdempotencyRecords: ...

    async def purge(self, before: datetime) -> int:
        """Deletes the records of all owners that were made before; returns how many."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class IdempotentExecutor:
    """Creates at most one entity for each idempotency key; a record is kept for ``IDEMPOTENCY_TTL``."""

    idempotency_records: IdempotencyRecords
    now: Callable[[], datetime]

    async def create_once(
        self, owner: OwnerId, context: WriteContext, entity: type[E], create: Callable[[], Awaitable[E]]
    ) -> tuple[E, bool]:
        """The entity that ``create`` returns, and False; or what the first request with this key created, and True.

        Raises ``Conflict`` where the key was used with another body, or its first request is still being processed. A
        repeated request is answered from the record even where the write would be refused by now.
        """
        find = self.idempotency_records.of(owner).find
        return await self._once(context, create, lambda key, since: find(key, entity, since))

    async def create_with_secret(
        self,
        owner: OwnerId,
        context: WriteContext,
        entity: type[E],
        create: Callable[[], Awaitable[tuple[E, T]]],
    ) -> tuple[E, T | None]:
        """Like ``create_once``, where ``create`` also returns a secret; a repeated request gets None in its place."""
        secrets: list[T] = []

        async def keep_secret() -> E:
            made, secret = await create()
            secrets.append(secret)
            return made

        made, replayed = await self.create_once(owner, context, entity, keep_secret)
        return made, None if replayed else secrets[0]

    async def create_many_once(
        self, owner: OwnerId, context: WriteContext, entity: type[E], create: Callable[[], Awaitable[Sequence[E]]]
    ) -> tuple[Sequence[E], bool]:
        """Like ``create_once``, for many entities of one request."""
        find = self.idempotency_records.of(owner).find_many
        return await self._once(context, create, lambda key, since: find(key, entity, since))

    async def _once(
        self,
        context: WriteContext,
        create: Callable[[], Awaitable[T]],
        find: Callable[[IdempotencyKey, datetime], Awaitable[IdempotencyRecord[T] | None]],
    ) -> tuple[T, bool]:
        idempotency_key = context.idempotency_key
        if idempotency_key is None:
            return await create(), False
        try:
            return await create(), False
        except (NotFound, Stale, Conflict, Unfit):
            record = await find(idempotency_key, self.now() - IDEMPOTENCY_TTL)
            if record is None:
                raise
        except Invalid:
            # Invalid today; a repeated request may have been valid when it was first sent.
            record = await find(idempotency_key, self.now() - IDEMPOTENCY_TTL)
            if record is None or record.fingerprint != idempotency_key.fingerprint:
                raise
        except DuplicateRequest:
            record = await find(idempotency_key, self.now() - IDEMPOTENCY_TTL)
            if record is None:
                raise Conflict("request_in_flight", _IN_FLIGHT) from None
        if record.fingerprint != idempotency_key.fingerprint:
            raise Conflict("idempotency_key_reused", "This Idempotency-Key was used for another request.")
        return record.entity, True

    async def purge(self) -> int:
        """Deletes the expired records of all owners; returns how many."""
        return await self.idempotency_records.purge(self.now() - IDEMPOTENCY_TTL)


class DuplicateRequest(Exception):
    """The idempotency key has a record already; nothing was written."""
