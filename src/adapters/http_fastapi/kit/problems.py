"""Every refusal and fault as ``application/problem+json`` (RFC 9457), from one catalogue."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from http import HTTPStatus
from urllib.parse import quote

from pydantic import BaseModel, ConfigDict, Field
from starlette.responses import Response

from domain.access.token import redact
from domain.errors import DomainError, Invalid, Limited, ListTimeout, Unavailable

MEDIA_TYPE = "application/problem+json"
ERRORS_MAX = 20
"""Errors that one answer names at most."""
NAME_MAX, PATH_MAX = 200, 1000
"""Characters of a name and of a path that an answer repeats at most, so that no request makes it large. Paths that are
not the API's, of files and pages, are far shorter, and a longer one leads nowhere."""


class ProblemError(BaseModel):
    """One thing that is wrong, and where: in the body, the query or a header."""

    model_config = ConfigDict(extra="forbid")

    pointer: str | None = Field(default=None, description="JSON pointer into the body, as a URI fragment")
    parameter: str | None = Field(default=None, description="name of the query parameter")
    header: str | None = Field(default=None, description="name of the header")
    code: str
    detail: str


class Problem(BaseModel):
    """What every answer of 400 and above holds."""

    model_config = ConfigDict(extra="forbid")

    type: str = Field(
        description="path of a page that says what this type of problem means", pattern="^/problems/[a-z0-9-]+$"
    )
    title: str
    status: int = Field(ge=400, le=599)
    detail: str
    instance: str = Field(description="path of the request", json_schema_extra={"format": "uri-reference"})
    code: str = Field(description="stable, for programs", pattern="^[a-z0-9_]+$")
    request_id: str
    errors: list[ProblemError] | None = Field(None, description="what is wrong with the values sent (422 alone)")


@dataclass(frozen=True, slots=True)
class ProblemType:
    """A kind of problem: ``code`` is stable, ``meaning`` says in a sentence or two what it is and what to do."""

    code: str
    status: int
    title: str
    meaning: str

    @property
    def name(self) -> str:
        return self.code.replace("_", "-")


_TYPES = [
    ProblemType("malformed_request", 400, "Malformed request", "The request is not HTTP that the service understands."),
    ProblemType("malformed_json", 400, "Malformed JSON", "The body is not JSON text in UTF-8."),
    ProblemType(
        "invalid_cursor",
        400,
        "Invalid cursor",
        "The cursor was not given to this owner by this list, or by the feed of changes. Start again without it.",
    ),
    ProblemType("invalid_host", 400, "Invalid host", "The service does not answer under the host that was named."),
    ProblemType(
        "cross_origin_refused",
        400,
        "Cross-origin request refused",
        "Pages of this origin may not call the service, or not with this verb or these headers.",
    ),
    ProblemType(
        "unauthenticated",
        401,
        "Unauthenticated",
        "The request holds no key that opens, or two that differ. Send one key as X-API-Key or as a bearer token; a "
        "malformed, unknown, revoked or expired key is answered alike.",
    ),
    ProblemType(
        "request_timeout",
        408,
        "Request timeout",
        "The request was not sent in time. Send its headers and its body without long pauses.",
    ),
    ProblemType("missing_scope", 403, "Missing scope", "The key may not do this: it lacks a scope."),
    ProblemType("not_found", 404, "Not found", "Nothing is at this path."),
    ProblemType(
        "revision_not_found",
        404,
        "Revision not found",
        "The object never had this version, or it was deleted by it, or it is kept no longer.",
    ),
    ProblemType("method_not_allowed", 405, "Method not allowed", "The path exists; its verbs are in the Allow header."),
    ProblemType(
        "request_in_flight",
        409,
        "Request in flight",
        "The first request with this Idempotency-Key is still under way. Try again in a moment.",
    ),
    ProblemType(
        "key_ended",
        409,
        "Key ended",
        "A key that is revoked or expired has no successor, and makes no other. Use another key.",
    ),
    ProblemType("key_in_use", 409, "Key in use", "A key cannot revoke itself. Use another key of the same owner."),
    ProblemType("already_exists", 409, "Already exists", "Something with the same unique value exists."),
    ProblemType(
        "changes_forgotten",
        410,
        "Changes forgotten",
        "Changes after this cursor are kept no longer. Read the lists anew, and follow from the end of the feed as it "
        "was before.",
    ),
    ProblemType(
        "precondition_failed",
        412,
        "Precondition failed",
        "The object is not in the state that If-Match or If-None-Match asks for. Read it again and decide anew.",
    ),
    ProblemType("body_too_large", 413, "Body too large", "The body is larger than 1 MiB."),
    ProblemType(
        "unsupported_media_type",
        415,
        "Unsupported media type",
        "The body must be application/json in UTF-8, without a content encoding; application/merge-patch+json is "
        "accepted as well where an object is changed.",
    ),
    ProblemType(
        "validation_failed",
        422,
        "Validation failed",
        "What was sent breaks a rule. The member errors names each place and what is wrong with it.",
    ),
    ProblemType(
        "idempotency_key_reused",
        422,
        "Idempotency key reused",
        "This Idempotency-Key came with another request before. A new request needs a new key.",
    ),
    ProblemType("rate_limited", 429, "Rate limited", "Too many requests. Try again after Retry-After seconds."),
    ProblemType(
        "too_many_failures",
        429,
        "Too many failures",
        "Too many keys from this address opened nothing. Correct the key, and try again after Retry-After seconds.",
    ),
    ProblemType("headers_too_large", 431, "Headers too large", "The headers are larger than 32 KiB in all."),
    ProblemType("internal_error", 500, "Internal error", "The service failed. The request id helps to find out why."),
    ProblemType(
        "list_timeout",
        503,
        "List timeout",
        "The list took longer than the service allows for one with conditions. Narrow it, as the detail says.",
    ),
    ProblemType(
        "unavailable",
        503,
        "Unavailable",
        "The service cannot reach its database or is overloaded. Try again after Retry-After seconds.",
    ),
]
CATALOGUE: dict[str, ProblemType] = {kind.code: kind for kind in _TYPES}


def register(kind: ProblemType) -> str:
    """Lists a problem; gives its code. Raises ``TypeError`` where another one has it."""
    if CATALOGUE.setdefault(kind.code, kind) != kind:
        raise TypeError(f"Two problems have the code {kind.code}.")
    return kind.code


def register_not_found(kind: str, title: str | None = None) -> None:
    """Lists the problem of an object of this kind that its caller does not have; ``title`` is what people call one."""
    title = title or kind
    register(
        ProblemType(
            f"{kind}_not_found",
            404,
            f"{title.capitalize()} not found",
            f"The caller's owner has no {title} with this id. An id that never existed, a deleted object and an object "
            "of somebody else all look the same.",
        )
    )


class ProblemException(Exception):
    """A refusal as HTTP gives it: the code of its type in the catalogue, and what is particular to this request."""

    def __init__(
        self,
        code: str,
        detail: str | None = None,
        *,
        errors: Iterable[ProblemError] = (),
        headers: Mapping[str, str] | None = None,
    ) -> None:
        self.kind = CATALOGUE[code]
        self.detail = detail or self.kind.meaning
        super().__init__(self.kind.code, self.detail)
        self.errors = tuple(errors)
        self.headers = dict(headers or {})


def _refusal(error: Exception) -> ProblemException:
    """The only place that knows which kind of error gets which answer; its status is the catalogue's."""
    if isinstance(error, ProblemException):
        return error
    if isinstance(error, ListTimeout):
        return ProblemException("list_timeout", str(error), headers={"Retry-After": "1"})
    if isinstance(error, Unavailable):
        return ProblemException("unavailable", headers={"Retry-After": "1"})
    if not isinstance(error, DomainError):
        return ProblemException("internal_error")
    errors: list[ProblemError] = []
    headers: dict[str, str] = {}
    if isinstance(error, Invalid):
        errors = [ProblemError(pointer=pointer(f.field), code=f.code, detail=f.detail) for f in error.violations]
    elif isinstance(error, Limited):
        headers = {"Retry-After": str(error.retry_after)}
    elif error.code == "idempotency_key_reused":
        errors = [ProblemError(header="Idempotency-Key", code="reused", detail=error.detail)]
    return ProblemException(error.code, error.detail, errors=errors, headers=headers)


def pointer(*path: str | int) -> str:
    """A JSON pointer as a URI fragment (RFC 6901, section 6)."""
    parts = (shortened(str(part), NAME_MAX).replace("~", "~0").replace("/", "~1") for part in path)
    return "#" + "".join(f"/{quote(part, errors='replace')}" for part in parts)


def shortened(text: str, most: int) -> str:
    """What an answer repeats of a request: no secret of a key, and the beginning and an ellipsis where it is longer."""
    beginning = redact(text[: 2 * most])  # to look through all of a long text takes its time
    return beginning if len(beginning) <= most and len(text) <= 2 * most else beginning[:most] + "…"


def problem_response(error: Exception, path: str, request_id: str) -> Response:
    """The problem that tells the client of this error, for the request of this path and id."""
    refused = _refusal(error)
    body: dict[str, object] = {
        "type": f"/problems/{refused.kind.name}",
        "title": refused.kind.title,
        "status": refused.kind.status,
        "detail": refused.detail,
        "instance": quote(shortened(path, PATH_MAX), errors="replace"),
        "code": refused.kind.code,
        "request_id": request_id,
    }
    if refused.kind.status == HTTPStatus.UNPROCESSABLE_ENTITY:
        body["errors"] = [error.model_dump(exclude_none=True) for error in refused.errors[:ERRORS_MAX]]
    return Response(json.dumps(body), refused.kind.status, refused.headers, MEDIA_TYPE)
