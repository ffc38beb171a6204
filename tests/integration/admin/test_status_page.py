"""The admin's page of how the service runs: the figures are those of the metrics, and nothing in them is markup."""

from __future__ import annotations

import re
from html import unescape
from typing import TYPE_CHECKING, Any

import pytest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.registry import Collector

from adapters.django_orm.admin.status_page import METRICS, Histogram, status_page, time_text

if TYPE_CHECKING:
    from django.test import RequestFactory

    from adapters.django_orm.models import Operator
    from tests.integration.admin.admin_client import OperatorBrowser

HOSTILE = '<script>alert("x")</script>'


def text_of(markup: str) -> str:
    return " ".join(unescape(re.sub("<[^>]+>", " ", markup)).split())


def test_it_shows_what_prometheus_would_read(operator_browser: OperatorBrowser) -> None:
    page = operator_browser.http.get("/admin/status/")
    assert page.status_code == 200
    shown = text_of(page.text)
    assert re.search(r"Worker process \d+ Started \(UTC\) \d{4}-", shown), shown
    assert re.search(r"Keys found in the cache (none yet|[\d.]+% of)", shown)
    assert "Requests by route" in shown
    assert '<a href="/admin/status/">' in operator_browser.http.get("/admin/").text


def test_it_asks_who_comes(operator_browser: OperatorBrowser) -> None:
    operator_browser.http.cookies.clear()
    page = operator_browser.http.get("/admin/status/", follow_redirects=False)
    assert (page.status_code, page.headers["location"]) == (302, "/admin/login/?next=/admin/status/")


class _Fixed(Collector):
    """Figures of which the page is known."""

    def collect(self) -> list[Metric]:
        requests = CounterMetricFamily("goatfish_http_requests", "", labels=("method", "route", "status"))
        requests.add_metric(("GET", HOSTILE, "200"), 3)
        requests.add_metric(("GET", HOSTILE, "503"), 1)
        durations = HistogramMetricFamily("goatfish_http_request_duration_seconds", "", labels=("method", "route"))
        durations.add_metric(("GET", HOSTILE), [("0.1", 2), ("0.2", 4), ("+Inf", 4)], 0.5)
        refusals = CounterMetricFamily("goatfish_refusals", "", labels=("reason",))
        refusals.add_metric(("pool_timeout",), 1)
        reads = CounterMetricFamily("goatfish_standby_reads", "", labels=("outcome",))
        reads.add_metric(("standby",), 3)
        reads.add_metric(("behind",), 1)
        overdue = GaugeMetricFamily("goatfish_purge_lag_seconds", "", labels=("kind",))
        overdue.add_metric(("idempotency_records",), 7200)
        return [requests, durations, refusals, reads, overdue]


class _TwoWorkers(Collector):
    """The same figures of two processes, and a third that does not answer."""

    def collect(self) -> list[Metric]:
        up = Metric("goatfish_worker_up", "", "gauge")
        for pid, value in (("1", 1.0), ("2", 1.0), ("3", 0.0)):
            up.add_sample("goatfish_worker_up", {"pid": pid}, value)
        metrics = _Fixed().collect()
        for metric in metrics:
            metric.samples = [
                each._replace(labels={"pid": pid, **each.labels}) for each in metric.samples for pid in ("1", "2")
            ]
        return [up, *metrics]


@pytest.mark.django_db
def test_figures_of_all_workers_are_summed_up_and_escaped(rf: RequestFactory, operator: Operator) -> None:
    request: Any = rf.get("/admin/status/")
    request.user, request.scope = operator, {METRICS: _TwoWorkers()}
    page = status_page(request).render().content.decode()
    assert HOSTILE not in page
    shown = text_of(page)
    assert f"GET {HOSTILE} 8 200: 6, 503: 2 100 ms 198 ms" in shown, shown
    assert "pool_timeout 2" in shown
    assert "Idempotency records 2.0 hours behind" in shown
    assert "Lists and reports by standbys 75.0% of 4" in shown
    assert "Worker process 3 State does not answer" in shown


@pytest.mark.django_db
def test_it_says_when_nothing_is_measured(rf: RequestFactory, operator: Operator) -> None:
    request: Any = rf.get("/admin/status/")
    request.user, request.scope = operator, {METRICS: None}
    assert "GOATFISH_METRICS is false" in text_of(status_page(request).render().content.decode())


@pytest.mark.parametrize(
    ("buckets", "part", "seconds"),
    [
        ([("0.1", 0), ("+Inf", 0)], 0.5, None),
        ([("0.1", 2), ("0.2", 4), ("+Inf", 4)], 0.5, 0.1),
        ([("0.1", 2), ("0.2", 4), ("+Inf", 4)], 0.75, 0.15),
        ([("0.1", 0), ("0.2", 0), ("+Inf", 4)], 0.5, 0.2),
    ],
)
def test_quantiles_are_those_of_promql(buckets: list[tuple[str, float]], part: float, seconds: float | None) -> None:
    histogram, family = Histogram(), HistogramMetricFamily("seconds", "", buckets=buckets, sum_value=0)
    for sample in family.samples:
        if sample.name == "seconds_bucket":
            histogram.add(sample)
    assert histogram.quantile(part) == (seconds if seconds is None else pytest.approx(seconds))


def test_times_are_read_without_exponents() -> None:
    shown = {None: "", 0.00025: "0.25 ms", 0.484: "484 ms", 0.9996: "1.00 s", 2.43: "2.43 s", 1200: "1,200.00 s"}
    assert {seconds: time_text(seconds) for seconds in shown} == shown
