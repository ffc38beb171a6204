"""The metrics of delivering webhooks, in a process that does."""

from collections.abc import Callable, Iterator
from datetime import datetime

from prometheus_client.core import HistogramMetricFamily, Metric
from prometheus_client.registry import Collector

from app.metrics.families import add_histogram, counter_by, gauge, gauge_by
from domain.webhooks.figures import BUCKETS, DeliveryFigures


class WebhookCollector(Collector):
    """Reads a deliverer's figures; nothing where none has begun."""

    def __init__(self, figures: DeliveryFigures, now: Callable[[], datetime]) -> None:
        self._figures, self._now = figures, now

    def collect(self) -> Iterator[Metric]:
        """Every metric, with its samples now."""
        standing = self._figures.standing
        if standing is None:
            return
        yield counter_by(
            "outcome",
            "goatfish_webhook_deliveries",
            "Attempts to deliver a message to a webhook, by their outcome.",
            self._figures.outcomes.items(),
        )
        duration = HistogramMetricFamily(
            "goatfish_webhook_delivery_duration_seconds", "How long attempts took.", labels=()
        )
        add_histogram(duration, (), BUCKETS, self._figures.seconds())
        yield duration
        now = self._now()
        yield gauge_by(
            "state",
            "goatfish_webhook_lag_seconds",
            "The longest time for which a webhook has waited to be served, or has been failing.",
            [("waiting", self._figures.waiting_lag(now)), ("failing", self._figures.failing_lag(now))],
        )
        yield gauge("goatfish_webhook_lag_changes", "The most changes that a webhook is behind.", standing.changes)
        yield gauge("goatfish_webhooks_behind", "Webhooks that have not been sent every change.", standing.behind)
        yield gauge("goatfish_webhooks_failing", "Webhooks that wait for another attempt.", standing.failing)
        yield gauge("goatfish_webhooks_disabled", "Webhooks that are disabled.", standing.disabled)
