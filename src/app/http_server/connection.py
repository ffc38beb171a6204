"""A client connection: one request after the other, within limits of bytes and time."""

import asyncio
from contextvars import copy_context
from math import inf
from time import perf_counter
from typing import Any

from uvicorn.config import Config
from uvicorn.protocols.utils import get_local_addr
from uvicorn.server import ServerState

from adapters.http_fastapi.kit.layers.middleware import OVERLOADED
from adapters.http_fastapi.kit.problems import REFUSALS, ProblemException, Reason
from app.http_server.connection_registry import ConnectionRegistry
from app.http_server.error_response import error_response
from app.http_server.flow_control import FlowControl
from app.http_server.forwarded import client_address, with_one_scheme
from app.http_server.framing import Framer, Head, HeadTooLarge, InternalError, Malformed
from app.http_server.request_cycle import Application, Report, RequestCycle

BODY_BUFFER_MAX = 64 << 10
"""Bytes of a request body that are buffered until the application receives them; then reading pauses."""
DISCARD_MAX = 1 << 20
"""Bytes of a request body that are discarded after its response, to reach the next request; for more the connection
closes."""
LINGER_TIMEOUT = 2.0
"""Seconds for which input is discarded after the last response (lingering close): closing with unread input would
reset the connection, and the client could lose the response."""
ON_ITS_WAY = 0.25
"""Seconds in which a request arrives that was sent before the server stopped."""
_PROBLEM_CODES = {Malformed: "malformed_request", HeadTooLarge: "headers_too_large", InternalError: "internal_error"}


class HttpConnection(asyncio.BufferedProtocol):
    """The server's side of one connection."""

    transport: asyncio.Transport
    flow: FlowControl

    def __init__(
        self,
        config: Config,
        state: ServerState,
        app_state: dict[str, Any],
        registry: ConnectionRegistry,
        report: Report | None = None,
    ) -> None:
        """``report`` is called for each request that has ended; None where nothing logs or counts them."""
        if not config.loaded:
            config.load()
        self.report, self._proxied = report, config.proxy_headers
        self._application: Application = config.loaded_app
        asgi = {"version": config.asgi_version, "spec_version": "2.3"}
        self._scope: dict[str, Any] = {"type": "http", "asgi": asgi, "scheme": "http", "root_path": ""}
        self._scope["state"] = app_state
        self._state = state
        self._registry, self._limits = registry, registry.limits
        self._loop = asyncio.get_running_loop()
        self._framer = Framer(self)
        self._cycle: RequestCycle | None = None  # of the current request
        self._pipelined = b""  # bytes received after the current request
        self._read_deadline = inf
        self._reading_paused = self._eof_received = self._lingering = self._discarding_input = False
        self._discarded = 0  # bytes of the body received after the response
        self._began = perf_counter()  # when the connection or, if that is told, the current request has begun

    @property
    def default_headers(self) -> list[tuple[bytes, bytes]]:
        """Headers of every response; uvicorn renews their Date each second."""
        return self._state.default_headers

    # ── callbacks of asyncio ─────────────────────────────────────────────────────────────────────────────────────────

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # -- a socket's transport is one
        self.transport, self.flow = transport, FlowControl(transport, self._limits.write_timeout)
        self._context = copy_context()
        if not self._registry.try_add(self):
            if self._registry.try_add_rejected(self):
                self._refuse("unavailable", reason="connections_max")
            else:
                REFUSALS["connections_max"] += 1
                transport.abort()
            return
        transport.set_write_buffer_limits(0)  # pause_writing() is then called as soon as anything is unsent
        self._state.connections.add(self)  # type: ignore[arg-type]  # -- uvicorn only calls its shutdown()
        self._scope |= {"server": get_local_addr(transport), "client": client_address(transport)}
        self._read_deadline = self._loop.time() + self._limits.head_timeout

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 -- the reason does not matter
        self._registry.remove(self)
        self._state.connections.discard(self)
        self._pipelined = b""
        if self._cycle is not None and not self._cycle.response_complete:
            self._cycle.disconnected = True
            self._cycle.wake()
        self.resume_writing()

    def get_buffer(self, sizehint: int) -> bytearray:  # noqa: ARG002 -- all connections of a worker share one buffer
        return self._registry.buffer

    def buffer_updated(self, nbytes: int) -> None:
        if self._lingering or self._discarding_input:
            return
        data = bytes(memoryview(self._registry.buffer)[:nbytes])
        if self._framer.complete or self._pipelined:
            self._buffer_pipelined(data)
        else:
            self._parse(data)

    def eof_received(self) -> bool:
        """The client sends nothing more. The connection stays open while a response is due."""
        self._eof_received = True
        if self._lingering:
            return False
        if self._framer.started and not self._framer.complete and not self._discarding_input:
            self._reject("malformed_request")
        return self._cycle is not None

    def pause_writing(self) -> None:
        self.flow.pause()

    def resume_writing(self) -> None:
        self.flow.resume()
        if self._cycle is not None and self._cycle.response_complete:
            self._next_request(self._cycle)

    # ── methods for the request cycle ────────────────────────────────────────────────────────────────────────────────

    def resume_reading(self) -> None:
        if self._reading_paused:
            self._reading_paused = False
            self.transport.resume_reading()

    def body_too_long_to_discard(self) -> bool:
        """Whether more of the request body is outstanding than would be discarded."""
        return self._framer.remaining > DISCARD_MAX

    def on_response_complete(self, cycle: RequestCycle) -> None:
        """The cycle has written its whole response. The next request waits until the client has read it."""
        self._state.total_requests += 1
        if not self.flow.paused:
            self._next_request(cycle)

    def abort(self) -> None:
        """Closes the connection immediately."""
        self._read_deadline = inf
        self.flow.abort()

    # ── deadlines ────────────────────────────────────────────────────────────────────────────────────────────────────

    @property
    def deadline(self) -> float:
        return min(self._read_deadline, self.flow.deadline)

    @property
    def is_idle(self) -> bool:
        return self._lingering or (self._cycle is None and not self._framer.started)

    def on_deadline(self) -> None:
        """The deadline has passed: closes the connection, unless the client has made progress."""
        if self.flow.paused and self.flow.has_progressed():
            self.flow.pause()
        elif self.flow.paused or self._lingering or not self._framer.started:
            self.abort()
        elif self._reading_paused or (self._cycle is not None and self._cycle.awaits_continue):
            # The client cannot send: the server does not read, or has not sent 100 (Continue).
            self._read_deadline = self._loop.time() + self._limits.body_timeout
        else:
            self._reject("request_timeout")

    def shutdown(self) -> None:
        """Closes the connection once the current request is answered; uvicorn calls it when it stops.

        A request may be on its way: an idle connection is closed a moment later.
        """
        if self._cycle is None:
            if not self._framer.started:
                self._read_deadline = min(self._read_deadline, self._loop.time() + ON_ITS_WAY)
        elif self._cycle.response_complete:
            self.transport.close()
        else:
            self._cycle.keep_alive = False

    # ── requests, one after the other ────────────────────────────────────────────────────────────────────────────────

    def _parse(self, data: bytes) -> None:
        """Parses up to the end of one request, and buffers what follows until it is answered."""
        before = self._read_deadline
        if not self._framer.started:
            self._read_deadline = self._loop.time() + self._limits.head_timeout
            if self.report is not None:
                self._began = perf_counter()
        try:
            pipelined = self._framer.parse(data)
        except (Malformed, HeadTooLarge, InternalError) as error:
            self._reject(_PROBLEM_CODES[type(error)])
            return
        if not self._framer.started:
            self._read_deadline = before
        if self._framer.must_close and self._cycle is not None:
            self._cycle.keep_alive = False
        if self._discarded > DISCARD_MAX:
            self._close()
            return
        if pipelined:
            self._buffer_pipelined(pipelined)
        cycle = self._cycle
        if cycle is not None and cycle.response_complete and cycle.body_complete and not self.flow.paused:
            self._next_request(cycle)

    def _next_request(self, cycle: RequestCycle) -> None:
        """Continues once a response is written and sent: with the next request, or by closing."""
        if self.transport.is_closing() or self._lingering:
            return
        if not cycle.keep_alive:
            self._close()
        elif not self._framer.complete:  # the rest of the body is discarded
            self.resume_reading()
        else:
            self._cycle, self._discarded = None, 0
            self._framer.next()
            self._read_deadline = self._loop.time() + self._limits.keep_alive
            data, self._pipelined = self._pipelined, b""
            if data:
                self._parse(data)
            self._read_next()

    def _read_next(self) -> None:
        """Resumes reading, unless a request is complete already or the client has closed its side."""
        if self._framer.complete or self._lingering:
            return
        self.resume_reading()
        if self._eof_received:
            self.transport.close()

    def _buffer_pipelined(self, data: bytes) -> None:
        self._pipelined += data
        self._pause_reading()

    def _pause_reading(self) -> None:
        if not self._reading_paused:
            self._reading_paused = True
            self.transport.pause_reading()

    def on_no_response(self, cycle: RequestCycle, problem: ProblemException) -> None:
        """The application ended without a response: this problem is sent, or a response that has begun is aborted."""
        if cycle.response_started:
            self.abort()
        else:
            cycle.disconnected = True
            head, path = cycle.scope["method"] == "HEAD", cycle.scope["path"]
            response = error_response(problem, request_id=cycle.request_id, path=path, bodiless=head)
            self._close(response.data)
            if self.report is not None:
                cycle.report(self.report, instead=response)

    def _refuse(self, code: str, reason: Reason | None = None) -> None:
        """Answers what is not understood as a request."""
        response = error_response(ProblemException(code, reason=reason))
        self._close(response.data)
        if self.report is not None:
            self.report(
                began=self._began,
                status=response.status,
                sent=response.body_size,
                client=client_address(self.transport),
                request_id=response.request_id,
            )

    def _reject(self, code: str) -> None:
        """Rejects invalid input: by an exception in the application that reads the body, or else by a response."""
        cycle = self._cycle
        if cycle is None or cycle.disconnected:
            self._refuse(code)
        elif cycle.response_complete:
            self._close()
        else:
            self._discarding_input, self._read_deadline, cycle.keep_alive = True, inf, False
            cycle.fail(ProblemException(code))

    def _close(self, last: bytes = b"") -> None:
        """Writes the last response and closes the connection, after a moment of discarding input (lingering close)."""
        self._lingering, self._pipelined = True, b""
        self._read_deadline = self._loop.time() + LINGER_TIMEOUT
        if last:
            self.transport.write(last)
        if self._eof_received:
            self.transport.close()
        else:
            self.transport.write_eof()
            self.resume_reading()

    # ── callbacks of the framer ──────────────────────────────────────────────────────────────────────────────────────

    def on_head(self, head: Head) -> None:
        self._read_deadline = self._loop.time() + self._limits.body_timeout
        if self._proxied:
            head = head._replace(headers=with_one_scheme(head.headers))
        self._cycle = RequestCycle(self, head, self._scope, self._began)
        if self._registry.schedule(self._start_task, self._cycle.scope["path"]):
            self._cycle.scope["state"][OVERLOADED] = True

    def _start_task(self) -> None:
        if self._cycle is not None and not self._cycle.disconnected:
            # A context of its own: this may run within the task of the previous request.
            task = self._loop.create_task(self._cycle.run(self._application), context=self._context.copy())
            self._state.tasks.add(task)
            task.add_done_callback(self._state.tasks.discard)
        elif self.report is not None and self._cycle is not None:
            self._cycle.report(self.report)

    def on_data(self, body: bytes) -> None:
        cycle = self._cycle
        if cycle is None or cycle.response_complete or cycle.disconnected:
            self._discarded += len(body)
            return
        cycle.body += body
        if len(cycle.body) > BODY_BUFFER_MAX:
            self._pause_reading()
        cycle.wake()

    def on_end(self) -> None:
        self._read_deadline = inf
        if self._cycle is not None:
            self._cycle.body_complete = True
            self._cycle.wake()
