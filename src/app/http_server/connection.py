"""A connection: one request after the other, answered before the next is read, within bounds of bytes and time."""

import asyncio
import socket
import struct
from contextvars import copy_context
from math import inf
from typing import Any
from urllib.parse import unquote

from uvicorn.config import Config
from uvicorn.protocols.utils import get_local_addr, get_remote_addr
from uvicorn.server import ServerState

from adapters.http_fastapi.kit.problems import ProblemException
from app.http_server.cycle import Application, Cycle
from app.http_server.framing import Fault, Framer, Head, HeadTooLarge, Malformed
from app.http_server.refusals import refusal
from app.http_server.register import Register

UNREAD_MAX = 64 << 10
"""Bytes of a body that are kept for an application that has not asked for them; then the client has to wait."""
SKIPPED_MAX = 1 << 20
"""Bytes of a body that are read past once it is answered, to get to the next request. For more the connection ends."""
LINGER = 2.0
"""Seconds for which a connection is read past its last answer, so that the client gets to see that."""
PROGRESS = 64 << 10
"""Bytes of an answer that a client has to read within the write timeout."""
_REFUSALS = {Malformed: "malformed_request", HeadTooLarge: "headers_too_large", Fault: "internal_error"}
_RESET = struct.pack("ii", 1, 0)  # SO_LINGER of no time: what is unsent is dropped, and the client told by a reset


class HttpConnection(asyncio.BufferedProtocol):
    """The server's side of one connection."""

    transport: asyncio.Transport

    def __init__(self, config: Config, state: ServerState, app_state: dict[str, Any], register: Register) -> None:
        if not config.loaded:
            config.load()
        self.access_log = config.access_log
        self._application: Application = config.loaded_app
        self._asgi, self._root = {"version": config.asgi_version, "spec_version": "2.3"}, config.root_path
        self._state, self._app_state = state, app_state
        self._register, self._limits = register, register.limits
        self._loop = asyncio.get_running_loop()
        self._framer = Framer(self)
        self._cycle: Cycle | None = None  # of the request that is read or answered
        self._held = b""  # what has come after it
        self._drained: asyncio.Future[None] | None = None
        self._read_deadline = self._write_deadline = inf
        self._unread = 0  # bytes of answers that the client had not read when the write deadline was set
        self._paused = self._ended = self._lingers = self._deaf = self.write_paused = False
        self._skipped = 0  # bytes of the body that came once it was answered

    @property
    def default_headers(self) -> list[tuple[bytes, bytes]]:
        """Of every answer; uvicorn makes them anew each second."""
        return self._state.default_headers

    # ── what asyncio tells ───────────────────────────────────────────────────────────────────────────────────────────

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # -- of a socket it is
        self.transport = transport
        self._context = copy_context()
        if not self._register.admit(self):
            transport.write(refusal("unavailable"))
            if self._register.refuse(self):
                self._end()
            else:
                transport.abort()
            return
        transport.set_write_buffer_limits(0)  # so that it is known at once when a client leaves something unread
        self._state.connections.add(self)  # type: ignore[arg-type]  # -- uvicorn only calls its shutdown()
        self._server, self._client = get_local_addr(transport), get_remote_addr(transport)
        self._read_deadline = self._loop.time() + self._limits.head_timeout

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 -- why makes no difference
        self._register.leave(self)
        self._state.connections.discard(self)
        self._held = b""
        self._forsake()
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
        self.write_paused = True
        self._unread = self.transport.get_write_buffer_size()
        self._write_deadline = self._loop.time() + self._limits.write_timeout

    def resume_writing(self) -> None:
        self.write_paused, self._write_deadline = False, inf
        if self._drained is not None and not self._drained.done():
            self._drained.set_result(None)
        if self._cycle is not None and self._cycle.answered:
            self._next(self._cycle)

    # ── what the cycle asks ──────────────────────────────────────────────────────────────────────────────────────────

    def resume_reading(self) -> None:
        if self._paused:
            self._paused = False
            self.transport.resume_reading()

    async def drained(self) -> None:
        """Waits until the client has read what was written, or is gone."""
        if self.write_paused:
            self._drained = self._loop.create_future()
            await self._drained

    def too_long_to_skip(self) -> bool:
        """Whether more of the body is still to come than is read past once it is answered."""
        return self._framer.remaining > SKIPPED_MAX

    def answered(self, cycle: Cycle) -> None:
        """The cycle has written its whole answer. What comes next waits until the client has read it."""
        self._state.total_requests += 1
        if not self.write_paused:
            self._next(cycle)

    def abort(self) -> None:
        """Ends the connection at once; an answer that is not read is dropped, also what the kernel has of it."""
        self._read_deadline = self._write_deadline = inf
        connection = self.transport.get_extra_info("socket")
        if self.write_paused and connection is not None:
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
        self.transport.abort()

    # ── how long it may take ─────────────────────────────────────────────────────────────────────────────────────────

    @property
    def deadline(self) -> float:
        return min(self._read_deadline, self._write_deadline)

    @property
    def is_idle(self) -> bool:
        return self._lingers or (self._cycle is None and not self._framer.begun)

    def late(self) -> None:
        """The deadline has passed: the connection ends, unless the client is reading all the while."""
        if self.write_paused and self._unread - self.transport.get_write_buffer_size() >= PROGRESS:
            self.pause_writing()
        elif self.write_paused or self._lingers or not self._framer.begun:
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
        if cycle is not None and cycle.answered and cycle.complete and not self.write_paused:
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
        if not self._paused:
            self._paused = True
            self.transport.pause_reading()

    def give_up(self, cycle: Cycle, code: str) -> None:
        """The application does not answer any more: the server does, unless an answer is on its way."""
        if cycle.begun:
            self.abort()
        else:
            cycle.gone = True
            self._end(refusal(code, path=cycle.scope["path"]))

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

    def _forsake(self) -> None:
        if self._cycle is not None and not self._cycle.answered:
            self._cycle.gone = True
            self._cycle.wake()

    # ── what is found ────────────────────────────────────────────────────────────────────────────────────────────────

    def on_head(self, head: Head) -> None:
        raw = head.raw_path.decode("ascii")
        path = self._root + (unquote(raw) if "%" in raw else raw)
        scope = {
            "type": "http",
            "asgi": self._asgi,
            "http_version": head.version,
            "server": self._server,
            "client": self._client,
            "scheme": "http",
            "method": head.method,
            "root_path": self._root,
            "path": path,
            "raw_path": self._root.encode("ascii") + head.raw_path,
            "query_string": head.query,
            "headers": head.headers,
            "state": self._app_state.copy(),
        }
        self._read_deadline = self._loop.time() + self._limits.body_timeout
        self._cycle = Cycle(self, scope, keep_alive=head.keep_alive, expects=head.expects)
        self._register.start(self._begin, path)

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
        if len(cycle.body) > UNREAD_MAX and not self._paused:
            self._paused = True
            self.transport.pause_reading()
        cycle.wake()

    def on_end(self) -> None:
        self._read_deadline = inf
        if self._cycle is not None:
            self._cycle.complete = True
            self._cycle.wake()
