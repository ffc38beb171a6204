"""A client of one connection that is kept, whose answers are bytes: nothing is read away before it is searched."""

import http.client
import json
import time
from collections import Counter
from dataclasses import dataclass
from functools import cached_property
from typing import Any
from urllib.parse import urlencode, urlsplit

from tests.contracts.document import OPERATIONS

IDLE_MAX = 2.0  # seconds; the service ends connections that are idle for five


@dataclass(frozen=True)
class Answer:
    """All that came back, the date apart; ``path`` is what was asked for."""

    path: str
    status: int
    head: str
    body: bytes

    @cached_property
    def json(self) -> Any:
        return json.loads(self.body)

    def header(self, name: str) -> str | None:
        """The value of a header that comes once."""
        found = [line.partition(": ")[2] for line in self.head.splitlines() if line.startswith(f"{name}: ")]
        assert len(found) < 2, self.head
        return found[0] if found else None

    @property
    def request_id(self) -> str:
        return self.header("x-request-id") or ""

    @property
    def unechoed(self) -> str:
        """Head and body, without the path that was asked for wherever it is repeated."""
        return f"{self.status}\n{self.head}\n{self.body.decode()}".replace(self.path, "<path>")


class Wire:
    """Sends what the document has, and counts it by operation."""

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        assert parts.hostname
        self._connection = http.client.HTTPConnection(parts.hostname, parts.port, timeout=30)
        self._used_at = 0.0
        self.asked: Counter[str] = Counter()

    def send(
        self,
        operation: str,
        headers: dict[str, str],
        *,
        body: Any = None,
        query: dict[str, str] | None = None,
        method: str | None = None,
        **names: str,
    ) -> Answer:
        """The answer to this operation, with ``names`` in its path; HEAD may take the place of its own method."""
        said = OPERATIONS[operation]
        path = said.path.format(**names)
        content = None if body is None else json.dumps(body)
        if content is not None:
            headers = {"Content-Type": "application/json", **headers}
        if time.monotonic() - self._used_at > IDLE_MAX:
            self._connection.close()
        self._connection.request(
            method or said.method, f"{path}?{urlencode(query)}" if query else path, content, headers
        )
        response = self._connection.getresponse()
        head = "\n".join(f"{name.lower()}: {value}" for name, value in response.getheaders() if name.lower() != "date")
        answer = Answer(path, response.status, head, response.read())
        self._used_at = time.monotonic()
        self.asked[operation] += 1
        return answer

    def close(self) -> None:
        self._connection.close()
