"""Traces of a service on PostgreSQL, whose database is checked before its first statement."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

import pytest
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from adapters.django_orm.bootstrap import asyncpg_storage
from app.tracing.statements import TracedExecutor
from domain.paging import PageRequest
from domain.repository import OwnerId
from domain.simulations.simulation import Simulation
from tests.integration.conftest import opened

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
