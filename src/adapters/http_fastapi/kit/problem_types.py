"""The catalogue of problem types: their codes and titles, what they mean, and what a client can do about them."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class ProblemType:
    """A type of problem: ``code`` is stable, ``meaning`` says in a sentence or two what it is and what to do."""

    code: str
    status: int
    title: str
    meaning: str

    @property
    def name(self) -> str:
        return self.code.replace("_", "-")

    @property
    def uri(self) -> str:
        """The path of the page that explains it; ``about:blank`` for a type that is not in the catalogue."""
        return f"/problems/{self.name}" if CATALOGUE.get(self.code) is self else "about:blank"


_TYPES = [
    ProblemType(
        "malformed_request",
        400,
        "Malformed request",
        "The request does not follow HTTP/1.1. Use an HTTP client rather than writing the request by hand.",
    ),
    ProblemType(
        "malformed_json",
        400,
        "Malformed JSON",
        "The body is not valid JSON, or not in UTF-8.",
    ),
    ProblemType(
        "invalid_cursor",
        400,
        "Invalid cursor",
        "The cursor is not valid for this list with this order and these filters, or for the feed of changes. Start "
        "again without a cursor, and pass on next_cursor exactly as it was returned.",
    ),
    ProblemType(
        "invalid_host",
        400,
        "Invalid host",
        "The service does not answer requests for the host in the Host header. Use one of the service's own names.",
    ),
    ProblemType(
        "cross_origin_refused",
        400,
        "Cross-origin request refused",
        "The service does not accept requests from web pages of this origin, or not with this method or these headers.",
    ),
    ProblemType(
        "unauthenticated",
        401,
        "Unauthenticated",
        "The request has no valid API key, or two different ones. Send one key, as X-API-Key or as a bearer token. "
        "Malformed, unknown, revoked and expired keys all get this same answer.",
    ),
    ProblemType(
        "missing_scope",
        403,
        "Missing scope",
        "The key is valid but lacks a scope that this operation requires; the detail names it. Use a key that has it.",
    ),
    ProblemType(
        "not_found",
        404,
        "Not found",
        "There is nothing at this path. Check its spelling, and that it does not end with a slash.",
    ),
    ProblemType(
        "revision_not_found",
        404,
        "Revision not found",
        "The object has no version with this number, or that version is a deletion, or it is no longer kept. The "
        "object's revisions list those that can be restored.",
    ),
    ProblemType(
        "method_not_allowed",
        405,
        "Method not allowed",
        "This path does not support the method of the request. The Allow header lists those that it does.",
    ),
    ProblemType(
        "request_timeout",
        408,
        "Request timeout",
        "The request did not arrive in time. Send it again, without long pauses in its headers or body.",
    ),
    ProblemType(
        "request_in_flight",
        409,
        "Request in flight",
        "An earlier request with this Idempotency-Key has not finished. Send the same request again in a moment.",
    ),
    ProblemType(
        "key_ended",
        409,
        "Key ended",
        "The key is revoked or expired, so it can neither be rolled nor create keys. Use another key.",
    ),
    ProblemType(
        "key_in_use",
        409,
        "Key in use",
        "A key cannot revoke itself. Revoke it with another key of the same owner.",
    ),
    ProblemType(
        "too_many_webhooks",
        409,
        "Too many webhooks",
        "The owner has as many webhooks as it may have. Delete one that is no longer needed.",
    ),
    ProblemType(
        "delivery_requested",
        409,
        "Delivery requested",
        "Another requested delivery to this webhook is still waiting. Send the request again once its list of "
        "deliveries shows that one.",
    ),
    ProblemType(
        "already_exists",
        409,
        "Already exists",
        "An object with the same unique value exists already. Change the value, or use the existing object.",
    ),
    ProblemType(
        "changes_forgotten",
        410,
        "Changes forgotten",
        "The changes after this cursor are no longer kept, so following it would miss some. Get a new cursor with "
        "after=latest, read the lists again, then follow the feed from that cursor.",
    ),
    ProblemType(
        "precondition_failed",
        412,
        "Precondition failed",
        "The object does not meet the condition in If-Match or If-None-Match, so nothing was changed. Read it again, "
        "and repeat the change with its new ETag if it still applies.",
    ),
    ProblemType(
        "body_too_large",
        413,
        "Body too large",
        "The body is larger than 1 MiB, or than 4 MiB where many objects are created at once. Send less at a time.",
    ),
    ProblemType(
        "unsupported_media_type",
        415,
        "Unsupported media type",
        "The body must have the content type application/json, in UTF-8, and no content encoding. Updates also accept "
        "application/merge-patch+json.",
    ),
    ProblemType(
        "validation_failed",
        422,
        "Validation failed",
        "One or more values in the request are not valid. Each item of errors says where, and what is wrong.",
    ),
    ProblemType(
        "idempotency_key_reused",
        422,
        "Idempotency key reused",
        "This Idempotency-Key was used before with a different request. Use a new key for every new request.",
    ),
    ProblemType(
        "rate_limited",
        429,
        "Rate limited",
        "The owner of this key has made too many requests. Wait for the number of seconds in Retry-After.",
    ),
    ProblemType(
        "too_many_failures",
        429,
        "Too many failures",
        "Too many requests from this address failed authentication. Correct the key, and wait for the number of "
        "seconds in Retry-After.",
    ),
    ProblemType(
        "headers_too_large",
        431,
        "Headers too large",
        "The headers of the request are larger than 32 KiB in total. Send fewer or shorter ones.",
    ),
    ProblemType(
        "internal_error",
        500,
        "Internal error",
        "The service failed unexpectedly. Report the request_id to whoever runs it: their log says why.",
    ),
    ProblemType(
        "list_timeout",
        503,
        "List timeout",
        "Filtering or sorting this list took longer than the service allows. Narrow the list; the detail says how.",
    ),
    ProblemType(
        "outcome_unknown",
        503,
        "Outcome unknown",
        "The service has begun to carry out the request, but has not learned the outcome: the answer of its database "
        "was lost, or the request was ended before. It may have been carried out, or not. Send it again with the same "
        "Idempotency-Key; if it had none, look first whether it was.",
    ),
    ProblemType(
        "unavailable",
        503,
        "Unavailable",
        "The service is overloaded or cannot reach its database, and has not carried out the request. Try again after "
        "the number of seconds in Retry-After.",
    ),
]
CATALOGUE: dict[str, ProblemType] = {kind.code: kind for kind in _TYPES}


GENERAL = {
    401: "unauthenticated",
    404: "not_found",
    405: "method_not_allowed",
    408: "request_timeout",
    412: "precondition_failed",
    413: "body_too_large",
    415: "unsupported_media_type",
    422: "validation_failed",
    429: "rate_limited",
    431: "headers_too_large",
    500: "internal_error",
    503: "unavailable",
}
"""The general type of each status, for exceptions that have nothing but a status."""


def register(kind: ProblemType) -> str:
    """Adds a type to the catalogue, and returns its code. Raises ``TypeError`` where another type has the same code."""
    if CATALOGUE.setdefault(kind.code, kind) != kind:
        raise TypeError(f"Two problems have the code {kind.code}.")
    return kind.code


def register_not_found(kind: str, title: str | None = None) -> None:
    """Adds the 404 of this kind of object to the catalogue; ``title`` is what people call such an object."""
    title = title or kind
    register(
        ProblemType(
            f"{kind}_not_found",
            404,
            f"{title.capitalize()} not found",
            f"You have no {title} with this id. It may never have existed, may be deleted, or may belong to somebody "
            "else: these cases are deliberately answered alike.",
        )
    )
