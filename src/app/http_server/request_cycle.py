"""One request and its response: the ASGI side of a connection (ASGI specification, HTTP, version 2.3)."""

import asyncio
import logging
from collections.abc import Callable, Coroutine, Mapping
from http import HTTPStatus
from typing import Any, Protocol
from urllib.parse import unquote

from adapters.http_fastapi.kit.context import KEY
from adapters.http_fastapi.kit.layers.exception_handlers import cut_short
from adapters.http_fastapi.kit.layers.middleware import DRAINING
from adapters.http_fastapi.kit.problems import ProblemException
from app.http_server.error_response import ErrorResponse
from app.http_server.flow_control import FlowControl
from app.http_server.framing import Head

Application = Callable[..., Coroutine[Any, Any, None]]
Report = Callable[..., None]
"""Called for each request that has ended, with the arguments of ``log_access``."""

_log = logging.getLogger("uvicorn.error")
_STATUS_LINES = {status.value: f"HTTP/1.1 {status.value} {status.phrase}".encode() for status in HTTPStatus}
_FRAMING = frozenset({b"connection", b"transfer-encoding"})
_BODILESS = frozenset({HTTPStatus.NO_CONTENT.value, HTTPStatus.NOT_MODIFIED.value})


class Connection(Protocol):
    """What a cycle needs of its connection."""

    transport: asyncio.Transport
    flow: FlowControl
    report: Report | None

    @property
    def default_headers(self) -> list[tuple[bytes, bytes]]:
        """Headers of every response."""
        ...

    def resume_reading(self) -> None: ...

    def body_too_long_to_discard(self) -> bool:
        """Whether more of the request body is outstanding than would be discarded."""
        ...

    def on_response_complete(self, cycle: "RequestCycle") -> None:
        """The whole response is written."""
        ...

    def on_no_response(self, cycle: "RequestCycle", problem: ProblemException) -> None:
        """The application ended without a response: sends this problem, unless a response has begun."""
        ...


class RequestCycle:
    """Gives the application its request, and writes its response.

    ``body`` holds received bytes that the application has not taken yet; ``body_complete`` says that there are no more.
    ``disconnected`` is set once the client is gone, ``response_complete`` once the whole response is written.
    """

    __slots__ = (
        *("_chunked", "_connection", "_awaits_continue", "_remaining", "_error", "_body_delivered", "_head", "_waiter"),
        *("_began", "_reported", "_sent", "_status"),
        *("response_complete", "body", "body_complete", "disconnected", "keep_alive", "scope"),
    )

    def __init__(self, connection: Connection, head: Head, scope: Mapping[str, Any], began: float) -> None:
        """``scope`` is what all requests of a connection share; ``began`` is when it did, if reported."""
        path = head.raw_path.decode("ascii")
        self.scope = {
            **scope,
            "http_version": head.version,
            "method": head.method,
            "path": unquote(path) if "%" in path else path,
            "raw_path": head.raw_path,
            "query_string": head.query,
            "headers": head.headers,
            "state": scope["state"].copy(),
        }
        self.keep_alive = head.keep_alive and DRAINING not in scope["state"]
        self.body = bytearray()
        self.body_complete = self.disconnected = self.response_complete = False
        self._connection = connection
        self._awaits_continue = head.expects_continue
        self._body_delivered = False  # whether the application has received the end of the body
        self._head: bytes | None = None  # of the response; sent with the first part of the body
        self._remaining: int | None = None  # bytes of Content-Length still to be sent; None before the response starts
        self._chunked = False
        self._error: ProblemException | None = None
        self._waiter: asyncio.Future[None] | None = None
        self._began, self._sent = began, 0  # bytes of the body
        self._status: int | None = None  # None before the application has answered
        self._reported = False

    async def run(self, application: Application) -> None:
        """Runs the application. If it raises or sends no response, the server sends one, and logs the exception."""
        problem = None
        try:
            await application(self.scope, self.receive, self.send)
        except asyncio.CancelledError:  # by uvicorn, once the shutdown timeout has passed
            problem = self._stopped()
        except BaseException as error:
            if isinstance(error, ProblemException) and error is self._error:
                problem = ProblemException(error.kind)  # the error itself would hold this frame
            else:
                _log.exception("Exception in ASGI application")
        if not (self.response_complete or self.disconnected):
            self._connection.on_no_response(self, problem or ProblemException("internal_error"))
        if self._connection.report is not None and not self._reported:  # the client is gone
            self.report(self._connection.report)

    def _stopped(self) -> ProblemException:
        """The answer to a request that the end of the service has cut short."""
        why = "The service was stopped before the request had ended."
        if KEY not in self.scope:  # the application has not begun with it
            return ProblemException("unavailable", why, reason="shutdown")
        return cut_short(self.scope, why, "shutdown")

    @property
    def request_id(self) -> str:
        """The id that the application knows the request by; empty before it has one."""
        id: str = self.scope["state"].get("request_id", "")
        return id

    def report(self, to: Report, instead: ErrorResponse | None = None) -> None:
        """Reports the request, which has ended; ``instead`` is what the server has answered itself."""
        self._reported = True
        to(
            began=self._began,
            status=self._status if instead is None else instead.status,
            sent=self._sent if instead is None else instead.body_size,
            client=self.scope["client"],
            scope=self.scope,
            request_id=None if instead is None else instead.request_id,
            is_complete=self.response_complete or instead is not None,
        )

    @property
    def awaits_continue(self) -> bool:
        """Whether the client waits for 100 (Continue) before it sends its body."""
        return self._awaits_continue

    @property
    def response_started(self) -> bool:
        """Whether a part of the response may have been sent."""
        return self._remaining is not None and self._head is None

    def fail(self, error: ProblemException) -> None:
        """Makes ``receive`` raise this, because the body cannot be read to its end."""
        self._error = error
        self.wake()

    def wake(self) -> None:
        """Wakes ``receive``."""
        waiter, self._waiter = self._waiter, None
        if waiter is not None and not waiter.done():
            waiter.set_result(None)

    async def receive(self) -> dict[str, Any]:
        """ASGI's receive: the next part of the body, or ``http.disconnect``.

        Raises ``ProblemException`` where the body cannot be read to its end.
        """
        if self._awaits_continue and not self.disconnected:
            self._awaits_continue = False
            self._connection.transport.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        while not (self.disconnected or self.response_complete):
            if self._error is not None:
                raise self._error
            if self.body or (self.body_complete and not self._body_delivered):
                body, self.body = bytes(self.body), bytearray()
                self._body_delivered = self.body_complete
                return {"type": "http.request", "body": body, "more_body": not self.body_complete}
            self._connection.resume_reading()
            self._waiter = asyncio.get_running_loop().create_future()
            await self._waiter
        return {"type": "http.disconnect"}

    async def send(self, message: Mapping[str, Any]) -> None:
        """ASGI's send: the status and headers, then the body in parts; waits while the client does not read."""
        if self._connection.flow.paused and not self.disconnected:
            await self._connection.flow.drain()
        if self.disconnected:
            self._status = message.get("status", self._status)
            return
        if self.response_complete:
            raise RuntimeError(f"{message['type']} was sent after the end of the response.")
        wanted = "http.response.start" if self._remaining is None else "http.response.body"
        if message["type"] != wanted:
            raise RuntimeError(f"{wanted} was expected, but {message['type']} was sent.")
        if self._remaining is None:
            self._prepare_head(message["status"], [*self._connection.default_headers, *message.get("headers", ())])
        else:
            self._send_body(message.get("body", b""), more=message.get("more_body", False))

    def _prepare_head(self, status: int, headers: list[tuple[bytes, bytes]]) -> None:
        if self._awaits_continue or self._connection.body_too_long_to_discard():
            self.keep_alive = False  # the next bytes may be the body or another request
        lines, length = self._status_and_headers(status, headers)
        if self.scope["method"] == "HEAD" or status in _BODILESS:
            length = 0
        elif length is None and self.scope["http_version"] == "1.1":
            self._chunked = True
            lines.append(b"transfer-encoding: chunked")
        elif length is None:  # HTTP/1.0 without a length: the end of the connection ends the body
            self.keep_alive = False
        if not self.keep_alive:
            lines.append(b"connection: close")
        head = b"\r\n".join(lines)
        if head.count(b"\n") != len(lines) - 1 or head.count(b"\r") != len(lines) - 1 or b"\0" in head:
            raise RuntimeError("A response header contains a line break or NUL.")
        self._head = head + b"\r\n\r\n"
        self._remaining = -1 if length is None else length
        self._status = status

    def _status_and_headers(self, status: int, headers: list[tuple[bytes, bytes]]) -> tuple[list[bytes], int | None]:
        """The status line with the application's headers, framing headers excepted, and the Content-Length if given."""
        lines, length = [_STATUS_LINES.get(status) or b"HTTP/1.1 %d " % status], None
        for name, value in headers:
            known = name.lower()
            if known in _FRAMING:
                self.keep_alive = self.keep_alive and not (known == b"connection" and b"close" in value.lower())
                continue
            if known == b"content-length":
                length = int(value)
            lines.append(known + b": " + value)
        return lines, length

    def _send_body(self, body: bytes, *, more: bool) -> None:
        if self.scope["method"] == "HEAD":
            body = b""
        self._sent += len(body)
        if self._chunked:
            body = (b"%x\r\n%b\r\n" % (len(body), body) if body else b"") + (b"" if more else b"0\r\n\r\n")
        elif self._remaining is not None and self._remaining >= 0:
            self._remaining -= len(body)
            if self._remaining < 0 or (self._remaining and not more):
                raise RuntimeError("The body does not have the length that the Content-Length header says.")
        data = self._head + body if self._head else body
        self._head = None
        if not more:
            self.response_complete = True
        if data:
            self._connection.transport.write(data)
        if not more:
            self.wake()
            if self._connection.report is not None:
                self.report(self._connection.report)
            self._connection.on_response_complete(self)
