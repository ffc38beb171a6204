"""What is specific to simulations over HTTP: their dates and names."""

from typing import Any

import pytest

from domain.simulations.simulation import Simulation
from tests.contracts.http_service import Service, before_storage, expect_problem, violations
from tests.contracts.resources import resource_of

SIMULATION = resource_of(Simulation)
WING = {"name": "Wing flutter, run 3", "start_date": "2026-01-05", "end_date": "2026-02-01"}
SIMULATIONS = "/api/v1/simulations"
UNKNOWN = f"{SIMULATIONS}/0199f3c2-0000-7000-8000-000000000000"


class SimulationsContract:
    """Simulations with literal values, independent of the declared fields."""

    def test_documented_example_can_be_created(self, service: Service) -> None:
        assert SIMULATION.body.items() >= WING.items()
        made = service.tenant().send("POST", SIMULATIONS, json=WING)
        assert made.status_code == 201
        assert made.json().items() >= WING.items()
        assert set(made.json()) == {"id", *SIMULATION.body, "created_at", "updated_at"}
        assert made.headers["location"] == f"{SIMULATIONS}/{made.json()['id']}"

    def test_simulation_can_last_one_day(self, service: Service) -> None:
        tenant = service.tenant()
        path = SIMULATION.path_of(tenant.make(SIMULATION))
        whole = {"name": "b", "start_date": "2020-02-29", "end_date": "2020-02-29"}
        assert tenant.send("PUT", path, json=whole).json().items() >= whole.items()
        assert violations(tenant.send("PUT", path, json={"name": "c"})) == {
            "#/start_date": "missing",
            "#/end_date": "missing",
        }
        expect_problem(tenant.send("PUT", UNKNOWN, json=whole), 404, "simulation_not_found")

    @pytest.mark.parametrize(
        ("members", "expected"),
        [
            ({"name": "x" * 301}, {"#/name": "too_long"}),
            ({"start_date": "2026-02-30"}, {"#/start_date": "date"}),
            ({"end_date": "2026-01-04"}, {"#/end_date": "before_start"}),
        ],
    )
    def test_invalid_member_of_a_simulation_is_named(self, service: Service, members: Any, expected: Any) -> None:
        tenant = service.tenant()
        path = SIMULATION.path_of(tenant.make(SIMULATION))
        for method, at, sent in [("POST", SIMULATIONS, WING), ("PUT", path, WING), ("PATCH", path, {})]:
            assert violations(tenant.send(method, at, json=sent | members)) == expected

    def test_simulation_can_span_all_possible_days(self, service: Service) -> None:
        made = service.tenant().make(SIMULATION, name="x" * 300, start_date="0001-01-01", end_date="9999-12-31")
        assert (len(made["name"]), made["start_date"], made["end_date"]) == (300, "0001-01-01", "9999-12-31")

    def test_change_is_checked_against_the_stored_dates(self, service: Service) -> None:
        tenant = service.tenant()
        made = tenant.make(SIMULATION)
        path = SIMULATION.path_of(made)
        assert violations(tenant.send("PATCH", path, json={"end_date": "2026-01-01"})) == {"#/end_date": "before_start"}
        assert tenant.send("GET", path).json() == made

    @before_storage
    def test_routes_of_simulations_resolve_by_name(self, service: Service) -> None:
        assert service.api.url_path_for("get_simulation", id="7") == f"{SIMULATIONS}/7"

    @before_storage
    @pytest.mark.parametrize("query", ["name=%ff", "name=%ed%a0%80"])
    def test_name_filter_with_invalid_unicode_is_refused(self, service: Service, query: str) -> None:
        answer = service.tenant().send("GET", f"{SIMULATIONS}?{query}")
        errors = expect_problem(answer, 422, "validation_failed")["errors"]
        assert "invalid_unicode" in [error["code"] for error in errors]
