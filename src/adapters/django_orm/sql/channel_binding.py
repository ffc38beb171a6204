"""SCRAM-SHA-256-PLUS for asyncpg, which cannot bind the password's proof to the TLS connection by itself.

Stands between the transport and asyncpg's protocol until the server has accepted the password, and then steps aside.
RFC 5802, 5929 (tls-server-end-point) and 7677; the messages are PostgreSQL's.
"""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import secrets
import stringprep
import struct
import unicodedata
from base64 import b64decode, b64encode
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

_MECHANISM = b"SCRAM-SHA-256-PLUS"
_HEADER = b"p=tls-server-end-point,,"
_OK, _SASL, _CONTINUE, _FINAL = 0, 10, 11, 12
_ITERATIONS_MAX = 10_000_000
_MESSAGE_MAX = 64 << 10
_HASHES = {  # of signatures, by their object identifiers in DER; RFC 5929 has SHA-256 in place of MD5 and SHA-1
    "2a864886f70d010104": "sha256",
    "2a864886f70d010105": "sha256",
    "2a864886f70d01010b": "sha256",
    "2a864886f70d01010c": "sha384",
    "2a864886f70d01010d": "sha512",
    "2a864886f70d01010e": "sha224",
    "2a8648ce3d0401": "sha256",
    "2a8648ce3d040301": "sha224",
    "2a8648ce3d040302": "sha256",
    "2a8648ce3d040303": "sha384",
    "2a8648ce3d040304": "sha512",
}


class NotBound(ConnectionError):
    """The server cannot prove that it is the end of the TLS connection and knows the password."""


class BindingTransport:
    """A TLS transport whose protocol is only connected once the server has proved itself."""

    def __init__(self, transport: asyncio.Transport, password: str, fail: Callable[[NotBound], None]) -> None:
        self._transport, self._password, self._fail = transport, password, fail
        self.write = transport.write  # asyncpg keeps this transport, so its writes shall cost no more

    def __getattr__(self, name: str) -> Any:
        return getattr(self._transport, name)

    def set_protocol(self, protocol: asyncio.Protocol) -> None:
        self._transport.set_protocol(_Authentication(self._transport, protocol, self._password, self._fail))


class _Authentication(asyncio.Protocol):
    """Answers the server's SASL messages, and hands everything else on."""

    def __init__(
        self,
        transport: asyncio.Transport,
        protocol: asyncio.Protocol,
        password: str,
        fail: Callable[[NotBound], None],
    ) -> None:
        self._transport, self._protocol, self._fail = transport, protocol, fail
        self._scram = Scram(password, binding_data(transport.get_extra_info("ssl_object")))
        self._received = b""
        self._proved = self._ended = False

    def data_received(self, data: bytes) -> None:
        self._received += data
        try:
            while not self._ended and (message := self._next_message()):
                self._receive(message)
        except (NotBound, ValueError) as error:  # ValueError: what is no message of SCRAM
            self._ended = True
            self._fail(error if isinstance(error, NotBound) else NotBound("the server's SCRAM message is malformed"))
            self._transport.abort()

    def connection_lost(self, exc: Exception | None) -> None:
        self._protocol.connection_lost(exc)

    def pause_writing(self) -> None:
        self._protocol.pause_writing()

    def resume_writing(self) -> None:
        self._protocol.resume_writing()

    def _next_message(self) -> bytes:
        if len(self._received) < 5:  # noqa: PLR2004 -- its kind, and its length without that
            return b""
        length = 1 + int.from_bytes(self._received[1:5], "big")
        if not 5 <= length <= _MESSAGE_MAX:  # noqa: PLR2004 -- as above
            raise NotBound("the server's message is malformed")
        if len(self._received) < length:
            return b""
        message, self._received = self._received[:length], self._received[length:]
        return message

    def _receive(self, message: bytes) -> None:
        if message[:1] != b"R":  # an error or a notice
            self._protocol.data_received(message)
            return
        kind, body = int.from_bytes(message[5:9], "big"), message[9:]
        if kind == _SASL and _MECHANISM in body.split(b"\0"):
            first = self._scram.first()
            self._send(_MECHANISM + b"\0" + struct.pack("!i", len(first)) + first)
        elif kind == _CONTINUE:
            self._send(self._scram.proof(body))
        elif kind == _FINAL:
            self._scram.verify(body)
            self._proved = True
        elif kind == _OK and self._proved:
            self._ended = True
            self._transport.set_protocol(self._protocol)
            self._protocol.data_received(message + self._received)
        else:
            raise NotBound("channel_binding=require, but the server does not authenticate by SCRAM-SHA-256-PLUS")

    def _send(self, body: bytes) -> None:
        self._transport.write(b"p" + struct.pack("!i", len(body) + 4) + body)


class Scram:
    """The client's side of one exchange of SCRAM-SHA-256-PLUS. Raises ``NotBound`` and ``ValueError``."""

    def __init__(self, password: str, binding: bytes, nonce: str = "") -> None:
        self._password = prepared(password).encode()
        self._binding = b64encode(_HEADER + binding)
        self._nonce = (nonce or secrets.token_urlsafe(24)).encode()
        self._bare = b"n=,r=" + self._nonce
        self._signature = b""

    def first(self) -> bytes:
        return _HEADER + self._bare

    def proof(self, answer: bytes) -> bytes:
        """The answer to the server's first message, which has the salt."""
        fields = _fields(answer)
        nonce, salt, iterations = fields.get(b"r", b""), b64decode(fields.get(b"s", b""), validate=True), fields[b"i"]
        if not nonce.startswith(self._nonce) or nonce == self._nonce or not salt:
            raise NotBound("the server's nonce or salt is wrong")
        if not 0 < int(iterations) <= _ITERATIONS_MAX:
            raise NotBound("the server's number of iterations is out of range")
        salted = hashlib.pbkdf2_hmac("sha256", self._password, salt, int(iterations))
        key = _hmac(salted, b"Client Key")
        without_proof = b"c=" + self._binding + b",r=" + nonce
        signed = b",".join([self._bare, answer, without_proof])
        signature = _hmac(hashlib.sha256(key).digest(), signed)
        self._signature = _hmac(_hmac(salted, b"Server Key"), signed)
        proof = bytes(a ^ b for a, b in zip(key, signature, strict=True))
        return without_proof + b",p=" + b64encode(proof)

    def verify(self, answer: bytes) -> None:
        """Checks the server's own proof."""
        given = b64decode(_fields(answer).get(b"v", b""), validate=True)
        if not self._signature or not hmac.compare_digest(given, self._signature):
            raise NotBound("the server does not know the password")


def binding_data(tls: Any) -> bytes:
    """``tls-server-end-point``: the hash of the server's certificate, by the function that its signature uses."""
    certificate = tls.getpeercert(binary_form=True)
    content, _ = _content(certificate, 0)
    _, end_of_body = _content(certificate, content)
    algorithm, _ = _content(certificate, end_of_body)
    start, end = _content(certificate, algorithm)
    name = _HASHES.get(certificate[start:end].hex())
    if name is None:
        raise NotBound("the signature of the server's certificate names no hash function that can be bound to")
    return hashlib.new(name, certificate).digest()


def prepared(password: str) -> str:
    """SASLprep (RFC 4013); a password that it does not allow stays as it is, as PostgreSQL has it."""
    mapped = (" " if stringprep.in_table_c12(each) else each for each in password if not stringprep.in_table_b1(each))
    text = unicodedata.normalize("NFKC", "".join(mapped))
    right_to_left = [stringprep.in_table_d1(each) for each in text]
    if any(right_to_left) and (not (right_to_left[0] and right_to_left[-1]) or any(map(stringprep.in_table_d2, text))):
        return password
    return password if not text or any(_is_prohibited(each) for each in text) else text


def _is_prohibited(character: str) -> bool:
    return (
        stringprep.in_table_c12(character)
        or stringprep.in_table_c21_c22(character)
        or stringprep.in_table_c3(character)
        or stringprep.in_table_c4(character)
        or stringprep.in_table_c5(character)
        or stringprep.in_table_c6(character)
        or stringprep.in_table_c7(character)
        or stringprep.in_table_c8(character)
        or stringprep.in_table_c9(character)
        or stringprep.in_table_a1(character)
    )


def _content(der: bytes, at: int) -> tuple[int, int]:
    """Where the content of the element at this place begins and ends."""
    length, start = der[at + 1], at + 2
    if length & 0x80:
        start += length & 0x7F
        length = int.from_bytes(der[at + 2 : start], "big")
    return start, start + length


def _fields(message: bytes) -> dict[bytes, bytes]:
    fields = {name: value for name, _, value in (each.partition(b"=") for each in message.split(b","))}
    if b"m" in fields:
        raise NotBound("the server asks for an extension of SCRAM")
    return {b"i": b"0", **fields}


def _hmac(key: bytes, message: bytes) -> bytes:
    return hmac.digest(key, message, "sha256")
