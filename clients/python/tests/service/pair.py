"""The same requests to the fake service and to the real one, and their answers in a form that can be compared."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from typing import Any
from urllib.parse import parse_qsl, quote

from goatfish.http.library import httpx

API = "/api/v1"
UNEQUAL = {"date", "server", "content-length", "transfer-encoding", "connection"}
"""Headers that say nothing of the service, or the length of what differs."""
_ID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{6})?Z")
_TAG = re.compile(r'"(\d+)-[0-9a-f]{6}"')
_KEY = re.compile(r"gf_[0-9A-Za-z]{14}(_[0-9A-Za-z]{49})?")
_NAME = re.compile(r"\$(\w+)(?:\.(\w+))?")


@dataclass(frozen=True)
class Step:
    """A request. ``$name`` in it stands for the id that an earlier step has saved by this name, ``$name.etag`` for the
    tag of its answer, ``$name.cursor`` for its ``next_cursor``, and ``$name.key`` for its key."""

    method: str
    path: str
    json: Any = None
    body: bytes | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    save: str = ""
    key: str = "$first.key"

    def __str__(self) -> str:
        return (
            f"{self.method} {self.path} {'' if self.json is None else json.dumps(self.json)[:200]} {dict(self.headers)}"
        )


def get(path: str, **more: Any) -> Step:
    return Step("GET", path, **more)


def post(path: str, body: Any = None, **more: Any) -> Step:
    return Step("POST", path, body, **more)


def patch(path: str, body: Any = None, **more: Any) -> Step:
    return Step("PATCH", path, body, **more)


def put(path: str, body: Any = None, **more: Any) -> Step:
    return Step("PUT", path, body, **more)


def delete(path: str, **more: Any) -> Step:
    return Step("DELETE", path, **more)


class Side:
    """One of the two services: what was saved of its answers, and the names that its ids go by."""

    def __init__(self, client: httpx.Client, keys: Mapping[str, str]) -> None:
        self._client = client
        self.saved: dict[str, dict[str, Any]] = {name: {"key": key} for name, key in keys.items()}
        self._ids: dict[str, str] = {}

    def answer(self, step: Step, number: int) -> httpx.Response:
        headers = {"X-Request-ID": f"step-{number}", "Accept-Encoding": "identity"}
        if step.key:
            headers["X-API-Key"] = self._filled(step.key)
        if step.json is not None:
            headers["Content-Type"] = "application/json"
        headers.update({name: self._filled(value) for name, value in step.headers.items()})
        content = step.body if step.json is None else json.dumps(self._filled_in(step.json)).encode()
        sent = {name: value for name, value in headers.items() if value}
        path = self._filled(step.path)
        path = path if path.startswith("/") and not path.startswith("/=") else path[1:]
        answer = self._client.request(step.method, path, content=content, headers=sent)
        if step.save:
            body = answer.json()
            kept = {"id": body.get("id"), "cursor": body.get("next_cursor"), "key": body.get("key")}
            self.saved[step.save] = {**kept, "etag": answer.headers.get("ETag"), "at": body.get("created_at")}
        return answer

    def _filled(self, text: str) -> str:
        return _NAME.sub(lambda found: str(self.saved[found[1]][found[2] or "id"]), text)

    def _filled_in(self, value: Any) -> Any:
        if isinstance(value, dict):
            return {name: self._filled_in(member) for name, member in value.items()}
        if isinstance(value, list):
            return [self._filled_in(each) for each in value]
        return self._filled(value) if isinstance(value, str) else value

    def seen(self, answer: httpx.Response) -> dict[str, Any]:
        """What clients see of an answer, with names for ids and for times of today."""
        headers = {name: self._text(value) for name, value in answer.headers.items() if name not in UNEQUAL}
        if "link" in headers:
            target, _, rest = answer.headers["Link"].partition(">")
            path, _, query = target.partition("?")
            headers["link"] = [self._text(path), sorted(name for name, _ in parse_qsl(query)), rest]
        body: Any = answer.text
        if "json" in answer.headers.get("Content-Type", "") and answer.content:
            body = self._body(answer.json())
        return {"status": answer.status_code, "headers": headers, "body": self._text(body)}

    def _body(self, body: Any) -> Any:
        if isinstance(body, dict):
            body = {name: self._body(value) for name, value in body.items()}
            if body.get("next_cursor"):
                body["next_cursor"] = "a cursor"
            if "last_used_at" in body:
                body["last_used_at"] = "some time"
            errors = body.get("errors")
            if errors:
                if len(errors) > 1:  # whose order is nobody's promise
                    body["detail"] = "several"
                body["errors"] = sorted(errors, key=json.dumps)
        return [self._body(each) for each in body] if isinstance(body, list) else body

    def _text(self, value: Any) -> Any:
        if isinstance(value, dict):
            return {self._text(name): self._text(member) for name, member in value.items()}
        if isinstance(value, list):
            return [self._text(each) for each in value]
        if not isinstance(value, str):
            return [type(value).__name__, value] if isinstance(value, bool) else value
        value = _ID.sub(lambda found: self._ids.setdefault(found[0], f"id {len(self._ids)}"), value)
        value = _TIME.sub(lambda found: _shown(found[0]), value)
        return _KEY.sub("gf", _TAG.sub(r'"\1-tag"', value))


def _shown(time: str) -> str:
    moment = datetime.fromisoformat(time.replace("Z", "+00:00"))
    is_near = abs(moment - datetime.now(timezone.utc)) < timedelta(minutes=10)
    return "now" if is_near else "far" if moment.year > 2080 else time


class Pair:
    """Both services, which get all requests alike: so they have the same objects at every moment."""

    def __init__(self, fake: Side, real: Side) -> None:
        self._fake, self._real = fake, real
        self._steps = 0

    def compare(self, steps: Sequence[Step]) -> Iterator[tuple[Step, dict[str, Any], dict[str, Any]]]:
        """For each step what is seen of the fake service and of the real one."""
        for step in steps:
            self._steps += 1
            fake, real = (side.seen(side.answer(step, self._steps)) for side in (self._fake, self._real))
            yield step, fake, real


def differences(fake: Any, real: Any, at: str = "") -> Iterator[str]:
    """Where the two differ, and how."""
    if isinstance(fake, dict) and isinstance(real, dict):
        for name in sorted({*fake, *real}):
            yield from differences(fake.get(name, "nothing"), real.get(name, "nothing"), f"{at}.{name}")
    elif isinstance(fake, list) and isinstance(real, list) and len(fake) == len(real):
        for place, (one, other) in enumerate(zip(fake, real)):
            yield from differences(one, other, f"{at}[{place}]")
    elif fake != real:
        yield f"{at}: {fake!r} instead of {real!r}"


def query(**values: str) -> str:
    """A query with these values, ``$name`` as it is."""
    return "?" + "&".join(f"{name}={quote(value, safe='$.')}" for name, value in values.items())
