"""The use cases of owners and API keys, a method each."""

from collections.abc import Callable, Collection
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from uuid import UUID

from domain.access.api_key import ApiKey, Lifetime
from domain.access.owner import Owner
from domain.access.ports import ApiKeyRepository, OwnerDirectory
from domain.access.scopes import Scope, require_scopes
from domain.access.token import ApiKeyToken
from domain.errors import Conflict, Invalid, OutcomeUnknown, Unavailable
from domain.paging import Page, PageRequest
from domain.repository import (
    OwnerId,
    Precondition,
    no_precondition,
    or_not_found,
)
from domain.validation import as_id
from domain.write_context import WriteContext


@dataclass(frozen=True, slots=True, kw_only=True)
class Owners:
    """The use cases of owners, for operators."""

    directory: OwnerDirectory
    new_id: Callable[[], UUID]

    async def create(self, name: str, context: WriteContext) -> Owner:
        """Makes and stores an owner. Raises ``Invalid``, and ``Conflict`` where the name is taken."""
        owner = Owner.create(id=OwnerId(self.new_id()), now=context.at, name=name)
        await self.directory.add(owner, context)
        return owner

    async def get(self, name_or_id: str | UUID) -> Owner:
        """The owner of this name or id; a UUID is always an id. Raises ``NotFound``."""
        id = as_id(name_or_id) if isinstance(name_or_id, str) else name_or_id
        return or_not_found(await self.directory.find(id or name_or_id), Owner.KIND)

    async def list(self) -> list[Owner]:
        return await self.directory.all()

    async def deactivate(self, name_or_id: str | UUID, context: WriteContext) -> Owner:
        """Deactivates an owner: within a second none of its keys is accepted. Raises ``NotFound``."""
        owner = await self.get(name_or_id)
        return await self.directory.change(owner.id, lambda stored: stored.deactivate(context.at), context)

    async def activate(self, name_or_id: str | UUID, context: WriteContext) -> Owner:
        """Activates an owner again. Raises ``NotFound``."""
        owner = await self.get(name_or_id)
        return await self.directory.change(owner.id, Owner.activate, context)


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiKeys:
    """The use cases of one owner's keys. A foreign or unknown id raises ``NotFound``."""

    repository: ApiKeyRepository
    new_id: Callable[[], UUID]
    random_bytes: Callable[[int], bytes]

    async def create(
        self,
        owner: OwnerId,
        context: WriteContext,
        precondition: Precondition = no_precondition,
        *,
        name: str,
        scopes: Collection[Scope],
        expires_at: datetime | None = None,
        granted_by: ApiKey | None = None,
    ) -> tuple[ApiKey, ApiKeyToken]:
        """Creates and stores a key; its text is returned now and never again.

        ``granted_by`` is the key in use, None for an operator. It cannot grant a scope that it lacks (``Denied``), and
        the new key expires no later than it does (``Unfit``), or together with it where no expiry is requested. Raises
        ``Invalid``, and ``Conflict`` where the key in use is revoked or expired.
        """
        if granted_by is not None:
            require_scopes(granted_by.scopes, scopes)
        text = ApiKeyToken.new(self.random_bytes)
        key = ApiKey.create(
            text,
            id=self.new_id(),
            owner_id=owner,
            now=context.at,
            name=name,
            scopes=scopes,
            expires_at=expires_at,
            created_by=context.actor,
        )
        precondition(None)
        if granted_by is not None:
            maker = await self._not_ended(owner, granted_by, context)
            key = replace(key, expires_at=maker.expiry_to_grant(expires_at))
        await self.repository.of(owner).add(key, context)
        return key, text

    async def get(self, owner: OwnerId, id: UUID) -> ApiKey:
        return await self.repository.of(owner).get(id)

    async def list(self, owner: OwnerId, request: PageRequest) -> Page[ApiKey]:
        return await self.repository.of(owner).page(request)

    async def revoke(
        self,
        owner: OwnerId,
        id: UUID,
        context: WriteContext,
        precondition: Precondition = no_precondition,
        *,
        revoked_by: ApiKey | None = None,
    ) -> ApiKey:
        """Revokes a key for good; no error if it already is. Raises ``Conflict`` where a key would revoke itself."""

        def revoked(stored: ApiKey) -> ApiKey:
            precondition(stored)
            if revoked_by is not None and revoked_by.id == stored.id:
                raise Conflict("key_in_use", "A key cannot revoke itself.")
            return stored.revoke(context.at)

        return await self.repository.of(owner).change(id, revoked, context)

    async def roll(
        self,
        owner: OwnerId,
        id: UUID,
        context: WriteContext,
        precondition: Precondition = no_precondition,
        *,
        overlap: timedelta,
        expires_at: datetime | Lifetime | None = Lifetime.AS_BEFORE,
        rolled_by: ApiKey | None = None,
    ) -> tuple[ApiKey, ApiKeyToken]:
        """Creates a key with the same name and scopes, and makes the old one expire after ``overlap`` at the latest.

        The new key gets the lifetime that the old one was created with, unless ``expires_at`` says otherwise (None is
        never); ``ApiKey.successor`` says what a caller may request (``Unfit``).

        There are two transactions, the new key first, so that nobody is left without a valid key. If the second one is
        lost, a repeated request with the same idempotency key finds the new key, and ``expire_previous`` completes the
        work. ``precondition`` is checked against the old key as it is read.

        ``rolled_by`` is the key in use, which may be the old one, and needs all its scopes (``Denied``). Raises
        ``Invalid``, and ``Conflict`` where the old key or the one in use is revoked or expired.
        """
        named = None if expires_at is Lifetime.AS_BEFORE else expires_at
        if violations := [*ApiKey.overlap_violations(overlap), *ApiKey.expiry_violations(named, context.at)]:
            raise Invalid(violations)
        old = await self.repository.of(owner).get(id)
        if rolled_by is not None:
            require_scopes(rolled_by.scopes, old.scopes)
        precondition(old)
        if rolled_by is not None and rolled_by.id != old.id:
            rolled_by = await self._not_ended(owner, rolled_by, context)
        text = ApiKeyToken.new(self.random_bytes)
        new = old.successor(
            text,
            id=self.new_id(),
            now=context.at,
            expires_at=expires_at,
            created_by=context.actor,
            rolled_by=rolled_by,
        )
        await self.repository.of(owner).add(new, context)
        await self.expire_previous(owner, id, new, context, overlap=overlap)
        return new, text

    async def _not_ended(self, owner: OwnerId, asking: ApiKey, context: WriteContext) -> ApiKey:
        """The key in use as it is stored now: a cached one may have been revoked, and the new key may never expire.

        Raises ``Conflict``.
        """
        stored = await self.repository.of(owner).get(asking.id)
        if stored.is_inactive(context.at):
            raise Conflict("key_ended", "The key in use is revoked or expired.")
        return stored

    async def expire_previous(
        self, owner: OwnerId, id: UUID, new: ApiKey, context: WriteContext, *, overlap: timedelta
    ) -> ApiKey:
        """Makes the previous key expire ``overlap`` after the new one was created; no error if it ends sooner.

        Raises ``OutcomeUnknown``, as the new key is there, where this cannot be completed now.
        """
        end = new.created_at + overlap
        try:
            return await self.repository.of(owner).change(id, lambda old: old.expire(end), context)
        except Unavailable as error:
            raise OutcomeUnknown(f"{error}. The new key is there, and the previous one may not end.") from error
