"""The whole object graph of Goatfish on one page: which adapter stands behind which port, and who receives what."""

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from functools import partial
from importlib.metadata import version
from typing import TYPE_CHECKING, Any, Protocol
from uuid import UUID

import msgspec
from dependency_injector import containers, providers
from starlette.types import ASGIApp

from adapters.http_fastapi.app import Api, Lifecycle, build_api
from adapters.http_fastapi.kit.authentication import Authenticator
from adapters.http_fastapi.kit.background import Background
from adapters.http_fastapi.kit.body_budget import BodyBudget
from adapters.http_fastapi.kit.cursors import Cursors
from adapters.http_fastapi.kit.deadlines import Deadlines
from adapters.http_fastapi.kit.rate_limit import FailureLimit, RateLimit
from adapters.http_fastapi.resources.changes import shown_changes
from app.metrics.loop_lag import LoopLag
from app.metrics.purge_lag import PurgeLag
from app.secret_box import AesSecretBox
from app.sign_in_links import LINKS
from app.system import System
from config.settings import Settings
from domain.access.authentication import Authentication, LastUsedTracker
from domain.access.ports import ApiKeyRepository, OwnerDirectory
from domain.access.use_cases import ApiKeys, Owners
from domain.idempotency import IdempotencyRecords, IdempotentExecutor
from domain.registry import ENTITIES
from domain.repository import E, Owned, Repository
from domain.revisions import History, Revisions
from domain.runs.run import Run
from domain.runs.use_cases import RunReports, RunUseCases
from domain.simulations.simulation import Simulation
from domain.use_cases import EntityUseCases
from domain.webhooks.deliverer import Deliverer
from domain.webhooks.messages import Messages
from domain.webhooks.ports import Deliveries, Sender
from domain.webhooks.secrets import SecretBox
from domain.webhooks.turn import Delivering
from domain.webhooks.use_cases import Webhooks
from domain.webhooks.webhook import Webhook

if TYPE_CHECKING:
    from prometheus_client.registry import Collector

    from adapters.django_orm.storage import Storage as DjangoStorage
    from app.metrics.collector import Pool


class Storage(Lifecycle, Protocol):
    """The seam of storage: every port that a storage adapter has to fill, and its life on an event loop."""

    def repository(self, entity: type[E]) -> Repository[E]: ...
    @property
    def keys(self) -> ApiKeyRepository: ...
    @property
    def owners(self) -> OwnerDirectory: ...
    @property
    def idempotency_records(self) -> IdempotencyRecords: ...
    @property
    def revisions(self) -> Revisions: ...
    @property
    def run_reports(self) -> RunReports: ...
    @property
    def webhooks(self) -> Repository[Webhook]: ...
    @property
    def deliveries(self) -> Deliveries: ...
    @property
    def pools(self) -> "Mapping[str, Pool]": ...


# Django is imported by the functions that need it, so that the app over memory runs without.
def pool_storage(settings: Settings, provider: Any = None) -> "DjangoStorage":
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


def _thread_storage(settings: Settings, provider: Any) -> Storage:
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


def _operator_storage() -> Storage:
    from adapters.django_orm.bootstrap import django_storage

    return django_storage(size=1)


def _django_application(
    *,
    owners: Owners,
    keys: ApiKeys,
    idempotent: IdempotentExecutor,
    now: Callable[[], datetime],
    settings: Settings,
    metrics: Any,
) -> ASGIApp:
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


def _overdue(settings: Settings, now: Callable[[], datetime]) -> Mapping[str, float]:
    from adapters.django_orm.bootstrap import overdue

    if not settings.has_operator:
        return {}
    days = settings.revisions_kept
    return overdue(now, None if days is None else timedelta(days=days))


# prometheus_client takes a while to import, which only those need who are measured.
def _worker_metrics(**measured: Any) -> "Collector":
    from app.metrics.collector import WorkerCollector

    return WorkerCollector(**measured)


def _metrics_of_all(worker: "Collector") -> "Collector":
    from app.metrics.workers import metrics_of_all

    return metrics_of_all(worker)


def _webhook_sender(settings: Settings) -> Sender:
    from adapters.webhook_sender.sender import HttpSender  # aiohttp takes its time, and the API does not need it

    return HttpSender(settings.webhook_networks, f"Goatfish/{version('goatfish')} (webhooks)")


def _entity_use_cases(
    storage: Storage, history: History, new_id: Callable[[], UUID]
) -> dict[type[Owned], EntityUseCases[Any]]:
    """The use cases of every kind of entity."""
    made: dict[type[Owned], EntityUseCases[Any]] = {
        entity: EntityUseCases(entity=entity, repository=storage.repository(entity), history=history, new_id=new_id)
        for entity in ENTITIES
    }
    made[Run] = RunUseCases(
        entity=Run,
        repository=storage.repository(Run),
        history=history,
        new_id=new_id,
        reports=storage.run_reports,
        simulations=storage.repository(Simulation),
    )
    return made


class UseCases(containers.DeclarativeContainer):
    """The use cases on one storage."""

    storage: providers.Provider[Storage] = providers.Dependency()
    system: providers.Provider[System] = providers.Dependency(instance_of=System)
    settings: providers.Provider[Settings] = providers.Dependency(instance_of=Settings)

    history = providers.Singleton(History, revisions=storage.provided.revisions)
    entities = providers.Singleton(_entity_use_cases, storage, history, system.provided.new_id)
    keys = providers.Singleton(
        ApiKeys,
        repository=storage.provided.keys,
        new_id=system.provided.new_id,
        random_bytes=system.provided.random_bytes,
    )
    secrets: providers.Provider[SecretBox] = providers.Singleton(
        AesSecretBox, settings.provided.secret_keys, system.provided.random_bytes
    )
    webhooks = providers.Singleton(
        Webhooks,
        repository=storage.provided.webhooks,
        deliveries=storage.provided.deliveries,
        secrets=secrets,
        new_id=system.provided.new_id,
        random_bytes=system.provided.random_bytes,
        allow_http=settings.provided.allows_http_webhooks,
    )
    owners = providers.Singleton(Owners, directory=storage.provided.owners, new_id=system.provided.new_id)
    authentication = providers.Singleton(
        Authentication,
        directory=storage.provided.owners,
        now=system.provided.now,
        monotonic=system.provided.monotonic,
    )
    idempotent = providers.Singleton(
        IdempotentExecutor, idempotency_records=storage.provided.idempotency_records, now=system.provided.now
    )


class Container(containers.DeclarativeContainer):
    """Build it with ``Container(settings=…)``, and with ``storage=…`` for another than the settings name."""

    settings = providers.Dependency(instance_of=Settings)
    system = providers.Singleton(System)
    tracer_provider: providers.Provider[Any] = providers.Object(None)
    """OpenTelemetry's, where traces are wanted."""

    storage: providers.Provider[Storage] = providers.Selector(
        settings.provided.database_url.kind,
        sqlite=providers.Singleton(_thread_storage, settings, tracer_provider),
        postgresql=providers.Singleton(pool_storage, settings, tracer_provider),
    )
    use_cases: providers.Container[UseCases] = providers.Container(
        UseCases, storage=storage, system=system, settings=settings
    )

    # Operators', for the command line and the admin: made where it is asked for, so a replica that serves the API alone
    # needs no credentials of theirs.
    operator_storage: providers.Provider[Storage] = providers.Singleton(_operator_storage)
    operators: providers.Container[UseCases] = providers.Container(
        UseCases, storage=operator_storage, system=system, settings=settings
    )

    rate_limit = providers.Singleton(RateLimit, settings.provided.worker_rate_limit, system.provided.monotonic)
    failure_limit = providers.Singleton(FailureLimit, settings.provided.worker_failure_limit, system.provided.monotonic)
    last_used = providers.Singleton(LastUsedTracker, repository=storage.provided.keys, now=system.provided.now)
    background = providers.Singleton(Background)
    authenticator = providers.Singleton(
        Authenticator,
        authentication=use_cases.authentication,
        failure_limit=failure_limit,
        rate_limit=rate_limit,
        last_used=last_used,
        background=background,
    )
    cursors = providers.Singleton(Cursors, settings.provided.secret_keys)
    bodies = providers.Singleton(BodyBudget, settings.provided.bodies_max_bytes)
    deadlines = providers.Singleton(Deadlines, settings.provided.request_timeout, system.provided.monotonic)
    sign_in_codes = providers.Object(LINKS)
    api: providers.Provider[Api] = providers.Singleton(
        build_api,
        storage=storage,
        entities=use_cases.entities,
        keys=use_cases.keys,
        webhooks=use_cases.webhooks,
        history=use_cases.history,
        background=background,
        authenticator=authenticator,
        idempotent=use_cases.idempotent,
        cursors=cursors,
        bodies=bodies,
        deadlines=deadlines,
        sign_in_codes=sign_in_codes,
        allowed_hosts=settings.provided.allowed_hosts,
        cors_origins=settings.provided.cors_origins,
        public_url=settings.provided.public_url,
    )
    loop_lag = providers.Singleton(LoopLag)
    purge_lag = providers.Singleton(PurgeLag, providers.Callable(_overdue, settings, system.provided.now).provider)
    worker_metrics = providers.Singleton(
        _worker_metrics,
        authentication=use_cases.authentication,
        bodies=bodies,
        storage=storage,
        lag=loop_lag,
        purge_lag=purge_lag,
    )
    metrics = providers.Singleton(_metrics_of_all, worker_metrics)
    delivering: providers.Provider[Delivering] = providers.Singleton(
        Delivering,
        owners=storage.provided.owners,
        repository=storage.provided.webhooks,
        deliveries=storage.provided.deliveries,
        history=use_cases.history,
        secrets=use_cases.secrets,
        sender=providers.Singleton(_webhook_sender, settings),
        messages=providers.Singleton(
            Messages,
            show=providers.Singleton(shown_changes, ENTITIES),
            encode=providers.Object(msgspec.json.encode),
            address=settings.provided.public_address,
        ),
        new_id=system.provided.new_id,
        now=system.provided.now,
        monotonic=system.provided.monotonic,
        random=system.provided.random,
    )
    deliverer = providers.Singleton(Deliverer, delivering, reseals=settings.provided.replaces_secret_key)
    admin: providers.Provider[ASGIApp] = providers.Singleton(
        _django_application,
        owners=operators.owners,
        keys=operators.keys,
        idempotent=operators.idempotent,
        now=system.provided.now,
        settings=settings,
        metrics=metrics,
    )
