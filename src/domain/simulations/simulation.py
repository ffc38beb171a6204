"""A Simulation and every rule it holds."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import ClassVar, Self, TypedDict, Unpack
from uuid import UUID

from domain.errors import Invalid, Violation
from domain.paging import Comparison, Condition
from domain.repository import OwnerId, with_changes
from domain.validation import name_violations, trimmed_violations

_BEFORE_START = Violation("end_date", "before_start", "The simulation ends before it starts.")


class SimulationFields(TypedDict, total=False):
    """What a client may set; a change holds some of them."""

    name: str
    start_date: date
    end_date: date


@dataclass(frozen=True, slots=True, kw_only=True)
class Simulation:
    """A named engineering simulation that runs from ``start_date`` to ``end_date``, both days included.

    ``created_at`` and ``updated_at`` are aware and in UTC. It never ends before it starts.
    """

    KIND: ClassVar[str] = "simulation"
    SECRETS: ClassVar[frozenset[str]] = frozenset()
    UNTRACKED: ClassVar[frozenset[str]] = frozenset()
    NAME_MAX: ClassVar[int] = 300
    FOLDED_MAX: ClassVar[int] = 3 * NAME_MAX
    """The length of a folded name, and of a folded part of one: folding makes up to three letters of one."""
    SORTS: ClassVar[dict[str, str]] = {
        "created_at": "created_at",
        "start_date": "start_date",
        "end_date": "end_date",
        "name": "name_folded",
    }
    """What simulations can be sorted by, and the attribute that tells the order."""

    id: UUID
    owner_id: OwnerId
    name: str
    start_date: date
    end_date: date
    created_at: datetime
    updated_at: datetime
    version: int = 1

    def __post_init__(self) -> None:
        if self.end_date < self.start_date:
            raise Invalid([_BEFORE_START])

    @property
    def name_folded(self) -> str:
        """The name as it is sorted and looked for: folded by Unicode, so that capital letters make no difference."""
        return self.name.casefold()

    @classmethod
    def validated(cls, fields: SimulationFields) -> SimulationFields:
        """The fields with the name trimmed; raises ``Invalid`` for what is wrong in itself, whatever is stored."""
        violations = _date_faults(fields.get("start_date"), fields.get("end_date"))
        name = fields.get("name")
        if name is not None:
            violations = name_violations(name, max_length=cls.NAME_MAX) + violations
            fields = {**fields, "name": name.strip()}
        if violations:
            raise Invalid(violations)
        return fields

    @classmethod
    def create(cls, *, id: UUID, owner_id: OwnerId, now: datetime, **fields: Unpack[SimulationFields]) -> Self:
        """A new simulation of its owner; all fields are needed. Raises ``Invalid``."""
        return cls(id=id, owner_id=owner_id, created_at=now, updated_at=now, **cls.validated(fields))

    def violations(self) -> list[Violation]:
        """What no simulation has ever had."""
        return trimmed_violations(self.name, max_length=self.NAME_MAX) + _date_faults(self.start_date, self.end_date)

    def restorable(self) -> SimulationFields:
        """All that comes back of an earlier version. Raises ``Invalid`` for what could not be set today."""
        return self.validated({"name": self.name, "start_date": self.start_date, "end_date": self.end_date})

    def update(self, *, now: datetime, **fields: Unpack[SimulationFields]) -> Self:
        """The simulation with these fields; itself where nothing changes. Raises ``Invalid``."""
        # Two changes may have looked at the clock in another order than they are made in.
        return with_changes(self, self.validated(fields), updated_at=max(now, self.updated_at))


def filters(
    *,
    name: str | None = None,
    active_on: date | None = None,
    start_date_from: date | None = None,
    start_date_to: date | None = None,
    end_date_from: date | None = None,
    end_date_to: date | None = None,
) -> tuple[Condition, ...]:
    """The conditions of a list: a part of the name in any case, a day that is in the run, first and last days."""
    wanted = [
        ("name_folded", Comparison.CONTAINS, None if name is None else name.casefold()),
        ("start_date", Comparison.AT_MOST, active_on),
        ("end_date", Comparison.AT_LEAST, active_on),
        ("start_date", Comparison.AT_LEAST, start_date_from),
        ("start_date", Comparison.AT_MOST, start_date_to),
        ("end_date", Comparison.AT_LEAST, end_date_from),
        ("end_date", Comparison.AT_MOST, end_date_to),
    ]
    return tuple(Condition(field, comparison, value) for field, comparison, value in wanted if value is not None)


def _date_faults(start: date | None, end: date | None) -> list[Violation]:
    if start is None or end is None or start <= end:
        return []
    return [_BEFORE_START]
