"""Every refusal and fault as ``application/problem+json`` (RFC 9457), from one catalogue."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from http import HTTPStatus
from urllib.parse import quote

from pydantic import BaseModel, Field
from starlette.responses import Response
from starlette.types import Scope

from domain.errors import Conflict, Denied, DomainError, Invalid, Limited, NotFound, Stale, Unavailable

MEDIA_TYPE = "application/problem+json"


class ProblemError(BaseModel):
    """One thing that is wrong, and where: in the body, the query or a header."""

    pointer: str | None = Field(default=None, description="JSON pointer into the body, as a URI fragment")
    parameter: str | None = Field(default=None, description="name of the query parameter")
    header: str | None = Field(default=None, description="name of the header")
    code: str
    detail: str


class Problem(BaseModel):
    """What every answer of 400 and above holds."""

    type: str = Field(description="path of a page that says what this type of problem means")
    title: str
    status: int
    detail: str
    instance: str = Field(description="path of the request")
    code: str = Field(description="stable, for programs")
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
    ProblemType("malformed_json", 400, "Malformed JSON", "The body is not JSON text in UTF-8."),
    ProblemType(
        "invalid_cursor",
        400,
        "Invalid cursor",
        "The cursor was not given by this list to this owner. Start again from the first page.",
    ),
    ProblemType("invalid_host", 400, "Invalid host", "The service does not answer under the host that was named."),
    ProblemType(
        "unauthenticated",
        401,
        "Unauthenticated",
        "The request holds no key that opens, or two that differ. Send one key as X-API-Key or as a bearer token; a "
        "malformed, unknown, revoked or expired key is answered alike.",
    ),
    ProblemType("missing_scope", 403, "Missing scope", "The key may not do this: it lacks a scope."),
    ProblemType("not_found", 404, "Not found", "Nothing is at this path."),
    ProblemType("method_not_allowed", 405, "Method not allowed", "The path exists; its verbs are in the Allow header."),
    ProblemType("key_in_use", 409, "Key in use", "A key cannot revoke itself. Use another key of the same owner."),
    ProblemType("already_exists", 409, "Already exists", "Something with the same unique value exists."),
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
    ProblemType("rate_limited", 429, "Rate limited", "Too many requests. Try again after Retry-After seconds."),
    ProblemType("internal_error", 500, "Internal error", "The service failed. The request id helps to find out why."),
    ProblemType(
        "unavailable",
        503,
        "Unavailable",
        "The service cannot reach its database or is overloaded. Try again after Retry-After seconds.",
    ),
]
CATALOGUE: dict[str, ProblemType] = {kind.code: kind for kind in _TYPES}


def register_not_found(kind: str) -> None:
    """Lists the problem of an object of this kind that its caller does not have."""
    CATALOGUE[f"{kind}_not_found"] = ProblemType(
        f"{kind}_not_found",
        404,
        f"{kind.capitalize()} not found",
        f"The caller's owner has no {kind} with this id. An id that never existed, a deleted object and an object of "
        "somebody else all look the same.",
    )


class Refused(Exception):
    """A refusal as HTTP gives it: a type from the catalogue, and what is particular to this request."""

    def __init__(
        self,
        kind: str | ProblemType,
        detail: str | None = None,
        *,
        errors: Iterable[ProblemError] = (),
        headers: Mapping[str, str] | None = None,
    ) -> None:
        self.kind = CATALOGUE[kind] if isinstance(kind, str) else kind
        self.detail = detail or self.kind.meaning
        super().__init__(self.kind.code, self.detail)
        self.errors = tuple(errors)
        self.headers = dict(headers or {})


_STATUS = {Invalid: 422, NotFound: 404, Conflict: 409, Stale: 412, Denied: 403, Limited: 429}


def _refusal(error: Exception) -> Refused:
    """The only place that knows which kind of error gets which status."""
    headers: dict[str, str] = {}
    errors: list[ProblemError] = []
    match error:
        case Refused():
            return error
        case Unavailable():
            return Refused("unavailable", headers={"Retry-After": "1"})
        case Invalid(faults=faults):
            errors = [ProblemError(pointer=pointer(f.field), code=f.code, detail=f.detail) for f in faults]
        case Limited(retry_after=seconds):
            headers = {"Retry-After": str(seconds)}
        case DomainError():
            pass
        case _:
            return Refused("internal_error")
    title = error.code.replace("_", " ").capitalize()
    kind = CATALOGUE.get(error.code) or ProblemType(error.code, _STATUS[type(error)], title, error.detail)
    return Refused(kind, error.detail, errors=errors, headers=headers)


def pointer(*path: str | int) -> str:
    """A JSON pointer as a URI fragment (RFC 6901, section 6)."""
    parts = (str(part).replace("~", "~0").replace("/", "~1") for part in path)
    return "#" + "".join(f"/{quote(part, errors='replace')}" for part in parts)


def answer(error: Exception, scope: Scope) -> Response:
    """The problem that tells the client of this error."""
    refused = _refusal(error)
    body: dict[str, object] = {
        "type": f"/problems/{refused.kind.name}",
        "title": refused.kind.title,
        "status": refused.kind.status,
        "detail": refused.detail,
        "instance": quote(scope["path"], errors="replace"),
        "code": refused.kind.code,
        "request_id": scope["state"]["request_id"],
    }
    if refused.kind.status == HTTPStatus.UNPROCESSABLE_ENTITY:
        body["errors"] = [error.model_dump(exclude_none=True) for error in refused.errors]
    return Response(json.dumps(body), refused.kind.status, refused.headers, MEDIA_TYPE)
