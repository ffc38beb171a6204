"""Runs as a table have the columns of runs.csv."""

from __future__ import annotations

import csv
import sys
from types import ModuleType
from typing import Any

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


def test_a_table_of_pandas_is_made(
    client: goatfish.Client,
    simulation: goatfish.Simulation,
    runs: list[goatfish.Run],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    pandas: Any = ModuleType("pandas")
    pandas.DataFrame = dict
    pandas.to_datetime = lambda column, utc: ("moments", utc, column)
    monkeypatch.setitem(sys.modules, "pandas", pandas)
    frame: Any = client.runs.to_pandas(simulation, where="parameters.alpha>=1", sort="name")
    assert frame["name"] == ["one", "two"]
    assert all(frame[name][:2] == ("moments", True) for name in MOMENTS)


def test_without_pandas_a_sentence_says_so(service: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pandas", None)
    with service.client() as client, pytest.raises(ImportError, match="pip install pandas"):
        client.runs.to_pandas("0199f3c2-7a10-7000-8000-000000000001")
