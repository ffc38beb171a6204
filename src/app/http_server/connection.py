"""A connection: one request after the other, answered before the next is read, within bounds of bytes and time."""

import asyncio
from contextvars import copy_context
from math import inf
from typing import Any

from uvicorn.config import Config
from uvicorn.protocols.utils import get_local_addr, get_remote_addr
from uvicorn.server import ServerState

from adapters.http_fastapi.kit.problems import ProblemException
from app.http_server.cycle import Application, Cycle
from app.http_server.framing import Fault, Framer, Head, HeadTooLarge, Malformed
from app.http_server.outflow import Outflow
from app.http_server.refusals import refusal
from app.http_server.register import Register

UNREAD_MAX = 64 << 10
"""Bytes of a body that are kept for an application that has not asked for them; then the client has to wait."""
SKIPPED_MAX = 1 << 20
"""Bytes of a body that are read past once it is answered, to get to the next request. For more the connection ends."""
LINGER = 2.0
"""Seconds for which a connection is read past its last answer, so that the client gets to see that."""
_REFUSALS = {Malformed: "malformed_request", HeadTooLarge: "headers_too_large", Fault: "internal_error"}


class HttpConnection(asyncio.BufferedProtocol):
    """The server's side of one connection."""

    transport: asyncio.Transport
    outflow: Outflow

    def __init__(self, config: Config, state: ServerState, app_state: dict[str, Any], register: Register) -> None:
        if not config.loaded:
            config.load()
        self.access_log = config.access_log
        self._application: Application = config.loaded_app
        asgi = {"version": config.asgi_version, "spec_version": "2.3"}
        self._scope: dict[str, Any] = {"type": "http", "asgi": asgi, "scheme": "http", "root_path": ""}
        self._scope["state"] = app_state
        self._state = state
        self._register, self._limits = register, register.limits
        self._loop = asyncio.get_running_loop()
        self._framer = Framer(self)
        self._cycle: Cycle | None = None  # of the request that is read or answered
        self._held = b""  # what has come after it
        self._read_deadline = inf
        self._paused = self._ended = self._lingers = self._deaf = False
        self._skipped = 0  # bytes of the body that came once it was answered

    @property
    def default_headers(self) -> list[tuple[bytes, bytes]]:
        """Of every answer; uvicorn makes them anew each second."""
        return self._state.default_headers

    # ── what asyncio tells ───────────────────────────────────────────────────────────────────────────────────────────

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # -- of a socket it is
        self.transport, self.outflow = transport, Outflow(transport, self._limits.write_timeout)
        self._context = copy_context()
        if not self._register.admit(self):
            if self._register.refuse(self):
                self._end(refusal("unavailable"))
            else:
                transport.abort()
            return
        transport.set_write_buffer_limits(0)  # so that it is known at once when a client leaves something unread
        self._state.connections.add(self)  # type: ignore[arg-type]  # -- uvicorn only calls its shutdown()
        self._scope |= {"server": get_local_addr(transport), "client": get_remote_addr(transport)}
        self._read_deadline = self._loop.time() + self._limits.head_timeout

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 -- why makes no difference
        self._register.leave(self)
        self._state.connections.discard(self)
        self._held = b""
        if self._cycle is not None and not self._cycle.answered:
            self._cycle.gone = True
            self._cycle.wake()
        self.resume_writing()

    def get_buffer(self, sizehint: int) -> bytearray:  # noqa: ARG002 -- all connections of the worker share one
        return self._register.buffer

    def buffer_updated(self, nbytes: int) -> None:
        if self._lingers or self._deaf:
            return
        data = bytes(memoryview(self._register.buffer)[:nbytes])
        if self._framer.whole or self._held:
            self._hold(data)
        else:
            self._parse(data)

    def eof_received(self) -> bool:
        """The client sends nothing more. The connection is kept for what is still to be answered."""
        self._ended = True
        if self._lingers:
            return False
        if self._framer.begun and not self._framer.whole and not self._deaf:
            self._refuse("malformed_request")
        return self._cycle is not None

    def pause_writing(self) -> None:
        self.outflow.pause()

    def resume_writing(self) -> None:
        self.outflow.resume()
        if self._cycle is not None and self._cycle.answered:
            self._next(self._cycle)

    # ── what the cycle asks ──────────────────────────────────────────────────────────────────────────────────────────

    def resume_reading(self) -> None:
        if self._paused:
            self._paused = False
            self.transport.resume_reading()

    def too_long_to_skip(self) -> bool:
        """Whether more of the body is still to come than is read past once it is answered."""
        return self._framer.remaining > SKIPPED_MAX

    def answered(self, cycle: Cycle) -> None:
        """The cycle has written its whole answer. What comes next waits until the client has read it."""
        self._state.total_requests += 1
        if not self.outflow.paused:
            self._next(cycle)

    def abort(self) -> None:
        """Ends the connection at once."""
        self._read_deadline = inf
        self.outflow.cut()

    # ── how long it may take ─────────────────────────────────────────────────────────────────────────────────────────

    @property
    def deadline(self) -> float:
        return min(self._read_deadline, self.outflow.deadline)

    @property
    def is_idle(self) -> bool:
        return self._lingers or (self._cycle is None and not self._framer.begun)

    def late(self) -> None:
        """The deadline has passed: the connection ends, unless the client is reading all the while."""
        if self.outflow.paused and self.outflow.is_read():
            self.outflow.pause()
        elif self.outflow.paused or self._lingers or not self._framer.begun:
            self.abort()
        elif self._paused or (self._cycle is not None and self._cycle.holds_back):  # it is we who do not read
            self._read_deadline = self._loop.time() + self._limits.body_timeout
        else:
            self._refuse("request_timeout")

    def shutdown(self) -> None:
        """Ends the connection once the request under way is answered; uvicorn calls it when it stops."""
        if self._cycle is None or self._cycle.answered:
            self.transport.close()
        else:
            self._cycle.keep_alive = False

    # ── requests, one after the other ────────────────────────────────────────────────────────────────────────────────

    def _parse(self, data: bytes) -> None:
        """Reads to the end of one request, and holds what follows until that is answered."""
        before = self._read_deadline
        if not self._framer.begun:
            self._read_deadline = self._loop.time() + self._limits.head_timeout
        try:
            rest = self._framer.parse(data)
        except (Malformed, HeadTooLarge, Fault) as error:
            self._refuse(_REFUSALS[type(error)])
            return
        if not self._framer.begun:
            self._read_deadline = before
        if self._framer.last and self._cycle is not None:
            self._cycle.keep_alive = False
        if self._skipped > SKIPPED_MAX:
            self._end()
            return
        if rest:
            self._hold(rest)
        cycle = self._cycle
        if cycle is not None and cycle.answered and cycle.complete and not self.outflow.paused:
            self._next(cycle)

    def _next(self, cycle: Cycle) -> None:
        """After an answer that is written and read: what comes next on the connection."""
        if self.transport.is_closing() or self._lingers:
            return
        if not cycle.keep_alive:
            self._end()
        elif not self._framer.whole:  # the rest of the body is read past
            self.resume_reading()
        else:
            self._cycle, self._skipped = None, 0
            self._framer.next()
            self._read_deadline = self._loop.time() + self._limits.keep_alive
            data, self._held = self._held, b""
            if data:
                self._parse(data)
            self._read_on()

    def _read_on(self) -> None:
        """Waits for more, unless a request is there already or none will come."""
        if self._framer.whole or self._lingers:
            return
        self.resume_reading()
        if self._ended:
            self.transport.close()

    def _hold(self, data: bytes) -> None:
        self._held += data
        self._pause_reading()

    def _pause_reading(self) -> None:
        if not self._paused:
            self._paused = True
            self.transport.pause_reading()

    def give_up(self, cycle: Cycle, code: str) -> None:
        """The application does not answer any more: the server does, unless an answer is on its way."""
        if cycle.begun:
            self.abort()
        else:
            cycle.gone = True
            self._end(refusal(code, path=cycle.scope["path"], bodiless=cycle.scope["method"] == "HEAD"))

    def _refuse(self, code: str) -> None:
        """Nothing more can be read. Whoever reads the body of a request is told, and answers; else the server does."""
        cycle = self._cycle
        if cycle is None or cycle.gone:
            self._end(refusal(code))
        elif cycle.answered:
            self._end()
        else:
            self._deaf, self._read_deadline, cycle.keep_alive = True, inf, False
            cycle.fail(ProblemException(code))

    def _end(self, last: bytes = b"") -> None:
        """Writes the last bytes of the connection, and reads on for a moment: unread bytes would undo what is sent."""
        self._lingers, self._held = True, b""
        self._read_deadline = self._loop.time() + LINGER
        if last:
            self.transport.write(last)
        if self._ended:
            self.transport.close()
        else:
            self.transport.write_eof()
            self.resume_reading()

    # ── what is found ────────────────────────────────────────────────────────────────────────────────────────────────

    def on_head(self, head: Head) -> None:
        self._read_deadline = self._loop.time() + self._limits.body_timeout
        self._cycle = Cycle(self, head, self._scope)
        self._register.start(self._begin, self._cycle.scope["path"])

    def _begin(self) -> None:
        if self._cycle is not None and not self._cycle.gone:
            # In a context of its own: this may be called while the request before it is answered.
            task = self._loop.create_task(self._cycle.run(self._application), context=self._context.copy())
            self._state.tasks.add(task)
            task.add_done_callback(self._state.tasks.discard)

    def on_data(self, body: bytes) -> None:
        cycle = self._cycle
        if cycle is None or cycle.answered or cycle.gone:
            self._skipped += len(body)
            return
        cycle.body += body
        if len(cycle.body) > UNREAD_MAX:
            self._pause_reading()
        cycle.wake()

    def on_end(self) -> None:
        self._read_deadline = inf
        if self._cycle is not None:
            self._cycle.complete = True
            self._cycle.wake()
