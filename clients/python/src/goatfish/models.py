"""What the service keeps, as frozen objects whose members have the API's names."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import TYPE_CHECKING, Any, ClassVar, Generic, Literal, TypeVar

from goatfish.json_objects import Decoders, Model, mapping_of, sequence_of
from goatfish.values import Scalar, moment

if TYPE_CHECKING:
    from goatfish.http.response import Response

RunStatus = Literal["queued", "running", "succeeded", "failed", "cancelled"]
RunSort = Literal["created_at", "-created_at", "updated_at", "-updated_at", "name", "-name"]
SimulationSort = Literal[
    "created_at", "-created_at", "name", "-name", "start_date", "-start_date", "end_date", "-end_date"
]
Scope = Literal["simulations:read", "simulations:write", "runs:read", "runs:write", "keys:manage", "webhooks:manage"]
DisabledReason = Literal["gone", "failing", "changes_forgotten", "secret_unreadable"]
DeliveryCause = Literal["change", "repeat", "ping"]
Action = Literal["created", "updated", "deleted"]

M = TypeVar("M", bound=Model)
T = TypeVar("T")


@dataclass(frozen=True)
class Quantity(Model):
    """A value with its unit, which is kept and never converted."""

    value: Scalar
    unit: str | None = None

    __hash__ = Model.__hash__

    def __str__(self) -> str:
        return f"{self.value}" if self.unit is None else f"{self.value} {self.unit}"


@dataclass(frozen=True)
class Artifact(Model):
    """A link to a file; nothing is fetched or stored."""

    name: str
    uri: str
    media_type: str | None = None
    bytes: int | None = None
    sha256: str | None = None

    __hash__ = Model.__hash__


@dataclass(frozen=True)
class Simulation(Model):
    """An engineering simulation, planned from ``start_date`` to ``end_date``, both days included."""

    id: str
    name: str
    start_date: date
    end_date: date
    description: str | None = None
    labels: Mapping[str, str] = field(default_factory=dict)
    created_at: datetime | None = None
    updated_at: datetime | None = None

    DECODERS: ClassVar[Decoders] = {
        "start_date": date.fromisoformat,
        "end_date": date.fromisoformat,
        "created_at": moment,
        "updated_at": moment,
    }
    __hash__ = Model.__hash__


@dataclass(frozen=True)
class Run(Model):
    """One execution of a simulation."""

    id: str
    simulation_id: str
    name: str | None = None
    status: RunStatus = "queued"
    status_reason: str | None = None
    started_at: datetime | None = None
    finished_at: datetime | None = None
    solver: str | None = None
    solver_version: str | None = None
    external_id: str | None = None
    parent_id: str | None = None
    labels: Mapping[str, str] = field(default_factory=dict)
    parameters: Mapping[str, Quantity] = field(default_factory=dict)
    results: Mapping[str, Quantity] = field(default_factory=dict)
    artifacts: Sequence[Artifact] = ()
    created_by: str | None = None
    created_at: datetime | None = None
    updated_at: datetime | None = None

    DECODERS: ClassVar[Decoders] = {
        "started_at": moment,
        "finished_at": moment,
        "parameters": mapping_of(Quantity),
        "results": mapping_of(Quantity),
        "artifacts": sequence_of(Artifact),
        "created_at": moment,
        "updated_at": moment,
    }
    __hash__ = Model.__hash__


@dataclass(frozen=True)
class Key(Model):
    """An API key. ``key``, the secret, is there only where it has just been made."""

    id: str
    name: str
    prefix: str
    scopes: Sequence[Scope] = ()
    created_at: datetime | None = None
    created_by: str | None = None
    expires_at: datetime | None = None
    last_used_at: datetime | None = None
    revoked_at: datetime | None = None
    key: str | None = field(default=None, repr=False)

    DECODERS: ClassVar[Decoders] = {
        "scopes": tuple,
        "created_at": moment,
        "expires_at": moment,
        "last_used_at": moment,
        "revoked_at": moment,
    }
    __hash__ = Model.__hash__


@dataclass(frozen=True)
class Webhook(Model):
    """An endpoint that is sent changes. ``secret`` is there only where it has just been made or rolled.

    ``disabled_reason`` says why the service has disabled it, and is None unless it has.
    """

    id: str
    url: str
    kinds: Sequence[str] = ()
    description: str | None = None
    enabled: bool = True
    disabled_reason: DisabledReason | None = None
    previous_secret_until: datetime | None = None
    created_at: datetime | None = None
    updated_at: datetime | None = None
    secret: str | None = field(default=None, repr=False)

    DECODERS: ClassVar[Decoders] = {
        "kinds": tuple,
        "previous_secret_until": moment,
        "created_at": moment,
        "updated_at": moment,
    }
    __hash__ = Model.__hash__


@dataclass(frozen=True)
class Delivery(Model):
    """One attempt to deliver a message to a webhook; ``delivered`` says whether the endpoint accepted it."""

    id: str
    message_id: str
    type: str
    cause: DeliveryCause
    attempt: int
    created_at: datetime
    status_code: int | None
    duration_ms: int
    answer: str
    error: str | None
    delivered: bool
    next_attempt_at: datetime | None = None

    DECODERS: ClassVar[Decoders] = {"created_at": moment, "next_attempt_at": moment}
    __hash__ = Model.__hash__


@dataclass(frozen=True)
class Owner(Model):
    """Whose objects a key reaches."""

    id: str
    name: str

    __hash__ = Model.__hash__


@dataclass(frozen=True)
class Caller(Model):
    """Who is calling: the owner, the key in use, its scopes and its expiry."""

    owner: Owner
    key: Key
    scopes: Sequence[Scope] = ()
    expires_at: datetime | None = None

    DECODERS: ClassVar[Decoders] = {
        "owner": Owner.from_json,
        "key": Key.from_json,
        "scopes": tuple,
        "expires_at": moment,
    }
    __hash__ = Model.__hash__


@dataclass(frozen=True)
class ResultSummary(Model):
    """One result over all runs that have it as a number; ``unit`` is None where they differ."""

    count: int
    min: float
    max: float
    mean: float
    unit: str | None = None

    __hash__ = Model.__hash__


@dataclass(frozen=True)
class RunsSummary(Model):
    """The runs of a simulation in numbers."""

    runs: int
    by_status: Mapping[str, int] = field(default_factory=dict)
    results: Mapping[str, ResultSummary] = field(default_factory=dict)

    DECODERS: ClassVar[Decoders] = {"results": mapping_of(ResultSummary)}
    __hash__ = Model.__hash__


@dataclass(frozen=True)
class SimulationRevision(Model):
    """A change of a simulation: who made it, when, and the simulation before and after."""

    id: str
    version: int
    action: Action
    at: datetime
    actor: str
    request_id: str
    before: Simulation | None = None
    after: Simulation | None = None
    kind: str = "simulation"

    DECODERS: ClassVar[Decoders] = {"at": moment, "before": Simulation.from_json, "after": Simulation.from_json}
    __hash__ = Model.__hash__


@dataclass(frozen=True)
class RunRevision(Model):
    """A change of a run: who made it, when, and the run before and after."""

    id: str
    version: int
    action: Action
    at: datetime
    actor: str
    request_id: str
    before: Run | None = None
    after: Run | None = None
    kind: str = "run"

    DECODERS: ClassVar[Decoders] = {"at": moment, "before": Run.from_json, "after": Run.from_json}
    __hash__ = Model.__hash__


@dataclass(frozen=True)
class Change(Model):
    """A change in the feed. Whoever follows it saves ``cursor`` once the change is dealt with.

    ``before`` and ``after`` are objects of this ``kind``, or plain JSON for a kind that this version does not know.
    """

    kind: str
    id: str
    version: int
    action: Action
    at: datetime
    actor: str
    request_id: str
    before: Any = None
    after: Any = None
    cursor: str = ""

    DECODERS: ClassVar[Decoders] = {"at": moment}
    KINDS: ClassVar[Mapping[str, type[Model]]] = {"simulation": Simulation, "run": Run}
    __hash__ = Model.__hash__

    @classmethod
    def of(cls, json: Any, response: Response | None, cursor: str) -> Change:
        """Reads a change, after which this cursor goes on."""
        change = dataclasses.replace(cls.from_json(json), cursor=cursor)
        object.__setattr__(change, "_json", json)
        object.__setattr__(change, "_response", response)
        kind = cls.KINDS.get(change.kind)
        for name in ("before", "after"):
            value = getattr(change, name)
            if kind is not None and value is not None:
                object.__setattr__(change, name, kind.from_json(value))
        return change


@dataclass(frozen=True)
class Probe(Model):
    """That the service is alive, or ready."""

    status: str

    __hash__ = Model.__hash__


@dataclass(frozen=True)
class ProblemMeaning(Model):
    """What a problem code means, and what to do about it."""

    code: str
    status: int
    title: str
    type: str
    meaning: str

    __hash__ = Model.__hash__


@dataclass(frozen=True)
class Page(Generic[T]):
    """One page of a list; ``next_cursor`` leads to the next, and is None on the last."""

    items: Sequence[T]
    next_cursor: str | None
    response: Response | None = field(default=None, repr=False, compare=False)


@dataclass(frozen=True)
class ChangePage:
    """One page of the feed; ``next_cursor`` goes on after it, and ``has_more`` says whether there is more already."""

    items: Sequence[Change]
    next_cursor: str
    has_more: bool
    response: Response | None = field(default=None, repr=False, compare=False)
