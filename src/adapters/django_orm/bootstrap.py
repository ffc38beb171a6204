"""Sets Django up and creates its storage and application; can be imported before Django is configured."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

import django

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from datetime import datetime, timedelta

    from prometheus_client.registry import Collector

    from adapters.django_orm.admin.application import AdminApplication
    from adapters.django_orm.storage import Storage
    from domain.access.use_cases import ApiKeys, Owners
    from domain.idempotency import IdempotentExecutor


def setup_django() -> None:
    """Loads Django with the project's settings, once."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.django")
    django.setup()


def asyncpg_storage(
    url: str,
    *,
    size: int,
    acquire_timeout: float,
    statement_timeout: float,
    list_timeout: float,
    prepared_statements: bool = True,
    enforce_rls: bool = True,
    check_more: Callable[[], Awaitable[None]] | None = None,
    trace: Callable[[Any], Any] | None = None,
    replica_url: str | None = None,
) -> Storage:
    """Storage on PostgreSQL by asyncpg; the parameters are those of ``AsyncpgExecutor`` and ``Storage``.

    With ``check_more`` it is one that may be opened while the database is away: see ``CheckedStorage``. ``trace`` makes
    of an executor one whose statements are traced. ``replica_url`` names standbys; each process has as many connections
    to them at most as to the primary.
    """
    setup_django()
    from adapters.django_orm.checked_storage import CheckedStorage
    from adapters.django_orm.repositories.replica_reads import ReplicaReads
    from adapters.django_orm.row_security.role_audit import role_bypass
    from adapters.django_orm.sql.asyncpg_executor import AsyncpgExecutor
    from adapters.django_orm.sql.standby import Standby
    from adapters.django_orm.storage import Storage

    options: Any = {
        "size": size,
        "acquire_timeout": acquire_timeout,
        "statement_timeout": statement_timeout,
        "list_timeout": list_timeout,
        "prepared_statements": prepared_statements,
    }
    primary, reads = AsyncpgExecutor(url, **options), None
    executor = trace(primary) if trace else primary
    if replica_url is not None:
        standby = Standby(replica_url, **options)
        audit = role_bypass if enforce_rls else None
        reads = ReplicaReads(executor, trace(standby) if trace else standby, audit=audit)
    if check_more is None:
        return Storage(executor, enforce_rls=enforce_rls, replica_reads=reads)
    first = Storage(AsyncpgExecutor(url, **options), enforce_rls=enforce_rls)
    return CheckedStorage(executor, enforce_rls=enforce_rls, replica_reads=reads, first=first, check_more=check_more)


def django_storage(
    *,
    size: int,
    acquire_timeout: float | None = None,
    statement_timeout: float | None = None,
    list_timeout: float | None = None,
    trace: Callable[[Any], Any] | None = None,
) -> Storage:
    """Storage on Django's connections, in ``size`` threads; the parameters are those of ``DjangoExecutor``.

    ``trace`` makes of an executor one whose statements are traced.
    """
    setup_django()
    from adapters.django_orm.sql.django_executor import DjangoExecutor
    from adapters.django_orm.storage import Storage

    executor = DjangoExecutor(
        size=size, acquire_timeout=acquire_timeout, statement_timeout=statement_timeout, list_timeout=list_timeout
    )
    return Storage(trace(executor) if trace else executor)


def overdue(now: Callable[[], datetime], revisions_kept: timedelta | None) -> dict[str, float]:
    """How many seconds ago what is oldest should have been purged, by what it is; see ``overdue.overdue``."""
    setup_django()
    from adapters.django_orm import overdue

    return overdue.overdue(now(), revisions_kept)


def django_application(
    *,
    owners: Owners,
    keys: ApiKeys,
    idempotent: IdempotentExecutor,
    now: Callable[[], datetime],
    at_once: int,
    statement_timeout: float,
    metrics: Collector | None = None,
) -> AdminApplication:
    """The ASGI application of the admin, which changes data by these use cases; at most ``at_once`` requests run.

    ``metrics`` are those of all workers, which a page shows. From now on no statement of this process on Django's
    connections to PostgreSQL takes longer than so many seconds.
    """
    setup_django()
    from adapters.django_orm.admin.application import AdminApplication
    from adapters.django_orm.admin.use_case_actions import AdminUseCases
    from adapters.django_orm.postgresql.base import DatabaseWrapper

    DatabaseWrapper.limit_sessions(statement_timeout)
    use_cases = AdminUseCases(owners=owners, keys=keys, idempotent=idempotent, now=now)
    return AdminApplication(use_cases, at_once=at_once, metrics=metrics)
