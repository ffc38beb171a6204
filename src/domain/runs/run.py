"""A Run and every rule it holds."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Annotated, Any, ClassVar
from uuid import UUID

from domain.entity_spec import ConflictKind, NotBefore, Rule
from domain.errors import Violation
from domain.field_filters import between, contains, equals
from domain.fields import Actor, Choice, LongText, Moment, Reference, Text
from domain.items import Items
from domain.labels import LABEL_FILTER, LABELS
from domain.list_filters import ParsedFilter
from domain.quantities import Quantities, Quantity
from domain.quantity_conditions import Where
from domain.repository import OwnerId
from domain.runs.artifact import Artifact
from domain.runs.status import RunStatus, require_forward

_WHERE = Where("parameters", "results")


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """One execution of a simulation: what an engineer's script records while a solver works."""

    KIND: ClassVar = "run"
    PLURAL: ClassVar = "runs"
    SORTS: ClassVar = ("updated_at",)
    RULES: ClassVar = (
        Rule(
            ("status", "started_at"),
            lambda status, _: status is not RunStatus.QUEUED,
            Violation("started_at", "not_started", "A queued run has not started."),
        ),
        Rule(
            ("status", "finished_at"),
            lambda status, _: status.is_final,
            Violation("finished_at", "not_finished", "A run that is queued or running has not finished."),
        ),
        NotBefore(
            "finished_at", "started_at", Violation("finished_at", "before_start", "The run finishes before it starts.")
        ),
    )
    TRANSITIONS: ClassVar = (lambda before, after: require_forward(before.status, after.status),)
    CONFLICTS: ClassVar = (
        ConflictKind("run_has_started", "Run has started", "A run that is running does not become queued again."),
        ConflictKind(
            "run_has_ended",
            "Run has ended",
            "A run that succeeded, failed or was cancelled keeps its status. Record what comes next as another run.",
        ),
    )
    FILTERS: ClassVar = (
        LABEL_FILTER,
        ParsedFilter(
            "where",
            _WHERE,
            _WHERE.pattern,
            "compares a parameter or a result with a number, true, false or a text in double quotes",
            "parameters.alpha>=12",
        ),
    )

    id: UUID
    owner_id: OwnerId
    simulation_id: Annotated[
        UUID,
        Reference(
            to="simulation",
            in_use="simulation_has_runs",
            missing="simulation_missing",
            description="what it is a run of",
            filters=equals("runs of this simulation"),
        ),
    ]
    name: Annotated[
        str | None,
        Text(
            max_length=300,
            description="what it is called; trimmed, without control characters",
            example="mesh 3, 12 degrees",
            sortable=True,
            filters=contains("a part of the name, in any case"),
        ),
    ] = None
    status: Annotated[
        RunStatus,
        Choice(
            options=RunStatus,
            description="goes forward only; the last three are final",
            example="succeeded",
            filters=equals("one or several, separated by commas", several=True),
        ),
    ] = RunStatus.QUEUED
    status_reason: Annotated[
        str | None, LongText(max_length=2000, trimmed=True, description="why it has this status", example="diverged")
    ] = None
    started_at: Annotated[
        datetime | None,
        Moment(
            description="filled in when it begins to run, unless it is sent; null stays null",
            example="2026-01-05T08:00:00Z",
            kept=True,
            filters=between("started at this moment or later", "started at this moment or earlier", "started"),
        ),
    ] = None
    finished_at: Annotated[
        datetime | None,
        Moment(
            description="filled in when it ends, unless it is sent; null stays null",
            example="2026-01-05T17:30:00Z",
            kept=True,
            filters=between("finished at this moment or later", "finished at this moment or earlier", "finished"),
        ),
    ] = None
    solver: Annotated[
        str | None,
        Text(
            max_length=100,
            description="the program that computes it",
            example="OpenFOAM",
            filters=equals("runs of this solver"),
        ),
    ] = None
    solver_version: Annotated[
        str | None, Text(max_length=100, description="the version of that program", example="v2606")
    ] = None
    external_id: Annotated[
        str | None,
        Text(
            max_length=255,
            unique=True,
            description="its name in another system; no other run has it",
            example="slurm-81724",
            filters=equals("the run with this external id"),
        ),
    ] = None
    parent_id: Annotated[
        UUID | None,
        Reference(
            to="run",
            in_use="run_has_children",
            missing="parent_missing",
            immutable=True,
            description="the run that this one continues; set on creation",
            filters=equals("runs that continue this one"),
        ),
    ] = None
    labels: Annotated[Mapping[str, str], LABELS] = field(default_factory=dict)
    parameters: Annotated[
        Mapping[str, Quantity],
        Quantities(
            description="what went in; a number, boolean or text may be sent without a unit",
            example={"alpha": {"value": 12, "unit": "deg"}},
            sortable_within="simulation_id",
        ),
    ] = field(default_factory=dict)
    results: Annotated[
        Mapping[str, Quantity],
        Quantities(
            description="what came out; a number, boolean or text may be sent without a unit",
            example={"lift": {"value": 1210.5, "unit": "N"}},
            sortable_within="simulation_id",
        ),
    ] = field(default_factory=dict)
    artifacts: Annotated[
        tuple[Artifact, ...],
        Items(of=Artifact, key="name", max_items=50, description="links to files; nothing is fetched or stored"),
    ] = ()
    created_by: Annotated[str, Actor(description="who made it: `key:` and the id of a key, or `operator`")]
    created_at: datetime
    updated_at: datetime
    version: int = 1

    @staticmethod
    def fill_in(
        before: Mapping[str, Any] | None, after: Mapping[str, Any], given: Collection[str], now: datetime
    ) -> dict[str, Any]:
        """The times that nobody has sent: of the start where it begins to run, and of the finish where it ends."""
        status = after["status"]
        if before is not None and before["status"] is status:
            return {}
        filled: dict[str, Any] = {}
        if status is RunStatus.RUNNING and "started_at" not in given:
            filled["started_at"] = now
        if status.is_final and "finished_at" not in given:
            # A client's clock may be ahead of ours.
            filled["finished_at"] = max(now, after["started_at"] or now)
        return filled
