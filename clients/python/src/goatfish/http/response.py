"""An answer of the service, as it came: status, headers and bytes."""

from __future__ import annotations

import json
import re
import time
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
    def retry_after(self) -> float | None:
        """The seconds that the service asks to wait, or None; it may do so by a date."""
        value = self.headers.get("retry-after", "").strip()
        if re.fullmatch(r"[0-9]+(\.[0-9]+)?", value):
            return float(value)
        then, now = _seconds(value), _seconds(self.headers.get("date", ""))
        if then is None:
            return None
        return max(0.0, then - (time.time() if now is None else now))

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


def _seconds(date: str) -> float | None:
    """The seconds since 1970 of an HTTP date."""
    from email.utils import parsedate_to_datetime  # noqa: PLC0415 -- takes long to import, and is needed seldom

    try:
        return parsedate_to_datetime(date).timestamp()
    except (TypeError, ValueError, IndexError, OverflowError):
        return None
