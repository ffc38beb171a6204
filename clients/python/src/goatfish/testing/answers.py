"""Requests as they are recorded, and answers as they are sent."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote

from goatfish.testing.calls import Answer
from goatfish.testing.problems import Meaning, Refusal

_EVERYWHERE = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
}
_PATH_MAX = 1000
_PRIVATE = {"Cache-Control": "private, no-cache", "Vary": "X-API-Key, Authorization"}


@dataclass(frozen=True)
class Response:
    """An answer as it is sent; header names are as the service writes them."""

    status: int
    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True)
class RecordedRequest:
    """A request that the service has got. ``status`` is None where the client was given no answer."""

    method: str
    path: str
    query: str
    headers: Mapping[str, str] = field(repr=False)
    """By names in lower case, the key among them."""
    body: bytes = field(repr=False)
    status: int | None
    operation: str | None
    """Its ``operationId``; None at a path that there is not."""

    @property
    def json(self) -> Any:
        """The body as JSON. Raises ``ValueError`` where it is none."""
        return json.loads(self.body)


def problem_answer(refusal: Refusal, path: str, request_id: str) -> Answer:
    """The answer of a refusal."""
    problem: Meaning = refusal.problem
    body: dict[str, Any] = {
        "type": problem.type,
        "title": problem.title,
        "status": problem.status,
        "detail": refusal.detail,
        "instance": quote(path if len(path) <= _PATH_MAX else f"{path[:_PATH_MAX]}…", errors="replace"),
        "code": problem.code,
        "request_id": request_id,
    }
    if problem.status == 422:
        body["errors"] = refusal.errors
    return Answer(problem.status, body, refusal.headers, "application/problem+json")


def complete(answer: Answer, request: RecordedRequest, more: Mapping[str, str]) -> Response:
    """The answer to this request as it is sent, with the headers that all have."""
    has_body = answer.status not in {204, 304}
    content = answer.content
    text = content if isinstance(content, str) else json.dumps(content, ensure_ascii=False, separators=(",", ":"))
    body = text.encode(errors="replace") if has_body else b""
    headers = {"Content-Length": str(len(body)), "Content-Type": answer.media_type} if has_body else {}
    private = _PRIVATE if request.path.startswith("/api/") else {}
    headers.update({**_EVERYWHERE, **private, **answer.headers, **more})
    return Response(answer.status, headers, b"" if request.method == "HEAD" else body)
