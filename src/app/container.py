"""The whole object graph of Goatfish on one page: which adapter implements which port, and who receives what."""

from collections.abc import Callable
from typing import Any
from uuid import UUID

import msgspec
from dependency_injector import containers, providers
from starlette.types import ASGIApp

from adapters.http_fastapi.app import Api, build_api
from adapters.http_fastapi.kit.authentication import Authenticator
from adapters.http_fastapi.kit.background import Background
from adapters.http_fastapi.kit.cursors import Cursors
from adapters.http_fastapi.kit.layers.body_budget import BodyBudget
from adapters.http_fastapi.kit.layers.deadlines import Deadlines
from adapters.http_fastapi.kit.rate_limit import FailureLimit, RateLimit
from adapters.http_fastapi.resources.changes import shown_changes
from app import factories
from app.metrics.loop_lag import LoopLag
from app.metrics.purge_lag import PurgeLag
from app.secret_box import AesSecretBox
from app.sign_in_links import LINKS
from app.storage import Storage
from app.system import System
from config.settings import Settings
from domain.access.authentication import Authentication, LastUsedTracker
from domain.access.use_cases import ApiKeys, Owners
from domain.history import History
from domain.idempotency import IdempotentExecutor
from domain.registry import ENTITIES
from domain.repository import Owned
from domain.runs.run import Run
from domain.runs.use_cases import RunUseCases
from domain.simulations.simulation import Simulation
from domain.use_cases import EntityUseCases
from domain.webhooks.deliverer import Deliverer
from domain.webhooks.figures import DeliveryFigures
from domain.webhooks.messages import Messages
from domain.webhooks.secrets import SecretBox
from domain.webhooks.turn import Delivering
from domain.webhooks.use_cases import Webhooks


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
        networks=settings.provided.webhook_networks,
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
        sqlite=providers.Singleton(factories.thread_storage, settings, tracer_provider),
        postgresql=providers.Singleton(factories.pool_storage, settings, tracer_provider),
    )
    use_cases: providers.Container[UseCases] = providers.Container(
        UseCases, storage=storage, system=system, settings=settings
    )

    # Operators', for the command line and the admin: made where it is asked for, so a replica that serves the API alone
    # needs no credentials of theirs.
    operator_storage: providers.Provider[Storage] = providers.Singleton(factories.operator_storage)
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
    purge_lag = providers.Singleton(
        PurgeLag, providers.Callable(factories.overdue, settings, system.provided.now).provider
    )
    delivery_figures = providers.Singleton(DeliveryFigures)
    worker_metrics = providers.Singleton(
        factories.worker_metrics,
        authentication=use_cases.authentication,
        bodies=bodies,
        storage=storage,
        lag=loop_lag,
        purge_lag=purge_lag,
        deliveries=delivery_figures,
        now=system.provided.now,
    )
    metrics = providers.Singleton(factories.metrics_of_all, worker_metrics)
    delivering: providers.Provider[Delivering] = providers.Singleton(
        Delivering,
        owners=storage.provided.owners,
        repository=storage.provided.webhooks,
        deliveries=storage.provided.deliveries,
        history=use_cases.history,
        secrets=use_cases.secrets,
        sender=providers.Singleton(factories.webhook_sender, settings),
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
    deliverer = providers.Singleton(
        Deliverer, delivering, delivery_figures, reseals=settings.provided.replaces_secret_key
    )
    admin: providers.Provider[ASGIApp] = providers.Singleton(
        factories.django_application,
        owners=operators.owners,
        keys=operators.keys,
        idempotent=operators.idempotent,
        now=system.provided.now,
        settings=settings,
        metrics=metrics,
    )
