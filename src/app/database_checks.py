"""Whether the service can use its database, and operators use the same one."""

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from adapters.django_orm import bootstrap
from adapters.django_orm.sql.failures import OutOfReach
from config.settings import Settings
from domain.errors import Unavailable
from domain.webhooks.ports import Standing

if TYPE_CHECKING:
    from adapters.django_orm.storage import Storage


async def check_storage(settings: Settings) -> Standing:
    """Raises ``Unavailable`` unless the service can use its database, and operators use the same one.

    Returns how the webhooks there stand.
    """
    async with _opened(_service_storage(settings)) as storage:
        await storage.check()
        standing = await storage.deliveries.standing()
    await check_same(settings)
    return standing


async def check_same(settings: Settings) -> None:
    """Raises ``Unavailable`` where the service and operators have URLs of two different PostgreSQL databases."""
    service, operators = settings.database_url, settings.operator_database_url
    if operators is None or service.is_sqlite or operators.is_sqlite:
        return
    identities = set()
    for each in (_service_storage(settings), bootstrap.django_storage(size=1)):
        async with _opened(each) as storage:
            identities.add(await storage.identity())
    if len(identities) > 1:
        raise Unavailable(different_databases(settings))


async def is_in_reach(settings: Settings) -> bool:
    """Whether the service's PostgreSQL server can be reached at present, whatever else is wrong."""
    async with _opened(_service_storage(settings)) as storage:
        try:
            await storage.identity()
        except OutOfReach:
            return False
        except Unavailable:
            pass
    return True


def _service_storage(settings: Settings) -> "Storage":
    """The storage of the service, with as few connections as can be."""
    if settings.database_url.is_sqlite:
        return bootstrap.django_storage(size=1)
    return bootstrap.asyncpg_storage(
        settings.database_url.with_password,
        size=1,
        acquire_timeout=settings.pool_timeout,
        statement_timeout=settings.statement_timeout,
        list_timeout=settings.list_timeout,
        prepared_statements=settings.prepared_statements,
        enforce_rls=not settings.one_role,
    )


@asynccontextmanager
async def _opened(storage: "Storage") -> AsyncIterator["Storage"]:
    await storage.open()
    try:
        yield storage
    finally:
        await storage.close()


def different_databases(settings: Settings) -> str:
    """The error where the service and the operators would use different databases."""
    return f"The service uses {settings.database_url}, but operators use another database: {settings.operator_url}."


def may_be_same(settings: Settings) -> bool:
    """Whether both URLs may lead to one database, as far as can be told without connecting."""
    service, operators = settings.database_url, settings.operator_url
    if service.is_sqlite and operators.is_sqlite:
        return os.path.realpath(service.path) == os.path.realpath(operators.path)
    return service.is_sqlite == operators.is_sqlite
