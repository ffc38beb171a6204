"""The problems that the service answers with, and the exception that refuses a request with one."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple, Union
from urllib.parse import quote

Fault = dict[str, str]
"""One of the ``errors`` of a 422: where (``pointer``, ``parameter`` or ``header``), ``code`` and ``detail``."""
Path = tuple[Union[str, int], ...]
ERRORS_MAX = 20


class Meaning(NamedTuple):
    """What a problem type is."""

    code: str
    status: int
    title: str
    meaning: str

    @property
    def type(self) -> str:
        """The path of the page that explains it."""
        return f"/problems/{self.code.replace('_', '-')}"


_MEANINGS = """
malformed_request 400
The request does not follow HTTP/1.1. Use an HTTP client rather than writing the request by hand.

malformed_json 400 Malformed JSON
The body is not valid JSON, or not in UTF-8.

invalid_cursor 400
The cursor is not valid for this list with this order and these filters, or for the feed of changes. Start again
without a cursor, and pass on next_cursor exactly as it was returned.

invalid_host 400
The service does not answer requests for the host in the Host header. Use one of the service's own names.

cross_origin_refused 400 Cross-origin request refused
The service does not accept requests from web pages of this origin, or not with this method or these headers.

unauthenticated 401
The request has no valid API key, or two different ones. Send one key, as X-API-Key or as a bearer token. Malformed,
unknown, revoked and expired keys all get this same answer.

missing_scope 403
The key is valid but lacks a scope that this operation requires; the detail names it. Use a key that has it.

not_found 404
There is nothing at this path. Check its spelling, and that it does not end with a slash.

simulation_not_found 404
You have no simulation with this id. It may never have existed, may be deleted, or may belong to somebody else: these
cases are deliberately answered alike.

run_not_found 404
You have no run with this id. It may never have existed, may be deleted, or may belong to somebody else: these cases
are deliberately answered alike.

key_not_found 404
You have no key with this id. It may never have existed, may be deleted, or may belong to somebody else: these cases
are deliberately answered alike.

webhook_not_found 404
You have no webhook with this id. It may never have existed, may be deleted, or may belong to somebody else: these
cases are deliberately answered alike.

revision_not_found 404
The object has no version with this number, or that version is a deletion, or it is no longer kept. The object's
revisions list those that can be restored.

method_not_allowed 405
This path does not support the method of the request. The Allow header lists those that it does.

request_timeout 408
The request did not arrive in time. Send it again, without long pauses in its headers or body.

request_in_flight 409
An earlier request with this Idempotency-Key has not finished. Send the same request again in a moment.

key_ended 409
The key is revoked or expired, so it can neither be rolled nor create keys. Use another key.

key_in_use 409
A key cannot revoke itself. Revoke it with another key of the same owner.

too_many_webhooks 409
The owner has as many webhooks as it may have. Delete one that is no longer needed.

delivery_requested 409
Another requested delivery to this webhook is still waiting. Send the request again once its list of deliveries shows
that one.

already_exists 409
An object with the same unique value exists already. Change the value, or use the existing object.

external_id_taken 409
Another object of the same kind has this external id, which is unique among the objects of an owner.

run_has_started 409
A run that is running does not become queued again.

run_has_ended 409
A run that succeeded, failed or was cancelled keeps its status. Record what comes next as another run.

simulation_has_runs 409
The simulation cannot be deleted while runs refer to it. Delete or change them first.

run_has_children 409
The run cannot be deleted while runs refer to it. Delete or change them first.

simulation_missing 409
The object cannot be restored, because the simulation that it refers to no longer exists.

parent_missing 409
The object cannot be restored, because the run that it refers to no longer exists.

too_many_members 409 Too many different members
The runs have more than 10,000 different labels, parameters or results, too many for one answer. Narrow an export with
filters; a summary cannot be narrowed.

too_many_runs 409
The simulation has more than 500,000 runs, too many for a summary. Export them, with filters if need be.

changes_forgotten 410
The changes after this cursor are no longer kept, so following it would miss some. Get a new cursor with after=latest,
read the lists again, then follow the feed from that cursor.

precondition_failed 412
The object does not meet the condition in If-Match or If-None-Match, so nothing was changed. Read it again, and repeat
the change with its new ETag if it still applies.

body_too_large 413
The body is larger than 1 MiB, or than 4 MiB where many objects are created at once. Send less at a time.

unsupported_media_type 415
The body must have the content type application/json, in UTF-8, and no content encoding. Updates also accept
application/merge-patch+json.

validation_failed 422
One or more values in the request are not valid. Each item of errors says where, and what is wrong.

idempotency_key_reused 422
This Idempotency-Key was used before with a different request. Use a new key for every new request.

rate_limited 429
The owner of this key has made too many requests. Wait for the number of seconds in Retry-After.

too_many_failures 429
Too many requests from this address failed authentication. Correct the key, and wait for the number of seconds in
Retry-After.

headers_too_large 431
The headers of the request are larger than 32 KiB in total. Send fewer or shorter ones.

internal_error 500
The service failed unexpectedly. Report the request_id to whoever runs it: their log says why.

unavailable 503
The service is overloaded or cannot reach its database, and has not carried out the request. Try again after the number
of seconds in Retry-After.

outcome_unknown 503
The service has begun to carry out the request, but has not learned the outcome: the answer of its database was lost,
or the request was ended before. It may have been carried out, or not. Send it again with the same Idempotency-Key; if
it had none, look first whether it was.

list_timeout 503
Filtering or sorting this list took longer than the service allows. Narrow the list; the detail says how.
"""


def _read(paragraph: str) -> Meaning:
    """A problem from its code, its status and perhaps a title of its own in one line, and its meaning."""
    head, _, meaning = paragraph.partition("\n")
    code, status, *title = head.split(" ", 2)
    shown = title[0] if title else code.replace("_", " ").capitalize()
    return Meaning(code, int(status), shown, meaning.replace("\n", " "))


CATALOGUE: Mapping[str, Meaning] = {each.code: each for each in map(_read, _MEANINGS.strip().split("\n\n"))}
_GENERAL = {404: "not_found", 409: "request_in_flight", 422: "validation_failed", 400: "malformed_request"}


class Refusal(Exception):
    """A request is refused with a problem of the catalogue."""

    def __init__(
        self,
        code: str,
        detail: str | None = None,
        errors: Iterable[Fault] = (),
        headers: Mapping[str, str] | None = None,
    ) -> None:
        self.problem = CATALOGUE[code]
        self.detail = detail or self.problem.meaning
        self.errors: list[Fault] = list(errors)[:ERRORS_MAX]
        self.headers = dict(headers or {})
        super().__init__(code, self.detail)


def general(status: int) -> Meaning:
    """The problem that a service in trouble answers with this status; raises ``ValueError`` where there is none."""
    of_status = (each for each in CATALOGUE.values() if each.status == status)
    found = CATALOGUE.get(_GENERAL.get(status, "")) or next(of_status, None)
    if found is not None:
        return found
    if status in {502, 504}:  # what a proxy in front of the service answers
        return CATALOGUE["unavailable"]._replace(status=status)
    raise ValueError(f"The service answers with no problem of the status {status}.")


def invalid(types: Sequence[Fault], rules: Sequence[Fault]) -> Refusal:
    """The 422 of these faults: of types, or else of rules alone, whose sentences are its detail."""
    detail = None if types else " ".join(dict.fromkeys(each["detail"] for each in rules))
    return Refusal("validation_failed", detail, [*types, *rules])


def pointer(path: Path) -> str:
    """A JSON pointer as a URI fragment (RFC 6901, section 6)."""
    parts = (str(part)[:200].replace("~", "~0").replace("/", "~1") for part in path)
    return "#" + "".join(f"/{quote(part, errors='replace')}" for part in parts)


def at(path: Path, code: str, detail: str) -> Fault:
    """A fault at this place of the body."""
    return {"pointer": pointer(path), "code": code, "detail": detail}


def as_sent(path: Path, body: Any) -> Path:
    """The path as far as the body goes: a quantity may have been sent bare, without a member ``value``."""
    part: Any
    for depth, part in enumerate(path):
        if not isinstance(body, (dict, list)):
            return path[:depth] or path
        if isinstance(body, dict) and part not in body:
            return path
        body = body[part]
    return path
