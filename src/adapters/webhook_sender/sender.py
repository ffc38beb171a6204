"""Sends messages by HTTP, with limits on where to, for how long, and how much is read of an answer."""

import asyncio
import os
import re
import socket
import ssl
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any

from aiohttp import (
    AsyncResolver,
    ClientConnectorCertificateError,
    ClientConnectorDNSError,
    ClientOSError,
    ClientSession,
    ClientTimeout,
    DummyCookieJar,
    TCPConnector,
)
from aiohttp.abc import AbstractResolver
from yarl import URL

from domain.webhooks.addresses import AddressRefused, AllowedAddresses
from domain.webhooks.delivery import Delivery
from domain.webhooks.ports import Answer

TIMEOUT = 10.0
"""Seconds for everything, from the look-up of the host to the end of the answer."""
KEEP_ALIVE = 2.0
"""Seconds for which a connection waits for the next message: thousands of endpoints may be served one after another."""
ANSWER_BYTES_MAX = 16_384
"""Bytes read of an answer; after more the connection is closed."""
_UNPRINTABLE = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff]")
_SECONDS = re.compile("[0-9]{1,9}")


class HttpSender:
    """Sends with HTTP/1.1 and TLS; and without TLS only to the ``networks`` that may be sent to though not public.

    The address is checked when it is connected to, so that no name can lead elsewhere meanwhile. Nothing is redirected,
    no proxy is used, and no cookie is kept.
    """

    def __init__(self, networks: Sequence[str], user_agent: str, resolver: AbstractResolver | None = None) -> None:
        self._allowed = {
            "https": AllowedAddresses(networks, public=True),
            "http": AllowedAddresses(networks, public=False),
        }
        self._user_agent, self._resolver = user_agent, resolver
        self._sessions: dict[str, ClientSession] = {}

    async def open(self) -> None:
        # It waits for name servers without a thread for each name: names that are never answered hold up no others.
        self._resolver = self._resolver or AsyncResolver()
        self._sessions = {scheme: self._session(allowed, self._resolver) for scheme, allowed in self._allowed.items()}

    def _session(self, allowed: AllowedAddresses, resolver: AbstractResolver) -> ClientSession:
        def checked_socket(found: tuple[Any, ...]) -> socket.socket:
            family, kind, protocol, _, place = found
            allowed.require(place[0])
            return socket.socket(family, kind, protocol)

        return ClientSession(
            connector=TCPConnector(
                ssl=ssl.create_default_context(),
                resolver=resolver,
                socket_factory=checked_socket,
                limit=0,
                keepalive_timeout=KEEP_ALIVE,
            ),
            cookie_jar=DummyCookieJar(),
            timeout=ClientTimeout(total=TIMEOUT),
            headers={"user-agent": self._user_agent, "accept": "*/*", "accept-encoding": "identity"},
            auto_decompress=False,
            trust_env=False,
        )

    async def close(self) -> None:
        for session in self._sessions.values():
            await session.close()
        if self._resolver is not None:
            await self._resolver.close()

    async def post(self, url: str, headers: Mapping[str, str], body: bytes) -> Answer:
        try:
            target = URL(url, encoded=True)
            session = self._sessions[target.scheme]
            async with session.post(target, data=body, headers=headers, allow_redirects=False) as response:
                text = await response.content.read(ANSWER_BYTES_MAX)
                while not response.content.at_eof() and len(text) < ANSWER_BYTES_MAX:
                    text += await response.content.read(ANSWER_BYTES_MAX - len(text))
                if not response.content.at_eof():
                    response.close()
                return Answer(
                    status_code=response.status,
                    text=_printable(text[: 4 * Delivery.TEXT_MAX].decode(errors="replace")),
                    retry_after=_retry_after(response.headers.get("retry-after", "")),
                )
        except Exception as error:  # whatever is wrong with one endpoint, it has not accepted the message
            return Answer(error=_printable(_reason(error)))


def _retry_after(header: str) -> timedelta:
    """For how long to wait (RFC 9110, section 10.2.3); not at all where the header is wrong."""
    if _SECONDS.fullmatch(header):
        return timedelta(seconds=int(header))
    try:
        return max(parsedate_to_datetime(header) - datetime.now(UTC), timedelta())
    except (ValueError, TypeError, OverflowError):  # no date, or one without a time zone
        return timedelta()


def _reason(error: Exception) -> str:
    """Why there was no answer, as a sentence without addresses: the operator's name server may know private ones."""
    cause = error.os_error if isinstance(error, ClientOSError) and hasattr(error, "os_error") else error
    if isinstance(cause, AddressRefused):
        return str(cause)
    if isinstance(error, asyncio.TimeoutError):
        return f"There was no whole answer within {TIMEOUT:g} seconds."
    if isinstance(error, ClientConnectorDNSError):
        return f"The host has no address: {cause.strerror if isinstance(cause, OSError) else cause}."
    if isinstance(error, ClientConnectorCertificateError):
        wrong = error.certificate_error
        return f"The certificate is not valid: {str(getattr(wrong, 'verify_message', wrong)).removesuffix('.')}."
    return f"There was no answer: {_without_addresses(cause)}."


def _without_addresses(cause: Exception) -> str:
    if isinstance(cause, OSError) and not isinstance(cause, ssl.SSLError):
        if cause.errno:
            return os.strerror(cause.errno)
        if str(cause).startswith("Multiple exceptions"):
            return "none of the host's addresses could be connected to"
    return str(cause) or type(cause).__name__


def _printable(text: str) -> str:
    return _UNPRINTABLE.sub("\ufffd", text)[: Delivery.TEXT_MAX]
