"""A thing that is asked for twice is made once: the outcome is recorded with the write and given again."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Generic, Protocol

from domain.errors import Conflict, Invalid, NotFound, Stale, Unfit
from domain.tenancy import Cause, E, Idempotency, OwnerId

KEPT_FOR = timedelta(hours=24)


@dataclass(frozen=True, slots=True)
class Outcome(Generic[E]):
    """What a request made, and the digest of the body that it came with."""

    fingerprint: str
    entity: E


class OwnedOutcomes(Protocol):
    """One owner's recorded outcomes. ``add`` of an owned repository writes them, beside the entity."""

    async def find(self, promise: Idempotency, entity: type[E], since: datetime) -> Outcome[E] | None:
        """The outcome of the request with this operation and key, unless it was recorded before ``since``.

        Attributes that are secret are empty in it.
        """
        ...


class Outcomes(Protocol):
    """All recorded outcomes, of which one owner's are reached through ``of``."""

    def of(self, owner: OwnerId) -> OwnedOutcomes: ...

    async def purge(self, before: datetime) -> int:
        """Forgets what was recorded before, whoever owns it; gives how many."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Once:
    """Makes things at most once for each promise of idempotency; an outcome is remembered for ``KEPT_FOR``."""

    outcomes: Outcomes
    now: Callable[[], datetime]

    async def make(
        self, owner: OwnerId, cause: Cause, entity: type[E], make: Callable[[], Awaitable[E]]
    ) -> tuple[E, bool]:
        """What ``make`` made, now or when it was first asked for, and whether that was before.

        Raises ``Conflict`` where the key came with another body before, or its first request is still under way. What
        no longer fits what is stored is no refusal of a request that was carried out when it did.
        """
        promise = cause.idempotency
        if promise is None:
            return await make(), False
        try:
            return await make(), False
        except (NotFound, Stale, Conflict, Unfit):
            outcome = await self._outcome(owner, promise, entity)
            if outcome is None:
                raise
        except Invalid:
            # What is wrong in itself is said first, unless it was right when it was first asked for.
            outcome = await self._outcome(owner, promise, entity)
            if outcome is None or outcome.fingerprint != promise.fingerprint:
                raise
        except Repeated:
            outcome = await self._outcome(owner, promise, entity)
            if outcome is None:
                raise Conflict("request_in_flight", "The first request with this key is still under way.") from None
        if outcome.fingerprint != promise.fingerprint:
            raise Conflict("idempotency_key_reused", "This Idempotency-Key came with another request.")
        return outcome.entity, True

    async def purge(self) -> int:
        """Forgets, for all owners, what is remembered no longer; gives how many outcomes."""
        return await self.outcomes.purge(self.now() - KEPT_FOR)

    async def _outcome(self, owner: OwnerId, promise: Idempotency, entity: type[E]) -> Outcome[E] | None:
        return await self.outcomes.of(owner).find(promise, entity, self.now() - KEPT_FOR)


class Repeated(Exception):
    """An entity is to be added for a request whose outcome is recorded already; nothing has been written."""
