"""Which handler answers an exception: those of FastAPI's ``exception_handler`` first, problems for all others."""

from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from functools import lru_cache
from typing import Any, TypeAlias

from fastapi.exception_handlers import http_exception_handler, request_validation_exception_handler
from fastapi.exceptions import RequestValidationError
from starlette._utils import is_async_callable
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException, WebSocketException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.types import Scope
from starlette.websockets import WebSocket

from adapters.http_fastapi.kit.context import KEY, RequestContext
from adapters.http_fastapi.kit.layers.refusal_warnings import REFUSAL_WARNINGS
from adapters.http_fastapi.kit.problems import ProblemException, Reason, as_problem, problem_response
from adapters.http_fastapi.kit.validation_errors import invalid_request
from domain.errors import DomainError, OutcomeUnknown, Unavailable

Handler: TypeAlias = Callable[[Request, Any], Response | Awaitable[Response]]
_OWN = (HTTPException, RequestValidationError, DomainError, Unavailable)
_FASTAPI = (None, http_exception_handler, request_validation_exception_handler)
_REDIRECTS_MAX = 399
_is_async = lru_cache(is_async_callable)


async def problem_handler(request: Request, error: Exception) -> Response:
    """The answer to an exception that nobody else handles."""
    cause = _cause(error)
    if isinstance(cause, ClientDisconnect):  # while FastAPI read the body
        raise cause
    if isinstance(error, HTTPException) and error.status_code <= _REDIRECTS_MAX:
        return Response(status_code=error.status_code, headers=error.headers)
    context: RequestContext = request.scope[KEY]
    return problem_response(problem_of(error), request.scope["path"], context.request_id)


def problem_of(error: Exception) -> ProblemException:
    """The problem that tells the client of this error."""
    if isinstance(error, RequestValidationError):
        return invalid_request(error)
    cause = _cause(error)
    if isinstance(error, HTTPException) and isinstance(cause, UnicodeDecodeError | RecursionError):
        return ProblemException("malformed_json")  # as FastAPI could not parse the body
    if isinstance(cause, ProblemException):  # FastAPI could not read the body, of which there was too much
        return cause
    return as_problem(error)


def unknown_outcome(scope: Scope, why: str, reason: Reason) -> ProblemException:
    """The problem of a request that may have been carried out, which says how to find out."""
    context: RequestContext = scope[KEY]
    if b"idempotency-key" in context.request_headers:
        then = "Send it again with the same Idempotency-Key: it is carried out once at most."
    elif scope["method"] == "POST":
        then = (
            "It had no Idempotency-Key: look first whether it was, for its revisions have this request_id, and send a"
            " key next time."
        )
    else:
        then = "Sending it again is safe, with If-Match also where others may have changed the object meanwhile."
    detail = f"{why} The request may have been carried out. {then}"
    return ProblemException("outcome_unknown", detail, headers={"Retry-After": "1"}, reason=reason)


def cut_short(scope: Scope, why: str, reason: Reason) -> ProblemException:
    """The problem of a request that was ended before it had an answer, wherever it was."""
    if scope["method"] in {"GET", "HEAD", "OPTIONS"}:
        return ProblemException("unavailable", why, headers={"Retry-After": "1"}, reason=reason)
    return unknown_outcome(scope, why, reason)


def ungrouped(error: BaseException) -> BaseException:
    """What is alone in a group, as Starlette's ``BaseHTTPMiddleware`` hands on what went wrong with a body."""
    while isinstance(error, BaseExceptionGroup) and len(error.exceptions) == 1:
        (error,) = error.exceptions
    return error


def _cause(error: BaseException) -> BaseException | None:
    return error.__cause__ and ungrouped(error.__cause__)


async def close_websocket(websocket: WebSocket, error: WebSocketException) -> None:
    """What Starlette does with it."""
    await websocket.close(error.code, error.reason)


def add_problem_handlers(handlers: MutableMapping[Any, Any]) -> None:
    """Answers with problems where an application has no handler of its own."""
    handlers.setdefault(WebSocketException, close_websocket)
    for kind in _OWN:
        if handlers.get(kind) in _FASTAPI:
            handlers[kind] = problem_handler


def add_failure_handler(handlers: MutableMapping[Any, Any]) -> None:
    """Answers unexpected exceptions with a bare 500 where a mounted application would in a way of its own."""
    if handlers.keys().isdisjoint({500, Exception}):
        handlers[Exception] = problem_handler


class ExceptionHandlers:
    """An application's handlers by status and by class, as its routes look for them."""

    def __init__(self, handlers: Mapping[Any, Handler]) -> None:
        self.unexpected: Handler | None = handlers.get(500) or handlers.get(Exception)
        """The one that answers what is nobody's refusal; it is called round all middleware."""
        self._by_status = {key: each for key, each in handlers.items() if isinstance(key, int)}
        self._by_class = {key: each for key, each in handlers.items() if not isinstance(key, int)}
        self._by_status.pop(500, None)
        self._by_class.pop(Exception, None)
        for kind in (DomainError, Unavailable):
            if self._by_class.get(kind) is problem_handler:
                self._by_class[kind] = self._refuse
        self.in_scope = (self._by_class, self._by_status)
        """What Starlette expects in the scope, under ``starlette.exception_handlers``."""

    def find(self, error: BaseException) -> Handler | None:
        """The handler of this error; None where there is none."""
        if isinstance(error, HTTPException) and error.status_code in self._by_status:
            return self._by_status[error.status_code]
        for kind in type(error).__mro__:
            if kind in self._by_class:
                return self._by_class[kind]
        return None

    async def _refuse(self, request: Request, error: Exception) -> Response:
        """A refusal of the domain, as a handler of its status or of ``HTTPException`` would see it."""
        if isinstance(error, Unavailable):
            REFUSAL_WARNINGS.add(str(error))
        if isinstance(error, OutcomeUnknown):
            problem = unknown_outcome(request.scope, "The answer of the database was lost.", "database")
        else:
            problem = as_problem(error, request.scope[KEY].content)
        return await respond(self.find(problem) or problem_handler, request, problem)


async def respond(handler: Handler, request: Request, error: BaseException) -> Response:
    """What the handler answers; one that is no coroutine function runs in a thread, as Starlette does it."""
    given: Any = handler
    response: Response = await (given(request, error) if _is_async(given) else run_in_threadpool(given, request, error))
    return response
