"""Turns the arguments of callers into the API's JSON and query parameters."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Mapping
from hashlib import sha256
from typing import Any, Optional, TypedDict, Union

from goatfish.http.request import Parameter
from goatfish.models import Artifact, Run, RunStatus, Simulation
from goatfish.values import (
    UNSET,
    DateLike,
    MomentLike,
    QuantityLike,
    date_text,
    given,
    id_text,
    label_filters,
    moment_text,
    quantities,
    texts,
)

ArtifactLike = Union[Artifact, Mapping[str, Any]]


class SimulationInput(TypedDict, total=False):
    """A simulation to make: ``name`` and both dates are needed."""

    name: str
    start_date: DateLike
    end_date: DateLike
    description: Optional[str]
    labels: Mapping[str, str]


class RunInput(TypedDict, total=False):
    """A run to record: ``simulation`` (or ``simulation_id``) is needed where the call gives none for all."""

    simulation: Union[Simulation, str, uuid.UUID]
    simulation_id: str
    name: Optional[str]
    status: RunStatus
    status_reason: Optional[str]
    started_at: Optional[MomentLike]
    finished_at: Optional[MomentLike]
    solver: Optional[str]
    solver_version: Optional[str]
    external_id: Optional[str]
    parent_id: Union[Run, str, uuid.UUID, None]
    labels: Mapping[str, str]
    parameters: Mapping[str, QuantityLike]
    results: Mapping[str, QuantityLike]
    artifacts: Iterable[ArtifactLike]


def simulation_json(name: Any, start_date: Any, end_date: Any, description: Any, labels: Any) -> dict[str, Any]:
    """The members of a simulation that are given, as JSON."""
    return given(
        {
            "name": name,
            "start_date": date_text(start_date),
            "end_date": date_text(end_date),
            "description": description,
            "labels": labels,
        }
    )


def simulation_input(item: Mapping[str, Any]) -> dict[str, Any]:
    """An item of ``create_many`` as JSON; the service judges what is missing or too much."""
    return {name: date_text(value) for name, value in dict(item).items()}


def run_input(item: Mapping[str, Any], simulation: Any) -> dict[str, Any]:
    """The same for a run; ``simulation`` is that of an item without one."""
    members = dict(item)
    given_one = members.pop("simulation", members.pop("simulation_id", simulation))
    return run_json(UNSET if given_one is None else given_one, **members)


def digest(*parts: str) -> str:
    """A text that is the same for the same parts alone."""
    return sha256("\0".join(parts).encode("utf-8", "surrogatepass")).hexdigest()


def run_json(
    simulation: Any,
    *,
    parent_id: Any = UNSET,
    started_at: Any = UNSET,
    finished_at: Any = UNSET,
    parameters: Any = UNSET,
    results: Any = UNSET,
    artifacts: Any = UNSET,
    **plain: Any,
) -> dict[str, Any]:
    """The members of a run that are given, as JSON; ``plain`` are those that are sent as they are."""
    return given(
        {
            "simulation_id": simulation if simulation is UNSET else id_text(simulation, Simulation),
            "parent_id": parent_id if parent_id is UNSET or parent_id is None else id_text(parent_id, Run),
            "started_at": moment_text(started_at),
            "finished_at": moment_text(finished_at),
            "parameters": parameters if parameters is UNSET else quantities(parameters, "parameters"),
            "results": results if results is UNSET else quantities(results, "results"),
            "artifacts": artifacts if artifacts is UNSET else artifacts_json(artifacts),
            **plain,
        }
    )


def artifacts_json(artifacts: Iterable[ArtifactLike] | None) -> list[Any] | None:
    if artifacts is None:
        return None
    return [each.to_dict() if isinstance(each, Artifact) else dict(each) for each in artifacts]


def run_filters(
    *,
    simulation_id: Any = None,
    name: str | None = None,
    status: Any = None,
    started_from: Any = None,
    started_to: Any = None,
    finished_from: Any = None,
    finished_to: Any = None,
    solver: str | None = None,
    external_id: str | None = None,
    parent_id: Any = None,
    label: Any = None,
    where: Any = None,
) -> dict[str, Parameter]:
    """The filters of a list of runs as query parameters."""
    return {
        "simulation_id": None if simulation_id is None else id_text(simulation_id, Simulation),
        "name": name,
        "status": None if status is None else ",".join(texts(status) or ()),
        "started_from": moment_text(started_from),
        "started_to": moment_text(started_to),
        "finished_from": moment_text(finished_from),
        "finished_to": moment_text(finished_to),
        "solver": solver,
        "external_id": external_id,
        "parent_id": None if parent_id is None else id_text(parent_id, Run),
        "label": label_filters(label),
        "where": texts(where),
    }
