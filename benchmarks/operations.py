"""The eight operations as series of requests, the same for all, in each contestant's dialect."""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http.client import HTTPConnection
from itertools import count, cycle
from typing import Any

from benchmarks.contestants import Dialect

OPERATIONS = {
    "get": "one simulation by its id",
    "list": "the newest 20 of an owner with some 180",
    "create": "a new one, validated and stored",
    "update": "PATCH of the name",
    "delete": "one by its id",
    "conditional": "get with the ETag of what is there: 304",
    "deep": "20 after the newest 10 000 of an owner with 12 000",
    "filter": "20 whose name holds a word, in any case, from a date on",
}
WANTED = {"create": 201, "delete": 204, "conditional": 304}
CLIENTS = 8
DEPTH = 10_000
STEP = 100
READ = 20  # ids of each client of which the ETag is known
CHANGED = 30  # ids of each client that are updated: its oldest, which no other operation reads
SINCE = (datetime.now(UTC) - timedelta(days=330)).date().isoformat()
NAME = "Flutter"
TIMEOUT = 30.0  # seconds for one request that is not measured


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer to a single request."""

    status: int
    headers: Mapping[str, str]
    body: Any


class Api:
    """Single requests to a contestant with an owner's key, for whatever is not measured."""

    def __init__(self, port: int, dialect: Dialect, key: str | None) -> None:
        self.dialect, self._key = dialect, key
        self._connection = HTTPConnection("127.0.0.1", port, timeout=TIMEOUT)

    def close(self) -> None:
        self._connection.close()

    def ask(self, method: str, path: str, sent: Any = None, **headers: str) -> Reply:
        more = {name.replace("_", "-"): value for name, value in headers.items()}
        if self._key is not None:
            more["X-API-Key"] = self._key
        body = None
        if sent is not None:
            body, more["Content-Type"] = json.dumps(sent).encode(), "application/json"
        self._connection.request(method, path, body, more)
        answer = self._connection.getresponse()
        text = answer.read()
        kept = {name.lower(): value for name, value in answer.getheaders()}
        return Reply(answer.status, kept, json.loads(text) if text and "json" in kept.get("content-type", "") else text)

    def page(self, limit: int = 20, **query: str) -> Any:
        reply = self.ask("GET", self.dialect.listing(limit, **query))
        if reply.status != 200:
            raise RuntimeError(f"a list was answered with {reply.status}: {reply.body!r}")
        return reply.body

    def cursor_at(self, depth: int) -> str:
        """What leads to the page after the newest so many, found by going there page by page."""
        word: str | None = None
        for _ in range(depth // STEP):
            page = self.page(STEP, **({"cursor": word} if word else {}))
            word = self.dialect.cursor(page)
            if word is None:
                raise RuntimeError(f"the list ended before {depth}")
        assert word is not None
        return word


@dataclass(slots=True)
class Known:
    """What one client knows of its owner's simulations."""

    key: str
    read: list[str] = field(default_factory=list)
    tags: list[str] = field(default_factory=list)
    changed: list[str] = field(default_factory=list)
    created: list[str] = field(default_factory=list)


class Site:
    """A running contestant as its clients see it: makes the requests of each operation."""

    def __init__(self, port: int, dialect: Dialect, keys: Sequence[str], large: str, deep: str) -> None:
        self.port, self.dialect = port, dialect
        self.clients = [Known(key) for key in keys]
        self._large, self._deep_cursor = large, deep
        self._numbers = count(1)
        self._series: dict[str, list[Iterator[bytes]]] = {}

    def prepare(self) -> None:
        """Learn what the requests need: ids and entity tags."""
        for client in self.clients:
            api = Api(self.port, self.dialect, client.key)
            page = api.page(STEP)
            client.read = [item["id"] for item in page[self.dialect.items]]
            rest = api.page(STEP, cursor=self.dialect.cursor(page) or "")
            client.changed = [item["id"] for item in rest[self.dialect.items]][-CHANGED:]
            for id in client.read[:READ]:
                client.tags.append(api.ask("GET", self.dialect.one(id)).headers["etag"])
            api.close()

    def series(self, operation: str) -> list[Iterator[bytes]]:
        """Requests without an end, a series for each client; those that delete end with what was created."""
        if operation == "delete":
            return [self._deletes(client) for client in self.clients]
        if operation not in self._series:
            make: Callable[[Known], Iterator[bytes]] = getattr(self, f"_{operation}")
            self._series[operation] = [make(client) for client in self.clients]
        return self._series[operation]

    def note_created(self, bodies: Sequence[bytes]) -> None:
        """Remember what was created, so that it can be deleted; each body tells whose it is by its name."""
        for body in bodies:
            made = json.loads(body)
            self.clients[int(made["name"].rpartition(" ")[2])].created.append(made["id"])

    def _get(self, client: Known) -> Iterator[bytes]:
        return cycle([self._request("GET", self.dialect.one(id), client.key) for id in client.read])

    def _list(self, client: Known) -> Iterator[bytes]:
        return cycle([self._request("GET", self.dialect.listing(), client.key)])

    def _filter(self, client: Known) -> Iterator[bytes]:
        path = self.dialect.listing(name=NAME, start_date_from=SINCE)
        return cycle([self._request("GET", path, client.key)])

    def _deep_page(self) -> bytes:
        return self._request("GET", self.dialect.listing(cursor=self._deep_cursor), self._large)

    def _deep(self, client: Known) -> Iterator[bytes]:
        del client
        return cycle([self._deep_page()])

    def _conditional(self, client: Known) -> Iterator[bytes]:
        seen = zip(client.read, client.tags, strict=False)  # tags are known of the first ones only
        return cycle(
            [self._request("GET", self.dialect.one(id), client.key, f"If-None-Match: {tag}\r\n") for id, tag in seen]
        )

    def _create(self, client: Known) -> Iterator[bytes]:
        place = self.clients.index(client)
        path = self.dialect.path + self.dialect.slash
        for number in self._numbers:
            yield self._write("POST", path, client.key, simulation(f"Hull drag, take {number} of {place}"))

    def _update(self, client: Known) -> Iterator[bytes]:
        for id in cycle(client.changed):
            name = {"name": f"Hull drag, take {next(self._numbers)}"}
            yield self._write("PATCH", self.dialect.one(id), client.key, name)

    def _deletes(self, client: Known) -> Iterator[bytes]:
        while client.created:
            yield self._request("DELETE", self.dialect.one(client.created.pop()), client.key)

    def _write(self, method: str, path: str, key: str, sent: Mapping[str, str]) -> bytes:
        body = json.dumps(sent).encode()
        headers = f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n"
        return self._request(method, path, key, headers) + body

    def _request(self, method: str, path: str, key: str, headers: str = "") -> bytes:
        fixed = f"Host: 127.0.0.1:{self.port}\r\nX-API-Key: {key}\r\nAccept: application/json\r\n"
        return f"{method} {path} HTTP/1.1\r\n{fixed}{headers}\r\n".encode()


def simulation(name: str, start: str = "2026-01-05", end: str = "2026-02-01") -> dict[str, str]:
    """A simulation as clients send it."""
    return {"name": name, "start_date": start, "end_date": end}
