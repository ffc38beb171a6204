"""Reads a refusal of the service as the error of its problem code."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from goatfish import errors

if TYPE_CHECKING:
    from goatfish.http.response import Response

NOT_GOATFISH = "The answer is not one of Goatfish's; is this its URL?"
_REFUSED, _SERVER = 400, 500
_AWAY = frozenset({502, 503, 504})
OF_STATUS: dict[int, type[errors.APIError]] = {
    400: errors.BadRequest,
    401: errors.AuthenticationError,
    403: errors.PermissionDenied,
    404: errors.NotFound,
    409: errors.Conflict,
    410: errors.Gone,
    412: errors.PreconditionFailed,
    422: errors.InvalidRequest,
    429: errors.RateLimited,
}
OF_CODE: dict[str, type[errors.APIError]] = {
    "not_found": errors.NotFound,
    "precondition_failed": errors.PreconditionFailed,
    "rate_limited": errors.RateLimited,
    "malformed_request": errors.MalformedRequest,
    "malformed_json": errors.MalformedJson,
    "invalid_cursor": errors.InvalidCursor,
    "invalid_host": errors.InvalidHost,
    "cross_origin_refused": errors.CrossOriginRefused,
    "unauthenticated": errors.Unauthenticated,
    "missing_scope": errors.MissingScope,
    "simulation_not_found": errors.SimulationNotFound,
    "run_not_found": errors.RunNotFound,
    "key_not_found": errors.KeyNotFound,
    "webhook_not_found": errors.WebhookNotFound,
    "revision_not_found": errors.RevisionNotFound,
    "method_not_allowed": errors.MethodNotAllowed,
    "request_timeout": errors.RequestTimeout,
    "request_in_flight": errors.RequestInFlight,
    "already_exists": errors.AlreadyExists,
    "external_id_taken": errors.ExternalIdTaken,
    "run_has_started": errors.RunHasStarted,
    "run_has_ended": errors.RunHasEnded,
    "run_has_children": errors.RunHasChildren,
    "simulation_has_runs": errors.SimulationHasRuns,
    "simulation_missing": errors.SimulationMissing,
    "parent_missing": errors.ParentMissing,
    "too_many_runs": errors.TooManyRuns,
    "too_many_members": errors.TooManyMembers,
    "too_many_webhooks": errors.TooManyWebhooks,
    "delivery_requested": errors.DeliveryRequested,
    "key_ended": errors.KeyEnded,
    "key_in_use": errors.KeyInUse,
    "changes_forgotten": errors.ChangesForgotten,
    "body_too_large": errors.BodyTooLarge,
    "unsupported_media_type": errors.UnsupportedMediaType,
    "validation_failed": errors.ValidationFailed,
    "idempotency_key_reused": errors.IdempotencyKeyReused,
    "too_many_failures": errors.TooManyFailures,
    "headers_too_large": errors.HeadersTooLarge,
    "internal_error": errors.InternalError,
    "list_timeout": errors.ListTimeout,
    "outcome_unknown": errors.OutcomeUnknown,
    "unavailable": errors.Unavailable,
}
"""The class of each problem code. Where a code says no more than its status, it is the class of the status."""


def error_of(response: Response) -> errors.APIError:
    """The error in this answer: a problem of the service, or the answer of a proxy before it."""
    problem = _problem(response)
    code = problem.get("code")
    known = OF_CODE.get(code) if isinstance(code, str) else None
    other = errors.ServerError if response.status >= _SERVER else errors.APIError
    kind = known or OF_STATUS.get(response.status, other)
    if response.status < _REFUSED:
        kind = errors.UnexpectedResponse
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


def _errors(items: object) -> Iterable[errors.ProblemError]:
    for item in items if isinstance(items, list) else ():
        if isinstance(item, dict):
            places = (item.get(name) for name in ("pointer", "parameter", "header"))
            yield errors.ProblemError(
                _text(item.get("code")), _text(item.get("detail")), *(_text(place) or None for place in places)
            )


def _without_problem(response: Response) -> str:
    """What can be said of an answer that holds no problem."""
    if response.status < _REFUSED and "location" in response.headers:
        return f"A redirect to {response.headers['location']}, which is not followed: correct the URL of the service."
    if response.status in _AWAY:
        return "The service is away, says what stands before it."
    return NOT_GOATFISH
