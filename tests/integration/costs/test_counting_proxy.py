"""The proxy counts all statements, for both drivers and every protocol."""

from __future__ import annotations

import asyncpg
import psycopg

from tests.integration.costs.counting_proxy import CountingProxy


async def test_prepared_statements_and_transactions_are_counted(proxy: CountingProxy) -> None:
    connection = await asyncpg.connect(proxy.url)
    try:
        traffic = proxy.reset()
        assert await connection.fetchval("SELECT $1::int", 1) == 1
        assert (traffic.statements, traffic.round_trips) == (["SELECT $1::int"], 2)  # prepared, then executed
        assert await connection.fetchval("SELECT $1::int", 2) == 2
        assert (len(traffic.statements), traffic.round_trips) == (2, 3)
        traffic = proxy.reset()
        async with connection.transaction():
            await connection.fetchval("SELECT $1::int", 3)
        assert traffic.statements == ["BEGIN;", "SELECT $1::int", "COMMIT;"]
        assert traffic.round_trips == 3
    finally:
        await connection.close()


def test_simple_queries_and_pipelines_are_counted(proxy: CountingProxy) -> None:
    with psycopg.connect(proxy.url, autocommit=True) as connection:
        traffic = proxy.reset()
        connection.execute("SELECT 1; SELECT 2")
        assert (traffic.statements, traffic.round_trips) == (["SELECT 1; SELECT 2"], 1)
        traffic = proxy.reset()
        with connection.pipeline():
            for number in range(5):
                connection.execute("SELECT %s::int", [number])
        assert traffic.statements == ["SELECT $1::int"] * 5
        assert traffic.round_trips < 5
