"""Which addresses count as one client."""

import pytest

from domain.access.client_network import network


@pytest.mark.parametrize(
    ("address", "client"),
    [
        ("192.0.2.1", "192.0.2.1"),
        ("2001:db8::1", "2001:db8::"),
        ("2001:db8::ffff:ffff:ffff:ffff", "2001:db8::"),
        ("2001:DB8:0:0:1::", "2001:db8::"),
        ("2001:db8:0:1::1", "2001:db8:0:1::"),
        ("fe80::1%eth0", "fe80::"),
        ("::ffff:192.0.2.1", "192.0.2.1"),
        ("", None),
        ("somewhere", None),
    ],
)
def test_client_is_an_ipv4_address_or_an_ipv6_network(address: str, client: str | None) -> None:
    assert network(address) == client
