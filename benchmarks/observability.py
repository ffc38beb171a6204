"""What metrics and traces cost a request: ``python -m benchmarks.observability [OTHER_CHECKOUT]``, two minutes.

Each variant is a service of its own on a copy of one SQLite database. They take turns, and what is counted is the
processor time of the service, so that what else the machine does matters little. ``OTHER_CHECKOUT`` is one more
variant: another version of the repository that can run with the packages of this one.
"""

import asyncio
import json
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import repeat
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from threading import Event, Thread
from urllib.request import Request, urlopen

from benchmarks.contestants import ROOT, plain_environment
from benchmarks.load import Client, Load
from benchmarks.machine import CpuMeter

ROUNDS, SECONDS, CONNECTIONS = 30, 0.25, 8
SETTINGS = {"GOATFISH_RATE_LIMIT": "0", "GOATFISH_LOG_LEVEL": "WARNING", "GOATFISH_SECRET_KEY": "s" * 40}
SIMULATION = {"name": "Wing flutter", "start_date": "2026-01-05", "end_date": "2026-02-01"}


class _Collector(BaseHTTPRequestHandler):
    """Takes traces and forgets them."""

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_: object) -> None:
        pass


@contextmanager
def collector() -> Iterator[str]:
    """The URL of an endpoint for traces, in this process."""
    with ThreadingHTTPServer(("127.0.0.1", 0), _Collector) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


def goatfish(directory: Path, *arguments: str) -> str:
    """What a command prints that works on the database of this directory."""
    command = [sys.executable, "-m", "app.cli", *arguments]
    env = plain_environment() | SETTINGS
    done = subprocess.run(command, cwd=directory, env=env, stdout=subprocess.PIPE, text=True, check=True)
    return done.stdout.strip()


@contextmanager
def served(directory: Path, sources: Path, variables: dict[str, str]) -> Iterator[tuple[int, int, str]]:
    """The process, the port, and what a service says that is made of these sources."""
    env = plain_environment() | SETTINGS | {"PYTHONPATH": f"{sources / 'src'}:{sources}"} | variables
    command = [sys.executable, "-m", "app.cli", "serve", "--port", "0"]
    log = directory / "log"
    with log.open("w") as out, subprocess.Popen(command, cwd=directory, env=env, stderr=out) as process:
        try:
            said = ""
            while not (found := re.search(r"listens on http://127\.0\.0\.1:(\d+)", said)):
                Event().wait(0.1)
                said = log.read_text()
                if process.poll() is not None:
                    raise RuntimeError(said)
            yield process.pid, int(found[1]), said
        finally:
            process.terminate()
            process.wait(30)


@contextmanager
def variants(base: Path, other: Path | None, path: str | None) -> Iterator[dict[str, tuple[int, Load]]]:
    """By name, the process of each variant, and connections that ask for ``path``, or for one simulation."""
    goatfish(base, "migrate")
    goatfish(base, "owner", "create", "Acme")
    key = goatfish(base, "key", "create", "Acme")
    with ExitStack() as stack:
        off = {"GOATFISH_METRICS": "false"}
        traces = off | {"OTEL_EXPORTER_OTLP_ENDPOINT": stack.enter_context(collector())}
        wanted: dict[str, tuple[Path, dict[str, str]]] = {
            "nothing": (ROOT, off),
            "metrics": (ROOT, {}),
            "metrics and traces of 1 % of the requests": (
                ROOT,
                {**traces, "GOATFISH_METRICS": "true", "OTEL_TRACES_SAMPLER": "traceidratio"}
                | {"OTEL_TRACES_SAMPLER_ARG": "0.01"},
            ),
            "metrics and traces of all requests": (ROOT, {**traces, "GOATFISH_METRICS": "true"}),
        }
        if other is not None:
            wanted = {"the other checkout": (other, {}), **wanted}
        found = {}
        for number, (name, (sources, variables)) in enumerate(wanted.items()):
            directory = base.with_name(f"variant-{number}")
            shutil.copytree(base, directory)
            pid, port, _ = stack.enter_context(served(directory, sources, variables))
            request = (
                f"GET {path or created(port, key)} HTTP/1.1\r\nHost: localhost\r\nX-API-Key: {key}\r\n\r\n".encode()
            )
            client = Client([repeat(request) for _ in range(CONNECTIONS)], frozenset({200}))
            found[name] = pid, Load(port, [client])
        yield found


def created(port: int, key: str) -> str:
    """The path of a new simulation."""
    headers = {"X-API-Key": key, "Content-Type": "application/json"}
    url = f"http://127.0.0.1:{port}/api/v1/simulations"
    with urlopen(Request(url, json.dumps(SIMULATION).encode(), headers)) as answer:
        return str(answer.headers["Location"])


async def measure(found: dict[str, tuple[int, Load]]) -> dict[str, list[float]]:
    """Microseconds of processor time a request, of each variant in each round."""
    times: dict[str, list[float]] = {name: [] for name in found}
    meters = {name: CpuMeter([pid]) for name, (pid, _) in found.items()}
    for _, connected in found.values():
        await connected.__aenter__()
    for number in range(ROUNDS):
        order = [*found] if number % 2 else [*found][::-1]
        for name in order:
            before = meters[name].read()
            (outcome,) = await found[name][1].run(SECONDS)
            times[name].append((meters[name].read() - before) / outcome.requests * 1e6)
    for _, connected in found.values():
        connected.close()
    return times


def main() -> None:
    """Prints a table for each request: the median of all rounds, and of the differences from the first variant."""
    other = Path(sys.argv[1]).resolve() if len(sys.argv) > 1 else None
    for path in ("/api/v1/me", None):
        with TemporaryDirectory(prefix="goatfish-") as directory:
            base = Path(directory, "base")
            base.mkdir()
            with variants(base, other, path) as found:
                times = asyncio.run(measure(found))
        print(
            f"\n| `GET {path or '/api/v1/simulations/{id}'}` | µs | difference (half of the rounds) |\n|---|---:|---|"
        )
        first = times[next(iter(times))]
        for name, each in times.items():
            differences = sorted(mine - theirs for mine, theirs in zip(each, first, strict=True))
            lower, upper = differences[len(differences) // 4], differences[-len(differences) // 4]
            print(f"| {name} | {median(each):.1f} | {median(differences):+.1f} ({lower:+.1f} to {upper:+.1f}) |")


if __name__ == "__main__":
    main()
