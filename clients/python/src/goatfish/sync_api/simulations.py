# Generated from goatfish.async_api.simulations by clients/python/generate.py: edit that.
"""Simulations: plans, of which runs are made."""

from __future__ import annotations

import builtins
import uuid
from collections.abc import Iterable, Mapping
from datetime import datetime, timezone
from typing import Any, Union

from goatfish.decoding import object_of
from goatfish.errors import IdempotencyKeyReused, NotFound
from goatfish.http.request import new_request
from goatfish.inputs import (
    SimulationInput,
    digest,
    run_filters,
    simulation_input,
    simulation_json,
)
from goatfish.models import Run, RunsSummary, RunStatus, Simulation, SimulationRevision, SimulationSort
from goatfish.sync_api.downloads import Download
from goatfish.sync_api.objects import Objects
from goatfish.sync_api.pages import Pages
from goatfish.values import UNSET, DateLike, MomentLike, Unset, date_text, label_filters

SimulationOrId = Union[Simulation, str, uuid.UUID]
RunOrId = Union[Run, str, uuid.UUID]
TRIES_TO_ENSURE = 10  # each after it was made and deleted in between


class Simulations(Objects[Simulation, SimulationRevision]):
    """The simulations of the caller."""

    PATH = "/api/v1/simulations"
    KIND = Simulation
    REVISION = SimulationRevision

    def create(
        self,
        name: str,
        start_date: DateLike,
        end_date: DateLike,
        *,
        description: str | None = None,
        labels: Mapping[str, str] | None = None,
        idempotency_key: str | None = None,
    ) -> Simulation:
        """Makes a simulation, once however often the request has to be sent."""
        body = simulation_json(name, start_date, end_date, _or_unset(description), _or_unset(labels))
        return self._create(body, idempotency_key)

    def create_many(
        self, items: Iterable[SimulationInput | Mapping[str, Any]], *, idempotency_key: str | None = None
    ) -> builtins.list[Simulation]:
        """Makes any number of them, in batches, each wholly or not at all.

        Each item has what ``create`` takes. Where a batch fails, the error's ``made`` are those of the batches before
        it. With the same ``idempotency_key`` and the same items, the call can be repeated: nothing is made twice.
        """
        return self._create_many([simulation_input(item) for item in items], idempotency_key)

    def find(self, name: str) -> Simulation | None:
        """The simulation of exactly this name, the newest where there are several; None where there is none."""
        name = name.strip()
        if not name:
            return None
        for simulation in self.list(name=name, limit=100):
            if simulation.name == name:
                return simulation
        return None

    def ensure(
        self,
        name: str,
        *,
        start_date: DateLike | None = None,
        end_date: DateLike | None = None,
        description: str | None = None,
        labels: Mapping[str, str] | None = None,
    ) -> Simulation:
        """The simulation of exactly this name, which is made where there is none, from today to today unless given.

        However many ask at the same moment, it is made once.
        """
        name, today = name.strip(), datetime.now(timezone.utc).date()
        start = start_date or end_date or today
        key = f"simulation-{digest(name, today.isoformat())}"
        for _ in range(TRIES_TO_ENSURE):
            found = self.find(name)
            if found is not None:
                return found
            try:
                made = self.create(
                    name, start, end_date or start, description=description, labels=labels, idempotency_key=key
                )
                if not (made.response and made.response.replayed):
                    return made
                now = self.get(made)
            except IdempotencyKeyReused:
                key = f"simulation-{digest(key)}"  # made with other members, and gone since
            except NotFound:
                key = f"simulation-{digest(key)}"  # made today, and deleted since
            else:
                if now.name == name:
                    return now
                key = f"simulation-{digest(key)}"  # it has another name by now
        return self.create(name, start, end_date or start, description=description, labels=labels)

    def summary(self, id: SimulationOrId) -> RunsSummary:
        """Its runs in numbers: how many by status, and the range and mean of each numeric result."""
        return object_of(RunsSummary, self._sender.send(new_request("GET", f"{self._path(id)}/summary")))

    def export_runs(
        self,
        id: SimulationOrId,
        *,
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
    ) -> Download:
        """All its runs that fulfil the filters as CSV (RFC 4180), read while it comes: see ``Download``."""
        params = run_filters(
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
        headers = {"accept": "text/csv, application/problem+json"}
        request = new_request("GET", f"{self._path(id)}/runs.csv", params=params, headers=headers)
        return Download(self._sender, request)

    def list(
        self,
        *,
        name: str | None = None,
        start_date_from: DateLike | None = None,
        start_date_to: DateLike | None = None,
        end_date_from: DateLike | None = None,
        end_date_to: DateLike | None = None,
        active_on: DateLike | None = None,
        label: Mapping[str, str | None] | Iterable[str] | str | None = None,
        sort: SimulationSort | None = None,
        limit: int | None = None,
    ) -> Pages[Simulation]:
        """Those that fulfil all filters, newest first unless ``sort`` says otherwise; ``limit`` is the page size."""
        params = {
            "name": name,
            "start_date_from": date_text(start_date_from),
            "start_date_to": date_text(start_date_to),
            "end_date_from": date_text(end_date_from),
            "end_date_to": date_text(end_date_to),
            "active_on": date_text(active_on),
            "label": label_filters(label),
            "sort": sort,
            "limit": limit,
        }
        return Pages(self._sender, self.PATH, params, Simulation)

    def update(
        self,
        target: SimulationOrId,
        *,
        if_unchanged: bool = False,
        name: str | Unset = UNSET,
        start_date: DateLike | Unset = UNSET,
        end_date: DateLike | Unset = UNSET,
        description: str | Unset | None = UNSET,
        labels: Mapping[str, str | None] | Unset = UNSET,
    ) -> Simulation:
        """Changes what is given; of ``labels`` the members that are given, None removing one."""
        body = simulation_json(name, start_date, end_date, description, labels)
        return self._written("PATCH", target, body, if_unchanged)

    def amend(
        self,
        target: SimulationOrId,
        *,
        if_unchanged: bool = False,
        name: str | Unset = UNSET,
        start_date: DateLike | Unset = UNSET,
        end_date: DateLike | Unset = UNSET,
        description: str | Unset | None = UNSET,
        labels: Mapping[str, str | None] | Unset = UNSET,
    ) -> Simulation:
        """The same as ``update``, by POST, for networks that let no PATCH through."""
        body = simulation_json(name, start_date, end_date, description, labels)
        return self._written("POST", target, body, if_unchanged)

    def replace(
        self,
        target: SimulationOrId,
        *,
        name: str,
        start_date: DateLike,
        end_date: DateLike,
        description: str | None = None,
        labels: Mapping[str, str] | None = None,
        if_unchanged: bool = False,
    ) -> Simulation:
        """Writes all members; what is left out gets its default again."""
        body = simulation_json(name, start_date, end_date, description, labels or {})
        return self._written("PUT", target, body, if_unchanged)


def _or_unset(value: Any) -> Any:
    return UNSET if value is None else value
