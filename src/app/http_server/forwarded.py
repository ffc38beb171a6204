"""The client's address and scheme, from the connection and from proxies, in the form that uvicorn reads."""

import asyncio
from ipaddress import IPv6Address

from uvicorn.protocols.utils import get_remote_addr

_PROTO = b"x-forwarded-proto"
_SCHEMES = {b"http": b"http", b"https": b"https", b"ws": b"http", b"wss": b"https"}


def client_address(transport: asyncio.Transport) -> tuple[str, int] | None:
    """The other end of a connection; an IPv4 client of an IPv6 socket by its IPv4 address."""
    address = get_remote_addr(transport)
    if address is None or not address[0].startswith("::ffff:"):
        return address
    mapped = IPv6Address(address[0]).ipv4_mapped
    return (str(mapped), address[1]) if mapped else address


def with_one_scheme(headers: list[tuple[bytes, bytes]]) -> list[tuple[bytes, bytes]]:
    """The headers with one X-Forwarded-Proto, the first, which is the client's own scheme, or with none.

    Proxies send lists like ``https,http``, several lines, capitals and quotes.
    """
    given = [value for name, value in headers if name == _PROTO]
    if not given:
        return headers
    first = given[0].split(b",")[0].strip().strip(b'"').lower()
    others = [(name, value) for name, value in headers if name != _PROTO]
    return [*others, (_PROTO, _SCHEMES[first])] if first in _SCHEMES else others
