"""TLS of webhooks: the certificate is that of the URL's host, wherever the checked address is, or nothing is sent."""

from __future__ import annotations

import ssl
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from adapters.webhook_sender import sender
from domain.webhooks.ports import Answer
from tests.unit.sending import FakeResolver, answer, endpoint, sending

HOST = "hooks.example"
DAY = timedelta(days=1)


def named(name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])


@dataclass
class Authority:
    """Signs certificates, and keeps them in a folder."""

    folder: Path

    def __post_init__(self) -> None:
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._name = named("an authority")
        own = self._certificate(self._name, self._key, DAY).add_extension(x509.BasicConstraints(True, None), True)
        self.file = self.folder / "authority.pem"
        self.file.write_bytes(own.sign(self._key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM))

    def server(self, *names: str, ends_in: timedelta = DAY) -> ssl.SSLContext:
        """TLS of a server with a certificate of these names."""
        key = ec.generate_private_key(ec.SECP256R1())
        known = [x509.IPAddress(ip_address(each)) if each[0].isdigit() else x509.DNSName(each) for each in names]
        made = self._certificate(named(names[0]), key, ends_in)
        made = made.add_extension(x509.SubjectAlternativeName(known), False)
        file = self.folder / "server.pem"
        file.write_bytes(
            key.private_bytes(
                serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
            )
            + made.sign(self._key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)
        )
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(file)
        return context

    def _certificate(
        self, subject: x509.Name, key: ec.EllipticCurvePrivateKey, ends_in: timedelta
    ) -> x509.CertificateBuilder:
        now = datetime.now(UTC)
        return (
            x509.CertificateBuilder(issuer_name=self._name, subject_name=subject, public_key=key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - 2 * DAY)
            .not_valid_after(now + ends_in)
        )


@pytest.fixture
def authority(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Authority:
    """One that the sender knows."""
    made = Authority(tmp_path)
    monkeypatch.setenv("SSL_CERT_FILE", str(made.file))
    return made


async def sent_to(host: str, tls: ssl.SSLContext | None) -> tuple[Answer, list[bytes]]:
    """What became of a message to this host, whose address is on loopback, and the requests that came there."""
    resolver = FakeResolver(["127.0.0.1"])
    async with (
        endpoint(lambda _: answer("200 OK"), tls) as (port, requests),
        sending("127.0.0.1", resolver=resolver) as send,
    ):
        return await send(f"https://{host}:{port}/"), requests


async def test_certificate_of_the_host_is_accepted_at_the_checked_address(authority: Authority) -> None:
    tls, asked = authority.server(HOST), []
    tls.sni_callback = lambda _, name, __: asked.append(name)
    sent, requests = await sent_to(HOST, tls)
    assert sent.accepted, sent
    assert asked == [HOST]
    assert f"Host: {HOST}:" in requests[0].decode()


async def test_certificate_of_an_address_is_accepted_for_it(authority: Authority) -> None:
    sent, _ = await sent_to("127.0.0.1", authority.server("127.0.0.1"))
    assert sent.accepted, sent


@pytest.mark.parametrize("name", ["other.example", "127.0.0.1", "sub.hooks.example"])
async def test_certificate_of_another_name_is_refused(name: str, authority: Authority) -> None:
    sent, requests = await sent_to(HOST, authority.server(name))
    assert sent.error == (f"The certificate is not valid: Hostname mismatch, certificate is not valid for '{HOST}'.")
    assert requests == []


async def test_expired_certificate_is_refused(authority: Authority) -> None:
    sent, requests = await sent_to(HOST, authority.server(HOST, ends_in=-DAY))
    assert sent == Answer(error="The certificate is not valid: certificate has expired.")
    assert requests == []


async def test_unknown_authority_is_refused(authority: Authority, tmp_path: Path) -> None:
    (tmp_path / "other").mkdir()
    sent, requests = await sent_to(HOST, Authority(tmp_path / "other").server(HOST))
    assert str(sent.error).startswith("The certificate is not valid: ")
    assert requests == []


async def test_server_without_tls_is_sent_nothing(authority: Authority, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sender, "TIMEOUT", 0.2)
    sent, requests = await sent_to(HOST, None)
    assert sent.error == "There was no whole answer within 0.2 seconds."
    assert requests == []
