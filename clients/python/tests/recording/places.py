"""A network that fails when it is told to, and a spool of its own."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import goatfish
from goatfish.http.library import httpx


class Network(httpx.BaseTransport):
    """Passes requests on, unless ``fault`` says otherwise; ``requests`` are all that were tried.

    ``fault`` is given the request and its place, from 0, and returns None, or: "before" (the connection is refused),
    "after" (it breaks once the request was carried out), a status, or seconds to be late by.
    """

    def __init__(self, inner: httpx.BaseTransport | None) -> None:
        self.inner = httpx.HTTPTransport() if inner is None else inner
        self.is_shared = inner is not None
        self.is_forgetful = False  # as if more than 24 hours had gone by since any request with this key
        self.fault: Callable[[httpx.Request, int], str | int | float | None] = lambda _request, _place: None
        self.requests: list[httpx.Request] = []
        self.answers: list[httpx.Response | None] = []
        self.away = False
        self._lock = threading.Lock()

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        with self._lock:
            place = len(self.requests)
            self.requests.append(request)
        fault = "before" if self.away else self.fault(request, place)
        if fault == "before":
            raise httpx.ConnectError("refused", request=request)
        if isinstance(fault, int):
            problem = {"type": "/problems/x", "title": "x", "status": fault, "detail": "x", "code": "unavailable"}
            return httpx.Response(fault, json=problem, request=request)
        if self.is_forgetful and "idempotency-key" in request.headers:
            request.headers["idempotency-key"] += f"-{place}"
        answer = self.inner.handle_request(request)
        answer.read()
        if fault == "after":
            raise httpx.ReadError("broken", request=request)
        if isinstance(fault, float):
            threading.Event().wait(fault)
        return answer

    def sent(self, method: str, part: str = "/api/v1/runs") -> list[dict[str, Any]]:
        """The bodies of the requests of this method to this path."""
        found = [each for each in self.requests if each.method == method and each.url.path.startswith(part)]
        return [json.loads(each.content) if each.content else {} for each in found]


def is_creation(request: httpx.Request) -> bool:
    """Whether a run is created by it."""
    return request.method == "POST" and request.url.path == "/api/v1/runs"


@dataclass
class Place:
    """A client over a network that may fail, and the spool of its runs."""

    network: Network
    client: goatfish.Client
    other: goatfish.Client
    spool: Path
    simulation: str
    new_client: Callable[..., goatfish.Client]
    made: list[goatfish.Client] = field(default_factory=list)

    def runs(self, **filters: Any) -> list[goatfish.Run]:
        """The runs of the simulation, as the service has them."""
        self.network.away, self.network.fault = False, lambda _request, _place: None
        found = self.client.simulations.find(self.simulation)
        return [] if found is None else list(self.client.runs.list(simulation_id=found.id, **filters))

    def run(self) -> goatfish.Run:
        """The one run that there is."""
        (only,) = self.runs()
        return self.client.runs.get(only)

    def journals(self) -> list[Path]:
        return sorted(self.spool.glob("*.jsonl")) if self.spool.exists() else []

    def lines(self) -> list[dict[str, Any]]:
        """The lines of the one journal that there is."""
        (journal,) = self.journals()
        return [json.loads(line) for line in journal.read_text().splitlines()]
