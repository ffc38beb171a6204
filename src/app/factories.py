"""Makes the adapters that the container wires.

Each function imports what it needs: the application over memory runs without Django, the API without aiohttp, and
what is not measured without prometheus_client.
"""

from __future__ import annotations

from datetime import timedelta
from functools import partial
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import datetime

    from prometheus_client.registry import Collector
    from starlette.types import ASGIApp

    from adapters.django_orm.storage import Storage as DjangoStorage
    from app.storage import Storage
    from config.settings import Settings
    from domain.access.use_cases import ApiKeys, Owners
    from domain.idempotency import IdempotentExecutor
    from domain.webhooks.ports import Sender


def pool_storage(settings: Settings, provider: Any = None) -> DjangoStorage:
    """Storage on PostgreSQL, with the service's own role; ``provider`` is OpenTelemetry's, where traces are wanted."""
    from adapters.django_orm.bootstrap import asyncpg_storage
    from app.database_checks import check_same

    replicas = settings.replica_database_url
    return asyncpg_storage(
        settings.database_url.with_password,
        size=settings.pool_size,
        acquire_timeout=settings.pool_timeout,
        statement_timeout=settings.statement_timeout,
        list_timeout=settings.list_timeout,
        prepared_statements=settings.prepared_statements,
        enforce_rls=not settings.one_role,
        check_more=partial(check_same, settings),
        trace=_tracing(provider, "postgresql"),
        replica_url=None if replicas is None else replicas.with_password,
    )


def thread_storage(settings: Settings, provider: Any) -> Storage:
    """Storage on SQLite, in threads; ``provider`` as above."""
    from adapters.django_orm.bootstrap import django_storage

    return django_storage(
        size=settings.pool_size,
        acquire_timeout=settings.pool_timeout,
        statement_timeout=settings.statement_timeout,
        list_timeout=settings.list_timeout,
        trace=_tracing(provider, "sqlite"),
    )


def _tracing(provider: Any, system: str) -> Callable[[Any], Any] | None:
    if provider is None:
        return None
    from app.tracing.statements import TracedExecutor

    return lambda executor: TracedExecutor(executor, provider, system)


def operator_storage() -> Storage:
    """Storage with the operators' role."""
    from adapters.django_orm.bootstrap import django_storage

    return django_storage(size=1)


def django_application(
    *,
    owners: Owners,
    keys: ApiKeys,
    idempotent: IdempotentExecutor,
    now: Callable[[], datetime],
    settings: Settings,
    metrics: Any,
) -> ASGIApp:
    """The admin."""
    from adapters.django_orm.bootstrap import django_application

    return django_application(
        owners=owners,
        keys=keys,
        idempotent=idempotent,
        now=now,
        at_once=settings.admin_requests,
        statement_timeout=settings.request_timeout,
        metrics=metrics if settings.metrics else None,
    )


def overdue(settings: Settings, now: Callable[[], datetime]) -> Mapping[str, float]:
    """For how many seconds what is oldest should have been purged, by kind; empty without the operators' database."""
    from adapters.django_orm.bootstrap import overdue

    if not settings.has_operator:
        return {}
    days = settings.revisions_kept
    return overdue(now, None if days is None else timedelta(days=days))


def worker_metrics(**measured: Any) -> Collector:
    """What this process collects."""
    from app.metrics.collector import WorkerCollector

    return WorkerCollector(**measured)


def metrics_of_all(worker: Collector) -> Collector:
    """What all workers collect."""
    from app.metrics.workers import metrics_of_all

    return metrics_of_all(worker)


def webhook_sender(settings: Settings) -> Sender:
    """Sends to the endpoints of webhooks."""
    from adapters.webhook_sender.sender import HttpSender  # aiohttp takes its time, and the API does not need it

    return HttpSender(settings.webhook_networks, f"Goatfish/{version('goatfish')} (webhooks)")
