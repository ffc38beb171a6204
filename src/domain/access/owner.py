"""An Owner: a tenant, whose data is kept apart from everybody else's."""

from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar, Self

from domain.errors import Invalid
from domain.rules import name_faults
from domain.tenancy import OwnerId, revised


@dataclass(frozen=True, slots=True, kw_only=True)
class Owner:
    """A tenant; its name is unique. Once ``deactivated_at`` is set, none of its keys opens anything."""

    KIND: ClassVar[str] = "owner"
    SECRETS: ClassVar[frozenset[str]] = frozenset()
    UNRECORDED: ClassVar[frozenset[str]] = frozenset()
    NAME_MAX: ClassVar[int] = 100

    id: OwnerId
    name: str
    created_at: datetime
    deactivated_at: datetime | None = None
    version: int = 1

    @property
    def owner_id(self) -> OwnerId:
        """Itself: what becomes of an owner is among its own revisions."""
        return self.id

    @classmethod
    def create(cls, *, id: OwnerId, now: datetime, name: str) -> Self:
        """A new, active owner. Raises ``Invalid``."""
        if faults := name_faults(name, max_length=cls.NAME_MAX):
            raise Invalid(faults)
        return cls(id=id, name=name.strip(), created_at=now)

    def deactivate(self, now: datetime) -> Self:
        """The owner, none of whose keys opens anything from now on; itself where that is so already."""
        return self if self.deactivated_at is not None else revised(self, {"deactivated_at": now})

    def activate(self) -> Self:
        """The owner, whose keys open again; itself where they do already."""
        return revised(self, {"deactivated_at": None})
