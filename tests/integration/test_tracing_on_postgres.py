"""Traces of a service on PostgreSQL, whose database is checked before its first statement."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

import pytest
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from adapters.django_orm.bootstrap import asyncpg_storage
from adapters.django_orm.sql.asyncpg_executor import AsyncpgExecutor
from adapters.django_orm.sql.standby import Standby
from adapters.django_orm.sql.statement import Statement
from app.tracing.statements import TracedExecutor
from domain.paging import PageRequest
from domain.repository import OwnerId
from domain.simulations.simulation import Simulation
from tests.integration.conftest import opened
from tests.integration.test_replica_reads import Near

pytestmark = pytest.mark.usefixtures("patient_standbys")
OPTIONS: dict[str, Any] = {"size": 2, "acquire_timeout": 5, "statement_timeout": 10, "list_timeout": 2}


@pytest.fixture
def spans() -> InMemorySpanExporter:
    return InMemorySpanExporter()


@pytest.fixture
def provider(spans: InMemorySpanExporter) -> TracerProvider:
    provider = TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(spans))
    return provider


async def test_a_traced_service_starts_and_its_statements_have_spans(
    pool_url: str, provider: TracerProvider, spans: InMemorySpanExporter
) -> None:
    async def nothing_more() -> None:
        pass

    storage = asyncpg_storage(
        pool_url,
        **OPTIONS,
        check_more=nothing_more,
        trace=lambda executor: TracedExecutor(executor, provider, "postgresql"),
    )
    async with opened(storage):
        await storage.repository(Simulation).of(OwnerId(uuid4())).page(PageRequest())
    assert [span.name for span in spans.get_finished_spans()] == ["SELECT simulation"]


async def test_reads_on_a_standby_have_spans(
    pool_url: str, provider: TracerProvider, spans: InMemorySpanExporter
) -> None:
    standby = TracedExecutor(Near(pool_url, **OPTIONS), provider, "postgresql")
    here = Statement("SELECT pg_is_in_recovery()", (), (None,))
    await standby.open()
    answers = [await standby.fetch_as_of("", here, [(state,)], here, {}) for state in (False, True)]
    await standby.close()
    assert answers == [("standby", [(False,)]), ("behind", None)]
    told = [span.attributes for span in spans.get_finished_spans()]
    assert [each and each["goatfish.on_standby"] for each in told] == [True, True]
    assert [each and each.get("db.response.returned_rows") for each in told] == [1, None]


def test_standbys_are_traced_too(pool_url: str) -> None:
    traced: list[type] = []

    def trace(executor: Any) -> Any:
        traced.append(type(executor))
        return executor

    asyncpg_storage(pool_url, **OPTIONS, trace=trace, replica_url=pool_url)
    assert traced == [AsyncpgExecutor, Standby]
