"""Requires a decision about TLS verification (sslmode) before a password is sent to a remote database."""

import os
from collections.abc import Mapping
from ipaddress import IPv6Address, ip_address

from config.databases import DatabaseUrl
from config.postgres import VERIFYING
from config.setting_errors import ConfigurationError
from config.settings import PREFIX, Settings


def require_verified(settings: Settings) -> None:
    """Raises ConfigurationError where a URL names a remote server and no sslmode."""
    urls = {
        "DATABASE_URL": settings.database_url,
        "OPERATOR_DATABASE_URL": settings.operator_database_url,
        "REPLICA_DATABASE_URL": settings.replica_database_url,
    }
    lines = [
        f"{PREFIX}{name}: {why}"
        for name, url in urls.items()
        if url is not None and (why := unverified(url, os.environ))
    ]
    if lines:
        raise ConfigurationError(lines)


def other_machine(url: DatabaseUrl, environment: Mapping[str, str]) -> str | None:
    """A remote host to which a driver might connect; None if all of them are this machine. Raises ``ValueError``."""
    if url.is_sqlite:
        return None
    return next((host for host, _ in url.server(environment).hosts if not _is_this_machine(host)), None)


def unverified_host(url: DatabaseUrl, environment: Mapping[str, str]) -> tuple[str, str] | None:
    """A remote host whose identity is not verified because of this sslmode; None if there is none."""
    place = other_machine(url, environment)
    if place is None:
        return None
    server = url.server(environment)
    bound = server.options.get("channel_binding") == "require"
    if bound or server.ssl_mode in VERIFYING or "sslmode" not in server.options:
        return None
    return place, server.ssl_mode


def unverified(url: DatabaseUrl, environment: Mapping[str, str]) -> str | None:
    """Why not to connect, in one line: a file is missing, or the URL names a remote server and no sslmode."""
    if url.is_sqlite:
        return None
    try:
        server = url.server(environment)
        server.check_files()
    except ValueError as error:  # with what is missing from the environment
        return f"it {error}"
    except OSError as error:
        return str(error)
    place = other_machine(url, environment)
    if place is None or "sslmode" in server.options:
        return None
    return (
        f"{place} is not this machine, and the URL does not say whether to verify its identity."
        " Add ?sslmode=verify-full&sslrootcert=FILE, or ?sslmode=disable if you trust the network."
    )


def _is_this_machine(place: str) -> bool:
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
