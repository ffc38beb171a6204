"""Two kinds of entities for tests, which together have every kind of field."""

from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from typing import Annotated, ClassVar
from uuid import UUID

from domain.entity_spec import ConflictKind, NotBefore
from domain.errors import Conflict, Violation
from domain.field_filters import between, contains, equals, has
from domain.fields import Amount, Boolean, Choice, Day, Integer, LongText, Moment, Reference, Text, Words
from domain.maps import Map
from domain.repository import OwnerId


@dataclass(frozen=True, slots=True, kw_only=True)
class Material:
    """What specimens are made of."""

    KIND: ClassVar = "material"
    PLURAL: ClassVar = "materials"

    id: UUID
    owner_id: OwnerId
    name: Annotated[str, Text(max_length=50)]
    created_at: datetime
    updated_at: datetime
    version: int = 1


class State(StrEnum):
    """The progress of a test."""

    PLANNED = "planned"
    TESTED = "tested"
    BROKEN = "broken"


def goes_forward(before: "Specimen", after: "Specimen") -> None:
    """Refuses a change of the state of a broken specimen."""
    if before.state is State.BROKEN is not after.state:
        raise Conflict("specimen_broken", "The specimen is broken, and stays so.")


@dataclass(frozen=True, slots=True, kw_only=True)
class Specimen:
    """A piece of ``material_id`` to be tested.

    It has two fields of every kind: one that is required or has a default, and one that can be null.
    """

    KIND: ClassVar = "specimen"
    PLURAL: ClassVar = "specimens"
    TITLE: ClassVar = "test specimen"
    RULES: ClassVar = (
        NotBefore("tested_on", "made_on", Violation("tested_on", "before_made", "It is tested before it is made.")),
    )
    TRANSITIONS: ClassVar = (goes_forward,)
    CONFLICTS: ClassVar = (
        ConflictKind("specimen_broken", "Specimen broken", "A specimen that is broken is never whole again."),
    )

    id: UUID
    owner_id: OwnerId
    name: Annotated[str, Text(max_length=20, unique=True, sortable=True, filters=contains("a part of the name"))]
    instruction: Annotated[str, LongText(max_length=100)]
    sealed: Annotated[bool, Boolean(filters=equals("whether it is sealed"))]
    pieces: Annotated[int, Integer(minimum=-5, maximum=10, sortable=True, filters=between("at least", "at most"))]
    price: Annotated[
        Decimal, Amount(digits=6, places=2, minimum=Decimal(0), sortable=True, filters=between("from", "to"))
    ]
    made_on: Annotated[date, Day(sortable=True, filters=between("from", "to"))]
    measured_at: Annotated[datetime, Moment(sortable=True, filters=between("from", "to"))]
    material_id: Annotated[UUID, Reference(to="material", in_use="material_in_use", missing="material_missing")]
    state: Annotated[State, Choice(options=State, filters=equals("one or several states", several=True))] = (
        State.PLANNED
    )
    tags: Annotated[tuple[str, ...], Words(max_items=3, max_length=10, filters=has("tag", "one of the tags"))] = ()
    labels: Annotated[
        dict[str, str], Map(max_items=3, key_pattern="[a-z]{1,5}", key_words="1 to 5 small letters", max_length=10)
    ] = field(default_factory=dict)
    code: Annotated[str | None, Text(max_length=5, unique=True, filters=equals("codes", several=True))] = None
    note: Annotated[str | None, LongText(max_length=100)] = None
    checked: Annotated[bool | None, Boolean()] = None
    spare: Annotated[int | None, Integer(maximum=9, filters=equals("spare pieces"))] = None
    strain: Annotated[Decimal, Amount(digits=12, places=9, filters=between("from", "to"))] = Decimal("0E-9")
    notes: Annotated[dict[str, str] | None, Map(max_items=3, key_pattern=".*", key_words="any text", max_length=10)] = (
        None
    )
    revision_id: Annotated[str, Text(max_length=10)] = "none"
    record_key: Annotated[str, Text(max_length=10, sortable=True)] = "None"
    discount: Annotated[Decimal | None, Amount(digits=2, places=2, filters=equals("a discount"))] = None
    tested_on: Annotated[date | None, Day()] = None
    packed_at: Annotated[datetime | None, Moment()] = None
    result: Annotated[State | None, Choice(options=State)] = None
    parent_id: Annotated[
        UUID | None,
        Reference(
            to="specimen",
            in_use="specimen_has_parts",
            missing="whole_missing",
            immutable=True,
            filters=equals("specimens that it is a part of", several=True),
        ),
    ] = None
    series: Annotated[str, Text(max_length=10, immutable=True)] = "A"
    created_at: datetime
    updated_at: datetime
    version: int = 1
