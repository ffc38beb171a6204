"""Runs with 20 parameters and 10 results: as clients send them, and as rows that PostgreSQL makes itself."""

import json
from collections.abc import Sequence
from enum import Enum
from typing import Any

import psycopg
from psycopg import sql

from benchmarks.database import Database

PARAMETERS, RESULTS = 20, 10
EACH = 1_000  # runs of a simulation
SEARCHED, SORTED = "parameter_03", "result_02"
VALUES = 100  # that the parameter has which is searched by
STATUS, LABEL, RARE = "failed", "mesh:fine", "batch"
RARE_RUNS = 20  # of each batch
SOLVER = "OpenFOAM"
_COLUMNS = (
    "id, owner_id, simulation_id, name, name_folded, status, started_at, finished_at, solver, solver_version,"
    " external_id, labels, parameters, results, artifacts, created_by, created_at, updated_at, version"
)
PEERS_TABLE = """
CREATE TABLE run (
    id uuid NOT NULL, owner_id uuid NOT NULL, simulation_id uuid NOT NULL REFERENCES simulation,
    name varchar(300), name_folded varchar(900) COLLATE "C", status varchar(9) NOT NULL, status_reason text,
    started_at timestamptz, finished_at timestamptz, solver varchar(100), solver_version varchar(100),
    external_id varchar(255), parent_id uuid, labels jsonb NOT NULL, parameters jsonb NOT NULL,
    results jsonb NOT NULL, artifacts jsonb NOT NULL, created_by varchar(200) NOT NULL,
    created_at timestamptz NOT NULL, updated_at timestamptz NOT NULL, version integer NOT NULL,
    CONSTRAINT run_before_start CHECK (finished_at >= started_at)
)
"""


class Shape(Enum):
    """How a quantity is kept: as Goatfish keeps it, or as whoever knows no better way."""

    PAIR = "jsonb_build_array({value}, {unit})"
    OBJECT = "jsonb_build_object('value', {value}, 'unit', {unit})"


def run(simulation: str, number: int) -> dict[str, Any]:
    """A finished run as clients send it."""
    return {
        "simulation_id": simulation,
        "name": f"mesh 3, take {number}",
        "status": "succeeded",
        "started_at": "2026-01-05T08:00:00Z",
        "finished_at": "2026-01-05T09:30:00Z",
        "solver": SOLVER,
        "solver_version": "v2606",
        "labels": {"mesh": "fine", "project": "wing"},
        "parameters": {name: {"value": _number(number, place), "unit": "m/s"} for name, place in _names("parameter")},
        "results": {name: {"value": _number(number, place), "unit": None} for name, place in _names("result")},
    }


def _names(kind: str) -> list[tuple[str, int]]:
    return [(f"{kind}_{place:02}", place) for place in range(1, (PARAMETERS if kind == "parameter" else RESULTS) + 1)]


def _number(number: int, place: int) -> float:
    """A quantity of a run; ``_sql_number`` says the same in SQL."""
    if f"parameter_{place:02}" == SEARCHED:
        return float(number % VALUES)
    return number * (2 * place + 1) % 9973 / 100


def _sql_number(place: int) -> str:
    if f"parameter_{place:02}" == SEARCHED:
        return f"mod(n, {VALUES})"
    return f"mod(n * {2 * place + 1}, 9973) / 100.0"


def _sql_map(kind: str, unit: str, shape: Shape) -> str:
    members = [f"'{name}', {shape.value.format(value=_sql_number(place), unit=unit)}" for name, place in _names(kind)]
    return f"jsonb_build_object({', '.join(members)})"


def _statement(shape: Shape) -> str:
    moment = "now() - interval '1 day' + n * interval '10 ms'"
    status = f"CASE WHEN mod(n, 50) = 0 THEN '{STATUS}' WHEN mod(n, 50) = 1 THEN 'cancelled' ELSE 'succeeded' END"
    mesh = "CASE mod(n, 4) WHEN 0 THEN 'fine' WHEN 1 THEN 'medium' ELSE 'coarse' END"
    labels = f"jsonb_build_object('mesh', {mesh}, '{RARE}', (n / {RARE_RUNS})::text)"
    return f"""
    INSERT INTO run ({_COLUMNS})
    SELECT encode(int8send(((floor(extract(epoch FROM {moment}) * 1000)::bigint << 16) | 28672 | (n & 4095)))
             || int8send((%(salt)s::bigint << 40) | (1::bigint << 63) | n), 'hex')::uuid,
        %(owner)s, (%(simulations)s::uuid[])[1 + (n - %(first)s) / {EACH}], 'run ' || n, 'run ' || n, {status},
        {moment}, {moment} + interval '90 min', '{SOLVER}', 'v2606', NULL, {labels},
        {_sql_map("parameter", "'m/s'", shape)}, {_sql_map("result", "NULL", shape)},
        '[]', 'operator', {moment}, {moment}, 1
    FROM generate_series(%(first)s::bigint, %(last)s::bigint) n
    """


def fill(database: Database, shape: Shape, owner: str, simulations: Sequence[str], salt: int) -> None:
    """Give each of these simulations its thousand runs, one simulation after the other; salts tell owners apart."""
    values = {"owner": owner, "simulations": list(simulations), "salt": salt}
    with psycopg.connect(database.administrator) as connection:
        values |= {"first": 0, "last": EACH * len(simulations) - 1}
        connection.execute(_statement(shape), values)


def add_simulations(database: Database, owner: str, count: int) -> list[str]:
    """The ids of so many new simulations of the owner's, made by PostgreSQL."""
    statement = """
    INSERT INTO simulation (id, owner_id, name, name_folded, start_date, end_date, created_at, updated_at, version,
        labels)
    SELECT gen_random_uuid(), %s, 'campaign ' || n, 'campaign ' || n, '2026-01-05', '2026-02-01', now(), now(), 1, '{}'
    FROM generate_series(1, %s) n RETURNING id
    """
    with psycopg.connect(database.administrator) as connection:
        return [str(id) for (id,) in connection.execute(statement, [owner, count])]


def give_peers_runs(goatfish: Database, template: Database) -> None:
    """The peers' table of runs, with the indexes that Goatfish's has."""
    with (
        psycopg.connect(goatfish.administrator) as source,
        psycopg.connect(template.administrator, autocommit=True) as target,
    ):
        target.execute(PEERS_TABLE)
        for (definition,) in source.execute("SELECT indexdef FROM pg_indexes WHERE tablename = 'run'"):
            target.execute(sql.SQL(definition))


def encoded(sent: Any) -> bytes:
    return json.dumps(sent, separators=(",", ":")).encode()
