"""Requires a decision about TLS verification (sslmode) before a password is sent to a remote database."""

import os
from collections.abc import Iterator, Mapping
from ipaddress import IPv6Address, ip_address
from urllib.parse import parse_qsl, unquote

from config.databases import DatabaseUrl
from config.settings import PREFIX, ConfigurationError, Settings

SSL_MODES = ("disable", "allow", "prefer", "require", "verify-ca", "verify-full")
VERIFYING = frozenset({"verify-ca", "verify-full"})


def require_verified(settings: Settings) -> None:
    """Raises ConfigurationError where a URL names a remote server and no sslmode."""
    urls = {"DATABASE_URL": settings.database_url, "OPERATOR_DATABASE_URL": settings.operator_database_url}
    lines = [
        f"{PREFIX}{name}: {why}"
        for name, url in urls.items()
        if url is not None and (why := unverified(url, os.environ))
    ]
    if lines:
        raise ConfigurationError(lines)


def ssl_mode(url: DatabaseUrl, environment: Mapping[str, str]) -> str:
    """The sslmode of the URL, or else of PGSSLMODE; empty where neither is set."""
    return dict(parse_qsl(url.parts.query)).get("sslmode") or environment.get("PGSSLMODE", "")


def other_machine(url: DatabaseUrl, environment: Mapping[str, str]) -> str | None:
    """A remote host that a driver might connect to; None if all of them are this machine.

    The drivers differ: where the URL has a host and ?host=, asyncpg takes the former, libpq the latter. Only libpq
    knows hostaddr. Both take what is missing from the environment or a service file, which counts as remote.
    """
    if url.is_sqlite:
        return None
    return next((place for place in _places(url, environment) if not _is_this_machine(place)), None)


def unverified(url: DatabaseUrl, environment: Mapping[str, str]) -> str | None:
    """Why not to connect, in one line: the server is remote and sslmode is not set. None if there is no reason."""
    place, mode = other_machine(url, environment), ssl_mode(url, environment)
    if place is None or mode in SSL_MODES:
        return None
    if mode:
        return f"its sslmode is not one of {', '.join(SSL_MODES)}"
    return (
        f"{place} is not this machine, and the URL does not say whether to verify its identity."
        " Add ?sslmode=verify-full&sslrootcert=FILE, or ?sslmode=disable if you trust the network."
    )


def _places(url: DatabaseUrl, environment: Mapping[str, str]) -> Iterator[str]:
    query = parse_qsl(url.parts.query)
    address = url.parts.netloc.partition(
        "@"
    )  # at the first @, as asyncpg does; libpq takes the last, and both hosts are checked
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
    if "," in place or any(map(str.isspace, place)):  # drivers differ in how they read it
        return False
    if place.startswith("/"):  # the directory of a Unix socket
        return True
    name = place.lower().rstrip(".")
    if name == "localhost":  # many systems resolve its subdomains by DNS
        return True
    try:
        address = ip_address(name)
    except ValueError:
        return False
    mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
    return (mapped or address).is_loopback
