"""Types of settings that say where the service is reached, from which pages, and through which proxies."""

import json
import re
from collections.abc import Callable
from contextlib import suppress
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network
from typing import Annotated, TypeVar

from pydantic import AfterValidator, BeforeValidator
from pydantic_settings import NoDecode

from config.hosts import canonical_origin, canonical_pattern, canonical_url

T = TypeVar("T")

_JSON_LIST = re.compile(r"\s*\[\s*(?:[\"\]]|$)")  # [::1] is an address
_MAPPED_BITS = 96  # of IPv6 before an IPv4 address
_IPV4_MAPPED = IPv6Network(f"::ffff:0:0/{_MAPPED_BITS}")


def trusted_proxies(text: str) -> list[str]:
    """The networks of proxies, from addresses and networks separated by commas; ``*`` alone for all.

    Those of IPv4 are also given as IPv6 sockets show them (IPv4-mapped). Raises ``ValueError``.
    """
    given = _split(text)
    if given == ["*"]:
        return given
    networks = _each(given, _network, "must be addresses or networks of proxies")
    mapped = [
        f"::ffff:{each.network_address}/{_MAPPED_BITS + each.prefixlen}"
        for each in networks
        if isinstance(each, IPv4Network)
    ]
    return [*map(str, networks), *mapped]


def _networks(values: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(map(str, _each(values, _network, "must be addresses or networks, separated by commas")))


def _network(text: str) -> IPv4Network | IPv6Network:
    """A network; one of IPv4-mapped addresses as IPv4. Raises ``ValueError``."""
    try:
        network = ip_network(text)
    except ValueError:
        raise ValueError(f"got {text!r}{_meant(text)}") from None
    if network.is_unspecified:
        raise ValueError(f"got {text!r} (nobody's address): for all, write {network.network_address}/0")
    if isinstance(network, IPv6Network) and network.subnet_of(_IPV4_MAPPED):
        return IPv4Network((int(network.network_address) & 0xFFFFFFFF, network.prefixlen - _MAPPED_BITS))
    return network


def _meant(text: str) -> str:
    """Why this is neither an address nor a network, and what would be, if that is known."""
    if text == "*":
        return " (* stands alone)"
    address, has_prefix, _ = text.partition("/")
    with suppress(ValueError):
        return f" (an address within the network): write {ip_network(text, strict=False)} or {ip_address(address)}"
    if re.search(r"[\s;|]", text):
        return " (several are separated by commas)"
    with suppress(ValueError):
        whole = ip_network(address)
        return f" (no such network: what follows the / is 0 to {whole.prefixlen})" if has_prefix else ""
    if found := re.fullmatch(r"\[(.*)\](:\d+)?", text) or re.fullmatch(r"([\d.]+):\d+", text):
        with suppress(ValueError):
            return f" (brackets or a port): write {ip_address(found[1])}"
    return " (no address; names are not looked up): write one like 10.0.0.5 or 10.0.0.0/8"


def _each(values: tuple[str, ...] | list[str], convert: Callable[[str], T], rule: str) -> tuple[T, ...]:
    """Every value converted, each once. Raises one ``ValueError`` for all that cannot be."""
    found, faults = [], []
    for value in values:
        try:
            found.append(convert(value))
        except ValueError as error:
            faults.append(str(error))
    if faults:
        raise ValueError(f"{rule}, {'; '.join(faults)}")
    return tuple(dict.fromkeys(found))


def _split(text: str) -> list[str]:
    return [part.strip() for part in text.split(",") if part.strip()]


def _split_list(value: object) -> object:
    if not isinstance(value, str):
        return value
    if not _JSON_LIST.match(value):
        return _split(value)
    try:
        return json.loads(value)
    except json.JSONDecodeError:
        raise ValueError("must be separated by commas, or a JSON list") from None


def _hosts(values: tuple[str, ...]) -> tuple[str, ...]:
    if not values:
        raise ValueError("must name at least one host")
    return _each(values, canonical_pattern, "must be host names")


def _origins(values: tuple[str, ...]) -> tuple[str, ...]:
    if "*" in values:
        return ("*",)
    return _each(
        values, canonical_origin, "must be origins separated by commas, like https://app.example without a path"
    )


def _public_url(value: str) -> str:
    try:
        return canonical_url(value.strip())
    except ValueError as error:
        raise ValueError(f"must be like https://sim.example.com:8443 without a path, {error}") from None


def listening_address(value: str) -> str:
    """One address to listen on, or a name of one, without brackets. Raises ``ValueError``."""
    with suppress(ValueError):
        return str(ip_address(value.removeprefix("[").removesuffix("]")))
    if value.startswith(("*", ".")):
        raise ValueError(f"must be one address, got {value!r}: for all, write 0.0.0.0, or :: for IPv6 too")
    try:
        return canonical_pattern(value)
    except ValueError as error:
        raise ValueError(f"must be one address, {error}") from None


ListeningAddress = Annotated[str, AfterValidator(listening_address)]
AllowedHosts = Annotated[tuple[str, ...], NoDecode, BeforeValidator(_split_list), AfterValidator(_hosts)]
Origins = Annotated[tuple[str, ...], NoDecode, BeforeValidator(_split_list), AfterValidator(_origins)]
PublicUrl = Annotated[str, AfterValidator(_public_url)]
Networks = Annotated[tuple[str, ...], NoDecode, BeforeValidator(_split_list), AfterValidator(_networks)]
