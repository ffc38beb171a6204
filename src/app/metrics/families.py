"""Metrics of prometheus_client, from what is measured."""

from collections.abc import Iterable, Sequence
from itertools import accumulate

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, Metric


def gauge(name: str, documentation: str, value: float) -> Metric:
    """A metric with this value now."""
    return GaugeMetricFamily(name, documentation, value=value)


def gauge_by(label: str, name: str, documentation: str, values: Iterable[tuple[str, float]]) -> Metric:
    """A metric with these values now, each after its label."""
    return _by(GaugeMetricFamily(name, documentation, labels=(label,)), values)


def counter_by(label: str, name: str, documentation: str, values: Iterable[tuple[str, float]]) -> Metric:
    """What has been counted, each after its label."""
    return _by(CounterMetricFamily(name, documentation, labels=(label,)), values)


def _by(family: CounterMetricFamily | GaugeMetricFamily, values: Iterable[tuple[str, float]]) -> Metric:
    for label, value in [*values]:  # which another thread may add to
        family.add_metric((label,), value)
    return family


def add_histogram(
    family: HistogramMetricFamily, labels: Sequence[str], bounds: Sequence[float], numbers: Sequence[float]
) -> None:
    """Adds a histogram: ``numbers`` are those in each bucket, and last the sum."""
    *counts, total = numbers
    edges = [*map(str, bounds), "+Inf"]
    family.add_metric(labels, [*zip(edges, accumulate(counts), strict=True)], total)
