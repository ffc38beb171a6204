"""Short sequences of generated requests, to which both services answer alike."""

from __future__ import annotations

from typing import Any

from clients.python.tests.service.pair import API, Pair, Step, differences, query
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

RUNS, SIMULATIONS = f"{API}/runs", f"{API}/simulations"
START = [
    Step("POST", SIMULATIONS, {"name": "Sequences", "start_date": "2026-01-05", "end_date": "2026-02-01"}, save="sim"),
    Step("POST", RUNS, {"simulation_id": "$sim"}, save="run"),
    Step("POST", RUNS, {"simulation_id": "$sim", "parent_id": "$run"}, save="child"),
]
TIMES = st.sampled_from([None, "2026-01-05T08:00:00Z", "2026-01-05T09:00:00.5+02:00", "2100-01-01T00:00:00Z", "never"])
QUANTITIES = st.one_of(
    st.none(),
    st.integers(-3, 3),
    st.sampled_from([0.5, 2.0, -0.0, True, "fine", {"value": 1, "unit": "m"}, {"unit": "m"}, []]),
)
MEMBERS = {
    "name": st.sampled_from([None, "", " one ", "two", "T\u00fcr"]),
    "status": st.sampled_from(["queued", "running", "succeeded", "failed", None]),
    "started_at": TIMES,
    "finished_at": TIMES,
    "external_id": st.sampled_from([None, "a", "b", ""]),
    "labels": st.dictionaries(st.sampled_from(["a", "b", "-"]), st.sampled_from(["", "x", None]), max_size=2),
    "parameters": st.dictionaries(st.sampled_from(["a", "b", "1"]), QUANTITIES, max_size=2),
    "simulation_id": st.sampled_from(["$sim", "$run", None]),
    "parent_id": st.sampled_from([None, "$run", "$child", "$sim"]),
    "nothing": st.just(1),
}
BODIES = st.fixed_dictionaries({}, optional=MEMBERS).filter(lambda body: len(body) < 5)
OBJECTS = st.sampled_from(["$run", "$child"])
IF_MATCH = st.sampled_from([{}, {}, {}, {"If-Match": "$run.etag"}, {"If-None-Match": "*"}])
KEYS = st.sampled_from([{}, {}, {"Idempotency-Key": "1"}, {"Idempotency-Key": "2"}])
CONDITIONS = st.builds(
    "parameters.{}{}{}".format,
    st.sampled_from("ab"),
    st.sampled_from(["=", "!=", "<", "<=", ">", ">="]),
    st.sampled_from(["0", "1", "2.0", "true", '"fine"']),
)


def _on_object(method: str, body: dict[str, Any], of: str, headers: dict[str, str]) -> Step:
    return Step(method, f"{RUNS}/{of}", body, headers=headers)


STEPS = st.lists(
    st.one_of(
        st.builds(_on_object, st.sampled_from(["PATCH", "PATCH", "POST"]), BODIES, OBJECTS, IF_MATCH),
        st.builds(
            lambda body, *more: _on_object("PUT", {"simulation_id": "$sim", **body}, *more), BODIES, OBJECTS, IF_MATCH
        ),
        st.builds(
            lambda body, headers: Step("POST", RUNS, {"simulation_id": "$sim", **body}, headers=headers), BODIES, KEYS
        ),
        st.builds(lambda of, headers: Step("DELETE", f"{RUNS}/{of}", headers=headers), OBJECTS, IF_MATCH),
        st.builds(lambda of, n: Step("POST", f"{RUNS}/{of}/restore", {"version": n}), OBJECTS, st.integers(1, 4)),
        st.builds(lambda text: Step("GET", RUNS + query(simulation_id="$sim", where=text)), CONDITIONS),
        st.builds(
            lambda name: Step("GET", RUNS + query(simulation_id="$sim", sort=name)),
            st.sampled_from(["name", "-name", "updated_at", "parameters.a", "-parameters.b"]),
        ),
    ),
    min_size=2,
    max_size=10,
)


@settings(max_examples=30, deadline=None, database=None, suppress_health_check=list(HealthCheck))
@given(STEPS)
def test_both_services_answer_alike(pair: Pair, steps: list[Step]) -> None:
    told = []
    for step, fake, real in pair.compare([*START, *steps]):
        told.append(f"{step} -> {real['status']}")
        assert not [*differences(fake, real)], "\n".join([*told, *differences(fake, real)])
