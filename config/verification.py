"""Whether whoever answers as a database has to prove that it is it: passwords are sent there."""

import os
from collections.abc import Iterator, Mapping
from ipaddress import IPv6Address, ip_address
from urllib.parse import parse_qsl, unquote

from config.databases import DatabaseUrl
from config.settings import PREFIX, ConfigurationError, Settings

SSL_MODES = ("disable", "allow", "prefer", "require", "verify-ca", "verify-full")
VERIFYING = frozenset({"verify-ca", "verify-full"})


def require_verified(settings: Settings) -> None:
    """Raises ConfigurationError where passwords would go to another machine that nobody is to verify."""
    urls = {"DATABASE_URL": settings.database_url, "OPERATOR_DATABASE_URL": settings.operator_database_url}
    lines = [
        f"{PREFIX}{name}: {why}"
        for name, url in urls.items()
        if url is not None and (why := unverified(url, os.environ))
    ]
    if lines:
        raise ConfigurationError(lines)


def ssl_mode(url: DatabaseUrl, environment: Mapping[str, str]) -> str:
    """What the URL, or else PGSSLMODE, says of encrypting and verifying; empty where neither says anything."""
    return dict(parse_qsl(url.parts.query)).get("sslmode") or environment.get("PGSSLMODE", "")


def other_machine(url: DatabaseUrl, environment: Mapping[str, str]) -> str | None:
    """What may be another machine, of all that a driver of ours might connect to; None where it is surely this one.

    The drivers do not agree: where the URL has a host and ?host=, asyncpg takes the first, libpq the second. libpq
    alone knows hostaddr, and both read what is missing from the environment or a service file, which is not read here.
    """
    if url.is_sqlite:
        return None
    return next((place for place in _places(url, environment) if not _is_this_machine(place)), None)


def unverified(url: DatabaseUrl, environment: Mapping[str, str]) -> str | None:
    """Why nobody should connect there, in one line: passwords would go to whoever answers. None where all is said."""
    place, mode = other_machine(url, environment), ssl_mode(url, environment)
    if place is None or mode in SSL_MODES:
        return None
    if mode:
        return f"its sslmode is none of {', '.join(SSL_MODES)}"
    return (
        f"{place} is not this machine, and the URL does not say whether to verify it."
        " Add ?sslmode=verify-full&sslrootcert=FILE, or ?sslmode=disable where the network itself is trusted."
    )


def _places(url: DatabaseUrl, environment: Mapping[str, str]) -> Iterator[str]:
    query = parse_qsl(url.parts.query)
    address = url.parts.netloc.partition("@")  # as asyncpg looks for it, and with the last @ there would be more
    hosts = [unquote(_without_port(host)) for host in (address[2] if address[1] else address[0]).split(",")]
    hosts += [host for name, value in query if name == "host" for host in map(_without_port, value.split(","))]
    if not any(hosts):
        hosts = [_without_port(host) for host in environment.get("PGHOST", "").split(",")]
    yield from filter(None, hosts)
    addresses = [value for name, value in query if name == "hostaddr"] or [environment.get("PGHOSTADDR", "")]
    yield from filter(None, ",".join(addresses).split(","))
    services = [value for name, value in query if name == "service"] or [environment.get("PGSERVICE", "")]
    yield from (f"the service {service}" for service in services if service)


def _without_port(host: str) -> str:
    address, bracket, rest = host.partition("]")
    if host.startswith("[") and bracket and rest[:1] in {"", ":"}:
        return address[1:]
    return host.partition(":")[0] if host.count(":") == 1 and not host.startswith("/") else host


def _is_this_machine(place: str) -> bool:
    if "," in place or any(map(str.isspace, place)):  # drivers differ over what that is
        return False
    if place.startswith("/"):  # the folder of a socket
        return True
    name = place.lower().rstrip(".")
    if name == "localhost":  # names below it are asked of the network on many systems
        return True
    try:
        address = ip_address(name)
    except ValueError:
        return False
    mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
    return (mapped or address).is_loopback
