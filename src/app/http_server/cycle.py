"""One request and its answer, as ASGI's HTTP connection scope has them (ASGI specification, version 2.3)."""

import asyncio
import logging
from collections.abc import Callable, Coroutine, Mapping
from http import HTTPStatus
from typing import Any, Protocol
from urllib.parse import unquote

from uvicorn.protocols.utils import get_client_addr, get_path_with_query_string

from adapters.http_fastapi.kit.problems import ProblemException
from app.http_server.framing import Head
from app.http_server.outflow import Outflow

Application = Callable[..., Coroutine[Any, Any, None]]

_log = logging.getLogger("uvicorn.error")
_access_log = logging.getLogger("uvicorn.access")
_STATUS_LINES = {status.value: f"HTTP/1.1 {status.value} {status.phrase}".encode() for status in HTTPStatus}
_FRAMING = frozenset({b"connection", b"transfer-encoding"})
_BODILESS = frozenset({HTTPStatus.NO_CONTENT.value, HTTPStatus.NOT_MODIFIED.value})


class Connection(Protocol):
    """What a cycle needs of the connection that its request came over."""

    transport: asyncio.Transport
    outflow: Outflow
    access_log: bool

    @property
    def default_headers(self) -> list[tuple[bytes, bytes]]:
        """Those of every answer."""
        ...

    def resume_reading(self) -> None: ...

    def too_long_to_skip(self) -> bool:
        """Whether more of the body is still to come than is read past once it is answered."""
        ...

    def answered(self, cycle: "Cycle") -> None:
        """The whole answer is written."""
        ...

    def give_up(self, cycle: "Cycle", code: str) -> None:
        """The application answers no more: this problem does, where nothing is on its way."""
        ...


class Cycle:
    """What an application is given of a request, and takes its answer.

    ``body`` is what has come and was not asked for yet, ``complete`` whether nothing more will come. ``gone`` is set
    once nobody is there to be answered, ``answered`` once the whole answer is written.
    """

    __slots__ = (
        *("_chunked", "_connection", "_continue", "_due", "_error", "_given", "_head", "_waiter"),
        *("answered", "body", "complete", "gone", "keep_alive", "scope"),
    )

    def __init__(self, connection: Connection, head: Head, scope: Mapping[str, Any]) -> None:
        """``scope`` is what all requests of the connection have of it."""
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
        self.keep_alive = head.keep_alive
        self.body = bytearray()
        self.complete = self.gone = self.answered = False
        self._connection = connection
        self._continue = head.expects
        self._given = False  # the end of the body, to the application
        self._head: bytes | None = None  # of the answer; it goes out with the first part of the body
        self._due: int | None = None  # bytes of the body that are announced and not yet sent; None before it begins
        self._chunked = False
        self._error: ProblemException | None = None
        self._waiter: asyncio.Future[None] | None = None

    async def run(self, application: Application) -> None:
        """Lets the application answer; where it does not, the server does. What it raises is logged as our fault."""
        code = "internal_error"
        try:
            await application(self.scope, self.receive, self.send)
        except asyncio.CancelledError:  # by uvicorn, once requests have had their time to end
            code = "unavailable"
        except BaseException as error:
            if isinstance(error, ProblemException) and error is self._error:
                code = error.kind.code
            else:
                _log.exception("Exception in ASGI application")
        if not (self.answered or self.gone):
            self._connection.give_up(self, code)

    @property
    def holds_back(self) -> bool:
        """Whether the client waits for leave to send its body."""
        return self._continue

    @property
    def begun(self) -> bool:
        """Whether a part of the answer may be on its way."""
        return self._due is not None and self._head is None

    def fail(self, error: ProblemException) -> None:
        """The body cannot be read to its end."""
        self._error = error
        self.wake()

    def wake(self) -> None:
        """Something has come, or nothing will any more."""
        waiter, self._waiter = self._waiter, None
        if waiter is not None and not waiter.done():
            waiter.set_result(None)

    async def receive(self) -> dict[str, Any]:
        """The next part of the body, or that there is nobody to be answered any more.

        Raises ``RolesRefused`` where the body cannot be read to its end.
        """
        if self._continue and not self.gone:
            self._continue = False
            self._connection.transport.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        while not (self.gone or self.answered):
            if self._error is not None:
                raise self._error
            if self.body or (self.complete and not self._given):
                body, self.body = bytes(self.body), bytearray()
                self._given = self.complete
                return {"type": "http.request", "body": body, "more_body": not self.complete}
            self._connection.resume_reading()
            self._waiter = asyncio.get_running_loop().create_future()
            await self._waiter
        return {"type": "http.disconnect"}

    async def send(self, message: Mapping[str, Any]) -> None:
        """Takes the answer's status and headers, then its body in parts; waits while the client does not read."""
        if self._connection.outflow.paused and not self.gone:
            await self._connection.outflow.drained()
        if self.gone:
            return
        if self.answered:
            raise RuntimeError(f"{message['type']} came after the end of the answer.")
        wanted = "http.response.start" if self._due is None else "http.response.body"
        if message["type"] != wanted:
            raise RuntimeError(f"{wanted} was expected, and {message['type']} came.")
        if self._due is None:
            self._start(message["status"], [*self._connection.default_headers, *message.get("headers", ())])
        else:
            self._continued(message.get("body", b""), more=message.get("more_body", False))

    def _start(self, status: int, headers: list[tuple[bytes, bytes]]) -> None:
        if self._continue or self._connection.too_long_to_skip():
            self.keep_alive = False  # what the client sends next may be the body or another request
        lines, length = self._told(status, headers)
        if self.scope["method"] == "HEAD" or status in _BODILESS:
            length = 0
        elif length is None and self.scope["http_version"] == "1.1":
            self._chunked = True
            lines.append(b"transfer-encoding: chunked")
        elif length is None:  # the end of the connection is that of the body
            self.keep_alive = False
        if not self.keep_alive:
            lines.append(b"connection: close")
        head = b"\r\n".join(lines)
        if head.count(b"\n") != len(lines) - 1 or head.count(b"\r") != len(lines) - 1 or b"\0" in head:
            raise RuntimeError("A header of the answer holds a line break or NUL.")
        self._head = head + b"\r\n\r\n"
        self._due = -1 if length is None else length
        if self._connection.access_log:
            self._log_access(status)

    def _told(self, status: int, headers: list[tuple[bytes, bytes]]) -> tuple[list[bytes], int | None]:
        """The lines that the application gives, and the length that they tell; how it is framed is the server's."""
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

    def _continued(self, body: bytes, *, more: bool) -> None:
        if self.scope["method"] == "HEAD":
            body = b""
        elif self._chunked:
            body = (b"%x\r\n%b\r\n" % (len(body), body) if body else b"") + (b"" if more else b"0\r\n\r\n")
        elif self._due is not None and self._due >= 0:
            self._due -= len(body)
            if self._due < 0 or (self._due and not more):
                raise RuntimeError("The body has not the length that the answer's header tells.")
        data = self._head + body if self._head else body
        self._head = None
        if not more:
            self.answered = True
        if data:
            self._connection.transport.write(data)
        if not more:
            self.wake()
            self._connection.answered(self)

    def _log_access(self, status: int) -> None:
        scope: Any = self.scope
        client, path = get_client_addr(scope), get_path_with_query_string(scope)
        _access_log.info('%s - "%s %s HTTP/%s" %d', client, scope["method"], path, scope["http_version"], status)
