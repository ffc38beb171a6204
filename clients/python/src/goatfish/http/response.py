"""An answer of the service, as it came: status, headers and bytes."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

_SUCCESS = range(200, 300)


class Headers(Mapping[str, str]):
    """Headers by name, in any case; those that came several times are joined by commas."""

    def __init__(self, pairs: Iterable[tuple[str, str]] = ()) -> None:
        self._values: dict[str, str] = {}
        for name, value in pairs:
            key = name.lower()
            self._values[key] = f"{self._values[key]}, {value}" if key in self._values else value

    def __getitem__(self, name: str) -> str:
        return self._values[name.lower()]

    def __iter__(self) -> Iterator[str]:
        return iter(self._values)

    def __len__(self) -> int:
        return len(self._values)

    def __contains__(self, name: object) -> bool:
        return isinstance(name, str) and name.lower() in self._values

    def __repr__(self) -> str:
        return f"Headers({self._values!r})"


@dataclass(frozen=True)
class Response:
    """An answer of the service: ``body`` is its bytes, ``headers`` are found in any case."""

    status: int
    headers: Mapping[str, str] = field(default_factory=Headers)
    body: bytes = field(default=b"", repr=False)

    @property
    def request_id(self) -> str | None:
        """Identifies the request in the log of the service."""
        return self.headers.get("x-request-id")

    @property
    def etag(self) -> str | None:
        return self.headers.get("etag")

    @property
    def replayed(self) -> bool:
        """Whether this is the answer to an earlier request with the same Idempotency-Key."""
        return self.headers.get("idempotency-replayed", "").lower() == "true"

    @property
    def succeeded(self) -> bool:
        return self.status in _SUCCESS

    @property
    def text(self) -> str:
        return self.body.decode("utf-8", "replace")

    def json(self) -> Any:
        """The body as JSON values. Raises ``ValueError`` where it is none."""
        try:
            return json.loads(self.body)
        except RecursionError:
            raise ValueError("This JSON is nested too deeply.") from None
