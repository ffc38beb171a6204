"""Every refusal and fault as ``application/problem+json`` (RFC 9457), by the types of one catalogue."""

import json
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from http import HTTPStatus
from http.client import responses
from typing import Any, Literal, TypeAlias
from urllib.parse import quote

from pydantic import BaseModel, ConfigDict, Field
from starlette.exceptions import HTTPException
from starlette.responses import Response

from adapters.http_fastapi.kit.problem_types import CATALOGUE, GENERAL, ProblemType
from domain.access.token import redact
from domain.errors import (
    DomainError,
    Invalid,
    Limited,
    ListTimeout,
    OutcomeUnknown,
    PoolTimeout,
    Unavailable,
    Violation,
)

MEDIA_TYPE = "application/problem+json"
ERRORS_MAX = 20
"""Errors that one answer names at most."""
NAME_MAX, PATH_MAX = 200, 1000
"""Characters of a name and of a path that an answer repeats at most, so that no request makes it large. Paths that are
not the API's, of files and pages, are far shorter, and a longer one leads nowhere."""


Reason: TypeAlias = Literal[
    "body_budget", "connections_max", "database", "pool_timeout", "processor", "request_deadline", "shutdown"
]
"""What was lacking where the answer is ``unavailable`` or ``outcome_unknown``."""
REFUSALS: Counter[str] = Counter()
"""How many requests this process has answered with a problem, by its code, or by the ``Reason`` where there is one."""
_REQUEST_ID = "5f2c0d5e1b7a4c0f9d3e8a6b2c4d1e0f"


class ProblemError(BaseModel):
    """One thing that is wrong, and where: in the body, the query or a header."""

    model_config = ConfigDict(extra="forbid")

    pointer: str | None = Field(None, description="JSON pointer into the body, as a URI fragment", examples=["#/name"])
    parameter: str | None = Field(None, description="name of the query parameter", examples=["limit"])
    header: str | None = Field(None, description="name of the header", examples=["If-Match"])
    code: str = Field(description="stable, for programs", examples=["too_short"])
    detail: str = Field(description="what is wrong, for people", examples=["The name is empty."])


class Problem(BaseModel):
    """The body of every answer of 400 and above."""

    model_config = ConfigDict(extra="forbid")

    type: str = Field(
        description="path of a page that says what this type of problem means",
        pattern="^/problems/[a-z0-9-]+$",
        examples=["/problems/validation-failed"],
    )
    title: str = Field(description="the type of problem in a few words", examples=["Validation failed"])
    status: int = Field(description="the status of the answer", ge=400, le=599, examples=[422])
    detail: str = Field(description="what is wrong with this request, for people", examples=["The name is empty."])
    instance: str = Field(
        description="path of the request",
        json_schema_extra={"format": "uri-reference"},
        examples=["/api/v1/simulations"],
    )
    code: str = Field(description="stable, for programs", pattern="^[a-z0-9_]+$", examples=["validation_failed"])
    request_id: str = Field(description="identifies the request, as `X-Request-ID` does", examples=[_REQUEST_ID])
    errors: list[ProblemError] | None = Field(
        None, description="what is wrong with the values that were sent (only with 422)"
    )


_PROMISED = {405: {"Allow": "GET, HEAD"}, 429: {"Retry-After": "1"}, 503: {"Retry-After": "1"}}
"""Headers that go with a status; files, which are read alone, do not say which methods they allow."""


class ProblemException(HTTPException):
    """A problem of the catalogue by its code, or one of another type, with what is particular to this request.

    It is an ``HTTPException``, so that it passes through FastAPI's reading of bodies and through handlers for those.
    ``reason`` tells operators more than the code does; clients do not see it.
    """

    def __init__(
        self,
        code: str | ProblemType,
        detail: str | None = None,
        *,
        errors: Iterable[ProblemError] = (),
        headers: Mapping[str, str] | None = None,
        reason: Reason | None = None,
    ) -> None:
        self.kind = CATALOGUE[code] if isinstance(code, str) else code
        self.reason: str = reason or self.kind.code
        super().__init__(self.kind.status, detail or self.kind.meaning, dict(headers or {}))
        self.errors = tuple(errors)


def as_problem(error: Exception, body: Any = None) -> ProblemException:
    """The only place that knows which kind of error gets which answer; its status is the catalogue's.

    ``body`` is the JSON that was sent, into which the problem points.
    """
    if isinstance(error, ProblemException):
        return error
    if isinstance(error, HTTPException):
        return _of_status(error)
    if isinstance(error, ListTimeout):
        return ProblemException("list_timeout", str(error), headers={"Retry-After": "1"})
    if isinstance(error, Unavailable):
        code = "outcome_unknown" if isinstance(error, OutcomeUnknown) else "unavailable"
        reason: Reason = "pool_timeout" if isinstance(error, PoolTimeout) else "database"
        return ProblemException(code, headers={"Retry-After": "1"}, reason=reason)
    if not isinstance(error, DomainError):
        return ProblemException("internal_error")
    errors: list[ProblemError] = []
    headers: dict[str, str] = {}
    if isinstance(error, Invalid):
        errors = violation_errors(error.violations, body)
    elif isinstance(error, Limited):
        headers = {"Retry-After": str(error.retry_after)}
    elif error.code == "idempotency_key_reused":
        errors = [ProblemError(header="Idempotency-Key", code="reused", detail=error.detail)]
    return ProblemException(error.code, error.detail, errors=errors, headers=headers)


def violation_errors(violations: Iterable[Violation], body: Any) -> list[ProblemError]:
    """The violations as errors that point into the body that was sent."""
    return [
        ProblemError(pointer=pointer(*_as_sent((each.field, *each.path), body)), code=each.code, detail=each.detail)
        for each in violations
    ]


def _as_sent(path: Sequence[str | int], body: Any) -> Sequence[str | int]:
    """The path as far as the body goes: a quantity may have been sent bare, without a member ``value``."""
    for depth, part in enumerate(path):
        try:
            body = body[part]
        except (KeyError, IndexError):
            return path
        except TypeError:
            return path[:depth] or path
    return path


def _of_status(error: HTTPException) -> ProblemException:
    """An exception that knows its status alone: of the general type for this status, else of none (RFC 9457, 4.2.1)."""
    status = error.status_code
    phrase = responses.get(status, "Error")
    kind = CATALOGUE.get(GENERAL.get(status, "")) or ProblemType(
        re.sub("[^a-z]+", "_", phrase.lower()), status, phrase, f"{phrase}."
    )
    given: Any = error.detail  # FastAPI takes anything that is JSON
    detail = given if isinstance(given, str) else json.dumps(given, default=str)
    headers = {**_PROMISED.get(status, {}), **(error.headers or {})}
    return ProblemException(kind, None if detail in {"", phrase} else detail, headers=headers)


def pointer(*path: str | int) -> str:
    """A JSON pointer as a URI fragment (RFC 6901, section 6)."""
    parts = (shortened(str(part), NAME_MAX).replace("~", "~0").replace("/", "~1") for part in path)
    return "#" + "".join(f"/{quote(part, errors='replace')}" for part in parts)


def shortened(text: str, most: int) -> str:
    """What an answer repeats of a request: no secret of a key, and the beginning and an ellipsis where it is longer."""
    beginning = redact(text[: 2 * most])  # to look through all of a long text takes its time
    return beginning if len(beginning) <= most and len(text) <= 2 * most else beginning[:most] + "…"


def problem_response(error: Exception, path: str, request_id: str) -> Response:
    """The problem that tells the client of this error, for the request of this path and id; it is counted."""
    problem = as_problem(error)
    REFUSALS[problem.reason] += 1
    kind = problem.kind
    body: dict[str, object] = {
        "type": kind.uri,
        "title": kind.title,
        "status": kind.status,
        "detail": problem.detail,
        "instance": quote(shortened(path, PATH_MAX), errors="replace"),
        "code": kind.code,
        "request_id": request_id,
    }
    if kind.status == HTTPStatus.UNPROCESSABLE_ENTITY:
        body["errors"] = [error.model_dump(exclude_none=True) for error in problem.errors[:ERRORS_MAX]]
    return Response(json.dumps(body), kind.status, problem.headers, MEDIA_TYPE)
