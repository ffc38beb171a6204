"""The ways into this package for whoever has not loaded Django yet: it is set up first, then the rest imported."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import django

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from adapters.django_orm.admin.application import AdminApplication
    from adapters.django_orm.storage import Storage
    from domain.access.use_cases import Keys, Owners


def set_up() -> None:
    """Loads Django with the project's settings, once."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.django")
    django.setup()


def pool_storage(
    url: str,
    *,
    size: int,
    acquire_timeout: float,
    statement_timeout: float,
    list_timeout: float = 2.0,
    prepared_statements: bool = True,
    held: bool = True,
) -> Storage:
    """Storage on PostgreSQL's native pool; the seconds and sizes are the pool's, and ``held`` the storage's."""
    set_up()
    from adapters.django_orm.pool import PoolExecutor
    from adapters.django_orm.storage import Storage

    executor = PoolExecutor(
        url,
        size=size,
        acquire_timeout=acquire_timeout,
        statement_timeout=statement_timeout,
        list_timeout=list_timeout,
        prepared_statements=prepared_statements,
    )
    return Storage(executor, held=held)


def thread_storage(
    *,
    size: int,
    acquire_timeout: float | None = None,
    statement_timeout: float | None = None,
    list_timeout: float | None = None,
) -> Storage:
    """Storage on Django's own connections, in ``size`` threads; the seconds are the executor's."""
    set_up()
    from adapters.django_orm.storage import Storage
    from adapters.django_orm.thread import ThreadExecutor

    executor = ThreadExecutor(
        size=size, acquire_timeout=acquire_timeout, statement_timeout=statement_timeout, list_timeout=list_timeout
    )
    return Storage(executor)


def django_application(*, owners: Owners, keys: Keys, now: Callable[[], datetime], at_once: int) -> AdminApplication:
    """Django's own ASGI application: the admin, which changes things by these use cases, ``at_once`` requests of it."""
    set_up()
    from adapters.django_orm.admin.acting import UseCases
    from adapters.django_orm.admin.application import AdminApplication

    return AdminApplication(UseCases(owners=owners, keys=keys, now=now), at_once=at_once)
