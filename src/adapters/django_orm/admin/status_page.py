"""The admin's page of how the service runs: the metrics of all workers, as Prometheus reads them.

They count from the start of each worker. The page reads them once, when it is asked for.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from datetime import UTC, datetime
from math import inf
from typing import TYPE_CHECKING, Any

from django.contrib import admin
from django.template.defaultfilters import filesizeformat
from django.template.response import TemplateResponse

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from django.http import HttpRequest
    from prometheus_client.core import Metric
    from prometheus_client.samples import Sample

METRICS = "goatfish.metrics"
"""The key of the metrics of all workers in the ASGI scope of a request; None where nothing is measured."""


class Histogram:
    """The sum of the histograms of several workers."""

    def __init__(self) -> None:
        self._at_most: defaultdict[float, float] = defaultdict(float)

    def add(self, sample: Sample) -> None:
        """Adds a sample of a bucket."""
        self._at_most[float(sample.labels["le"])] += sample.value

    def quantile(self, part: float) -> float | None:
        """The seconds that this part of all took at most, estimated within a bucket as PromQL does; None of none."""
        number = self._at_most.get(inf, 0.0) * part
        if not number:
            return None
        lower = before = 0.0
        for bound, at_most in sorted(self._at_most.items()):
            if at_most >= number:
                return lower if bound == inf else lower + (bound - lower) * (number - before) / (at_most - before)
            lower, before = bound, at_most
        return None


@dataclass
class Operation:
    """A route with its method: how many requests by their status, and how long they took."""

    statuses: defaultdict[str, int] = field(default_factory=lambda: defaultdict(int))
    latency: Histogram = field(default_factory=Histogram)

    @property
    def total(self) -> int:
        return sum(self.statuses.values())

    @property
    def by_status(self) -> list[tuple[str, int]]:
        return sorted(self.statuses.items())

    @property
    def median(self) -> str:
        return time_text(self.latency.quantile(0.5))

    @property
    def slow(self) -> str:
        return time_text(self.latency.quantile(0.99))


def time_text(seconds: float | None) -> str:
    """The time as text; empty where there is none."""
    if seconds is None:
        return ""
    shown = f"{seconds * 1000:.3g} ms"
    return f"{seconds:,.2f} s" if "e" in shown else shown


def status_page(request: HttpRequest) -> TemplateResponse:
    """How the service runs."""
    collector = getattr(request, "scope", {}).get(METRICS)
    figures = None if collector is None else _figures(list(collector.collect()))
    context = {**admin.site.each_context(request), "title": "How the service runs", "figures": figures}
    return TemplateResponse(request, "goatfish/status.html", context)


def _figures(metrics: Iterable[Metric]) -> dict[str, Any]:
    samples: dict[str, list[Sample]] = {}
    for metric in metrics:
        for sample in metric.samples:
            samples.setdefault(sample.name, []).append(sample)
    return {
        "operations": _operations(samples),
        "refusals": _sums(samples.get("goatfish_refusals_total", ()), "reason"),
        "workers": [*_workers(samples)],
        "purge": _overdue(samples.get("goatfish_purge_lag_seconds", ())),
    }


def _operations(samples: Mapping[str, list[Sample]]) -> list[tuple[str, str, Operation]]:
    """Method, route and figures of each operation, those with the most requests first."""
    found: defaultdict[tuple[str, str], Operation] = defaultdict(Operation)
    for sample in samples.get("goatfish_http_requests_total", ()):
        operation = found[sample.labels["method"], sample.labels["route"]]
        operation.statuses[sample.labels["status"]] += int(sample.value)
    for sample in samples.get("goatfish_http_request_duration_seconds_bucket", ()):
        found[sample.labels["method"], sample.labels["route"]].latency.add(sample)
    rows = [(method, route, operation) for (method, route), operation in found.items()]
    return sorted(rows, key=lambda row: (-row[2].total, row[:2]))


def _sums(samples: Iterable[Sample], label: str) -> list[tuple[str, int]]:
    """The sum over all workers for each value of this label, the largest first."""
    found: defaultdict[str, int] = defaultdict(int)
    for sample in samples:
        found[sample.labels[label]] += int(sample.value)
    return sorted(found.items(), key=lambda item: (-item[1], item[0]))


def _overdue(samples: Iterable[Sample]) -> list[tuple[str, str]]:
    """How long ago what is oldest should have been purged, as text, by what it is."""
    found: defaultdict[str, float] = defaultdict(float)
    for sample in samples:
        found[sample.labels["kind"]] = max(found[sample.labels["kind"]], sample.value)
    return [
        (kind.replace("_", " "), f"{seconds / 3600:,.1f} hours behind" if seconds else "nothing is overdue")
        for kind, seconds in found.items()
    ]


def _workers(samples: Mapping[str, list[Sample]]) -> Iterator[tuple[str, list[tuple[str, str]]]]:
    """Each worker's process, and what is known of it."""
    for up in samples.get("goatfish_worker_up", ()):
        pid = up.labels["pid"]
        own = {name: [each for each in all_ if each.labels["pid"] == pid] for name, all_ in samples.items()}
        yield pid, [*_worker(own)] if up.value else [("State", "does not answer")]


def _worker(samples: Mapping[str, list[Sample]]) -> Iterator[tuple[str, str]]:
    def value(name: str, **labels: str) -> float:
        """The sum of what has these labels."""
        return sum(each.value for each in samples.get(name, ()) if labels.items() <= each.labels.items())

    late = Histogram()
    for sample in samples.get("goatfish_event_loop_lag_seconds_bucket", ()):
        late.add(sample)
    lookups = value("goatfish_key_cache_lookups_total")
    hits = value("goatfish_key_cache_lookups_total", result="hit")
    if started := value("process_start_time_seconds"):  # these are known on Linux alone
        yield "Started (UTC)", f"{datetime.fromtimestamp(started, UTC):%Y-%m-%d %H:%M:%S}"
        yield "Processor time", f"{value('process_cpu_seconds_total'):,.0f} s"
        yield "Memory", filesizeformat(value("process_resident_memory_bytes"))
    yield "Event loop late, 99 %", time_text(late.quantile(0.99))
    yield "Connections", f"{value('goatfish_http_connections'):,.0f}"
    yield "Requests in progress", f"{value('goatfish_http_connections', state='busy'):,.0f}"
    for size in samples.get("goatfish_pool_size", ()):
        pool = size.labels["pool"]
        in_use, waiting = (value(f"goatfish_pool_{name}", pool=pool) for name in ("in_use", "waiting"))
        yield f"Database {pool}", f"{in_use:.0f} of {size.value:.0f} in use, {waiting:.0f} waiting"
    if reads := value("goatfish_standby_reads_total"):
        by_standbys = value("goatfish_standby_reads_total", outcome="standby")
        yield "Lists and reports by standbys", f"{by_standbys / reads:.1%} of {reads:,.0f}"
    yield "Keys found in the cache", f"{hits / lookups:.1%} of {lookups:,.0f}" if lookups else "none yet"
