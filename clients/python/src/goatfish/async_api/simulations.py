"""Simulations: plans, of which runs are made."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Mapping
from typing import Any, Union

from goatfish.async_api.objects import AsyncObjects
from goatfish.async_api.pages import AsyncPages
from goatfish.decoding import object_of
from goatfish.http.request import new_request
from goatfish.models import Simulation, SimulationRevision, SimulationSort
from goatfish.values import UNSET, DateLike, Unset, date_text, given, label_filters

SimulationOrId = Union[Simulation, str, uuid.UUID]


class AsyncSimulations(AsyncObjects[Simulation, SimulationRevision]):
    """The simulations of the caller."""

    PATH = "/api/v1/simulations"
    KIND = Simulation
    REVISION = SimulationRevision

    async def create(
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
        body = simulation_json(name, start_date, end_date, description or UNSET, labels or UNSET)
        key = idempotency_key or uuid.uuid4().hex
        response = await self._sender.send(new_request("POST", self.PATH, json=body, idempotency_key=key))
        return object_of(Simulation, response)

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
    ) -> AsyncPages[Simulation]:
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
        return AsyncPages(self._sender, self.PATH, params, Simulation)

    async def update(
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
        return await self._written("PATCH", target, body, if_unchanged)

    async def amend(
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
        return await self._written("POST", target, body, if_unchanged)

    async def replace(
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
        return await self._written("PUT", target, body, if_unchanged)


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
