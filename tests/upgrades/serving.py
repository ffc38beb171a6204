"""Instances that serve, clients that write to them without pause, and what went wrong with either."""

from __future__ import annotations

import re
import subprocess
import time
from contextlib import contextmanager, suppress
from itertools import count
from threading import Event, Thread
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import httpx

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.upgrades.releases import Release

PAUSE = 0.05  # seconds between the requests of one and the next
START_TIMEOUT = 60  # seconds for an instance to be ready
STOP_TIMEOUT = 30  # seconds for an instance to end


class Instance:
    """A running service of a release."""

    def __init__(self, release: Release, env: dict[str, str]) -> None:
        self.release = release
        self._process = subprocess.Popen(
            release.command("app.cli", "serve", "--port", "0"),
            cwd=release.folder,
            env=release.environment(**env),
            stderr=subprocess.PIPE,
            text=True,
        )
        assert self._process.stderr is not None
        self._log = log = self._process.stderr
        self.said: list[str] = []
        found = None
        for line in log:
            self.said.append(line)
            if found := re.search(r"listens on (http://\S+)", line):
                break
        assert found is not None, f"{release.name} did not start: {''.join(self.said)}"
        self.url = found[1]
        self._reader = Thread(target=self.said.extend, args=(log,))
        self._reader.start()
        try:
            self._wait_until_ready()
        except BaseException:
            self.stop()
            raise

    def _wait_until_ready(self) -> None:
        deadline = time.monotonic() + START_TIMEOUT
        while time.monotonic() < deadline:
            with suppress(httpx.TransportError):
                if httpx.get(f"{self.url}/readyz", timeout=START_TIMEOUT).is_success:
                    return
            time.sleep(PAUSE)
        raise AssertionError(f"{self.release.name} is not ready: {''.join(self.said)}")

    def stop(self) -> None:
        """Ends it as its supervisor would; harmless when repeated."""
        self._process.terminate()
        try:
            self._process.wait(STOP_TIMEOUT)
        finally:
            self._process.kill()
            self._reader.join()
            self._log.close()


class Load:
    """Clients of instances, each in a thread of its own, and their unexpected answers."""

    def __init__(self, key: str) -> None:
        self._key = key
        self.unexpected: list[str] = []
        self.answered: dict[str, int] = {}
        self.slowest: dict[str, float] = {}
        """The seconds of the slowest answer."""

    def client(self, instance: Instance) -> httpx.Client:
        return httpx.Client(base_url=instance.url, headers={"X-API-Key": self._key}, timeout=20)

    @contextmanager
    def on(self, instance: Instance) -> Iterator[None]:
        """Writes to an instance, reads from it, and asks whether it is ready, without pause."""
        done = Event()
        threads = [
            Thread(target=self._repeat, args=(instance, work, done)) for work in (self._write, self._write, self._ready)
        ]
        for thread in threads:
            thread.start()
        try:
            yield
        finally:
            done.set()
            for thread in threads:
                thread.join()

    def _repeat(self, instance: Instance, work: Callable[..., None], done: Event) -> None:
        with self.client(instance) as client:

            def ask(method: str, path: str, expected: int = 200, **request: Any) -> Any:
                try:
                    answer = client.request(method, path, **request)
                except httpx.HTTPError as error:
                    self.unexpected.append(f"{instance.release.name}: {method} {path}: {error!r}")
                    raise
                name = f"{instance.release.name} {work.__name__.strip('_')}"
                self.answered[name] = self.answered.get(name, 0) + 1
                self.slowest[name] = max(self.slowest.get(name, 0), answer.elapsed.total_seconds())
                if answer.status_code != expected:
                    self.unexpected.append(f"{instance.release.name}: {method} {path}: {answer.text}")
                return answer.json() if answer.content else None

            for number in count():
                if done.is_set() or len(self.unexpected) > 20:
                    return
                work(ask, number)
                done.wait(PAUSE)

    @staticmethod
    def _write(ask: Callable[..., Any], number: int) -> None:
        plan = {"name": f"Plan {number}", "start_date": "2026-01-05", "end_date": "2026-02-01"}
        once = {"Idempotency-Key": str(uuid4())}
        made = ask("POST", "/api/v1/simulations", 201, json=plan, headers=once)
        if "id" not in made:
            return
        simulation = f"/api/v1/simulations/{made['id']}"
        run = ask("POST", "/api/v1/runs", 201, json={"simulation_id": made["id"], "artifacts": [LOG]})
        ask("PATCH", simulation, json={"labels": {"number": str(number)}})
        ask("GET", "/api/v1/simulations?limit=5&label=number")
        ask("GET", f"{simulation}/revisions")
        if number % 2 and "id" in run:
            ask("DELETE", f"/api/v1/runs/{run['id']}", 204)
            ask("DELETE", simulation, 204)

    @staticmethod
    def _ready(ask: Callable[..., Any], number: int) -> None:
        del number
        ask("GET", "/readyz")


LOG = {"name": "log", "uri": "s3://bucket/log"}
