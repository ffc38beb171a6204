"""What clients that hang can take from others: a good client's requests beside crowds that send or read nothing."""

import http.client
import multiprocessing
import resource
import select
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Thread
from typing import Any

from benchmarks import goatfish
from benchmarks.contestants import Contestant, Keys, Place, Running, free_port
from benchmarks.database import Database
from benchmarks.machine import memory

DEADLINES = {"head_timeout": 10.0, "body_timeout": 15.0, "write_timeout": 10.0, "keep_alive": 20.0}
"""Seconds; the defaults but for the longer ones, which would only make the measurement longer."""
QUIET = 3.0
PAUSE = 0.01
SIMULATIONS = 200
FILES = 10_000
PATH = goatfish.GOATFISH.dialect.path
HOST = "Host: 127.0.0.1\r\n"


@dataclass(frozen=True, slots=True)
class Crowd:
    """So many clients that hang alike: what each sends at first, what then once a second, and what cuts them."""

    clients: int
    first: str
    drip: bytes
    deadline: str


def crowds(key: str) -> dict[str, Crowd]:
    held = f"X-API-Key: {key}\r\n"
    head = f"POST {PATH} HTTP/1.1\r\n{HOST}{held}Content-Type: application/json\r\nContent-Length: 1000\r\n\r\n"
    page = f"GET {PATH}?limit=100 HTTP/1.1\r\n{HOST}{held}\r\n"
    return {
        "silent": Crowd(200, "", b"", "head_timeout"),
        "a head at a byte a second": Crowd(200, f"GET {PATH} HTTP/1.1\r\nA: ", b"a", "head_timeout"),
        "a body at a byte a second": Crowd(200, head, b" ", "body_timeout"),
        "pages of 100, never read": Crowd(200, page * 400, b"", "write_timeout"),
        "idle": Crowd(2000, f"GET /livez HTTP/1.1\r\n{HOST}\r\n", b"", "keep_alive"),
    }


def run(say: Callable[[str], None]) -> dict[str, Any]:
    """By crowd, the good client's latency in ms, when the crowd was cut in seconds, and the worker's memory in MiB."""
    _open_files()
    with TemporaryDirectory(prefix="goatfish-bench-") as name:
        directory = Path(name)
        url = f"sqlite:///{directory}/goatfish.sqlite3"
        place = Database(url, url, url)
        goatfish.run(place, "migrate")
        (owner,) = goatfish.seed(place, 1, SIMULATIONS)
        key = goatfish.create_key(place, owner)
        with _served(place, directory) as running:
            found: dict[str, Any] = {"none": _good(running.port, key, time.monotonic() + QUIET)}
            for what, crowd in crowds(key).items():
                say(f"edge: {crowd.clients} clients, {what}")
                found[what] = _beside(running, key, crowd)
    return found


def text(found: dict[str, Any]) -> str:
    """The figures as a table."""
    lines = [
        "A good client's gets beside clients that hang (milliseconds), when those are cut (seconds after they hang), "
        "and the worker's memory (MiB, more than before).",
        "",
        "| the crowd | clients | p50 | p99 | most | answers other than 200 | deadline | cut, first to last | memory |",
        "|---|---:|---:|---:|---:|---:|---:|---|---:|",
    ]
    for what, figures in found.items():
        good = f"{figures['p50_ms']:.1f} | {figures['p99_ms']:.1f} | {figures['max_ms']:.1f} | {figures['bad']}"
        if "clients" not in figures:
            lines.append(f"| {what} | | {good} | | | |")
            continue
        cut = f"{figures['cut_first_s']:.1f} to {figures['cut_last_s']:.1f}"
        lines.append(
            f"| {what} | {figures['clients']} | {good} | {figures['deadline_s']:.0f} | {cut}"
            f" | {figures['memory_mib']:.1f}, then {figures['memory_after_mib']:.1f} |"
        )
    return "\n".join(lines)


def _open_files() -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = FILES if hard == resource.RLIM_INFINITY else min(FILES, hard)
    if soft != resource.RLIM_INFINITY:
        resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, wanted), hard))


@contextmanager
def _served(place: Database, directory: Path) -> Iterator[Running]:
    bounds = {f"GOATFISH_{name.upper()}": str(seconds) for name, seconds in DEADLINES.items()}
    contestant = Contestant(
        name="Goatfish-edge",
        served=goatfish.GOATFISH.served,
        command=goatfish.command,
        environment=lambda given: goatfish.environment(given.database) | bounds,
        dialect=goatfish.GOATFISH.dialect,
    )
    running = Running(contestant, Place(free_port(), place, Keys.SHIPPED, directory / "keys.json"), directory)
    try:
        running.wait()
        yield running
    finally:
        running.stop()


def _good(port: int, key: str, until: float) -> dict[str, Any]:
    """One client that asks for a page again and again, on a new connection each tenth time."""
    taken, bad, number = [], 0, 0
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    while time.monotonic() < until:
        if number % 10 == 0:
            connection.close()
        number += 1
        began = time.perf_counter()
        try:
            connection.request("GET", f"{PATH}?limit=1", headers={"X-API-Key": key})
            answer = connection.getresponse()
            answer.read()
            bad += answer.status != http.client.OK
        except (OSError, http.client.HTTPException):
            bad += 1
            connection.close()
        taken.append((time.perf_counter() - began) * 1000)
        time.sleep(PAUSE)
    connection.close()
    taken.sort()
    return {
        "p50_ms": taken[len(taken) // 2],
        "p99_ms": taken[int(len(taken) * 0.99)],
        "max_ms": taken[-1],
        "requests": len(taken),
        "bad": bad,
    }


def _beside(running: Running, key: str, crowd: Crowd) -> dict[str, Any]:
    limit = DEADLINES[crowd.deadline]
    lasts = limit + 5
    before = memory(running.pid)["rss"]
    sizes = [before]
    context = multiprocessing.get_context("spawn")
    results: Any = context.SimpleQueue()
    process = context.Process(target=_hang, args=(running.port, crowd, lasts, results))
    process.start()
    stopped = time.monotonic() + lasts + crowd.clients / 500

    def watch() -> None:
        while time.monotonic() < stopped:
            sizes.append(memory(running.pid)["rss"])
            time.sleep(0.2)

    watching = Thread(target=watch)
    watching.start()
    good = _good(running.port, key, stopped)
    cut, clients = results.get()
    process.join()
    watching.join()
    time.sleep(1)
    return {
        **good,
        "clients": clients,
        "deadline_s": limit,
        "cut": len(cut),
        "cut_first_s": min(cut, default=float("inf")),
        "cut_last_s": max(cut) if len(cut) == clients else float("inf"),
        "memory_mib": max(sizes) - before,
        "memory_after_mib": memory(running.pid)["rss"] - before,
    }


def _hang(port: int, crowd: Crowd, lasts: float, results: Any) -> None:
    """In a process of its own: how long it took until each of the clients was cut off."""
    _open_files()
    cut: list[float] = []
    with ExitStack() as stack:
        poll, began = select.poll(), {}
        connections: dict[int, socket.socket] = {}
        for _ in range(crowd.clients):
            connection = stack.enter_context(socket.socket())
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            connection.settimeout(10)
            connection.connect(("127.0.0.1", port))
            connection.setblocking(False)
            with suppress(BlockingIOError):
                connection.send(crowd.first.encode())
            connections[connection.fileno()] = connection
            began[connection.fileno()] = time.monotonic()
            poll.register(connection, select.POLLRDHUP | select.POLLHUP | select.POLLERR)
        end = time.monotonic() + lasts
        dripped = time.monotonic()
        while connections and time.monotonic() < end:
            for number, _ in poll.poll(200):
                poll.unregister(number)
                cut.append(time.monotonic() - began[number])
                connections.pop(number)
            if crowd.drip and time.monotonic() - dripped >= 1:
                dripped = time.monotonic()
                for connection in connections.values():
                    with suppress(OSError):
                        connection.send(crowd.drip)
    results.put((cut, crowd.clients))
