"""A refusal names everything that is wrong with a request in itself, in sentences."""

from typing import Any

import pytest
from httpx2 import Response

from tests.contracts.http_service import KEYS, Service, Tenant, before_storage, violations
from tests.contracts.http_simulations import SIMULATIONS, WING
from tests.contracts.resources import Json, Violations
from tests.contracts.runs import EARLY, LATE, RUNS, lab_of, path_of

SIMULATION: Json = {"name": "", "start_date": "2026-01-01", "end_date": "2025-01-01", "colour": 1}
WRONG_SIMULATION = {"#/name": "too_short", "#/colour": "unknown", "#/end_date": "before_start"}
RUN: Json = {
    "name": "a\n",
    "status": "running",
    "solver": 1,
    "started_at": LATE,
    "finished_at": EARLY,
    "labels": {"a": 1, "b!": "x", "c": "\n", "d": "sound"},
    "parameters": {"p": {"value": 1, "color": "red"}, "1": 2, "t": "\x00", "u": {"value": 1, "unit": "x" * 33}},
    "results": {"big": 2**53 + 1, "none": [], "ok": 1},
    "artifacts": [{"name": "", "uri": "%zz", "size": 1}, {"name": "a", "bytes": -1}, 5, {"name": "a", "uri": "a:b"}],
}
WRONG_RUN = {
    "#/name": "control_characters",
    "#/solver": "wrong_type",
    "#/finished_at": "before_start",
    "#/labels/a": "wrong_type",
    "#/labels/b%21": "key",
    "#/labels/c": "control_characters",
    "#/parameters/p/color": "unknown",
    "#/parameters/1": "key",
    "#/parameters/t": "control_characters",
    "#/parameters/u/unit": "too_long",
    "#/results/big": "out_of_range",
    "#/results/none": "quantity",
    "#/artifacts/0/name": "too_short",
    "#/artifacts/0/uri": "pattern",
    "#/artifacts/0/size": "unknown",
    "#/artifacts/1/uri": "missing",
    "#/artifacts/1/bytes": "out_of_range",
    "#/artifacts/2": "wrong_type",
    "#/artifacts/3/name": "repeated",
}


def expect_all(answer: Response, expected: Violations) -> None:
    """Asserts that the answer names these errors, each in a sentence."""
    assert violations(answer) == expected, answer.text
    body = answer.json()
    for detail in (body["detail"], *(each["detail"] for each in body["errors"])):
        assert detail[0].isupper(), detail
        assert detail.endswith("."), detail


class AllErrorsContract:
    """Everything that is wrong with a request in itself is told at once."""

    @before_storage
    def test_of_a_simulation(self, service: Service) -> None:
        tenant = service.tenant()
        path = f"{SIMULATIONS}/{tenant.send('POST', SIMULATIONS, json=WING).json()['id']}"
        for method, at in (("POST", SIMULATIONS), ("PUT", path), ("PATCH", path), ("POST", path)):
            expect_all(tenant.send(method, at, json=SIMULATION), WRONG_SIMULATION)
        sent = {"start_date": 5, "description": "\x00", "labels": {"-": None, "a": 5}, "x": 1}
        expect_all(
            tenant.send("PATCH", path, json=sent),
            {
                "#/start_date": "date",
                "#/description": "control_characters",
                "#/labels/-": "key",
                "#/labels/a": "wrong_type",
                "#/x": "unknown",
            },
        )

    @before_storage
    def test_of_a_run(self, service: Service) -> None:
        lab = lab_of(service.tenant())
        run = lab.make()
        whole = {"simulation_id": lab.simulation["id"]} | RUN
        for method, at, sent in (("POST", RUNS, whole), ("PUT", path_of(run), whole), ("PATCH", path_of(run), RUN)):
            expect_all(lab.tenant.send(method, at, json=sent), WRONG_RUN)

    @before_storage
    @pytest.mark.parametrize(
        ("members", "expected"),
        [
            ({"name": "", "started_at": EARLY}, {"#/name": "too_short", "#/started_at": "not_started"}),
            ({"x": 1, "started_at": EARLY}, {"#/x": "unknown", "#/started_at": "not_started"}),
            ({"status": "done", "started_at": EARLY}, {"#/status": "unknown_value"}),
            (
                {"solver": "", "status": "queued", "started_at": EARLY, "finished_at": LATE},
                {"#/solver": "too_short", "#/started_at": "not_started", "#/finished_at": "not_finished"},
            ),
            (
                {"labels": 5, "parameters": [], "artifacts": {}},
                {"#/labels": "wrong_type", "#/parameters": "wrong_type", "#/artifacts": "wrong_type"},
            ),
        ],
    )
    def test_of_defaults_and_rules(self, service: Service, members: Json, expected: Violations) -> None:
        expect_all(lab_of(service.tenant()).post(**members), expected)

    def test_of_a_stored_run(self, service: Service) -> None:
        lab = lab_of(service.tenant())
        labels = {f"a{number}": "x" for number in range(32)}
        run = lab.make(status="failed", started_at=EARLY, finished_at=LATE, labels=labels)
        change = {"labels": {"b": "x"}, "parent_id": run["id"], "started_at": "2027-01-01T00:00:00Z"}
        expected = {"#/labels": "too_many", "#/parent_id": "immutable", "#/finished_at": "before_start"}
        expect_all(lab.patch(run, **change), expected)

    @before_storage
    def test_of_a_batch(self, service: Service) -> None:
        tenant = service.tenant()
        sent: Any = {"items": [WING, SIMULATION, {**WING, "name": "\x00"}, 5], "extra": 1}
        expected = {f"#/items/1{at[1:]}": code for at, code in WRONG_SIMULATION.items()}
        expected |= {"#/items/2/name": "control_characters", "#/items/3": "wrong_type", "#/extra": "unknown"}
        expect_all(tenant.send("POST", f"{SIMULATIONS}/batch?x=1", json=sent), expected | {"x": "unknown"})

    @before_storage
    def test_of_no_items_and_too_many(self, service: Service) -> None:
        for items, words in (([], "few"), ([WING] * 1001, "many")):
            answer = service.tenant().send("POST", f"{SIMULATIONS}/batch", json={"items": items, "x": 1})
            assert f"There are too {words} items." in [each["detail"] for each in answer.json()["errors"]], answer.text

    @before_storage
    def test_of_a_key(self, service: Service) -> None:
        sent = {"name": " ", "scopes": [], "expires_at": "2001-01-01T00:00:00Z", "x": 1}
        expected = {"#/name": "too_short", "#/scopes": "too_short", "#/expires_at": "in_the_past", "#/x": "unknown"}
        expect_all(service.tenant().send("POST", KEYS, json=sent), expected)

    @before_storage
    def test_of_a_roll(self, service: Service) -> None:
        tenant = service.tenant()
        path = f"{KEYS}/{tenant.send('GET', KEYS).json()['items'][0]['id']}/roll"
        sent = {"overlap_seconds": -1, "expires_at": "2001-01-01T00:00:00Z", "x": 1}
        expected = {"#/overlap_seconds": "overlap", "#/expires_at": "in_the_past", "#/x": "unknown"}
        expect_all(tenant.send("POST", path, json=sent), expected)
        for odd in (5, "2001-01-01", None):
            named = violations(tenant.send("POST", path, json={"overlap_seconds": -1, "expires_at": odd}))
            assert "in_the_past" not in named.values()

    @before_storage
    def test_sentence_is_said_once(self, service: Service) -> None:
        artifacts = [{"name": name, "uri": "nowhere"} for name in "abc"]
        answer = lab_of(service.tenant()).post(artifacts=artifacts, labels={"-": "x"})
        detail = "The artifacts cannot hold this item: the uri is not an absolute URI."
        assert [each["detail"] for each in answer.json()["errors"]].count(detail) == len(artifacts)
        assert answer.json()["detail"].count(detail) == 1
        assert "The labels cannot hold a name" in answer.json()["detail"]

    @before_storage
    def test_of_body_headers_and_query(self, service: Service) -> None:
        tenant = service.tenant()
        path = f"{SIMULATIONS}/{tenant.send('POST', SIMULATIONS, json=WING).json()['id']}"
        headers = {"If-Match": "x", "If-None-Match": "y"}
        expected = {"If-Match": "entity_tag", "q": "unknown", "#/name": "too_short"}
        for method, at in (("PUT", path), ("PATCH", path)):
            expect_all(tenant.send(method, f"{at}?q=1", json=WING | {"name": ""}, headers=headers), expected)
        headers = {"Idempotency-Key": "é".encode().decode("latin-1"), "If-None-Match": "y"}
        self._of_a_creation(tenant, headers)

    @staticmethod
    def _of_a_creation(tenant: Tenant, headers: dict[str, str]) -> None:
        wrong = {"Idempotency-Key": "idempotency_key", "If-None-Match": "entity_tag", "q": "unknown"}
        sent = [(name.encode(), value.encode("latin-1")) for name, value in headers.items()]
        sent += [(b"X-API-Key", tenant.key.encode())]
        for path, body, at in (
            (SIMULATIONS, WING | {"name": ""}, "#/name"),
            (f"{SIMULATIONS}/batch", {"items": [WING | {"name": ""}]}, "#/items/0/name"),
        ):
            answer = tenant.http.request("POST", f"{path}?q=1", json=body, headers=sent)
            expect_all(answer, wrong | {at: "too_short"})

    @before_storage
    @pytest.mark.parametrize(
        ("path", "query", "expected"),
        [
            (
                RUNS,
                "limit=0&sort=foo&where=a&label=-&status=x&started_from=y&z=1",
                {
                    "limit": "limit",
                    "sort": "unknown_value",
                    "where": "where",
                    "label": "label",
                    "status": "unknown_value",
                    "started_from": "date_time",
                    "z": "unknown",
                },
            ),
            (RUNS, "limit=0&sort=parameters.a", {"limit": "limit", "sort": "filter_required"}),
            (RUNS, "simulation_id=x&sort=parameters.a", {"simulation_id": "id"}),
            (
                SIMULATIONS,
                "limit=x&sort=foo&active_on=y",
                {"limit": "limit", "sort": "unknown_value", "active_on": "date"},
            ),
        ],
    )
    def test_of_a_query(self, service: Service, path: str, query: str, expected: Violations) -> None:
        expect_all(service.tenant().send("GET", f"{path}?{query}"), expected)

    @before_storage
    def test_of_each_condition(self, service: Service) -> None:
        answer = service.tenant().send("GET", f"{RUNS}?where=a&where=results.b&where=results.c=1&label=-&label=%2B")
        expect_all(answer, {"where": "where", "label": "label"})
        named = [each["detail"] for each in answer.json()["errors"] if each["parameter"] == "where"]
        assert [each.rpartition(" ")[2] for each in named] == ["1.", "10."]

    @before_storage
    @pytest.mark.parametrize(
        ("path", "known"),
        [
            (SIMULATIONS, ("created_at", "name", "start_date")),
            (RUNS, ("updated_at", "parameters.NAME", "results.NAME")),
        ],
    )
    def test_unknown_order_is_told_what_there_is(self, service: Service, path: str, known: tuple[str, ...]) -> None:
        (error,) = service.tenant().send("GET", f"{path}?sort=foo").json()["errors"]
        for name in known:
            assert name in error["detail"]

    @before_storage
    def test_unknown_scope_is_told_what_there_is(self, service: Service) -> None:
        sent = {"name": "n", "scopes": ["runs:read", "all", 5]}
        for error in service.tenant().send("POST", KEYS, json=sent).json()["errors"]:
            assert error["detail"].startswith("This is not one of keys:manage, runs:read, runs:write,"), error
