"""Batches of runs, which refer to other objects and have unique values."""

import json
from typing import Any

import pytest
from httpx2 import Response

from tests.contracts.http_batch import JSON, MOST, changes, cursor
from tests.contracts.http_service import Service, Tenant, before_storage, expect_problem, expect_violations, violations

RUNS = "/api/v1/runs"
NOBODY = "0199f3c2-0000-7000-8000-000000000000"


def post(tenant: Tenant, items: list[Any], **headers: str) -> Response:
    given = {name.replace("_", "-"): value for name, value in headers.items()}
    content = json.dumps({"items": items})
    return tenant.send("POST", f"{RUNS}/batch", content=content, headers=JSON | given)


def quantities(count: int, number: int) -> Any:
    return {f"quantity_{place}": {"value": place / 8 + number, "unit": "deg"} for place in range(count)}


class BatchOfRunsContract:
    """``POST /api/v1/runs/batch``."""

    @pytest.fixture
    def tenant(self, service: Service) -> Tenant:
        return service.tenant()

    @pytest.fixture
    def simulation(self, tenant: Tenant) -> str:
        id: str = tenant.make()["id"]
        return id

    def test_a_thousand_runs_with_quantities(self, tenant: Tenant, simulation: str) -> None:
        sent = [
            {
                "simulation_id": simulation,
                "external_id": f"job {number}",
                "status": "succeeded",
                "labels": {"mesh": "fine"},
                "parameters": quantities(20, number),
                "results": quantities(10, number),
            }
            for number in range(MOST)
        ]
        before = cursor(tenant)
        answer = post(tenant, sent)
        assert answer.status_code == 201, answer.text
        made = answer.json()["items"]
        assert [{name: item[name] for name in sent[0]} for item in made] == sent
        assert [change["after"] for change in changes(tenant, before)] == made
        assert tenant.send("GET", f"{RUNS}/{made[500]['id']}").json() == made[500]
        found = tenant.send("GET", RUNS, params={"where": "parameters.quantity_0=7", "label": "mesh"}).json()["items"]
        assert [item["id"] for item in found] == [made[7]["id"]]

    def test_defaults_and_times_are_filled_in(self, tenant: Tenant, simulation: str) -> None:
        given = "2026-01-05T08:00:00Z"
        sent = [
            {"simulation_id": simulation},
            {"simulation_id": simulation, "status": "running"},
            {"simulation_id": simulation, "status": "failed", "started_at": given},
        ]
        queued, running, failed = post(tenant, sent).json()["items"]
        assert (queued["status"], queued["started_at"], queued["finished_at"]) == ("queued", None, None)
        assert (running["started_at"], running["finished_at"]) == (running["created_at"], None)
        assert (failed["started_at"], failed["finished_at"]) == (given, failed["created_at"])
        assert {item["created_by"] for item in (queued, running, failed)} == {f"key:{tenant.key_id}"}
        assert (queued["labels"], queued["parameters"], queued["artifacts"]) == ({}, {}, [])

    @before_storage
    def test_violations_lead_into_the_item(self, tenant: Tenant, simulation: str) -> None:
        sent = [
            {"simulation_id": simulation},
            {"simulation_id": simulation, "started_at": "2026-01-05T08:00:00Z"},
            {"simulation_id": simulation, "parameters": {"a": 1, "0": 2}, "labels": {"a": "\n"}},
        ]
        found = violations(post(tenant, sent))
        assert found["#/items/1/started_at"] == "not_started"
        assert {at for at in found if at.startswith("#/items/2/")} == {"#/items/2/parameters/0", "#/items/2/labels/a"}
        assert len(found) == 3
        sent[2] = {"simulation_id": simulation, "artifacts": [{"name": "log"}]}
        expected = {"#/items/1/started_at": "not_started", "#/items/2/artifacts/0/uri": "missing"}
        expect_violations(post(tenant, sent), expected)

    def test_unknown_references_are_named(self, service: Service, tenant: Tenant, simulation: str) -> None:
        foreign = service.tenant().make()["id"]
        before = cursor(tenant)
        sent = [{"simulation_id": id} for id in (simulation, foreign, simulation, NOBODY, "x")]
        sent.append({"simulation_id": simulation, "parent_id": NOBODY})
        expected = {f"#/items/{place}/simulation_id": "unknown_simulation" for place in (1, 3, 4)}
        expect_violations(post(tenant, sent), {**expected, "#/items/5/parent_id": "unknown_run"})
        assert tenant.send("GET", RUNS).json()["items"] == []
        assert changes(tenant, before) == []

    def test_one_unknown_reference_of_a_thousand(self, tenant: Tenant, simulation: str) -> None:
        before = cursor(tenant)
        sent = [{"simulation_id": simulation}] * (MOST - 1) + [{"simulation_id": NOBODY}]
        expected = {f"#/items/{MOST - 1}/simulation_id": "unknown_simulation"}
        expect_violations(post(tenant, sent, Idempotency_Key="k"), expected)
        assert changes(tenant, before) == []
        assert post(tenant, sent[:-1], Idempotency_Key="k").status_code == 201

    def test_many_unknown_references_are_named_as_far_as_an_answer_goes(self, tenant: Tenant) -> None:
        found = violations(post(tenant, [{"simulation_id": NOBODY}] * MOST))
        assert found == {f"#/items/{place}/simulation_id": "unknown_simulation" for place in range(20)}

    def test_references_to_many_objects(self, tenant: Tenant) -> None:
        simulations = [tenant.make()["id"] for _ in range(5)][::-1]
        parents = post(tenant, [{"simulation_id": id} for id in simulations]).json()["items"]
        sent = [{"simulation_id": parent["simulation_id"], "parent_id": parent["id"]} for parent in parents] * 3
        made = post(tenant, sent).json()["items"]
        assert [{name: item[name] for name in sent[0]} for item in made] == sent
        answer = tenant.send("DELETE", f"/api/v1/simulations/{simulations[2]}")
        expect_problem(answer, 409, "simulation_has_runs")

    def test_taken_value_is_a_conflict(self, tenant: Tenant, simulation: str) -> None:
        tenant.send("POST", RUNS, json={"simulation_id": simulation, "external_id": "job"})
        before = cursor(tenant)
        sent = [{"simulation_id": simulation, "external_id": id} for id in ("a", "job", "b")]
        problem = expect_problem(post(tenant, sent), 409, "external_id_taken")
        assert "item 1" in problem["detail"]
        assert changes(tenant, before) == []

    def test_value_twice_in_a_batch_is_a_conflict(self, tenant: Tenant, simulation: str) -> None:
        before = cursor(tenant)
        sent = [{"simulation_id": simulation, "external_id": id} for id in ("a", "b", " a ", None, None)]
        problem = expect_problem(post(tenant, sent, Idempotency_Key="k"), 409, "external_id_taken")
        assert "0 and 2" in problem["detail"]
        assert changes(tenant, before) == []
        assert post(tenant, sent[1:], Idempotency_Key="k").status_code == 201

    def test_replay_of_values_that_are_taken_by_now(self, tenant: Tenant, simulation: str) -> None:
        sent = [{"simulation_id": simulation, "external_id": id} for id in ("a", "b")]
        first = post(tenant, sent, Idempotency_Key="k")
        again = post(tenant, sent, Idempotency_Key="k")
        assert (again.status_code, again.content) == (201, first.content)
        assert again.headers["idempotency-replayed"] == "true"

    def test_item_with_long_texts(self, tenant: Tenant, simulation: str) -> None:
        text = ', {"[' * 200
        item = {"simulation_id": simulation, "parameters": {f"text_{place}": text for place in range(100)}}
        answer = post(tenant, [{"simulation_id": simulation}, item, item])
        assert answer.status_code == 201, answer.text
        assert answer.json()["items"][2]["parameters"]["text_99"] == {"value": text, "unit": None}

    def test_an_item_may_be_as_long_as_a_body(self, tenant: Tenant, simulation: str) -> None:
        texts = {f"text_{place}": "網" * 1000 for place in range(90)}
        sent = json.dumps({"items": [{"simulation_id": simulation, "parameters": texts}]})  # with \\uXXXX for each
        headers = {"Content-Type": "application/json"}
        answer = tenant.send("POST", f"{RUNS}/batch", content=sent, headers=headers)
        assert answer.status_code == 201, answer.text
        blanks = sent.replace(": [{", ": [{" + " " * (1 << 20))
        answer = tenant.send("POST", f"{RUNS}/batch", content=blanks, headers=headers)
        assert violations(answer) == {"#/items/0": "item_too_large"}

    def test_batches_and_deletions_at_the_same_time(self, service: Service, tenant: Tenant) -> None:
        simulations = [tenant.make()["id"] for _ in range(6)]
        headers = {"X-API-Key": tenant.key}
        orders = (simulations, simulations[::-1], simulations[2:])  # the last are not deleted
        batches: list[Any] = [[{"simulation_id": id} for id in order] for order in orders]
        requests: list[Any] = [
            lambda http, items=items: http.post(f"{RUNS}/batch", json={"items": items}, headers=headers)
            for items in batches * 3
        ]
        requests[2:2] = [
            lambda http, id=id: http.delete(f"/api/v1/simulations/{id}", headers=headers) for id in simulations[:2]
        ]
        answers = service.together(requests)
        assert {201} < {answer.status_code for answer in answers} <= {201, 204, 409, 422}
        stored = tenant.send("GET", RUNS, params={"limit": "100"}).json()["items"]
        assert stored
        for item in stored:
            assert tenant.send("GET", f"/api/v1/simulations/{item['simulation_id']}").status_code == 200
