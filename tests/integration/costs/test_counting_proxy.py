"""The wiretap misses nothing, whichever way a driver asks."""

from __future__ import annotations

import asyncpg
import psycopg

from tests.integration.costs.counting_proxy import Wiretap


async def test_it_counts_what_is_prepared_and_what_is_not(wiretap: Wiretap) -> None:
    connection = await asyncpg.connect(wiretap.url)
    try:
        traffic = wiretap.reset()
        assert await connection.fetchval("SELECT $1::int", 1) == 1
        assert (traffic.statements, traffic.round_trips) == (["SELECT $1::int"], 2)  # prepared, then executed
        assert await connection.fetchval("SELECT $1::int", 2) == 2
        assert (len(traffic.statements), traffic.round_trips) == (2, 3)
        traffic = wiretap.reset()
        async with connection.transaction():
            await connection.fetchval("SELECT $1::int", 3)
        assert traffic.statements == ["BEGIN;", "SELECT $1::int", "COMMIT;"]
        assert traffic.round_trips == 3
    finally:
        await connection.close()


def test_it_counts_what_is_sent_by_itself_and_what_is_sent_together(wiretap: Wiretap) -> None:
    with psycopg.connect(wiretap.url, autocommit=True) as connection:
        traffic = wiretap.reset()
        connection.execute("SELECT 1; SELECT 2")
        assert (traffic.statements, traffic.round_trips) == (["SELECT 1; SELECT 2"], 1)
        traffic = wiretap.reset()
        with connection.pipeline():
            for number in range(5):
                connection.execute("SELECT %s::int", [number])
        assert traffic.statements == ["SELECT $1::int"] * 5
        assert traffic.round_trips < 5
