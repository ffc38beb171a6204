"""Runs over HTTP: what they refer to, and what has become of them."""

from __future__ import annotations

from typing import Any

from tests.contracts.http_service import Service, expect_problem, violations
from tests.contracts.http_simulations import SIMULATIONS
from tests.contracts.runs import EXAMPLE, NO_RUN, NOBODY, RUNS, Lab, LabFixture, lab_of, path_of


class RunReferencesContract(LabFixture):
    """The simulation and the parent of a run."""

    def test_unknown_or_foreign_simulation_is_refused(self, service: Service, lab: Lab) -> None:
        other = lab_of(service.tenant())
        run = lab.make()
        for id in (NOBODY, other.simulation["id"], "x", "", run["id"]):
            for answer in (
                lab.post(simulation_id=id),
                lab.patch(run, simulation_id=id),
                lab.put(run, simulation_id=id),
            ):
                assert violations(answer) == {"#/simulation_id": "unknown_simulation"}
        others: list[Any] = [None, 7, [], {}]
        for wrong in others:
            assert violations(lab.post(simulation_id=wrong)) == {"#/simulation_id": "wrong_type"}

    def test_run_moves_to_another_simulation(self, lab: Lab) -> None:
        run, other = lab.make(), lab.tenant.make()
        assert lab.changed(run, simulation_id=other["id"])["simulation_id"] == other["id"]
        assert lab.tenant.send("DELETE", lab.simulation_path).status_code == 204
        expect_problem(lab.tenant.send("DELETE", f"{SIMULATIONS}/{other['id']}"), 409, "simulation_has_runs")

    def test_simulation_with_runs_is_not_deleted(self, lab: Lab) -> None:
        run = lab.make()
        expect_problem(lab.tenant.send("DELETE", lab.simulation_path), 409, "simulation_has_runs")
        assert lab.tenant.send("GET", lab.simulation_path).json() == lab.simulation
        assert lab.delete(run).status_code == 204
        assert lab.tenant.send("DELETE", lab.simulation_path).status_code == 204
        assert lab.restore(lab.simulation_path, 1).status_code == 200
        expect_problem(lab.tenant.send("GET", path_of(run)), 404, "run_not_found")

    def test_parent_is_a_run_of_the_owner(self, service: Service, lab: Lab) -> None:
        parent, foreign = lab.make(), lab_of(service.tenant()).make()
        assert lab.make(parent_id=parent["id"])["parent_id"] == parent["id"]
        for id in (NOBODY, foreign["id"], "x", lab.simulation["id"]):
            assert violations(lab.post(parent_id=id)) == {"#/parent_id": "unknown_run"}

    def test_parent_never_changes(self, lab: Lab) -> None:
        parent, other = lab.make(), lab.make()
        child = lab.make(parent_id=parent["id"])
        for run, id in ((child, other["id"]), (child, None), (other, parent["id"]), (other, other["id"])):
            assert violations(lab.patch(run, parent_id=id)) == {"#/parent_id": "immutable"}
            assert violations(lab.put(run, parent_id=id)) == {"#/parent_id": "immutable"}
            assert violations(lab.tenant.send("POST", path_of(run), json={"parent_id": id})) == {
                "#/parent_id": "immutable"
            }
        for run in (child, other):  # what is sent as it is changes nothing
            assert lab.patch(run, parent_id=run["parent_id"]).json() == run
        assert lab.patch(child, parent_id=parent["id"], name="x").json()["name"] == "x"
        assert lab.put(child, parent_id=parent["id"]).json()["parent_id"] == parent["id"]
        assert lab.put(child).json()["parent_id"] == parent["id"]

    def test_refusals_of_what_is_stored_come_last(self, lab: Lab) -> None:
        parent = lab.make(external_id="e", status="failed")
        run = lab.make(parent_id=parent["id"])
        stale, unknown = {"If-Match": '"x"'}, {"simulation_id": NOBODY}
        stored: list[tuple[str, str, Any]] = [
            ("PATCH", path_of(run), unknown),
            ("PUT", path_of(run), unknown),
            ("PATCH", path_of(run), {"external_id": "e"}),
            ("PUT", path_of(run), {"simulation_id": lab.simulation["id"], "parent_id": None}),
            ("PATCH", path_of(parent), {"status": "queued"}),
            ("DELETE", path_of(parent), None),
            ("DELETE", lab.simulation_path, None),
        ]
        for method, path, body in stored:
            assert lab.tenant.send(method, path, json=body).status_code in {409, 422}
            expect_problem(lab.tenant.send(method, path, json=body, headers=stale), 412, "precondition_failed")
        for method in ("PATCH", "PUT", "POST"):
            expect_problem(lab.tenant.send(method, NO_RUN, json=unknown), 404, "run_not_found")
            answer = lab.tenant.send(method, NO_RUN, json=unknown | {"name": ""}, headers=stale)
            assert violations(answer) == {"#/name": "too_short"}
        assert violations(lab.patch(run, **unknown, external_id="e")) == {"#/simulation_id": "unknown_simulation"}

    def test_run_with_children_is_not_deleted(self, lab: Lab) -> None:
        parent = lab.make()
        child = lab.make(parent_id=parent["id"])
        expect_problem(lab.delete(parent), 409, "run_has_children")
        assert lab.delete(child).status_code == 204
        assert lab.delete(parent).status_code == 204
        expect_problem(lab.restore(path_of(child), 1), 409, "parent_missing")
        assert lab.restore(path_of(parent), 1).status_code == 200
        assert lab.restore(path_of(child), 1).json()["parent_id"] == parent["id"]

    def test_run_is_not_restored_without_its_simulation(self, lab: Lab) -> None:
        run, other = lab.make(), lab.tenant.make()
        moved = lab.changed(run, simulation_id=other["id"])
        assert lab.tenant.send("DELETE", lab.simulation_path).status_code == 204
        problem = expect_problem(lab.restore(path_of(run), 1), 409, "simulation_missing")
        assert "there is no simulation with its simulation id any more" in problem["detail"]
        assert lab.get(run) == moved
        assert lab.delete(run).status_code == 204
        expect_problem(lab.restore(path_of(run), 1), 409, "simulation_missing")
        assert lab.restore(path_of(run), 2).json()["simulation_id"] == other["id"]

    def test_restored_run_is_what_it_was(self, service: Service, lab: Lab) -> None:
        made = lab.make(**EXAMPLE)
        lab.changed(made, name="other", parameters={"alpha": None}, artifacts=[])
        again = lab.restore(path_of(made), 1)
        assert again.status_code == 200
        assert again.json() == made | {"updated_at": again.json()["updated_at"]}
        assert lab.delete(made).status_code == 204
        again = lab.restore(path_of(made), 1)
        assert again.json() == made | {"updated_at": again.json()["updated_at"]}

    def test_restore_is_no_way_back_of_the_status(self, lab: Lab) -> None:
        run = lab.changed(lab.changed(lab.make(), status="running"), status="succeeded")
        for version in (1, 2):
            expect_problem(lab.restore(path_of(run), version), 409, "run_has_ended")
        assert lab.delete(run).status_code == 204
        for version in (1, 2):
            expect_problem(lab.restore(path_of(run), version), 409, "run_has_ended")
        assert lab.restore(path_of(run), 3).json()["status"] == "succeeded"

    def test_writes_of_runs_are_in_the_feed_with_their_values(self, lab: Lab) -> None:
        made = lab.make(**EXAMPLE)
        changed = lab.changed(made, results={"cd": 0.1})
        lab.delete(made)
        found = lab.tenant.send("GET", f"{path_of(made)}/revisions").json()["items"]
        assert [(each["action"], each["before"], each["after"]) for each in found] == [
            ("deleted", changed, None),
            ("updated", made, changed),
            ("created", None, made),
        ]
        feed = lab.tenant.send("GET", "/api/v1/changes").json()["items"]
        assert [each for each in feed if each["kind"] == "run"] == found[::-1]

    def test_feed_shows_runs_to_those_who_may_read_them(self, service: Service) -> None:
        lab = lab_of(service.tenant())
        lab.make()
        key = {"name": "n", "scopes": ["simulations:read"]}
        text = lab.tenant.send("POST", "/api/v1/keys", json=key).json()["key"]
        feed = service.http.get("/api/v1/changes", headers={"X-API-Key": text}).json()["items"]
        assert {each["kind"] for each in feed} == {"simulation"}

    def test_run_is_made_once_with_an_idempotency_key(self, lab: Lab) -> None:
        headers = {"Idempotency-Key": "once"}
        body = {"simulation_id": lab.simulation["id"], "external_id": "e", "parameters": {"a": 12}, "status": "running"}
        first = lab.tenant.send("POST", RUNS, json=body, headers=headers)
        again = lab.tenant.send("POST", RUNS, json=body | {"parameters": {"a": 12.0}}, headers=headers)
        assert (again.status_code, again.json()) == (201, first.json())
        assert again.headers["idempotency-replayed"] == "true"
        for value in (13, "12", True):
            other = lab.tenant.send("POST", RUNS, json=body | {"parameters": {"a": value}}, headers=headers)
            expect_problem(other, 422, "idempotency_key_reused")
        other = lab.tenant.send("POST", RUNS, json=body | {"simulation_id": NOBODY}, headers=headers)
        expect_problem(other, 422, "idempotency_key_reused")
