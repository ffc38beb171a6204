"""An Owner: a tenant, whose data is kept apart from everybody else's."""

from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar, Self

from domain.errors import Invalid
from domain.rules import name_faults
from domain.tenancy import OwnerId


@dataclass(frozen=True, slots=True, kw_only=True)
class Owner:
    """A tenant; its name is unique. Once ``deactivated_at`` is set, none of its keys opens anything."""

    KIND: ClassVar[str] = "owner"
    NAME_MAX: ClassVar[int] = 100

    id: OwnerId
    name: str
    created_at: datetime
    deactivated_at: datetime | None = None

    @classmethod
    def create(cls, *, id: OwnerId, now: datetime, name: str) -> Self:
        """A new, active owner. Raises ``Invalid``."""
        if faults := name_faults(name, max_length=cls.NAME_MAX):
            raise Invalid(faults)
        return cls(id=id, name=name.strip(), created_at=now)
