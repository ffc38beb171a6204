"""Who counts as one client, wherever failures are counted by the address that they come from."""

from ipaddress import IPv6Address, ip_address

_NETWORK_BITS = 64
"""Of an IPv6 address: whoever has one has all of its network."""


def network(address: str) -> str | None:
    """What stands for a client: its IPv4 address, or the first of its IPv6 network; None for what is no address."""
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
