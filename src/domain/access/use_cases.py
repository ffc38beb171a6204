"""All that can be done with owners and keys, a method each, and the check of a key that a caller presents."""

from collections.abc import Callable, Collection
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from uuid import UUID

from domain.access.api_key import ApiKey, Lifetime
from domain.access.owner import Owner
from domain.access.ports import ApiKeyRepository, OwnerDirectory
from domain.access.scopes import Scope, require_scopes
from domain.access.token import ApiKeyToken
from domain.errors import Conflict, Invalid
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
        """The owner of this name or id; a text that reads as an id is no name. Raises ``NotFound``."""
        id = as_id(name_or_id) if isinstance(name_or_id, str) else name_or_id
        return or_not_found(await self.directory.find(id or name_or_id), Owner.KIND)

    async def list(self) -> list[Owner]:
        return await self.directory.all()

    async def deactivate(self, name_or_id: str | UUID, context: WriteContext) -> Owner:
        """Shuts an owner out: none of its keys opens anything a second later. Raises ``NotFound``."""
        owner = await self.get(name_or_id)
        return await self.directory.change(owner.id, lambda stored: stored.deactivate(context.at), context)

    async def activate(self, name_or_id: str | UUID, context: WriteContext) -> Owner:
        """Lets an owner in again. Raises ``NotFound``."""
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
        *,
        name: str,
        scopes: Collection[Scope],
        expires_at: datetime | None = None,
        granted_by: ApiKey | None = None,
    ) -> tuple[ApiKey, ApiKeyToken]:
        """Makes and stores a key; its text is known now and never again.

        ``granted_by`` is the key that asks, which cannot grant a scope that it lacks (``Denied``); an operator has
        none. The new key ends no later than that one, and with it where no end is named (``Unfit``). Raises
        ``Invalid``, and ``Conflict`` where the key that asks has ended.
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
        if granted_by is not None:
            maker = await self._not_ended(owner, granted_by, context)
            key = replace(key, expires_at=maker.granted(expires_at))
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
        """Ends a key, once and for all; again is no error. Raises ``Conflict`` where a key would end itself."""

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
        """Makes a key of the same name and scopes, and lets the old one open for ``overlap`` longer, at most.

        The new one lives as long as the old one was made to, unless an end is named, or None for never; a key that
        asks is given no more than ``ApiKey.succeeded`` allows (``Unfit``).

        These are two transactions, the new key first, so that nobody is ever without one. Where the second is lost,
        the request that is repeated with its promise of idempotency finds the new key recorded, and ``outlive``
        completes it. ``guard`` is asked of the old key as it is read.

        ``rolled_by`` is the key that asks, which may be the old one, and needs all scopes of that (``Denied``). Raises
        ``Invalid``, and ``Conflict`` where the old key or the one that asks has ended.
        """
        named = None if expires_at is Lifetime.AS_BEFORE else expires_at
        if violations := [*ApiKey.overlap_faults(overlap), *ApiKey.expiry_faults(named, context.at)]:
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
        """The key that asks, as it is now: what it makes may last for ever, and what is known of it be older.

        Raises ``Conflict``.
        """
        stored = await self.repository.of(owner).get(asking.id)
        if stored.is_inactive(context.at):
            raise Conflict("key_ended", "The key that asks is revoked or expired.")
        return stored

    async def expire_previous(
        self, owner: OwnerId, id: UUID, new: ApiKey, context: WriteContext, *, overlap: timedelta
    ) -> ApiKey:
        """Lets the old key end once the new one is ``overlap`` old; again is no error, nor that it ends sooner."""
        end = new.created_at + overlap
        return await self.repository.of(owner).change(id, lambda old: old.expire(end), context)
