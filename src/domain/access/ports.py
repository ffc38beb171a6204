"""The storage that the use cases of owners and API keys need."""

from collections.abc import Callable
from typing import Protocol, TypeAlias
from uuid import UUID

from domain.access.api_key import ApiKey
from domain.access.owner import Owner
from domain.repository import OwnerId, Repository
from domain.write_context import WriteContext

ApiKeyRepository: TypeAlias = Repository[ApiKey]


class OwnerDirectory(Protocol):
    """All owners, and the one question that is asked before an owner is known. May raise ``Unavailable``."""

    async def add(self, owner: Owner, context: WriteContext) -> None:
        """Stores a new owner. Raises ``Conflict`` where the name is taken."""
        ...

    async def change(self, id: OwnerId, fn: Callable[[Owner], Owner], context: WriteContext) -> Owner:
        """Loads, applies ``fn`` and saves, as an owned repository does. Raises ``NotFound``."""
        ...

    async def find(self, name_or_id: str | UUID) -> Owner | None:
        """The owner of this id or this exact name."""
        ...

    async def all(self) -> list[Owner]:
        """Every owner, by name."""
        ...

    async def is_active(self, id: OwnerId) -> bool:
        """Whether there is such an owner and it is active; asked as that owner, so anybody may."""
        ...

    async def holder(self, public_id: str, sent: Callable[[], None] | None = None) -> tuple[Owner, ApiKey] | None:
        """The key with this public id and its owner, active or not.

        ``sent`` is called before the store is asked, when nothing has to be waited for any more: the answer is at most
        as old as that. It may be called in another thread.
        """
        ...
