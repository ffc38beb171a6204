"""Metrics of a running service with two workers: one scrape has all of them, and dashboard, alerts and docs fit it."""

import json
import os
import re
import signal
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, get_args
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import promql_parser
import pytest
import yaml
from prometheus_client.core import Metric
from prometheus_client.parser import text_string_to_metric_families

from adapters.http_fastapi.kit.problem_types import CATALOGUE
from adapters.http_fastapi.kit.problems import Reason
from domain.webhooks.figures import Outcome
from tests.integration.test_processes import PATIENCE, READY, Running, Shell
from tests.restartable import wait_until

ROOT = Path(__file__).parents[2]
WORKERS = 2
OF_A_SCRAPE = {"up": {"job", "instance"}}
"""What Prometheus itself adds: a metric of each target, and labels of all metrics."""
BEHIND = "goatfish_webhooks_behind"
VARIABLES = {"$__rate_interval": "5m", "$job": "goatfish"}


@dataclass
class Measured:
    """A running service, a key of it, and where its metrics are."""

    running: Running
    key: str
    metrics: str

    def get(self, path: str, key: str = "") -> int:
        request = Request(self.running.url + path, headers={"X-API-Key": key or self.key, "Connection": "close"})
        try:
            with urlopen(request, timeout=PATIENCE) as answer:
                return int(answer.status)
        except HTTPError as error:
            with error:
                return error.code

    def scrape(self) -> dict[str, Metric]:
        with urlopen(self.metrics, timeout=PATIENCE) as answer:
            return {metric.name: metric for metric in text_string_to_metric_families(answer.read().decode())}

    def workers(self) -> set[str]:
        up = self.scrape()["goatfish_worker_up"].samples
        return {sample.labels["pid"] for sample in up if sample.value}


def total(scrape: dict[str, Metric], name: str, **labels: str) -> float:
    """The sum over all workers of what has these labels."""
    samples = (sample for metric in scrape.values() for sample in metric.samples if sample.name == name)
    return sum(sample.value for sample in samples if labels.items() <= sample.labels.items())


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Measured]:
    shell = Shell(tmp_path_factory.mktemp("measured"))
    shell("migrate")
    shell("owner", "create", "Acme")
    key = shell("key", "create", "Acme").stdout.strip()
    variables = {"GOATFISH_METRICS_PORT": "0", "GOATFISH_REVISIONS_KEPT": "30", "GOATFISH_RATE_LIMIT": "20"}
    arguments = ("serve", "--port", "0", "--workers", str(WORKERS))
    with shell.running(*arguments, until=READY, variables=variables) as running:
        found = re.search(r"Metrics are at (http://127\.0\.0\.1:\d+/metrics)", running.said)
        assert found, running.said
        measured = Measured(running, key, found[1])
        wait_until(lambda: len(measured.workers()) == WORKERS, "all workers say how they are")
        wait_until(lambda: BEHIND in measured.scrape(), "what webhooks are behind is known")
        measured.get("/nothing")  # a request and a refusal, so that their metrics have labels
        yield measured


def test_requests_and_refusals_of_all_workers_are_counted(service: Measured) -> None:
    before = service.scrape()
    answers = [service.get(f"/api/v1/simulations/{number}") for number in range(6)]
    answers += [service.get("/api/v1/simulations", "gf_none"), service.get("/nothing")]
    assert answers == [404] * 6 + [401, 404]
    after = service.scrape()

    def counted(name: str, **labels: str) -> float:
        return total(after, name, **labels) - total(before, name, **labels)

    route = "/api/v1/simulations/{id}"
    assert counted("goatfish_http_requests_total", method="GET", route=route, status="404") == 6
    assert counted("goatfish_http_requests_total", route="/api/v1/simulations", status="401") == 1
    assert counted("goatfish_http_requests_total", route="unmatched", status="404") == 1
    assert counted("goatfish_http_request_duration_seconds_count", route=route) == 6
    assert counted("goatfish_http_request_duration_seconds_bucket", route=route, le="+Inf") == 6
    assert 0 < counted("goatfish_http_request_duration_seconds_sum", route=route) < PATIENCE
    assert counted("goatfish_refusals_total", reason="unauthenticated") == 1
    assert counted("goatfish_refusals_total", reason="simulation_not_found") == 6
    assert counted("goatfish_key_cache_lookups_total") == 7


def test_an_owner_over_its_rate_is_counted(service: Measured) -> None:
    while service.get("/api/v1/me") != 429:
        pass
    assert total(service.scrape(), "goatfish_refusals_total", reason="rate_limited") >= 1


def test_each_worker_measures_itself(service: Measured) -> None:
    scrape = service.scrape()
    for pid in service.workers():
        assert total(scrape, "process_resident_memory_bytes", pid=pid) > 1 << 20
        assert total(scrape, "process_cpu_seconds_total", pid=pid) > 0
        assert total(scrape, "goatfish_pool_size", pid=pid, pool="readers") == 10
        assert total(scrape, "goatfish_bodies_max_bytes", pid=pid) == 32 << 20
        assert total(scrape, "goatfish_build_info", pid=pid) == 1


def test_the_port_is_closed_to_other_machines(service: Measured) -> None:
    port = re.search(r":(\d+)/", service.metrics)
    assert port
    listening = [line.split() for line in Path("/proc/net/tcp").read_text().splitlines()[1:]]
    assert [each[1] for each in listening if each[1].endswith(f":{int(port[1]):04X}") and each[3] == "0A"] == [
        f"0100007F:{int(port[1]):04X}"
    ]


def test_the_metrics_are_at_their_path_alone(service: Measured) -> None:
    for path in ("/", "/metrics/", "/nothing"):
        with pytest.raises(HTTPError) as refused:
            urlopen(service.metrics.removesuffix("/metrics") + path, timeout=PATIENCE)
        refused.value.close()
        assert refused.value.code == 404


def test_a_worker_that_hangs_is_told_and_one_that_is_replaced_is_forgotten(service: Measured) -> None:
    pid = min(service.workers())
    os.kill(int(pid), signal.SIGSTOP)
    try:
        up = service.scrape()["goatfish_worker_up"].samples
        assert {sample.labels["pid"]: sample.value for sample in up}[pid] == 0
    finally:
        os.kill(int(pid), signal.SIGCONT)
    wait_until(lambda: pid in service.workers(), "the worker says how it is again")


def expressions() -> Iterator[tuple[str, str]]:
    """Every expression of the alerts and the dashboard, with its name."""
    alerts = yaml.safe_load((ROOT / "deploy/prometheus/alerts.yml").read_text())
    for group in alerts["groups"]:
        for rule in group["rules"]:
            yield rule["alert"], rule["expr"]
    for panel in json.loads((ROOT / "deploy/grafana/goatfish.json").read_text())["panels"]:
        for target in panel["targets"]:
            yield panel["title"], target["expr"]


def selectors(node: Any) -> Iterator[tuple[Any, set[str]]]:
    """The selectors of an expression, each with the labels that are looked for around it."""
    if isinstance(node, promql_parser.VectorSelector):
        yield node, set()
    elif isinstance(node, promql_parser.MatrixSelector):
        yield node.vector_selector, set()
    elif isinstance(node, promql_parser.AggregateExpr):
        labels = set(node.modifier.labels) if node.modifier else set()
        for selector, wanted in selectors(node.expr):
            yield selector, wanted | labels
    elif isinstance(node, promql_parser.BinaryExpr):
        yield from selectors(node.lhs)
        yield from selectors(node.rhs)
    elif isinstance(node, promql_parser.Call):
        for argument in node.args:
            yield from selectors(argument)
    elif isinstance(node, promql_parser.ParenExpr | promql_parser.UnaryExpr):
        yield from selectors(node.expr)
    else:
        assert isinstance(node, promql_parser.NumberLiteral | promql_parser.StringLiteral), node


def test_every_metric_and_label_of_alerts_and_dashboard_exists(service: Measured) -> None:
    samples = [sample for metric in service.scrape().values() for sample in metric.samples]
    labels = OF_A_SCRAPE | {sample.name: {*sample.labels, "job", "instance"} for sample in samples}
    reasons = {*CATALOGUE, *get_args(Reason)}
    wrong = []
    for name, expression in expressions():
        for variable, value in VARIABLES.items():
            expression = expression.replace(variable, value)  # noqa: PLW2901 -- the same, filled in
        found = [*selectors(promql_parser.parse(expression))]
        assert found, name
        for selector, wanted in found:
            matchers = selector.matchers.matchers
            used = wanted | {matcher.name for matcher in matchers}
            if not used <= labels.get(selector.name, set()):
                wrong.append((name, selector.name, used))
            named = {each for matcher in matchers if matcher.name == "reason" for each in matcher.value.split("|")}
            if not named <= reasons:
                wrong.append((name, selector.name, named - reasons))
    assert wrong == []
    assert len([*expressions()]) > 25


def test_the_documentation_lists_every_metric_and_every_alert(service: Measured) -> None:
    text = (ROOT / "docs/observability.md").read_text()
    rows = re.findall(r"^\| `(\w+)` \| (\w+) \| ([^|]*) \| ([^|]+) \|$", text, re.MULTILINE)
    documented = {name: (kind, set(re.findall(r"`(\w+)`", labels)), meaning) for name, kind, labels, meaning in rows}
    scraped = {}
    for metric in service.scrape().values():
        name = metric.name + {"counter": "_total"}.get(metric.type, "")
        labels = {label for sample in metric.samples for label in sample.labels} - {"pid", "le"}
        scraped[name] = (metric.type, labels, metric.documentation)
    assert documented == scraped
    alerts = yaml.safe_load((ROOT / "deploy/prometheus/alerts.yml").read_text())["groups"][0]["rules"]
    assert re.findall(r"^\| `(Goatfish\w+)` \|", text, re.MULTILINE) == [rule["alert"] for rule in alerts]
    assert set(re.findall(r"^\| `(\w+)` \| (?!counter|gauge|histogram)", text, re.MULTILINE)) >= {*get_args(Reason)}


def test_a_port_that_is_taken_is_named(service: Measured, tmp_path: Path) -> None:
    shell = Shell(tmp_path)
    shell("migrate")
    found = re.search(r":(\d+)/", service.metrics)
    assert found
    failed = shell("serve", "--port", "0", GOATFISH_METRICS_PORT=found[1])
    assert failed.returncode == 1
    assert "it is in use. See GOATFISH_METRICS_PORT." in failed.stderr


def test_nothing_is_measured_where_that_is_off(tmp_path: Path) -> None:
    shell = Shell(tmp_path)
    shell("migrate")
    variables = {"GOATFISH_METRICS": "false", "GOATFISH_METRICS_PORT": "0"}
    with shell.running("serve", "--port", "0", until=READY, variables=variables) as running:
        assert "Metrics" not in running.said


def test_a_deliverer_tells_its_own_metrics(tmp_path: Path) -> None:
    shell = Shell(tmp_path)
    shell("migrate")
    variables = {"GOATFISH_METRICS_PORT": "0", "GOATFISH_LOG_FORMAT": "json"}
    with shell.running("deliver", until="Metrics are at", variables=variables) as running:
        assert all(isinstance(json.loads(line), dict) for line in running.said.splitlines())
        found = re.search(r"Metrics are at (http://127\.0\.0\.1:\d+/metrics)", running.said)
        assert found
        measured = Measured(running, "", found[1])
        wait_until(lambda: BEHIND in measured.scrape(), "what webhooks are behind is known")
        scrape = measured.scrape()
    assert total(scrape, "goatfish_worker_up") == 1
    assert {sample.labels["outcome"] for sample in scrape["goatfish_webhook_deliveries"].samples} == {*Outcome}
    assert total(scrape, "process_resident_memory_bytes") > 1 << 20
