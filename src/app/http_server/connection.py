"""A connection: one request at a time, framed by llhttp and by nothing else, within bounds of bytes and of time.

httptools passes on what llhttp finds, and leaves three things to its user: it stops at an ``Upgrade``, it reports
trailers as headers, and it parses all that it is fed, however many requests that is (docs/decisions/0012).
"""

import asyncio
import logging
from math import inf
from typing import Any
from urllib.parse import unquote

import httptools
from uvicorn.config import Config
from uvicorn.protocols.utils import get_local_addr, get_remote_addr
from uvicorn.server import ServerState

from app.http_server.cycle import Application, Cycle
from app.http_server.refusals import refusal
from app.http_server.register import Register

HEAD_MAX = 64 << 10
"""Bytes of the request line and all headers; and of chunk headers and trailers round a chunked body."""
UNREAD_MAX = 64 << 10
"""Bytes of a body that are kept for an application that has not asked for them; then the client has to wait."""
SKIPPED_MAX = 1 << 20
"""Bytes of a body that are read past once it is answered, to get to the next request. For more the connection ends."""
LINGER = 2.0
"""Seconds for which a connection is read past its last answer, so that the client gets to see that."""
PROGRESS = 64 << 10
"""Bytes of an answer that a client has to read within the write timeout."""
_CHUNKED_PIECE = 16 << 10  # bytes of a chunked body that are parsed before its bound is looked at again
_OVERHEAD = 16  # bytes that may stand round each byte of a chunked body
_BLANK_LINE = b"\r\n\r\n"
_FRAMING = frozenset({b"content-length", b"transfer-encoding", b"expect"})
_log = logging.getLogger("goatfish.server")


class _Malformed(Exception):
    """It is HTTP to llhttp, and not to us."""


_CLIENTS_FAULT = (_Malformed, UnicodeError, httptools.HttpParserInvalidURLError)


class HttpConnection(asyncio.Protocol):
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
        self._parser = httptools.HttpRequestParser(self)
        self._cycle: Cycle | None = None  # of the request that is read or answered
        self._held = b""  # what has come after it
        self._drained: asyncio.Future[None] | None = None
        self._read_deadline = self._write_deadline = inf
        self._unread = 0  # bytes of answers that the client had not read when the write deadline was set
        self._paused = self._ended = self._lingers = self.write_paused = False
        self._new_message()

    def _new_message(self) -> None:
        self._begun = self._whole = self._muted = self._upgrades = False
        self._in_head = True
        self._tail = b""  # the last bytes that were parsed, with which a blank line may begin
        self._counted = 0  # bytes that count against HEAD_MAX
        self._remaining = 0  # bytes of the body that are still to come; -1 where it is chunked
        self._skipped = 0

    @property
    def default_headers(self) -> list[tuple[bytes, bytes]]:
        """Of every answer; uvicorn makes them anew each second."""
        return self._state.default_headers

    # ── what asyncio tells ───────────────────────────────────────────────────────────────────────────────────────────

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # -- of a socket it is
        self.transport = transport
        if not self._register.admit(self):
            self._end(refusal("unavailable", headers={"Retry-After": "1"}))
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

    def data_received(self, data: bytes) -> None:
        if self._lingers:
            return
        if self._whole or self._held:
            self._hold(data)
        else:
            self._parse(data)

    def eof_received(self) -> bool:
        """The client sends nothing more. Whether it still waits for an answer, for which the connection is kept."""
        self._ended = True
        return self._whole and not self._lingers

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
        return self._remaining > SKIPPED_MAX

    def answered(self, cycle: Cycle) -> None:
        """The cycle has written its whole answer. What comes next waits until the client has read it."""
        self._state.total_requests += 1
        if not self.write_paused:
            self._next(cycle)

    def abort(self) -> None:
        """Ends the connection at once."""
        self._read_deadline = self._write_deadline = inf
        self.transport.abort()

    # ── how long it may take ─────────────────────────────────────────────────────────────────────────────────────────

    @property
    def deadline(self) -> float:
        return min(self._read_deadline, self._write_deadline)

    @property
    def is_idle(self) -> bool:
        return self._lingers or (self._cycle is None and not self._begun)

    def late(self) -> None:
        """The deadline has passed: the connection ends, unless the client is reading all the while."""
        if self.write_paused and self._unread - self.transport.get_write_buffer_size() >= PROGRESS:
            self.pause_writing()
        elif self.write_paused or self._lingers or not self._begun:
            self.abort()
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
        """Feeds the parser up to the end of one request, and holds what follows until that is answered."""
        if not self._begun:
            self._begun = True
            self._read_deadline = self._loop.time() + self._limits.head_timeout
        while data and not self._whole:
            size = self._piece(data)
            if self._in_head and self._counted > HEAD_MAX:
                self._refuse("headers_too_large")
                return
            if not self._feed(data[:size]):
                self._refuse("malformed_request")
                return
            if self._remaining < 0 and self._counted > HEAD_MAX:
                self._refuse("headers_too_large")
                return
            data = data[size:]
        if self._skipped > SKIPPED_MAX:
            self._end()
            return
        if data:
            self._hold(data)
        cycle = self._cycle
        if cycle is not None and cycle.answered and cycle.complete and not self.write_paused:
            self._next(cycle)

    def _piece(self, data: bytes) -> int:
        """How many bytes to parse at once, so that no piece holds the end of one request and the beginning of another.

        A head, and a chunked body with its trailers, end in a blank line; other bodies have a length.
        """
        if self._remaining > 0:
            return min(len(data), self._remaining)
        window = self._tail + data
        end = window.find(_BLANK_LINE)
        size = len(data) if end < 0 else end + len(_BLANK_LINE) - len(self._tail)
        if self._remaining < 0:
            size = min(size, _CHUNKED_PIECE)
        self._tail = window[: len(self._tail) + size][-3:]
        self._counted += size
        return size

    def _feed(self, piece: bytes) -> bool:
        """Whether it was HTTP."""
        try:
            self._parser.feed_data(piece)
        except httptools.HttpParserUpgrade as upgrade:
            if upgrade.args != (len(piece),):
                return False
            self._ignore_upgrade()
        except httptools.HttpParserError as error:
            cause = error.__context__
            if cause is not None and not isinstance(cause, _CLIENTS_FAULT):
                _log.error("a request could not be read", exc_info=cause)
            return False
        return True

    def _ignore_upgrade(self) -> None:
        """Another parser reads the body: an upgrade is not ours to accept, and is ignored (RFC 9110, section 7.8)."""
        framing = b"transfer-encoding: chunked" if self._remaining < 0 else b"content-length: %d" % self._remaining
        self._parser = httptools.HttpRequestParser(self)
        self._muted, self._upgrades = True, False
        self._parser.feed_data(b"POST / HTTP/1.1\r\n" + framing + _BLANK_LINE)
        self._muted = False

    def _next(self, cycle: Cycle) -> None:
        """After an answer that is written and read: what comes next on the connection."""
        if self.transport.is_closing() or self._lingers:
            return
        if not cycle.keep_alive:
            self._end()
        elif not self._whole:  # the rest of the body is read past
            self.resume_reading()
        else:
            if self._remaining < 0:  # its last trailer would be told as a header of the next request
                self._parser = httptools.HttpRequestParser(self)
            self._cycle = None
            self._new_message()
            self._read_deadline = self._loop.time() + self._limits.keep_alive
            data, self._held = self._held, b""
            if data:
                self._parse(data)
            self._read_on()

    def _read_on(self) -> None:
        """Waits for more, unless a request is there already or none will come."""
        if self._whole or self._lingers:
            return
        self.resume_reading()
        if self._ended:
            self.transport.close()

    def _hold(self, data: bytes) -> None:
        self._held += data
        if not self._paused:
            self._paused = True
            self.transport.pause_reading()

    def _refuse(self, code: str) -> None:
        """Answers what is no request; or nothing, where an answer to its beginning is under way."""
        cycle = self._cycle
        self._forsake()
        if cycle is not None and cycle.begun:
            self.abort()
        else:
            self._end(refusal(code, path=cycle.scope["path"] if cycle is not None else ""))

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

    # ── what llhttp finds ────────────────────────────────────────────────────────────────────────────────────────────

    def on_message_begin(self) -> None:
        if self._muted:
            return
        if not self._in_head:
            raise _Malformed
        self._url = b""
        self._headers: list[tuple[bytes, bytes]] = []
        self._length = 0
        self._coding: bytes | None = None
        self._expects = False

    def on_url(self, url: bytes) -> None:
        if not self._muted:
            self._url += url

    def on_header(self, name: bytes, value: bytes) -> None:
        if not self._in_head:  # a trailer is no header (RFC 9110, section 6.5.1); or a head is read once more
            return
        name, value = name.lower(), value.strip(b" \t")  # RFC 9110, section 5.5
        self._headers.append((name, value))
        if name in _FRAMING:
            self._note(name, value.lower())

    def _note(self, name: bytes, value: bytes) -> None:
        if name == b"content-length":
            self._length = int(value)
        elif name == b"expect":
            self._expects = value == b"100-continue"
        elif self._coding is None:
            self._coding = value
        else:
            raise _Malformed

    def on_headers_complete(self) -> None:
        if self._muted:
            return
        parser = self._parser
        method, version = parser.get_method(), parser.get_http_version()
        if self._coding is not None:
            if self._coding != b"chunked" or version == "1.0":  # RFC 9112, sections 6.1 and 7
                raise _Malformed
            self._remaining = -1
        else:
            self._remaining = self._length
        if method == b"CONNECT" or version not in {"1.0", "1.1"}:
            raise _Malformed
        self._in_head, self._counted, self._upgrades = False, 0, parser.should_upgrade()
        self._read_deadline = self._loop.time() + self._limits.body_timeout
        scope = self._scope(method, version)
        keep_alive = version == "1.1" and parser.should_keep_alive()
        self._cycle = Cycle(self, scope, keep_alive=keep_alive, expects=self._expects)
        self._register.start(self._begin, scope["path"])

    def _begin(self) -> None:
        if self._cycle is not None and not self._cycle.gone:
            task = self._loop.create_task(self._cycle.run(self._application))
            self._state.tasks.add(task)
            task.add_done_callback(self._state.tasks.discard)

    def _scope(self, method: bytes, version: str) -> dict[str, Any]:
        url = httptools.parse_url(self._url)
        raw_path: bytes = url.path
        path = raw_path.decode("ascii")
        if url.host is not None:  # which counts in place of the header (RFC 9112, section 3.2.2)
            authority = b"%b:%d" % (url.host, url.port) if url.port else url.host
            self._headers = [pair for pair in self._headers if pair[0] != b"host"] + [(b"host", authority)]
        return {
            "type": "http",
            "asgi": self._asgi,
            "http_version": version,
            "server": self._server,
            "client": self._client,
            "scheme": "http",
            "method": method.decode("ascii"),
            "root_path": self._root,
            "path": self._root + (unquote(path) if "%" in path else path),
            "raw_path": self._root.encode("ascii") + raw_path,
            "query_string": url.query or b"",
            "headers": self._headers,
            "state": self._app_state.copy(),
        }

    def on_body(self, body: bytes) -> None:
        cycle = self._cycle
        if cycle is None:
            raise _Malformed
        if self._remaining > 0:
            self._remaining -= len(body)
        else:
            self._counted = max(self._counted - len(body) * (1 + _OVERHEAD), 0)
        if cycle.answered or cycle.gone:
            self._skipped += len(body)
            return
        cycle.body += body
        if len(cycle.body) > UNREAD_MAX and not self._paused:
            self._paused = True
            self.transport.pause_reading()
        cycle.wake()

    def on_message_complete(self) -> None:
        cycle = self._cycle
        if cycle is None:
            raise _Malformed
        if self._upgrades:  # httptools takes the body for something else
            return
        self._whole = cycle.complete = True
        self._read_deadline = inf
        cycle.wake()
