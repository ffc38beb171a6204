"""What is written, and what is asked for, as the API's JSON and query parameters."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Union

from goatfish.http.request import Parameter
from goatfish.models import Artifact, Run, Simulation
from goatfish.values import UNSET, given, id_text, label_filters, moment_text, quantities, texts

ArtifactLike = Union[Artifact, Mapping[str, Any]]


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
