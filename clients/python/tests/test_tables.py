"""Runs as a table have the columns of runs.csv."""

from __future__ import annotations

import csv
import sys

import pytest
from clients.python.tests.conftest import Service

import goatfish
from goatfish.tables import MOMENTS, columns_of


@pytest.fixture
def runs(client: goatfish.Client, simulation: goatfish.Simulation) -> list[goatfish.Run]:
    client.runs.create_many(
        [
            {"name": "one", "labels": {"b": "1", "a": "2"}, "parameters": {"alpha": (1, "deg"), "mesh": "fine"}},
            {"name": "two", "parameters": {"alpha": (2, "deg")}, "results": {"q": (1, "m"), "r": (True, "x")}},
            {"name": "three", "results": {"q": (2, "mm"), "r": 1, "r.unit": 5}, "status": "running"},
        ],
        simulation=simulation,
    )
    return list(client.runs.list(simulation_id=simulation))


def test_the_columns_are_those_of_the_export(
    client: goatfish.Client, simulation: goatfish.Simulation, runs: list[goatfish.Run]
) -> None:
    with client.simulations.export_runs(simulation) as export:
        rows = list(csv.DictReader(export.read().decode().splitlines()))
    columns = columns_of(runs)
    assert list(columns) == list(rows[0])
    for name in ("name", "labels.a", "parameters.mesh", "results.q.unit"):
        assert [each or "" for each in columns[name]] == [row[name] for row in rows]
    assert columns["parameters.alpha [deg]"] == [None, 2, 1]


def test_a_table_of_pandas_has_types(
    client: goatfish.Client, simulation: goatfish.Simulation, runs: list[goatfish.Run]
) -> None:
    pytest.importorskip("pandas")
    frame = client.runs.to_pandas(simulation, sort="name")
    assert list(frame["name"]) == ["one", "three", "two"]
    assert {str(frame[name].dt.tz) for name in MOMENTS} == {"UTC"}
    assert frame["parameters.alpha [deg]"].dtype == float
    assert list(frame["results.q"].dropna()) == [2, 1]
    found = client.runs.to_pandas(simulation, where="parameters.alpha>=2")
    assert list(found["name"]) == ["two"]
    assert found["results.r [x]"].dtype == bool


def test_what_diverged_is_a_number_in_a_table_of_pandas(
    client: goatfish.Client, simulation: goatfish.Simulation
) -> None:
    pytest.importorskip("pandas")
    for name, cl, converged in (
        ("a", 1.5, True),
        ("b", float("nan"), None),
        ("c", float("-inf"), False),
        ("d", 2, None),
    ):
        with client.run(simulation, name=name, capture=False) as run:
            run.results(cl=cl, converged=converged)
            run.parameters(mesh=name, model="nan")
    frame = client.runs.to_pandas(simulation, sort="name")
    assert frame["results.cl"].dtype == float
    assert frame["results.cl"].isna().tolist() == [False, True, False, False]
    assert frame["results.cl"].min() == float("-inf")
    assert str(frame["results.converged"].dtype) == "boolean"
    assert frame["results.converged"].sum() == 1
    assert set(frame["parameters.model"]) == {"nan"}


def test_a_table_of_no_runs_has_no_numbers(client: goatfish.Client, simulation: goatfish.Simulation) -> None:
    pytest.importorskip("pandas")
    frame = client.runs.to_pandas(simulation)
    assert len(frame) == 0
    assert {str(frame[name].dtype) for name in ("id", "name", "status", "external_id")} == {"object"}
    assert {str(frame[name].dt.tz) for name in MOMENTS} == {"UTC"}


def test_without_pandas_a_sentence_says_so(service: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pandas", None)
    with service.client() as client, pytest.raises(ImportError, match="pip install pandas"):
        client.runs.to_pandas("0199f3c2-7a10-7000-8000-000000000001")
