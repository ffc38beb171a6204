"""The benchmark's own rules: how responses are classified, CPU time is counted, and targets are judged."""

import asyncio
import json
import os
import subprocess
import sys
from contextlib import suppress
from itertools import repeat
from typing import Any

import pytest

from benchmarks import client_report, recorder
from benchmarks.load import Client, Load, LoadError, Outcome, _answer
from benchmarks.machine import CpuMeter, _Reading, tree
from benchmarks.report import columns, targets
from benchmarks.run_contest import _joined
from benchmarks.run_report import contest_targets
from benchmarks.run_requests import MLflowSite
from benchmarks.spread import Spread, Verdict, figure, ratios

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}"


@pytest.mark.parametrize("cut", range(1, len(OK)))
def test_response_is_complete_only_with_its_last_byte(cut: int) -> None:
    assert _answer(OK[:cut]) is None
    assert _answer(OK) == (200, b"{}")


def test_response_without_content_ends_with_its_headers() -> None:
    assert _answer(b'HTTP/1.1 304 Not Modified\r\nETag: "1"\r\n\r\n') == (304, b"")


def test_chunked_response_is_decoded() -> None:
    head = b"HTTP/1.1 201 Created\r\nTransfer-Encoding: chunked\r\n\r\n"
    assert _answer(head + b"1\r\n{\r\n") is None
    assert _answer(head + b"1\r\n{\r\n1\r\n}\r\n0\r\n\r\n") == (201, b"{}")


async def _run(expected: int) -> int:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(ConnectionError):
            while await reader.readline():
                writer.write(OK)
        writer.close()
        ended.release()

    ended = asyncio.Semaphore(0)

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with server:
        port = server.sockets[0].getsockname()[1]
        client = Client([repeat(b"GET\n"), repeat(b"GET\n")], frozenset({expected}))
        async with Load(port, [client]) as load:
            try:
                (outcome,) = await load.run(0.2)
            finally:
                load.close()
                for _ in client.requests:  # otherwise a later test finds open sockets
                    await asyncio.wait_for(ended.acquire(), 5)
    return outcome.statuses[200]


def test_requests_are_counted_by_status() -> None:
    assert asyncio.run(_run(200)) > 2


def test_unexpected_status_ends_the_run() -> None:
    with pytest.raises(LoadError, match="answered 200"):
        asyncio.run(_run(304))


def test_cpu_time_of_running_and_ended_descendants_is_counted() -> None:
    burn = "import time\nwhile time.process_time() < 0.3: pass\n"
    script = (
        f"import subprocess, sys\nsubprocess.run([sys.executable, '-c', {burn!r}])\nprint(flush=True)\n{burn}input()"
    )
    with subprocess.Popen([sys.executable, "-c", script], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        meter = CpuMeter([process.pid])
        process.stdout.readline()  # the child has ended
        assert meter.read() >= 0.29
        process.communicate(b"\n")
    assert process.pid not in tree(os.getpid())


class _Told(CpuMeter):
    """A meter that is told what the kernel says: for each reading, the processes that live."""

    def __init__(self, *readings: dict[int, _Reading]) -> None:
        self._readings = iter(readings)
        super().__init__([1])

    def _living(self) -> dict[tuple[int, int], _Reading]:
        return {(pid, 0): reading for pid, reading in next(self._readings).items()}


def test_ended_process_takes_nothing_off() -> None:
    meter = _Told(
        {1: _Reading(0, 1.0, 0.0), 2: _Reading(1, 0.319, 0.0)},
        {1: _Reading(0, 1.0, 0.0), 2: _Reading(1, 0.319, 0.0)},
        {1: _Reading(0, 1.0, 0.30)},  # rounded down by the kernel
    )
    assert meter.read() == pytest.approx(1.319)
    assert meter.read() == pytest.approx(1.319)


def test_what_ended_processes_ran_unread_is_counted_once() -> None:
    meter = _Told(
        {1: _Reading(0, 1.0, 0.5), 2: _Reading(1, 0.2, 0.1)},
        {1: _Reading(0, 1.0, 1.3)},  # the second ran another 0.1, and one that was never read 0.4
        {1: _Reading(0, 1.1, 1.3), 3: _Reading(1, 0.1, 0.0)},
    )
    assert meter.read() == pytest.approx(2.3)
    assert meter.read() == pytest.approx(2.5)


def test_readings_of_real_processes_never_go_back() -> None:
    burn = "import time\nwhile time.process_time() < 0.05: pass\nprint(flush=True)\ninput()"
    children = [
        subprocess.Popen([sys.executable, "-c", burn], stdin=subprocess.PIPE, stdout=subprocess.PIPE) for _ in range(2)
    ]
    for child in children:
        assert child.stdout is not None
        child.stdout.readline()
    meter = CpuMeter([os.getpid()])
    before = meter.read()
    for child in children:
        child.communicate(b"\n")
        after = meter.read()
        assert after >= before
        before = after


def _takes(*microseconds: float) -> dict[str, Any]:
    return {"server": figure(microseconds)}


def test_target_is_compared_with_the_fastest_peer() -> None:
    figures = {"get": {"Goatfish": _takes(100), "A": _takes(400), "B": _takes(240), "limit: bare ASGI": _takes(70)}}
    peer, limit = targets(figures, ["A", "B"])
    assert (peer["against"], peer["reached"].median, peer["verdict"]) == ("the fastest peer, B", 2.4, Verdict.MISSED)
    assert (limit["reached"].median, limit["verdict"]) == (0.7, Verdict.MET)


def test_rounds_are_compared_with_the_same_round() -> None:
    slow_later = ratios(figure([200, 400, 800]), figure([100, 200, 400]))
    assert slow_later == Spread(2.0, 2.0, 2.0)


@pytest.mark.parametrize(
    ("values", "at_least", "at_most"),
    [
        ([2.5, 2.6, 2.9], Verdict.MET, Verdict.UNDECIDED),
        ([2.4, 2.6, 2.9], Verdict.UNDECIDED, Verdict.UNDECIDED),
        ([2.1, 2.3, 2.4], Verdict.MISSED, Verdict.MET),
        ([2.6, 2.7, 2.9], Verdict.MET, Verdict.MISSED),
        ([0.1, 2.6, 2.7, 2.7, 9.0], Verdict.MET, Verdict.MISSED),  # a round that stands out decides nothing
    ],
)
def test_target_that_the_rounds_lie_round_is_undecided(
    values: list[float], at_least: Verdict, at_most: Verdict
) -> None:
    assert Spread.of(values).at_least(2.5) is at_least
    assert Spread.of(values).at_most(2.5) is at_most


def test_columns_are_aligned() -> None:
    assert columns([["", "a"], ["name", "10"]]) == "       a\nname  10"


def test_requests_that_make_one_operation_count_once() -> None:
    outcomes = [Outcome(1.0, [0.1, 0.2, 0.3, 0.4]), Outcome(2.0, [0.5, 0.6])]
    joined = _joined(outcomes, 2)
    assert joined.latencies == pytest.approx([0.3, 0.7, 1.1])
    assert joined.seconds == 2.0


def test_run_may_take_half_as_much_again_as_a_simulation() -> None:
    figures = {
        name: {"Goatfish": _takes(*values)}
        for name, values in {
            "simulation: create": (100, 100, 100),
            "simulation: get": (100, 100, 100),
            "simulation: list": (100, 100, 100),
            "create": (160, 155, 170),
            "get": (120, 130, 149),
            "list": (290, 310, 299),
        }.items()
    }
    verdicts = {one["operation"]: one["verdict"] for one in contest_targets(figures)}
    assert verdicts == {"create": Verdict.MISSED, "get": Verdict.MET, "list": Verdict.UNDECIDED}


def test_mlflow_is_asked_to_log_into_the_run_it_has_created() -> None:
    (client,) = MLflowSite(80, 1).creating(1)
    (requests,) = client.requests
    assert client.heard is not None
    assert next(requests).startswith(b"POST /api/2.0/mlflow/runs/create ")
    client.heard(b'{"run": {"info": {"run_id": "a1"}}}')
    head, _, body = next(requests).partition(b"\r\n\r\n")
    assert head.startswith(b"POST /api/2.0/mlflow/runs/log-batch ")
    logged = json.loads(body)
    assert (logged["run_id"], len(logged["params"]), len(logged["metrics"])) == ("a1", 20, 10)
    client.heard(b"{}")
    assert next(requests, None) is None


def test_pauses_between_recorded_runs_count_in_no_figure(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = [0.0]
    heard: list[object] = []

    def pass_time(seconds: float) -> None:
        clock[0] += seconds

    def record(number: int) -> None:
        heard.append(number)
        pass_time(0.5)

    def finish() -> None:
        heard.append("finished")
        pass_time(0.25)

    monkeypatch.setattr("benchmarks.recorder.time.sleep", pass_time)
    monkeypatch.setattr("benchmarks.recorder.time.perf_counter", lambda: clock[0])
    found = recorder.measured(record, finish, 2, pause=10.0)
    assert (found["blocks"], found["total"]) == ([0.5, 0.5], 1.25)
    assert heard == [*range(recorder.WARM_UP + 2), "finished"]


def test_the_figures_of_clients_are_told_by_way_of_recording() -> None:
    figures = {name: figure([1.0, 3.0]) for name in client_report.FIGURES}
    told = client_report.text({"clients": {"mlflow": figures}})
    assert "mlflow  2.00 (1.00-3.00)" in told
    assert not client_report.text({})
