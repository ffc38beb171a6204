"""A Simulation and every rule it holds."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Annotated, ClassVar
from uuid import UUID

from domain.entity_spec import NotBefore
from domain.errors import Violation
from domain.field_filters import between, contains
from domain.fields import Day, LongText, Text
from domain.labels import LABEL_FILTER, LABELS
from domain.list_filters import ListFilter
from domain.paging import Comparison
from domain.repository import OwnerId


@dataclass(frozen=True, slots=True, kw_only=True)
class Simulation:
    """An engineering simulation, planned from ``start_date`` to ``end_date``, both days included.

    ``created_at`` and ``updated_at`` are in UTC.
    """

    KIND: ClassVar = "simulation"
    PLURAL: ClassVar = "simulations"
    RULES: ClassVar = (
        NotBefore(
            "end_date", "start_date", Violation("end_date", "before_start", "The simulation ends before it starts.")
        ),
    )
    FILTERS: ClassVar = (
        LABEL_FILTER,
        ListFilter(
            parameter="active_on",
            kind=Day(),
            compares=(("start_date", Comparison.AT_MOST), ("end_date", Comparison.AT_LEAST)),
            description="planned for this day: not before `start_date`, not after `end_date`",
        ),
    )

    id: UUID
    owner_id: OwnerId
    name: Annotated[
        str,
        Text(
            max_length=300,
            description="what it is called; trimmed, without control characters",
            example="Wing flutter, run 3",
            sortable=True,
            filters=contains("a part of the name, in any case"),
        ),
    ]
    start_date: Annotated[
        date,
        Day(
            description="first day",
            example="2026-01-05",
            sortable=True,
            filters=between("starts on this day or later", "starts on this day or earlier"),
        ),
    ]
    end_date: Annotated[
        date,
        Day(
            description="last day, not before the first",
            example="2026-02-01",
            sortable=True,
            filters=between("ends on this day or later", "ends on this day or earlier"),
        ),
    ]
    description: Annotated[
        str | None,
        LongText(max_length=4000, description="what it is about", example="Flutter at high angles of attack."),
    ] = None
    labels: Annotated[Mapping[str, str], LABELS] = field(default_factory=dict)
    created_at: datetime
    updated_at: datetime
    version: int = 1
