"""asyncpg binds its password to the TLS connection, and trusts no server that cannot prove itself."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import secrets
import ssl
import struct
from base64 import b64decode, b64encode
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import uvloop

from adapters.django_orm.sql.asyncpg_connector import Connector
from adapters.django_orm.sql.channel_binding import NotBound, Scram, binding_data, prepared
from config.postgres_urls import read_url

CERTIFICATES = Path(__file__).parent / "certificates"
SERVER = CERTIFICATES / "server.pem"
PASSWORD, ITERATIONS = "pa§s word", 7
OK = struct.pack("!i", 0)


def der_of(name: str) -> bytes:
    text = (CERTIFICATES / name).read_text()
    return ssl.PEM_cert_to_DER_cert(text[text.index("-----BEGIN CERTIFICATE") :])


class Certified:
    """The TLS of a server with this certificate."""

    def __init__(self, der: bytes) -> None:
        self._der = der

    def getpeercert(self, *, binary_form: bool) -> bytes:
        assert binary_form
        return self._der


@dataclass
class FakeServer:
    """PostgreSQL's part in the start of a session, which may cheat."""

    password: str = PASSWORD
    mechanisms: tuple[bytes, ...] = (b"SCRAM-SHA-256-PLUS", b"SCRAM-SHA-256")
    certificate: str = "server.pem"
    """To which it expects the password to be bound: another one is that of somebody between."""
    asks: bool = True
    """Whether it asks for a password at all."""
    bound: bool = False

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await reader.readexactly(8)
            writer.write(b"S")
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(SERVER)
            await writer.start_tls(context)
            await reader.readexactly(int.from_bytes(await reader.readexactly(4), "big") - 4)
            if self.asks:
                await self._authenticate(reader, writer)
            self._send(writer, b"R", OK)
            for name, value in (("server_version", "16.0"), ("server_encoding", "UTF8"), ("client_encoding", "UTF8")):
                self._send(writer, b"S", f"{name}\0{value}\0".encode())
            self._send(writer, b"K", bytes(8))
            self._send(writer, b"Z", b"I")
            await writer.drain()
            await reader.read()
        except (OSError, EOFError):
            pass
        finally:
            writer.close()

    async def _authenticate(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._send(writer, b"R", struct.pack("!i", 10) + b"\0".join(self.mechanisms) + b"\0\0")
        message = await self._receive(reader)
        mechanism, _, rest = message.partition(b"\0")
        assert mechanism == b"SCRAM-SHA-256-PLUS"
        header, bare = rest[4:].split(b",,", 1)
        salt, nonce = secrets.token_bytes(16), bare.rpartition(b"r=")[2] + secrets.token_hex(8).encode()
        first = b"r=" + nonce + b",s=" + b64encode(salt) + b",i=" + str(ITERATIONS).encode()
        self._send(writer, b"R", struct.pack("!i", 11) + first)
        final = await self._receive(reader)
        without_proof, _, proof = final.partition(b",p=")
        binding = b64decode(without_proof.partition(b"c=")[2].partition(b",")[0])
        salted = hashlib.pbkdf2_hmac("sha256", self.password.encode(), salt, ITERATIONS)
        signed = b",".join([bare, first, without_proof])
        key = hmac.digest(salted, b"Client Key", "sha256")
        signature = hmac.digest(hashlib.sha256(key).digest(), signed, "sha256")
        proves = b64decode(proof) == bytes(a ^ b for a, b in zip(key, signature, strict=True))
        expected = hashlib.sha256(der_of(self.certificate)).digest()
        self.bound = proves and binding == header + b",," + expected
        if self.password == PASSWORD and not self.bound:
            self._send(writer, b"E", b"SFATAL\0VFATAL\0C28P01\0Mno\0\0")
            raise EOFError
        own = hmac.digest(hmac.digest(salted, b"Server Key", "sha256"), signed, "sha256")
        self._send(writer, b"R", struct.pack("!i", 12) + b"v=" + b64encode(own))

    @staticmethod
    def _send(writer: asyncio.StreamWriter, kind: bytes, body: bytes) -> None:
        for byte in (kind + struct.pack("!i", len(body) + 4) + body)[:-1], body[-1:]:  # a message comes in parts
            writer.write(byte)

    @staticmethod
    async def _receive(reader: asyncio.StreamReader) -> bytes:
        head = await reader.readexactly(5)
        assert head[:1] == b"p"
        return await reader.readexactly(int.from_bytes(head[1:], "big") - 4)


@asynccontextmanager
async def url_of(server: FakeServer, query: str = "") -> AsyncIterator[str]:
    serving = await asyncio.start_server(server.serve, "127.0.0.1", 0)
    port = serving.sockets[0].getsockname()[1]
    password = PASSWORD.replace("§", "%C2%A7").replace(" ", "%20")
    async with serving:
        yield f"postgresql://ann:{password}@127.0.0.1:{port}/x?sslmode=require&channel_binding=require{query}"


async def connect(server: FakeServer, query: str = "") -> None:
    async with url_of(server, query) as url:
        connector = Connector(read_url(url, {}), timeout=5, command_timeout=5, statement_cache_size=1)
        (await connector.connect()).terminate()
        await asyncio.sleep(0)


@pytest.mark.parametrize("run", [asyncio.run, uvloop.run], ids=["asyncio", "uvloop"])
@pytest.mark.parametrize("query", ["", f"&sslrootcert={SERVER}"])
def test_the_password_is_bound_to_the_certificate_that_the_server_shows(run: Callable[[Any], None], query: str) -> None:
    server = FakeServer()
    run(connect(server, query))
    assert server.bound


@pytest.mark.parametrize(
    ("server", "message"),
    [
        (FakeServer(mechanisms=(b"SCRAM-SHA-256",)), "does not authenticate by SCRAM-SHA-256-PLUS"),
        (FakeServer(asks=False), "does not authenticate by SCRAM-SHA-256-PLUS"),
        (FakeServer(password="guessed"), "does not know the password"),
    ],
    ids=["no-binding", "no-password", "wrong-password"],
)
async def test_a_server_that_does_not_prove_itself_is_refused(server: FakeServer, message: str) -> None:
    with pytest.raises(NotBound, match=message):
        await connect(server)


async def test_somebody_between_with_another_certificate_cannot_pass_the_password_on() -> None:
    server = FakeServer(certificate="sha384.pem")
    with pytest.raises(Exception, match="no"):  # the error of the server
        await connect(server)
    assert not server.bound


@pytest.mark.parametrize(
    ("name", "function"), [("server.pem", "sha256"), ("sha384.pem", "sha384"), ("sha512.pem", "sha512")]
)
def test_the_hash_of_a_certificate_is_that_of_its_signature(name: str, function: str) -> None:
    assert binding_data(Certified(der_of(name))) == hashlib.new(function, der_of(name)).digest()


def test_a_certificate_without_a_hash_function_cannot_be_bound_to() -> None:
    with pytest.raises(NotBound, match="names no hash function"):
        binding_data(Certified(der_of("ed25519.pem")))


@pytest.mark.parametrize(
    "answer",
    [
        b"r=other,s=c2FsdA==,i=4096",
        b"r=mine,s=c2FsdA==,i=4096",
        b"r=mine1,s=,i=4096",
        b"r=mine1,s=c2FsdA==,i=0",
        b"r=mine1,s=c2FsdA==,i=99999999",
        b"r=mine1,s=c2FsdA==,i=x",
        b"r=mine1,s=c2FsdA==",
        b"m=1,r=mine1,s=c2FsdA==,i=4096",
        b"r=mine1,s=?,i=4096",
        b"",
    ],
)
def test_a_malformed_answer_proves_nothing(answer: bytes) -> None:
    scram = Scram(PASSWORD, b"binding", nonce="mine")
    scram.first()
    with pytest.raises((NotBound, ValueError)):
        scram.proof(answer)
    with pytest.raises(NotBound, match="does not know"):
        scram.verify(b"v=" + b64encode(b""))


@pytest.mark.parametrize(
    ("password", "text"),
    [
        ("plain", "plain"),
        ("a\u00a0b", "a b"),
        ("a\u00adb", "ab"),
        ("\u2168", "IX"),
        ("a\u0007b", "a\u0007b"),
        ("\u06271", "\u06271"),
        ("\u00ad", "\u00ad"),
    ],
)
def test_passwords_are_prepared_as_postgresql_does(password: str, text: str) -> None:
    assert prepared(password) == text
