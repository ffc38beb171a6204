"""Which addresses webhooks may send to: public ones, and those of networks that the operator has named."""

from collections.abc import Iterable
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

_SPECIAL = (IPv4Network("192.0.0.0/24"), IPv4Network("192.88.99.0/24"), IPv6Network("3fff::/20"))
"""Networks of IANA's registries of special-purpose addresses that some versions of Python take for public."""
_AZURE_HOST = IPv4Address("168.63.129.16")
"""The host of a virtual machine of Azure, which has the machine's credentials; only such a machine reaches it."""
_GLOBAL_UNICAST = IPv6Network("2000::/3")
"""All that is public of IPv6; outside are translated addresses (64:ff9b::/96) and others with IPv4 ones in them."""


class AddressRefused(OSError):
    """The address is none that webhooks may send to."""


def is_public(address: IPv4Address | IPv6Address) -> bool:
    """Whether packets to this address go to a host of the internet, whatever network they start from.

    An IPv6 address that leads to an IPv4 one, by 6to4 for instance, is as public as that.
    """
    if address == _AZURE_HOST or any(address in network for network in _SPECIAL):
        return False
    if isinstance(address, IPv4Address):
        return address.is_global and not address.is_multicast and not address.is_reserved
    inner = address.ipv4_mapped or address.sixtofour
    if inner is not None:
        return is_public(inner)
    return address in _GLOBAL_UNICAST and address.is_global and address.teredo is None


class AllowedAddresses:
    """The addresses that may be connected to: public ones unless ``public`` is false, and those in ``networks``."""

    def __init__(self, networks: Iterable[str], *, public: bool) -> None:
        self._networks, self._public = [*map(ip_network, networks)], public

    def require(self, text: str) -> None:
        """Raises ``AddressRefused`` for an address that may not be connected to.

        Its text, which owners read, does not tell them the address that the operator's name server gives a name.
        """
        address = ip_address(text.partition("%")[0])  # without the zone of a link-local one
        mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
        if any(one in network for network in self._networks for one in (address, mapped) if one is not None):
            return
        if not is_public(address):
            raise AddressRefused("The host has an address that is not public.")
        if not self._public:
            raise AddressRefused("The host has a public address, which is not sent to without TLS.")
