"""A tenant that records runs of a simulation over HTTP, for the contracts of runs."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

import pytest
from httpx2 import Response

from tests.contracts.http_service import Service, Tenant
from tests.contracts.http_simulations import SIMULATIONS
from tests.contracts.resources import Json

RUNS = "/api/v1/runs"
NO_RUN = f"{RUNS}/0199f3c2-0000-7000-8000-000000000000"
EARLY, LATE = "2026-01-05T08:00:00Z", "2026-01-06T08:00:00Z"
NOBODY = "0199f3c2-0000-7000-8000-000000000000"
EXAMPLE: Json = {
    "name": "mesh 3, 12 degrees",
    "status": "running",
    "status_reason": None,
    "started_at": EARLY,
    "finished_at": None,
    "solver": "OpenFOAM",
    "solver_version": "v2606",
    "external_id": "slurm-81724",
    "parent_id": None,
    "labels": {"mesh": "fine"},
    "parameters": {"alpha": {"value": 12, "unit": "deg"}, "model": {"value": "k-omega SST", "unit": None}},
    "results": {"cl": {"value": 1.21, "unit": None}, "converged": {"value": True, "unit": None}},
    "artifacts": [
        {
            "name": "log",
            "uri": "s3://b/81724/log",
            "media_type": "text/plain",
            "bytes": 18211,
            "sha256": "0aF" * 21 + "0",
        }
    ],
}
DEFAULTS: Json = {
    **dict.fromkeys(("name", "status_reason", "started_at", "finished_at", "solver", "solver_version", "external_id")),
    "status": "queued",
    "parent_id": None,
    "labels": {},
    "parameters": {},
    "results": {},
    "artifacts": [],
}
"""What a run has of which nothing is sent but its simulation."""


@dataclass
class Lab:
    """A tenant with one simulation."""

    tenant: Tenant
    simulation: Json

    @property
    def simulation_path(self) -> str:
        return f"{SIMULATIONS}/{self.simulation['id']}"

    def post(self, **members: Any) -> Response:
        """The answer to a new run of the simulation; its JSON is ASCII, so that it can have lone surrogates."""
        content = json.dumps({"simulation_id": self.simulation["id"]} | members)
        return self.tenant.send("POST", RUNS, content=content, headers={"Content-Type": "application/json"})

    def make(self, **members: Any) -> Json:
        """A new run of the simulation."""
        answer = self.post(**members)
        assert answer.status_code == 201, answer.text
        made: Json = answer.json()
        return made

    def get(self, run: Json) -> Json:
        answer = self.tenant.send("GET", path_of(run))
        assert answer.status_code == 200, answer.text
        found: Json = answer.json()
        return found

    def patch(self, run: Json, **members: Any) -> Response:
        return self.tenant.send("PATCH", path_of(run), json=members)

    def changed(self, run: Json, **members: Any) -> Json:
        """The run after this change."""
        answer = self.patch(run, **members)
        assert answer.status_code == 200, answer.text
        changed: Json = answer.json()
        return changed

    def put(self, run: Json, **members: Any) -> Response:
        return self.tenant.send("PUT", path_of(run), json={"simulation_id": self.simulation["id"]} | members)

    def delete(self, run: Json) -> Response:
        return self.tenant.send("DELETE", path_of(run))

    def restore(self, path: str, version: int) -> Response:
        return self.tenant.send("POST", f"{path}/restore", json={"version": version})

    def query(self, *query: tuple[str, str], **more: str) -> Response:
        """The answer to a list of runs; parameters may be repeated."""
        return self.tenant.send("GET", RUNS, params=[*query, *more.items()])

    def names(self, *query: tuple[str, str], limit: int = 100, **more: str) -> list[str]:
        """The names of the listed runs, page by page."""
        found: list[str] = []
        path: str | None = RUNS
        params: Any = [*query, *more.items(), ("limit", str(limit))]
        while path:
            answer = self.tenant.send("GET", path, params=params)
            assert answer.status_code == 200, answer.text
            found += [item["name"] for item in answer.json()["items"]]
            path, params = answer.links.get("next", {}).get("url"), None
        return found


def path_of(run: Json) -> str:
    return f"{RUNS}/{run['id']}"


def lab_of(tenant: Tenant) -> Lab:
    """The tenant with a new simulation."""
    return Lab(tenant, tenant.make())


class LabFixture:
    """Tests with a ``lab``: a tenant with one simulation, new for each test."""

    @pytest.fixture
    def lab(self, service: Service) -> Lab:
        return lab_of(service.tenant())

    @pytest.fixture
    def read_lab(self, service: Service) -> Lab:
        """One for all tests whose requests are refused, or only read."""
        return service.once("lab", lambda: lab_of(service.tenant()))
