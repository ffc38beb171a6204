"""All workers of a service: each serves its metrics on a Unix socket in a directory that only this user can enter.

A thread answers, so that a worker whose event loop is busy or stuck still does.
"""

import json
import logging
import os
import socket
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from threading import Thread
from typing import Any

from prometheus_client.core import Metric
from prometheus_client.registry import Collector

from app.metrics.families import gauge

TIMEOUT = 2.0
"""Seconds in which a worker has to answer."""
DIRECTORY = "_GOATFISH_METRICS_DIRECTORY"
"""The environment variable that names the directory to workers."""

_log = logging.getLogger("goatfish.metrics")
_UP = ("goatfish_worker_up", "Whether the worker process answers.")


class WorkerSocket:
    """Tells whoever connects what this process collects, as JSON."""

    def __init__(self, directory: Path, collector: Collector) -> None:
        self._path = directory / f"{os.getpid()}.sock"
        self._collector = collector
        self._listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)

    def open(self) -> None:
        """Begins to listen. Raises ``OSError``."""
        self._path.unlink(missing_ok=True)
        self._listener.bind(str(self._path))
        self._listener.listen()
        Thread(target=self._serve, name="goatfish-metrics", daemon=True).start()

    def close(self) -> None:
        """Ends it."""
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)  # wakes the thread
        self._listener.close()
        self._path.unlink(missing_ok=True)

    def _serve(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            with connection:
                try:
                    connection.settimeout(TIMEOUT)
                    connection.sendall(json.dumps([_told(metric) for metric in self._collector.collect()]).encode())
                except OSError:  # who has asked is gone
                    continue
                except Exception:  # nobody else would hear of it, and the next one who asks is to be answered
                    _log.warning("The metrics of this worker could not be collected.", exc_info=True)


class AllWorkers(Collector):
    """What all workers collect, each sample with the worker's ``pid``; one that does not answer is not ``up``."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory

    def collect(self) -> Iterator[Metric]:
        """Every metric, with the samples of all workers."""
        up = Metric(*_UP, "gauge")
        found: dict[str, Metric] = {}
        for path in sorted(self._directory.glob("*.sock")):
            told = _ask(path)
            if told is None:
                continue
            up.add_sample(up.name, {"pid": path.stem}, float(bool(told)))
            for name, documentation, kind, samples in told:
                metric = found.setdefault(name, Metric(name, documentation, kind))
                for sample, labels, value in samples:
                    metric.add_sample(sample, {"pid": path.stem, **labels}, value)
        yield up
        yield from found.values()


def metrics_of_all(worker: Collector) -> Collector:
    """The metrics of all workers; of this one alone where no process of ours has started it."""
    directory = os.environ.get(DIRECTORY)
    return OneWorker(worker) if directory is None else AllWorkers(Path(directory))


class OneWorker(Collector):
    """What this process alone collects, as ``AllWorkers`` would give it."""

    def __init__(self, collector: Collector) -> None:
        self._collector = collector

    def collect(self) -> Iterator[Metric]:
        """Every metric of this process."""
        pid = {"pid": str(os.getpid())}
        for metric in (
            gauge(*_UP, 1),
            *self._collector.collect(),
        ):
            metric.samples = [sample._replace(labels={**pid, **sample.labels}) for sample in metric.samples]
            yield metric


def _told(metric: Metric) -> list[Any]:
    samples = [(sample.name, sample.labels, sample.value) for sample in metric.samples]
    return [metric.name, metric.documentation, metric.type, samples]


def _ask(path: Path) -> list[Any] | None:
    """The worker's metrics; empty where it does not answer, and None where it is gone."""
    received = bytearray()
    try:
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
            connection.settimeout(TIMEOUT)
            connection.connect(str(path))
            while part := connection.recv(1 << 20):
                received += part
        told: list[Any] = json.loads(received)
    except (ConnectionRefusedError, FileNotFoundError):  # it was killed, or has ended
        path.unlink(missing_ok=True)
        return None
    except (OSError, ValueError):
        return []
    return told
