"""Where a request begins and ends: llhttp says so and nothing else does, one message at a time and within bounds.

httptools passes on what llhttp finds, and leaves three things to its user: it stops at an ``Upgrade``, it reports
trailers as headers, and it parses all that it is fed, however many messages that is (docs/decisions/0012).
"""

import logging
from typing import NamedTuple, Protocol

import httptools

HEAD_MAX = 64 << 10
"""Bytes of the request line and all headers; and of chunk headers and trailers round a chunked body."""
BLANKS_MAX = 256
"""Bytes of line ends before a request."""
CUTS_MAX = 1000
"""Blank lines in a chunked body, at each of which it might end. Where there are more, the connection ends with it."""
_CHUNKED_PIECE = 16 << 10  # bytes of a chunked body that are parsed before its bound is looked at again
_OVERHEAD = 2  # bytes that may stand round each byte of a chunked body, beside HEAD_MAX
_BLANK_LINE = b"\r\n\r\n"
_NOTED = frozenset({b"content-length", b"transfer-encoding", b"expect", b"host"})
_NOT_HTTP = frozenset(
    b"CONNECT PRI SOURCE DESCRIBE ANNOUNCE SETUP PLAY PAUSE TEARDOWN "
    b"GET_PARAMETER SET_PARAMETER REDIRECT RECORD FLUSH".split()
)
"""Methods of tunnels, and of protocols that llhttp reads as well."""
_log = logging.getLogger("goatfish.server")


class Malformed(Exception):
    """It is no request that may be answered."""


class Fault(Exception):
    """A request could not be taken for a reason of ours, which is logged."""


class HeadTooLarge(Exception):
    """The head, or what stands round a chunked body, is larger than ``HEAD_MAX``."""


_CLIENTS_FAULT = (Malformed, UnicodeError, httptools.HttpParserInvalidURLError)


class Head(NamedTuple):
    """The request line and the headers, whose names are in small letters and whose values have no blanks round them.

    ``raw_path`` is percent-encoded; ``expects`` is whether the client waits for 100 (Continue).
    """

    method: str
    version: str
    raw_path: bytes
    query: bytes
    headers: list[tuple[bytes, bytes]]
    keep_alive: bool
    expects: bool


class Listener(Protocol):
    """Who is told what was found."""

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
    """Reads messages one after the other. ``begun`` and ``whole`` tell how much there is of the present one.

    ``last`` says that it is the last one: where it ends is known too late to read another.
    """

    def __init__(self, listener: Listener) -> None:
        self._listener = listener
        self.last = False
        self._parser = httptools.HttpRequestParser(self)
        self._reset()

    def _reset(self) -> None:
        self.begun = self.whole = self._muted = self._upgrades = False
        self._in_head = True
        self._tail = b""  # the last bytes that were parsed, with which a blank line may begin
        self._counted = 0  # bytes that count against HEAD_MAX
        self._blanks = self._cuts = 0
        self.remaining = 0
        """Bytes of the body that are still to come; -1 where it is chunked."""

    def next(self) -> None:
        """Gets ready for the message after a whole one."""
        if self.remaining < 0:  # its last trailer would be told as a header of the next message
            self._parser = httptools.HttpRequestParser(self)
        self._reset()

    def parse(self, data: bytes) -> bytes:
        """Reads to the end of the message, and gives back what follows.

        Raises ``Malformed``, ``HeadTooLarge`` and ``Violation``.
        """
        if not self.begun:
            data = self._without_blanks(data)
            self.begun = bool(data)
        at, view = 0, memoryview(data)
        while at < len(data) and not self.whole:
            end = self._end_of_piece(data, at)
            self._counted += 0 if self.remaining > 0 else end - at
            if self._in_head and self._counted > HEAD_MAX:
                raise HeadTooLarge
            self._feed(view[at:end])
            if self.remaining < 0 and self._counted > HEAD_MAX:
                raise HeadTooLarge
            at = end
        return b"" if self.last else data[at:]

    def _without_blanks(self, data: bytes) -> bytes:
        """Line ends before a request are no part of it (RFC 9112, section 2.2)."""
        rest = data.lstrip(b"\r\n")
        self._blanks += len(data) - len(rest)
        if self._blanks > BLANKS_MAX:
            raise Malformed
        return rest

    def _end_of_piece(self, data: bytes, at: int) -> int:
        """Up to where to parse at once, so that nothing holds the end of one message and the beginning of another.

        A head, and a chunked body with its trailers, end in a blank line; other bodies have a length.
        """
        if self.remaining > 0:
            return min(at + self.remaining, len(data))
        most = len(data) if self._in_head else min(at + _CHUNKED_PIECE, len(data))
        if self.last:
            return most
        end = self._after_blank_line(data, at, most)
        if end and not self._in_head:
            self._cuts += 1
            self.last = self._cuts > CUTS_MAX
        end = end or most
        self._tail = (self._tail + data[max(at, end - 3) : end])[-3:]
        return end

    def _after_blank_line(self, data: bytes, at: int, most: int) -> int:
        """Where the first blank line ends, which may have begun in what was parsed before; 0 where there is none."""
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
            if self.whole and self.last:  # what follows it is not read
                return
            cause = error.__context__ if isinstance(error, httptools.HttpParserCallbackError) else None
            if cause is not None and not isinstance(cause, _CLIENTS_FAULT):
                _log.error("A request could not be read", exc_info=cause)
                raise Fault from None
            raise Malformed from None

    def _ignore_upgrade(self) -> None:
        """Another parser reads the body: an upgrade is not ours to accept, and is ignored (RFC 9110, section 7.8)."""
        framing = b"transfer-encoding: chunked" if self.remaining < 0 else b"content-length: %d" % self.remaining
        self._parser = httptools.HttpRequestParser(self)
        self._muted, self._upgrades = True, False
        self._parser.feed_data(b"POST / HTTP/1.1\r\n" + framing + _BLANK_LINE)
        self._muted = False

    # ── what llhttp finds ────────────────────────────────────────────────────────────────────────────────────────────

    def on_message_begin(self) -> None:
        if self._muted:
            return
        if not self._in_head:
            raise Malformed
        self._url = b""
        self._headers: list[tuple[bytes, bytes]] = []
        self._length = self._hosts = 0
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
        if name in _NOTED:
            self._note(name, value.lower())

    def _note(self, name: bytes, value: bytes) -> None:
        if name == b"content-length":
            self._length = int(value)
        elif name == b"expect":
            self._expects = value == b"100-continue"
        elif name == b"host":
            self._hosts += 1
        elif self._coding is None:
            self._coding = value
        else:
            raise Malformed

    def on_headers_complete(self) -> None:
        if self._muted:
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
        self._in_head, self._counted, self._upgrades = False, 0, self._parser.should_upgrade()
        self._listener.on_head(self._head(method, version))

    def _head(self, method: bytes, version: str) -> Head:
        if b"#" in self._url:  # llhttp would cut it off (RFC 9112, section 3.2)
            raise Malformed
        url, headers = httptools.parse_url(self._url), self._headers
        if url.host is not None:  # which counts in place of the header (RFC 9112, section 3.2.2)
            if url.schema not in {b"http", b"https"} or url.userinfo:
                raise Malformed
            host = b"[%b]" % url.host if b":" in url.host else url.host
            authority = b"%b:%d" % (host, url.port) if url.port else host
            headers = [pair for pair in headers if pair[0] != b"host"] + [(b"host", authority)]
        new = version == "1.1"
        keep_alive, expects = new and self._parser.should_keep_alive(), new and self._expects
        return Head(method.decode("ascii"), version, url.path or b"/", url.query or b"", headers, keep_alive, expects)

    def on_body(self, body: bytes) -> None:
        if self.remaining > 0:
            self.remaining -= len(body)
        else:
            self._counted = max(self._counted - len(body) * (1 + _OVERHEAD), 0)
        self._listener.on_data(body)

    def on_message_complete(self) -> None:
        if self._upgrades:  # httptools takes the body for something else
            return
        self.whole = True
        self._listener.on_end()
