# Generated from goatfish.async_api.runs by clients/python/generate.py: edit that.
"""Runs: executions of simulations."""

from __future__ import annotations

import builtins
import uuid
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any, Union

from goatfish.errors import SimulationNotFound
from goatfish.inputs import ArtifactLike, RunInput, run_filters, run_input, run_json
from goatfish.models import Run, RunRevision, RunSort, RunStatus, Simulation
from goatfish.sync_api.objects import Objects
from goatfish.sync_api.pages import Pages
from goatfish.sync_api.simulations import Simulations
from goatfish.tables import table_maker
from goatfish.values import UNSET, MomentLike, QuantityLike, Unset, is_id

if TYPE_CHECKING:
    import pandas

RunOrId = Union[Run, str, uuid.UUID]
SimulationOrId = Union[Simulation, str, uuid.UUID]


class Runs(Objects[Run, RunRevision]):
    """The runs of the caller."""

    PATH = "/api/v1/runs"
    KIND = Run
    REVISION = RunRevision

    def create(
        self,
        simulation: SimulationOrId,
        *,
        name: str | Unset | None = UNSET,
        status: RunStatus | Unset = UNSET,
        status_reason: str | Unset | None = UNSET,
        started_at: MomentLike | Unset | None = UNSET,
        finished_at: MomentLike | Unset | None = UNSET,
        solver: str | Unset | None = UNSET,
        solver_version: str | Unset | None = UNSET,
        external_id: str | Unset | None = UNSET,
        parent_id: RunOrId | Unset | None = UNSET,
        labels: Mapping[str, str] | Unset = UNSET,
        parameters: Mapping[str, QuantityLike] | Unset = UNSET,
        results: Mapping[str, QuantityLike] | Unset = UNSET,
        artifacts: Iterable[ArtifactLike] | Unset = UNSET,
        idempotency_key: str | None = None,
    ) -> Run:
        """Records a run of this simulation, once however often the request has to be sent."""
        body = run_json(
            simulation,
            name=name,
            status=status,
            status_reason=status_reason,
            started_at=started_at,
            finished_at=finished_at,
            solver=solver,
            solver_version=solver_version,
            external_id=external_id,
            parent_id=parent_id,
            labels=labels,
            parameters=parameters,
            results=results,
            artifacts=artifacts,
        )
        return self._create(body, idempotency_key)

    def create_many(
        self,
        items: Iterable[RunInput | Mapping[str, Any]],
        *,
        simulation: SimulationOrId | None = None,
        idempotency_key: str | None = None,
    ) -> builtins.list[Run]:
        """Records any number of runs, in batches, each wholly or not at all.

        Each item has what ``create`` takes; ``simulation`` is that of the items that have none of their own. Where a
        batch fails, the error's ``made`` are those of the batches before it. With the same ``idempotency_key`` and the
        same items, the call can be repeated: nothing is made twice.
        """
        return self._create_many([run_input(item, simulation) for item in items], idempotency_key)

    def list(
        self,
        *,
        simulation_id: SimulationOrId | None = None,
        name: str | None = None,
        status: Iterable[RunStatus] | RunStatus | None = None,
        started_from: MomentLike | None = None,
        started_to: MomentLike | None = None,
        finished_from: MomentLike | None = None,
        finished_to: MomentLike | None = None,
        solver: str | None = None,
        external_id: str | None = None,
        parent_id: RunOrId | None = None,
        label: Mapping[str, str | None] | Iterable[str] | str | None = None,
        where: Iterable[str] | str | None = None,
        sort: RunSort | str | None = None,
        limit: int | None = None,
    ) -> Pages[Run]:
        """Those that fulfil all filters, newest first unless ``sort`` says otherwise; ``limit`` is the page size.

        ``where`` compares a member, as in ``"parameters.alpha>=12"`` or ``'results.model="fine"'``.
        """
        params = run_filters(
            simulation_id=simulation_id,
            name=name,
            status=status,
            started_from=started_from,
            started_to=started_to,
            finished_from=finished_from,
            finished_to=finished_to,
            solver=solver,
            external_id=external_id,
            parent_id=parent_id,
            label=label,
            where=where,
        )
        return Pages(self._sender, self.PATH, {**params, "sort": sort, "limit": limit}, Run)

    def update(
        self,
        target: RunOrId,
        *,
        if_unchanged: bool = False,
        simulation: SimulationOrId | Unset = UNSET,
        name: str | Unset | None = UNSET,
        status: RunStatus | Unset = UNSET,
        status_reason: str | Unset | None = UNSET,
        started_at: MomentLike | Unset | None = UNSET,
        finished_at: MomentLike | Unset | None = UNSET,
        solver: str | Unset | None = UNSET,
        solver_version: str | Unset | None = UNSET,
        external_id: str | Unset | None = UNSET,
        parent_id: RunOrId | Unset | None = UNSET,
        labels: Mapping[str, str | None] | Unset = UNSET,
        parameters: Mapping[str, QuantityLike] | Unset = UNSET,
        results: Mapping[str, QuantityLike] | Unset = UNSET,
        artifacts: Iterable[ArtifactLike] | Unset = UNSET,
    ) -> Run:
        """Changes what is given.

        Of ``labels``, ``parameters`` and ``results`` the members that are given change, None removing one;
        ``artifacts`` are replaced as a whole.
        """
        body = run_json(
            simulation,
            name=name,
            status=status,
            status_reason=status_reason,
            started_at=started_at,
            finished_at=finished_at,
            solver=solver,
            solver_version=solver_version,
            external_id=external_id,
            parent_id=parent_id,
            labels=labels,
            parameters=parameters,
            results=results,
            artifacts=artifacts,
        )
        return self._written("PATCH", target, body, if_unchanged)

    def amend(
        self,
        target: RunOrId,
        *,
        if_unchanged: bool = False,
        simulation: SimulationOrId | Unset = UNSET,
        name: str | Unset | None = UNSET,
        status: RunStatus | Unset = UNSET,
        status_reason: str | Unset | None = UNSET,
        started_at: MomentLike | Unset | None = UNSET,
        finished_at: MomentLike | Unset | None = UNSET,
        solver: str | Unset | None = UNSET,
        solver_version: str | Unset | None = UNSET,
        external_id: str | Unset | None = UNSET,
        parent_id: RunOrId | Unset | None = UNSET,
        labels: Mapping[str, str | None] | Unset = UNSET,
        parameters: Mapping[str, QuantityLike] | Unset = UNSET,
        results: Mapping[str, QuantityLike] | Unset = UNSET,
        artifacts: Iterable[ArtifactLike] | Unset = UNSET,
    ) -> Run:
        """The same as ``update``, by POST, for networks that let no PATCH through."""
        body = run_json(
            simulation,
            name=name,
            status=status,
            status_reason=status_reason,
            started_at=started_at,
            finished_at=finished_at,
            solver=solver,
            solver_version=solver_version,
            external_id=external_id,
            parent_id=parent_id,
            labels=labels,
            parameters=parameters,
            results=results,
            artifacts=artifacts,
        )
        return self._written("POST", target, body, if_unchanged)

    def replace(
        self,
        target: RunOrId,
        *,
        simulation: SimulationOrId,
        if_unchanged: bool = False,
        name: str | Unset | None = UNSET,
        status: RunStatus | Unset = UNSET,
        status_reason: str | Unset | None = UNSET,
        started_at: MomentLike | Unset | None = UNSET,
        finished_at: MomentLike | Unset | None = UNSET,
        solver: str | Unset | None = UNSET,
        solver_version: str | Unset | None = UNSET,
        external_id: str | Unset | None = UNSET,
        parent_id: RunOrId | Unset | None = UNSET,
        labels: Mapping[str, str] | Unset = UNSET,
        parameters: Mapping[str, QuantityLike] | Unset = UNSET,
        results: Mapping[str, QuantityLike] | Unset = UNSET,
        artifacts: Iterable[ArtifactLike] | Unset = UNSET,
    ) -> Run:
        """Writes all members; what is left out gets its default again, but for filled-in times and the parent."""
        body = run_json(
            simulation,
            name=name,
            status=status,
            status_reason=status_reason,
            started_at=started_at,
            finished_at=finished_at,
            solver=solver,
            solver_version=solver_version,
            external_id=external_id,
            parent_id=parent_id,
            labels=labels,
            parameters=parameters,
            results=results,
            artifacts=artifacts,
        )
        return self._written("PUT", target, body, if_unchanged)

    def to_pandas(
        self,
        simulation: SimulationOrId,
        *,
        where: Iterable[str] | str | None = None,
        name: str | None = None,
        status: Iterable[RunStatus] | RunStatus | None = None,
        started_from: MomentLike | None = None,
        started_to: MomentLike | None = None,
        finished_from: MomentLike | None = None,
        finished_to: MomentLike | None = None,
        solver: str | None = None,
        external_id: str | None = None,
        parent_id: RunOrId | None = None,
        label: Mapping[str, str | None] | Iterable[str] | str | None = None,
        sort: RunSort | str | None = None,
    ) -> pandas.DataFrame:
        """All runs of a simulation that fulfil the filters as a table with the columns of ``runs.csv``.

        ``simulation`` is one, its id, or its name. Raises ``NotFound`` where there is none of this name, and
        ``ImportError`` where pandas is not installed.
        """
        frame_of = table_maker()
        runs = self.list(
            simulation_id=self._simulation(simulation),
            limit=100,
            sort=sort,
            name=name,
            status=status,
            started_from=started_from,
            started_to=started_to,
            finished_from=finished_from,
            finished_to=finished_to,
            solver=solver,
            external_id=external_id,
            parent_id=parent_id,
            label=label,
            where=where,
        )
        return frame_of([run for run in runs])

    def _simulation(self, wanted: SimulationOrId) -> SimulationOrId:
        """The simulation that is meant, which may be by its name."""
        if not isinstance(wanted, str) or is_id(wanted):
            return wanted
        found = Simulations(self._sender).find(wanted)
        if found is None:
            detail = f"There is no simulation with the name {wanted!r}."
            raise SimulationNotFound(404, "simulation_not_found", "Simulation not found", detail)
        return found
