"""Warns of settings that are valid but have no effect, or not the intended one."""

import os
from collections.abc import Iterator

from app.tracing.provider import are_traces_wanted, obstacle
from config.postgres import IGNORED
from config.settings import PREFIX, Settings

BATCH_NEEDS = 16  # MiB of bodies, of which one owner may use a quarter: the longest batch
PROXIES_KEEP = 60.0  # seconds for which proxies usually keep connections
POOL_NEEDS = 3  # connections: one for probes and API keys, and two for owners
ANY_ADDRESS = frozenset({"0.0.0.0", "[::]"})  # noqa: S104 -- recognized, not listened on


def advice(settings: Settings) -> Iterator[str]:
    """A line for each of them."""
    yield from _without_effect(settings)
    yield from _metrics_of_nobody(settings)
    if are_traces_wanted(os.environ) and (why := obstacle(os.environ)):
        yield why
    if not settings.database_url.is_sqlite and (unread := [name for name in IGNORED if name in os.environ]):
        yield f"Not read from the environment: {', '.join(unread)}. Write what they are to do into the database URL."
    if found := ANY_ADDRESS.intersection(settings.allowed_hosts):
        yield (
            f"{PREFIX}ALLOWED_HOSTS has {', '.join(found)}, which is an address to listen on (serve --host):"
            " list the names that clients use."
        )
    if settings.pool_size < POOL_NEEDS:
        yield f"{PREFIX}POOL_SIZE is {settings.pool_size}: one owner's slow statement makes others wait."
    if settings.bodies_max < BATCH_NEEDS:
        yield f"{PREFIX}BODIES_MAX is {settings.bodies_max}: batches of 4 MiB need at least {BATCH_NEEDS}."
    if settings.https_only and settings.keep_alive <= PROXIES_KEEP:
        yield (
            f"{PREFIX}KEEP_ALIVE is {settings.keep_alive:g}: proxies usually keep connections for"
            f" {PROXIES_KEEP:g} seconds, and fail where they use one that is closed."
        )


def _metrics_of_nobody(settings: Settings) -> Iterator[str]:
    if settings.metrics_port is not None and not settings.metrics:
        yield f"{PREFIX}METRICS_PORT has no effect with {PREFIX}METRICS=false."
    if settings.metrics_port is None and settings.metrics_host != Settings.model_fields["metrics_host"].default:
        yield f"{PREFIX}METRICS_HOST has no effect without {PREFIX}METRICS_PORT."


def _without_effect(settings: Settings) -> Iterator[str]:
    if settings.database_url.is_sqlite:
        for name in ("one_role", "prepared_statements"):
            if getattr(settings, name) != Settings.model_fields[name].default:
                yield f"{PREFIX}{name.upper()} has no effect with SQLite."
    elif settings.sqlite_synchronous != Settings.model_fields["sqlite_synchronous"].default:
        yield f"{PREFIX}SQLITE_SYNCHRONOUS has no effect with PostgreSQL."
    if settings.secret_key_previous == settings.secret_key:
        yield f"{PREFIX}SECRET_KEY_PREVIOUS is the same as {PREFIX}SECRET_KEY."
    if settings.body_timeout >= settings.request_timeout:
        yield (
            f"{PREFIX}BODY_TIMEOUT, {settings.body_timeout:g}, is never reached:"
            f" {PREFIX}REQUEST_TIMEOUT, {settings.request_timeout:g}, includes the body."
        )
    for name in ("rate_limit", "failure_limit"):
        if 0 < (limit := getattr(settings, name)) < settings.workers:
            yield f"{PREFIX}{name.upper()} is {limit}, but each of {settings.workers} workers allows at least one."
