"""Metrics of prometheus_client, from what is measured."""

from collections.abc import Sequence
from itertools import accumulate

from prometheus_client.core import GaugeMetricFamily, HistogramMetricFamily, Metric


def gauge(name: str, documentation: str, value: float) -> Metric:
    """A metric with this value now."""
    return GaugeMetricFamily(name, documentation, value=value)


def add_histogram(
    family: HistogramMetricFamily, labels: Sequence[str], bounds: Sequence[float], numbers: Sequence[float]
) -> None:
    """Adds a histogram: ``numbers`` are those in each bucket, and last the sum."""
    *counts, total = numbers
    edges = [*map(str, bounds), "+Inf"]
    family.add_metric(labels, [*zip(edges, accumulate(counts), strict=True)], total)
