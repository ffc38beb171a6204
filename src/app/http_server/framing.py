"""Message framing by llhttp alone, through httptools: one message at a time, within limits.

Three behaviours of httptools are handled here: it stops at an ``Upgrade``, it reports trailers as headers, and it
parses all messages in its input at once (docs/decisions/0012).
"""

import logging
from typing import NamedTuple, Protocol

import httptools

HEAD_MAX = 64 << 10
"""Bytes of the request line and all headers; and of all chunk headers and trailers of a chunked body."""
LEADING_NEWLINES_MAX = 256
"""Bytes of line breaks before a request."""
BLANK_LINES_MAX = 1000
"""Blank lines in a chunked body, at each of which parsing pauses, since it might end there. With more of them parsing
does not pause, and the connection closes after the request."""
_CHUNKED_PIECE = 16 << 10  # bytes of a chunked body that are parsed between two checks of HEAD_MAX
_OVERHEAD = 2  # bytes of chunk headers per byte of a chunked body, allowed in addition to HEAD_MAX
_BLANK_LINE = b"\r\n\r\n"
_FRAMING_HEADERS = frozenset({b"content-length", b"transfer-encoding", b"expect", b"host"})
_NOT_HTTP = frozenset(
    b"CONNECT PRI SOURCE DESCRIBE ANNOUNCE SETUP PLAY PAUSE TEARDOWN "
    b"GET_PARAMETER SET_PARAMETER REDIRECT RECORD FLUSH".split()
)
"""CONNECT, and methods of other protocols that llhttp also parses."""
_log = logging.getLogger("goatfish.server")


class Malformed(Exception):
    """The input is not a valid request."""


class InternalError(Exception):
    """A request could not be handled because of a bug, which is logged."""


class HeadTooLarge(Exception):
    """The head, or the chunk headers and trailers of a body, are larger than ``HEAD_MAX``."""


_CLIENT_ERRORS = (Malformed, UnicodeError, httptools.HttpParserInvalidURLError)


class Head(NamedTuple):
    """The request line and the headers: names in lower case, values stripped.

    ``raw_path`` is percent-encoded; ``expects_continue`` is whether the client waits for 100 (Continue).
    """

    method: str
    version: str
    raw_path: bytes
    query: bytes
    headers: list[tuple[bytes, bytes]]
    keep_alive: bool
    expects_continue: bool


class FramingEvents(Protocol):
    """Callbacks for what is parsed."""

    def on_head(self, head: Head) -> None:
        """The headers are complete."""
        ...

    def on_data(self, body: bytes) -> None:
        """Some of the body."""
        ...

    def on_end(self) -> None:
        """The message is complete."""
        ...


class Framer:
    """Parses messages one after the other. ``started`` and ``complete`` describe the current one.

    ``must_close`` says that no message can follow it on this connection.
    """

    def __init__(self, events: FramingEvents) -> None:
        self._events = events
        self.must_close = False
        self._parser = httptools.HttpRequestParser(self)
        self._reset()

    def _reset(self) -> None:
        self.started = self.complete = self._replaying = self._upgrades = False
        self._in_head = True
        self._tail = b""  # the last bytes parsed, which may be the beginning of a blank line
        self._overhead_bytes = 0  # bytes that count against HEAD_MAX
        self._leading_newlines = self._blank_lines = 0
        self.remaining = 0
        """Bytes of the body still to be received; -1 where it is chunked."""

    def next(self) -> None:
        """Prepares for the next message once one is complete."""
        if self.remaining < 0:  # httptools would report its last trailer as a header of the next message
            self._parser = httptools.HttpRequestParser(self)
        self._reset()

    def parse(self, data: bytes) -> bytes:
        """Parses up to the end of the message, and returns what follows.

        Raises ``Malformed``, ``HeadTooLarge`` and ``InternalError``.
        """
        if not self.started:
            data = self._without_leading_newlines(data)
            self.started = bool(data)
        at, view = 0, memoryview(data)
        while at < len(data) and not self.complete:
            end = self._end_of_piece(data, at)
            self._overhead_bytes += 0 if self.remaining > 0 else end - at
            if self._in_head and self._overhead_bytes > HEAD_MAX:
                raise HeadTooLarge
            self._feed(view[at:end])
            if self.remaining < 0 and self._overhead_bytes > HEAD_MAX:
                raise HeadTooLarge
            at = end
        return b"" if self.must_close else data[at:]

    def _without_leading_newlines(self, data: bytes) -> bytes:
        """Line breaks before a request are ignored (RFC 9112, section 2.2)."""
        stripped = data.lstrip(b"\r\n")
        self._leading_newlines += len(data) - len(stripped)
        if self._leading_newlines > LEADING_NEWLINES_MAX:
            raise Malformed
        return stripped

    def _end_of_piece(self, data: bytes, at: int) -> int:
        """Where to end the next piece for the parser, so that no piece contains parts of two messages.

        A head, and a chunked body with its trailers, end with a blank line; other bodies have a length.
        """
        if self.remaining > 0:
            return min(at + self.remaining, len(data))
        most = len(data) if self._in_head else min(at + _CHUNKED_PIECE, len(data))
        if self.must_close:
            return most
        end = self._after_blank_line(data, at, most)
        if end and not self._in_head:
            self._blank_lines += 1
            self.must_close = self._blank_lines > BLANK_LINES_MAX
        end = end or most
        self._tail = (self._tail + data[max(at, end - 3) : end])[-3:]
        return end

    def _after_blank_line(self, data: bytes, at: int, most: int) -> int:
        """Where the first blank line ends; it may begin in the previous piece. 0 if there is none."""
        if self._tail:
            found = (self._tail + data[at : min(at + 3, most)]).find(_BLANK_LINE)
            if found >= 0:
                return at + found + len(_BLANK_LINE) - len(self._tail)
        found = data.find(_BLANK_LINE, at, most)
        return found + len(_BLANK_LINE) if found >= 0 else 0

    def _feed(self, piece: memoryview) -> None:
        try:
            self._parser.feed_data(piece)
        except httptools.HttpParserUpgrade as upgrade:
            if upgrade.args != (len(piece),):
                raise Malformed from None
            self._ignore_upgrade()
        except httptools.HttpParserError as error:
            if self.complete and self.must_close:  # input after the last message is ignored
                return
            cause = error.__context__ if isinstance(error, httptools.HttpParserCallbackError) else None
            if cause is not None and not isinstance(cause, _CLIENT_ERRORS):
                _log.error("A request could not be parsed", exc_info=cause)
                raise InternalError from None
            raise Malformed from None

    def _ignore_upgrade(self) -> None:
        """Ignores an upgrade (RFC 9110, section 7.8): a new parser, given an equal framing, reads the body."""
        framing = b"transfer-encoding: chunked" if self.remaining < 0 else b"content-length: %d" % self.remaining
        self._parser = httptools.HttpRequestParser(self)
        self._replaying, self._upgrades = True, False
        self._parser.feed_data(b"POST / HTTP/1.1\r\n" + framing + _BLANK_LINE)
        self._replaying = False

    # ── callbacks of httptools ───────────────────────────────────────────────────────────────────────────────────────

    def on_message_begin(self) -> None:
        if self._replaying:
            return
        if not self._in_head:
            raise Malformed
        self._url = b""
        self._headers: list[tuple[bytes, bytes]] = []
        self._length = self._hosts = 0
        self._coding: bytes | None = None
        self._expects_continue = False

    def on_url(self, url: bytes) -> None:
        if not self._replaying:
            self._url += url

    def on_header(self, name: bytes, value: bytes) -> None:
        if not self._in_head:  # a trailer (RFC 9110, section 6.5.1), or the head replayed by _ignore_upgrade()
            return
        name, value = name.lower(), value.strip(b" \t")  # RFC 9110, section 5.5
        self._headers.append((name, value))
        if name in _FRAMING_HEADERS:
            self._read_framing_header(name, value.lower())

    def _read_framing_header(self, name: bytes, value: bytes) -> None:
        if name == b"content-length":
            self._length = int(value)
        elif name == b"expect":
            self._expects_continue = value == b"100-continue"
        elif name == b"host":
            self._hosts += 1
        elif self._coding is None:
            self._coding = value
        else:
            raise Malformed

    def on_headers_complete(self) -> None:
        if self._replaying:
            return
        method, version = self._parser.get_method(), self._parser.get_http_version()
        if method in _NOT_HTTP or version not in {"1.0", "1.1"}:
            raise Malformed
        if self._hosts > 1 or (not self._hosts and version == "1.1"):  # RFC 9112, section 3.2
            raise Malformed
        if self._coding is None:
            self.remaining = self._length
        elif self._coding == b"chunked" and version == "1.1":  # RFC 9112, sections 6.1 and 7
            self.remaining = -1
        else:
            raise Malformed
        self._in_head, self._overhead_bytes, self._upgrades = False, 0, self._parser.should_upgrade()
        self._events.on_head(self._head(method, version))

    def _head(self, method: bytes, version: str) -> Head:
        if b"#" in self._url:  # not allowed (RFC 9112, section 3.2), but llhttp would drop it
            raise Malformed
        url, headers = httptools.parse_url(self._url), self._headers
        if url.host is not None:  # it overrides the Host header (RFC 9112, section 3.2.2)
            if url.schema not in {b"http", b"https"} or url.userinfo:
                raise Malformed
            host = b"[%b]" % url.host if b":" in url.host else url.host
            authority = b"%b:%d" % (host, url.port) if url.port else host
            headers = [pair for pair in headers if pair[0] != b"host"] + [(b"host", authority)]
        new = version == "1.1"
        keep_alive, expects_continue = new and self._parser.should_keep_alive(), new and self._expects_continue
        return Head(
            method.decode("ascii"), version, url.path or b"/", url.query or b"", headers, keep_alive, expects_continue
        )

    def on_body(self, body: bytes) -> None:
        if self.remaining > 0:
            self.remaining -= len(body)
        else:
            self._overhead_bytes = max(self._overhead_bytes - len(body) * (1 + _OVERHEAD), 0)
        self._events.on_data(body)

    def on_message_complete(self) -> None:
        if self._upgrades:  # httptools calls this at the head of an upgrade, before the body
            return
        self.complete = True
        self._events.on_end()
