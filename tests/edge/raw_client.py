"""A client that sends raw bytes, and parses responses strictly (RFC 9112)."""

import re
import socket
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import BinaryIO

TIMEOUT = 20.0
"""The timeout of socket operations, in seconds."""
_STATUS = re.compile(rb"HTTP/1\.1 ([1-5][0-9]{2}) [ -~]*\r\n")
_FIELD = re.compile(rb"([!#$%&'*+.^_`|~0-9A-Za-z-]+): ?([^\r\n\0]*)\r\n")


@dataclass(frozen=True)
class Answer:
    """One response, which may be an interim 100 (Continue)."""

    status: int
    headers: dict[str, str] = field(repr=False)
    body: bytes


@dataclass(frozen=True)
class Received:
    """All responses until the server closed the connection, and whether it was reset."""

    answers: list[Answer]
    reset: bool

    @property
    def statuses(self) -> list[int]:
        return [answer.status for answer in self.answers]


@contextmanager
def connected(address: tuple[str, int], timeout: float = TIMEOUT) -> Iterator[socket.socket]:
    with socket.create_connection(address, timeout) as connection:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        yield connection


def exchange(address: tuple[str, int], packets: Iterable[bytes], *, methods: Iterable[str] = ()) -> Received:
    """Sends the packets, closes the sending side, and reads to the end.

    ``methods`` are those of the requests, and needed only if one of them is HEAD.
    """
    with connected(address) as connection:
        with suppress(ConnectionError):  # the server may close the connection first
            for packet in packets:
                connection.sendall(packet)
            connection.shutdown(socket.SHUT_WR)
        return receive(connection, methods)


def receive(connection: socket.socket, methods: Iterable[str] = ()) -> Received:
    """Reads until the connection is closed. Raises ``TimeoutError`` if it stays open."""
    raw, reset = bytearray(), False
    try:
        while part := connection.recv(1 << 16):
            raw += part
    except ConnectionResetError:
        reset = True
    return Received(list(parsed(bytes(raw), methods)), reset)


def parsed(raw: bytes, methods: Iterable[str] = ()) -> Iterator[Answer]:
    """The responses in these bytes. Raises ``ValueError`` for anything else."""
    remaining = iter(methods)
    while raw:
        answer, raw = _answer(raw, remaining)
        yield answer


def _answer(raw: bytes, remaining: Iterator[str]) -> tuple[Answer, bytes]:
    begin = _STATUS.match(raw)
    if begin is None:
        raise ValueError(f"no status line: {raw[:80]!r}")
    status, place, headers = int(begin[1]), begin.end(), {}
    while not raw.startswith(b"\r\n", place):
        found = _FIELD.match(raw, place)
        if found is None:
            raise ValueError(f"no header: {raw[place : place + 80]!r}")
        headers[found[1].decode().lower()] = found[2].decode("latin-1")
        place = found.end()
    rest = raw[place + 2 :]
    if status == 100:
        return Answer(status, headers, b""), rest
    if next(remaining, "GET") == "HEAD" or status in {204, 304}:
        return Answer(status, headers, b""), rest
    if headers.get("transfer-encoding") == "chunked":
        body, rest = _dechunked(rest)
        return Answer(status, headers, body), rest
    length = int(headers["content-length"]) if "content-length" in headers else len(rest)
    if len(rest) < length:
        raise ValueError(f"the body is truncated: {len(rest)} of {length} bytes")
    return Answer(status, headers, rest[:length]), rest[length:]


def _dechunked(raw: bytes) -> tuple[bytes, bytes]:
    body = b""
    while True:
        size, _, raw = raw.partition(b"\r\n")
        length = int(size, 16)
        body, raw = body + raw[:length], raw[length:]
        if not raw.startswith(b"\r\n"):
            raise ValueError("a chunk has no end")
        raw = raw[2:]
        if not length:
            return body, raw


def lines(file: BinaryIO) -> Iterator[bytes]:
    """The lines of the head of a message."""
    yield from iter(file.readline, b"\r\n")
