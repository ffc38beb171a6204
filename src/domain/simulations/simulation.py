"""A Simulation and every rule it holds."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import ClassVar, Self, TypedDict, Unpack
from uuid import UUID

from domain.errors import Fault, Invalid
from domain.rules import name_faults
from domain.tenancy import OwnerId, revised


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
    NAME_MAX: ClassVar[int] = 300

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
            raise Invalid([Fault("end_date", "before_start", "The simulation ends before it starts.")])

    @classmethod
    def checked(cls, fields: SimulationFields) -> SimulationFields:
        """The fields with the name trimmed; raises ``Invalid`` for what is wrong in itself, whatever is stored."""
        faults: list[Fault] = []
        name = fields.get("name")
        if name is not None:
            faults += name_faults(name, max_length=cls.NAME_MAX)
            fields = {**fields, "name": name.strip()}
        start, end = fields.get("start_date"), fields.get("end_date")
        if start is not None and end is not None and end < start:
            faults.append(Fault("end_date", "before_start", "The simulation ends before it starts."))
        if faults:
            raise Invalid(faults)
        return fields

    @classmethod
    def create(cls, *, id: UUID, owner_id: OwnerId, now: datetime, **fields: Unpack[SimulationFields]) -> Self:
        """A new simulation of its owner; all fields are needed. Raises ``Invalid``."""
        return cls(id=id, owner_id=owner_id, created_at=now, updated_at=now, **cls.checked(fields))

    def update(self, *, now: datetime, **fields: Unpack[SimulationFields]) -> Self:
        """The simulation with these fields; itself where nothing changes. Raises ``Invalid``."""
        return revised(self, self.checked(fields), updated_at=now)
