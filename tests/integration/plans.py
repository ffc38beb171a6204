"""The query plans of the service's own statements."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from django.db import connection

from adapters.django_orm import bootstrap
from adapters.django_orm.sql.django_executor import DjangoExecutor
from adapters.django_orm.storage import Storage
from tests.integration.conftest import VENDOR

if TYPE_CHECKING:
    from collections.abc import Iterator

    from adapters.django_orm.sql.statement import Statement, Values
    from domain.repository import OwnerId

Nodes = list[dict[str, Any]]


def compiling_storage() -> Storage:
    """Storage that compiles statements as in production, and is never opened."""
    if VENDOR == "sqlite":
        return Storage(DjangoExecutor())
    return bootstrap.asyncpg_storage(
        "postgresql://unused", size=1, acquire_timeout=1, statement_timeout=1, list_timeout=1
    )


def sqlite_plan(statement: Statement, owner: OwnerId, values: Values) -> list[str]:
    """What SQLite says of each step."""
    with connection.cursor() as cursor:
        cursor.execute(f"EXPLAIN QUERY PLAN {statement.sql}", statement.arguments(str(owner), values))
        return [detail for *_, detail in cursor.fetchall()]


def postgresql_plan(
    statement: Statement, owner: OwnerId, values: Values, *, generic: bool, analyze: bool = False
) -> Nodes:
    """The nodes of a prepared statement's plan, which has to be for these values or for any; run if ``analyze``.

    The server chooses between the two when the driver has prepared a statement.
    """
    options = "ANALYZE, FORMAT JSON" if analyze else "FORMAT JSON"
    with connection.cursor() as cursor:
        cursor.execute(f"SET LOCAL plan_cache_mode = force_{'generic' if generic else 'custom'}_plan")
        cursor.execute(f"PREPARE page AS {statement.sql}")
        cursor.execute(f"EXPLAIN ({options}) EXECUTE page({_arguments(statement, owner, values)})")
        (((found,),),) = (cursor.fetchall(),)
        cursor.execute("DEALLOCATE page")
    return [*_nodes((found if isinstance(found, list) else json.loads(found))[0]["Plan"])]


def generic_plans(statement: Statement, owner: OwnerId, values: Values, *, runs: int) -> int:
    """How often PostgreSQL chose the plan for any values when it ran the prepared statement so many times."""
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL plan_cache_mode = auto")
        cursor.execute(f"PREPARE page AS {statement.sql}")
        for _ in range(runs):
            cursor.execute(f"EXECUTE page({_arguments(statement, owner, values)})")
        cursor.execute("SELECT generic_plans FROM pg_prepared_statements WHERE name = 'page'")
        ((count,),) = cursor.fetchall()
        cursor.execute("DEALLOCATE page")
    return int(count)


def _arguments(statement: Statement, owner: OwnerId, values: Values) -> str:
    return ", ".join("'{}'".format(str(value).replace("'", "''")) for value in statement.arguments(str(owner), values))


def _nodes(plan: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield plan
    for each in plan.get("Plans", []):
        # The subplan that sets the owner is the same for every statement.
        if each["Parent Relationship"] != "InitPlan":
            yield from _nodes(each)
