"""Reads a refusal of the service as the error of its problem code."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from goatfish.errors import (
    AlreadyExists,
    APIError,
    AuthenticationError,
    BadRequest,
    BodyTooLarge,
    ChangesForgotten,
    Conflict,
    CrossOriginRefused,
    DeliveryRequested,
    ExternalIdTaken,
    Gone,
    HeadersTooLarge,
    IdempotencyKeyReused,
    InternalError,
    InvalidCursor,
    InvalidHost,
    InvalidRequest,
    KeyEnded,
    KeyInUse,
    KeyNotFound,
    ListTimeout,
    MalformedJson,
    MalformedRequest,
    MethodNotAllowed,
    MissingScope,
    NotFound,
    OutcomeUnknown,
    ParentMissing,
    PermissionDenied,
    PreconditionFailed,
    ProblemError,
    RateLimited,
    RequestInFlight,
    RequestTimeout,
    RevisionNotFound,
    RunHasChildren,
    RunHasEnded,
    RunHasStarted,
    RunNotFound,
    ServerError,
    SimulationHasRuns,
    SimulationMissing,
    SimulationNotFound,
    TooManyFailures,
    TooManyMembers,
    TooManyRuns,
    TooManyWebhooks,
    Unauthenticated,
    Unavailable,
    UnexpectedResponse,
    UnsupportedMediaType,
    ValidationFailed,
    WebhookNotFound,
)

if TYPE_CHECKING:
    from goatfish.http.response import Response

NOT_GOATFISH = "The answer is not one of Goatfish's; is this its URL?"
_REFUSED, _SERVER = 400, 500
_AWAY = frozenset({502, 503, 504})
OF_STATUS: dict[int, type[APIError]] = {
    400: BadRequest,
    401: AuthenticationError,
    403: PermissionDenied,
    404: NotFound,
    409: Conflict,
    410: Gone,
    412: PreconditionFailed,
    422: InvalidRequest,
    429: RateLimited,
}
OF_CODE: dict[str, type[APIError]] = {
    "not_found": NotFound,
    "precondition_failed": PreconditionFailed,
    "rate_limited": RateLimited,
    "malformed_request": MalformedRequest,
    "malformed_json": MalformedJson,
    "invalid_cursor": InvalidCursor,
    "invalid_host": InvalidHost,
    "cross_origin_refused": CrossOriginRefused,
    "unauthenticated": Unauthenticated,
    "missing_scope": MissingScope,
    "simulation_not_found": SimulationNotFound,
    "run_not_found": RunNotFound,
    "key_not_found": KeyNotFound,
    "webhook_not_found": WebhookNotFound,
    "revision_not_found": RevisionNotFound,
    "method_not_allowed": MethodNotAllowed,
    "request_timeout": RequestTimeout,
    "request_in_flight": RequestInFlight,
    "already_exists": AlreadyExists,
    "external_id_taken": ExternalIdTaken,
    "run_has_started": RunHasStarted,
    "run_has_ended": RunHasEnded,
    "run_has_children": RunHasChildren,
    "simulation_has_runs": SimulationHasRuns,
    "simulation_missing": SimulationMissing,
    "parent_missing": ParentMissing,
    "too_many_runs": TooManyRuns,
    "too_many_members": TooManyMembers,
    "too_many_webhooks": TooManyWebhooks,
    "delivery_requested": DeliveryRequested,
    "key_ended": KeyEnded,
    "key_in_use": KeyInUse,
    "changes_forgotten": ChangesForgotten,
    "body_too_large": BodyTooLarge,
    "unsupported_media_type": UnsupportedMediaType,
    "validation_failed": ValidationFailed,
    "idempotency_key_reused": IdempotencyKeyReused,
    "too_many_failures": TooManyFailures,
    "headers_too_large": HeadersTooLarge,
    "internal_error": InternalError,
    "list_timeout": ListTimeout,
    "outcome_unknown": OutcomeUnknown,
    "unavailable": Unavailable,
}
"""The class of each problem code. Where a code says no more than its status, it is the class of the status."""


def error_of(response: Response) -> APIError:
    """The error that this answer tells of: a problem of the service, or what something before it has said."""
    problem = _problem(response)
    code = problem.get("code")
    known = OF_CODE.get(code) if isinstance(code, str) else None
    kind = known or OF_STATUS.get(response.status) or (ServerError if response.status >= _SERVER else APIError)
    if response.status < _REFUSED:
        kind = UnexpectedResponse
    return kind(
        response.status,
        code if isinstance(code, str) else None,
        _text(problem.get("title")),
        _text(problem.get("detail")) or _without_problem(response),
        tuple(_errors(problem.get("errors"))),
        _text(problem.get("request_id")) or response.request_id,
        response,
    )


def _problem(response: Response) -> dict[str, Any]:
    try:
        problem = response.json()
    except ValueError:
        return {}
    return problem if isinstance(problem, dict) else {}


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""


def _errors(items: object) -> Iterable[ProblemError]:
    for item in items if isinstance(items, list) else ():
        if isinstance(item, dict):
            places = (item.get(name) for name in ("pointer", "parameter", "header"))
            yield ProblemError(
                _text(item.get("code")), _text(item.get("detail")), *(_text(place) or None for place in places)
            )


def _without_problem(response: Response) -> str:
    """What can be said of an answer that holds no problem."""
    if response.status < _REFUSED and "location" in response.headers:
        return f"A redirect to {response.headers['location']}, which is not followed: correct the URL of the service."
    if response.status in _AWAY:
        return "The service is away, says what stands before it."
    return NOT_GOATFISH
