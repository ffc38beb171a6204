"""What proxies say of the scheme, as they write it."""

import asyncio
from unittest.mock import Mock

import pytest

from app.http_server.forwarded import client_address, with_one_scheme


@pytest.mark.parametrize(
    ("lines", "scheme"),
    [
        (["https"], "https"),
        (["HTTPS"], "https"),
        (['"https"'], "https"),
        (["wss"], "https"),
        (["ws"], "http"),
        (["https,http"], "https"),
        (["http, https"], "http"),
        ([" https , http,http"], "https"),
        (["https", "http"], "https"),
        (["http", "https"], "http"),
        ([], None),
        ([""], None),
        (["ftp"], None),
        ([",https"], None),
        (["httpsx"], None),
    ],
)
def test_the_first_scheme_of_a_list_is_the_clients(lines: list[str], scheme: str | None) -> None:
    headers = [(b"host", b"a"), *((b"x-forwarded-proto", line.encode()) for line in lines), (b"accept", b"*/*")]

    found = dict(with_one_scheme(headers))

    assert len(with_one_scheme(headers)) == len(found)
    assert found.pop(b"x-forwarded-proto", b"").decode() == (scheme or "")
    assert found == {b"host": b"a", b"accept": b"*/*"}


@pytest.mark.parametrize(
    ("peer", "address"),
    [
        (("192.0.2.1", 7), ("192.0.2.1", 7)),
        (("::ffff:192.0.2.1", 7, 0, 0), ("192.0.2.1", 7)),
        (("::1", 7, 0, 0), ("::1", 7)),
        (("fe80::1%lo", 7, 0, 2), ("fe80::1%lo", 7)),
    ],
)
def test_an_ipv4_client_of_an_ipv6_socket_has_its_ipv4_address(
    peer: tuple[str | int, ...], address: tuple[str, int]
) -> None:
    transport = Mock(spec=asyncio.Transport)
    transport.get_extra_info.return_value.getpeername.return_value = peer

    assert client_address(transport) == address
