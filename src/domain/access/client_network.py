"""The network of a client, by which failed attempts are counted."""

from ipaddress import IPv6Address, ip_address

_NETWORK_BITS = 64
"""The first bits of an IPv6 address; one client may use every address with the same ones."""


def network(address: str) -> str | None:
    """The IPv4 address, or the first address of the IPv6 network; None for a text that is not an address."""
    try:
        parsed = ip_address(address)
    except ValueError:
        return None
    if not isinstance(parsed, IPv6Address):
        return str(parsed)
    if parsed.ipv4_mapped is not None:
        return str(parsed.ipv4_mapped)
    own_bits = parsed.max_prefixlen - _NETWORK_BITS
    return str(IPv6Address(int(parsed) >> own_bits << own_bits))
