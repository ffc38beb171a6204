"""An Owner: a tenant, whose data is kept apart from everybody else's."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Annotated, ClassVar, Self

from domain.entity_spec import spec_of
from domain.errors import Conflict, Invalid, Violation
from domain.field_spec import stored_violations
from domain.fields import Text
from domain.repository import OwnerId, with_changes
from domain.validation import as_id


@dataclass(frozen=True, slots=True, kw_only=True)
class Owner:
    """A tenant. Its name is unique and is not a UUID.

    Once ``deactivated_at`` is set, none of its API keys is valid.
    """

    KIND: ClassVar[str] = "owner"
    NAME_MAX: ClassVar[int] = 100
    DEACTIVATION_DELAY: ClassVar[timedelta] = timedelta(seconds=1)
    """After this time no key of a deactivated owner is accepted, in any process."""

    id: OwnerId
    name: Annotated[str, Text(max_length=NAME_MAX)]
    created_at: datetime
    deactivated_at: datetime | None = None
    version: int = 1

    @property
    def owner_id(self) -> OwnerId:
        """Its own id: an owner's revisions are among its own data."""
        return self.id

    @classmethod
    def create(cls, *, id: OwnerId, now: datetime, name: str) -> Self:
        """A new, active owner. Raises ``Invalid``."""
        owner = cls(id=id, name=spec_of(cls).fields["name"].kind.normalized(name), created_at=now)
        if violations := owner.violations():
            raise Invalid(violations)
        return owner

    def violations(self) -> list[Violation]:
        """What is wrong with a stored owner."""
        violations = stored_violations(spec_of(type(self)).fields["name"], self.name)
        if as_id(self.name) is not None:
            violations.append(Violation("name", "reads_as_id", "The name is a UUID, which would be taken for an id."))
        return violations

    def deactivate(self, now: datetime) -> Self:
        """The owner, deactivated: its keys are refused; itself where it already is."""
        return self if self.deactivated_at is not None else with_changes(self, {"deactivated_at": now})

    def wait_to_erase(self, now: datetime) -> timedelta:
        """How long requests of this owner may still be running. Raises ``Conflict`` for an active owner."""
        if self.deactivated_at is None:
            raise Conflict("owner_active", f"Owner {self.name!r} is active. First: goatfish owner deactivate {self.id}")
        # A clock that was set back must not cause a long wait.
        return min(max(self.deactivated_at + self.DEACTIVATION_DELAY - now, timedelta()), self.DEACTIVATION_DELAY)

    def activate(self) -> Self:
        """The owner, active: its keys are valid again; itself where it already is."""
        return with_changes(self, {"deactivated_at": None})
