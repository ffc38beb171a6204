"""Whether servers allow as many connections as the service may open: workers, the admin and ``goatfish deliver``."""

import os
from collections.abc import AsyncIterator
from dataclasses import replace

from asyncpg.exceptions import TargetServerAttributeNotMatched

from adapters.django_orm.sql.asyncpg_connector import Connector
from adapters.django_orm.sql.limits import CONNECTIONS_MAX
from app.cli.findings import Finding, Severity
from config.databases import DatabaseUrl
from config.postgres_urls import read_url
from config.settings import PREFIX, Settings

CONNECT_TIMEOUT = 3.0
"""Seconds in which a standby has to be connected."""


def on_primary(settings: Settings, allowed: int) -> Finding:
    """Whether the primary, which allows so many, has enough for all."""
    # The use cases of the admin share one, and each worker asks over another how far purging is behind.
    of_operators = settings.admin_requests + 1 + settings.metrics if settings.has_operator else 0
    return _finding(settings, of_operators, "PostgreSQL", allowed)


async def on_standbys(settings: Settings, url: DatabaseUrl) -> AsyncIterator[Finding]:
    """Whether each standby has enough, as all processes may read from the same one; of those that can be reached."""
    server = read_url(url.with_password, os.environ, standbys=True)
    for host, port in server.hosts:
        connector = Connector(replace(server, hosts=((host, port),)), timeout=CONNECT_TIMEOUT)
        try:
            connection = await connector.connect()
        except TargetServerAttributeNotMatched:  # the primary, where the URL names all servers
            continue
        except Exception as error:  # of any kind: it is the finding
            yield Severity.WARNING, f"The standby at {host}:{port} cannot be read now. {error}"
            continue
        try:
            allowed = await connection.fetchval(f"SELECT {CONNECTIONS_MAX}")
        finally:
            await connection.close()
        yield _finding(settings, 0, f"the standby at {host}:{port}", allowed)


def _finding(settings: Settings, of_operators: int, where: str, allowed: int) -> Finding:
    pool, workers = settings.pool_size, settings.workers
    each = f"({pool} + {of_operators} for operators)" if of_operators else str(pool)
    of_workers = f"{workers} x {each} for workers"
    have = f"of the {allowed} that {where} allows"
    if (needed := (pool + of_operators) * workers) > allowed:
        advice = f"Lower {PREFIX}POOL_SIZE or raise max_connections."
        return Severity.ERROR, f"Too many database connections: {of_workers} {have}. {advice}"
    total = f"{of_workers} and {pool} for each goatfish deliver {have}"
    if needed + pool > allowed:
        return Severity.WARNING, f"Too few database connections where goatfish deliver runs: {total}."
    return Severity.OK, f"Enough database connections: {total}."
