"""The metrics of this process, read from the objects that hold them when somebody asks."""

import platform
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from importlib.metadata import version
from typing import Protocol

from prometheus_client import ProcessCollector
from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
    InfoMetricFamily,
    Metric,
)
from prometheus_client.registry import Collector

from adapters.http_fastapi.kit.layers.body_budget import BodyBudget
from adapters.http_fastapi.kit.problems import REFUSALS
from app.http_server.figures import BUCKETS, FIGURES
from app.metrics import loop_lag
from app.metrics.families import add_histogram, counter_by, gauge, gauge_by
from app.metrics.purge_lag import PurgeLag
from app.metrics.webhooks import WebhookCollector
from domain.access.authentication import Authentication
from domain.webhooks.figures import DeliveryFigures


class Pool(Protocol):
    """What statements wait for: connections, or threads on SQLite."""

    size: int

    @property
    def in_use(self) -> int: ...
    @property
    def waiting(self) -> int: ...


class MeasuredStorage(Protocol):
    """The API's storage."""

    @property
    def pools(self) -> Mapping[str, Pool]: ...
    @property
    def standby_reads(self) -> Mapping[str, int]: ...


class WorkerCollector(Collector):
    """Reads everything. Nothing here is done for a request, and other threads may call it."""

    def __init__(
        self,
        *,
        authentication: Authentication,
        bodies: BodyBudget,
        storage: MeasuredStorage,
        lag: loop_lag.LoopLag,
        purge_lag: PurgeLag,
        deliveries: DeliveryFigures,
        now: Callable[[], datetime],
    ) -> None:
        self._authentication, self._bodies, self._storage = authentication, bodies, storage
        self._lag, self._purge_lag = lag, purge_lag
        self._webhooks = WebhookCollector(deliveries, now)
        self._process = ProcessCollector(registry=None)

    def collect(self) -> Iterator[Metric]:
        """Every metric, with its samples now."""
        yield InfoMetricFamily(
            "goatfish_build",
            "Versions of Goatfish and of Python.",
            value={"version": version("goatfish"), "python_version": platform.python_version()},
        )
        yield from self._requests()
        yield counter_by(
            "reason",
            "goatfish_refusals",
            "Requests answered with a problem, by its code, or for 503 by what was lacking.",
            REFUSALS.items(),
        )
        yield from self._connections()
        yield from self._shared_pools()
        yield counter_by(
            "outcome",
            "goatfish_standby_reads",
            "Reads of many rows that standbys may answer, by who answered them and why.",
            self._storage.standby_reads.items(),
        )
        yield from self._key_cache()
        yield gauge("goatfish_bodies_bytes", "Bytes of the request bodies in progress.", self._bodies_held)
        yield gauge("goatfish_bodies_max_bytes", "The limit of these bytes: GOATFISH_BODIES_MAX.", self._bodies.most)
        late = HistogramMetricFamily(
            "goatfish_event_loop_lag_seconds", "How late the event loop runs a timer, four times a second.", labels=()
        )
        add_histogram(late, (), loop_lag.BUCKETS, self._lag.numbers())
        yield late
        yield gauge_by(
            "kind",
            "goatfish_purge_lag_seconds",
            "For how long the oldest rows should have been purged; only where the operators' database is configured.",
            self._purge_lag.seconds.items(),
        )
        yield from self._webhooks.collect()
        yield from self._process.collect()

    @property
    def _bodies_held(self) -> int:
        return self._bodies.most - self._bodies.left

    def _requests(self) -> Iterator[Metric]:
        total = CounterMetricFamily(
            "goatfish_http_requests",
            "Requests that have ended, by the template of their route.",
            labels=("method", "route", "status"),
        )
        durations: dict[tuple[str, str], list[float]] = {}
        for (method, route, status), numbers in FIGURES.requests().items():
            total.add_metric((method, route, status), sum(numbers[:-1]))
            before = durations.get((method, route))
            added = numbers if before is None else [sum(each) for each in zip(before, numbers, strict=True)]
            durations[method, route] = added
        yield total
        duration = HistogramMetricFamily(
            "goatfish_http_request_duration_seconds",
            "From the first byte of a request until the last of its response is handed to the system.",
            labels=("method", "route"),
        )
        for labels, numbers in durations.items():
            add_histogram(duration, labels, BUCKETS, numbers)
        yield duration

    def _connections(self) -> Iterator[Metric]:
        registry = FIGURES.connections
        found = () if registry is None else [*registry.open]
        idle = sum(connection.is_idle for connection in found)
        yield gauge_by(
            "state",
            "goatfish_http_connections",
            "Open client connections, by whether a request is in progress.",
            [("busy", len(found) - idle), ("idle", idle)],
        )
        if registry is not None:
            most = registry.limits.connections_max
            yield gauge("goatfish_http_connections_max", "The limit of open client connections.", most)

    def _shared_pools(self) -> Iterator[Metric]:
        size, in_use, waiting = (
            GaugeMetricFamily(f"goatfish_pool_{name}", documentation, labels=("pool",))
            for name, documentation in (
                ("size", "Size of the pool: database connections, or threads on SQLite."),
                ("in_use", "Connections of the pool, or threads, that are in use."),
                ("waiting", "Statements that wait for a connection of the pool, or a thread."),
            )
        )
        for name, pool in self._storage.pools.items():
            size.add_metric((name,), pool.size)
            in_use.add_metric((name,), pool.in_use)
            waiting.add_metric((name,), pool.waiting)
        yield from (size, in_use, waiting)

    def _key_cache(self) -> Iterator[Metric]:
        keys = self._authentication
        yield counter_by(
            "result",
            "goatfish_key_cache_lookups",
            "Requests with an API key, by whether it was cached as valid (hit), or had to be looked up (miss).",
            [("hit", keys.hits), ("miss", keys.misses)],
        )
        yield gauge("goatfish_key_cache_entries", "API keys that are cached as valid.", keys.cached_keys)
