"""What can go wrong: one class for each problem code of the service, below one for each status.

``except NotFound`` catches every 404, ``except RunNotFound`` that of a run alone; a code that this version does not
know is raised as the class of its status.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from goatfish.http.response import Response


class GoatfishError(Exception):
    """Any error of this library.

    ``maybe_done`` says whether the request may have been carried out all the same: its answer, or that to an earlier
    try of it, was lost. ``made`` are the objects that ``create_many`` had made before it failed.
    """

    maybe_done: bool = False
    made: Sequence[Any] = ()


class ConfigurationError(GoatfishError):
    """The URL or the key is missing, or is none; the message says where it came from."""


class ConnectionFailed(GoatfishError):
    """The service was not reached, or the connection broke before the whole answer was there."""

    def __init__(self, message: str, maybe_done: bool = False) -> None:
        super().__init__(message, maybe_done)
        self.maybe_done = maybe_done

    def __str__(self) -> str:
        if self.maybe_done:
            return f"{self.args[0]} (the request may have been carried out)"
        return str(self.args[0])


class TimedOut(ConnectionFailed):
    """The service did not answer in time."""


@dataclass(frozen=True)
class ProblemError:
    """One wrong value in a request: where, by ``pointer``, ``parameter`` or ``header``, and what is wrong."""

    code: str
    detail: str
    pointer: str | None = None
    parameter: str | None = None
    header: str | None = None

    @property
    def where(self) -> str:
        return self.pointer or self.parameter or self.header or "the request"

    def __str__(self) -> str:
        return f"{self.where}: {self.detail}"


class APIError(GoatfishError):
    """The service refused or failed: its status, problem code, title and detail.

    ``errors`` are the wrong values of a 422.
    """

    def __init__(  # noqa: PLR0917 -- exceptions are pickled by position
        self,
        status: int,
        code: str | None = None,
        title: str = "",
        detail: str = "",
        errors: Sequence[ProblemError] = (),
        request_id: str | None = None,
        response: Response | None = None,
    ) -> None:
        super().__init__(status, code, title, detail, tuple(errors), request_id, response)
        self.status = status
        self.code = code
        self.title = title
        self.detail = detail
        self.errors = tuple(errors)
        self.request_id = request_id
        self.response = response

    @property
    def retry_after(self) -> float | None:
        """The seconds that the service asks to wait before another try; None where it does not."""
        return None if self.response is None else self.response.retry_after

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), self.args, self.__dict__

    def __repr__(self) -> str:
        return f"{type(self).__name__}(status={self.status}, code={self.code!r}, detail={self.detail!r})"

    def __str__(self) -> str:
        said = self.detail or self.title or "The service said no more."
        return f"{said} ({', '.join(self._context())})"

    def _context(self) -> Iterable[str]:
        yield f"{self.status} {self.code}" if self.code else f"{self.status}"
        if self.request_id:
            yield f"request {self.request_id}"


class UnexpectedResponse(APIError):
    """The answer is not Goatfish's: a redirect, or a page of something that stands at this URL or before it."""


class BadRequest(APIError):
    """400: the request is not understood."""


class AuthenticationError(APIError):
    """401: the key is not valid."""


class PermissionDenied(APIError):
    """403: the key is valid, and not for this."""


class NotFound(APIError):
    """404: there is nothing with this id, or at this path."""


class Conflict(APIError):
    """409: it does not go together with what is stored."""


class Gone(APIError):
    """410: it is no longer kept."""


class PreconditionFailed(APIError):
    """412: the object has changed since it was read."""


class InvalidRequest(APIError):
    """422: values are not valid; ``str()`` lists every place and what is wrong there."""

    def __str__(self) -> str:
        if not self.errors:
            return super().__str__()
        lines = "".join(f"\n  {error}" for error in self.errors)
        return f"{self.title or 'Not valid'} ({', '.join(self._context())}):{lines}"


class RateLimited(APIError):
    """429: too many requests."""


class ServerError(APIError):
    """5xx: the service, or what stands before it, failed."""


class MalformedRequest(BadRequest):
    """The request does not follow HTTP/1.1."""


class MalformedJson(BadRequest):
    """The body is not valid JSON."""


class InvalidCursor(BadRequest):
    """The cursor is not one of this list with this order and these filters, or of the feed."""


class InvalidHost(BadRequest):
    """The service does not answer for the host in the URL."""


class CrossOriginRefused(BadRequest):
    """The service does not accept requests from web pages of this origin."""


class Unauthenticated(AuthenticationError):
    """The key is malformed, unknown, revoked or expired."""


class MissingScope(PermissionDenied):
    """The key lacks a scope that this operation requires; the detail names it."""


class SimulationNotFound(NotFound):
    """The caller has no simulation with this id."""


class RunNotFound(NotFound):
    """The caller has no run with this id."""


class KeyNotFound(NotFound):
    """The caller has no key with this id."""


class WebhookNotFound(NotFound):
    """The caller has no webhook with this id."""


class RevisionNotFound(NotFound):
    """The object has no version with this number, or it is a deletion, or no longer kept."""


class MethodNotAllowed(APIError):
    """The path does not support this method."""


class RequestTimeout(APIError):
    """The request did not arrive in time."""


class RequestInFlight(Conflict):
    """An earlier request with this Idempotency-Key has not finished."""


class AlreadyExists(Conflict):
    """An object with the same unique value exists."""


class ExternalIdTaken(Conflict):
    """Another run has this external id."""


class RunHasStarted(Conflict):
    """A run that is running does not become queued again."""


class RunHasEnded(Conflict):
    """A run that has ended keeps its status."""


class RunHasChildren(Conflict):
    """The run cannot be deleted while others continue it."""


class SimulationHasRuns(Conflict):
    """The simulation cannot be deleted while it has runs."""


class SimulationMissing(Conflict):
    """The run cannot be restored, because its simulation is gone."""


class ParentMissing(Conflict):
    """The run cannot be restored, because the run that it continues is gone."""


class TooManyRuns(Conflict):
    """The simulation has more runs than one table or summary may have; the detail says how many."""


class TooManyMembers(Conflict):
    """The runs have more different members than one table or summary may have."""


class TooManyWebhooks(Conflict):
    """The owner has as many webhooks as it may have."""


class DeliveryRequested(Conflict):
    """Another requested delivery to the webhook is still waiting."""


class KeyEnded(Conflict):
    """The key is revoked or expired."""


class KeyInUse(Conflict):
    """A key cannot revoke itself."""


class ChangesForgotten(Gone):
    """The changes after this cursor are no longer kept: read the lists again."""


class BodyTooLarge(APIError):
    """The body is larger than the service accepts."""


class UnsupportedMediaType(APIError):
    """The body has a content type or an encoding that the service does not accept."""


class ValidationFailed(InvalidRequest):
    """One or more values are not valid."""


class IdempotencyKeyReused(InvalidRequest):
    """This Idempotency-Key was used before with a different request."""


class TooManyFailures(RateLimited):
    """Too many requests from this address failed authentication."""


class HeadersTooLarge(APIError):
    """The headers of the request are larger than the service accepts."""


class InternalError(ServerError):
    """The service failed unexpectedly; its log says why, under the request id."""


class ListTimeout(ServerError):
    """Filtering or sorting this list took longer than the service allows."""


class Unavailable(ServerError):
    """The service is overloaded or cannot reach its database, and has not carried out the request."""


class OutcomeUnknown(ServerError):
    """The service has not learned the outcome: the request may have been carried out, or not."""
