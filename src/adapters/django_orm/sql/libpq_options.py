"""What libpq does by the options of a URL to sockets and for TLS, done for asyncpg."""

from __future__ import annotations

import socket
import ssl
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

    from config.postgres import Server

_KEEPALIVE = {
    "keepalives_idle": ("TCP_KEEPIDLE", "TCP_KEEPALIVE"),
    "keepalives_interval": ("TCP_KEEPINTVL",),
    "keepalives_count": ("TCP_KEEPCNT",),
    "tcp_user_timeout": ("TCP_USER_TIMEOUT",),
}


def set_socket_options(connected: Any, options: Mapping[str, str]) -> None:
    """What libpq sets by itself: keepalives, which are on unless they are switched off, and a limit of silence."""
    alive = options.get("keepalives", "1") == "1"
    connected.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, int(alive))
    for option, names in _KEEPALIVE.items():
        number = next((getattr(socket, name) for name in names if hasattr(socket, name)), None)
        if number is not None and int(options.get(option, "0")) and (alive or option == "tcp_user_timeout"):
            connected.setsockopt(socket.IPPROTO_TCP, number, int(options[option]))


def tls_context(server: Server) -> ssl.SSLContext:
    """TLS as libpq would do it by the options of the URL. Raises ``ConnectionError`` for a file that cannot be used."""
    options = server.options
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = server.ssl_mode == "verify-full"
    context.minimum_version = _version(options.get("ssl_min_protocol_version", "TLSv1.2"))
    if "ssl_max_protocol_version" in options:
        context.maximum_version = _version(options["ssl_max_protocol_version"])
    try:
        roots = server.root_certificates
        context.verify_mode = ssl.CERT_REQUIRED if roots else ssl.CERT_NONE
        if roots:
            context.load_verify_locations(roots)
        if "sslcrl" in options:
            context.load_verify_locations(options["sslcrl"])
            context.verify_flags |= ssl.VERIFY_CRL_CHECK_CHAIN
        if "sslcert" in options:
            context.load_cert_chain(options["sslcert"], options["sslkey"], lambda: options.get("sslpassword", ""))
    except OSError as error:  # ssl.SSLError is one
        names = ", ".join(f"{name} {options[name]}" for name in ("sslrootcert", "sslcrl", "sslcert") if name in options)
        raise ConnectionError(f"{names or 'certificates'} cannot be used: {error.strerror or error}") from error
    return context


def _version(name: str) -> ssl.TLSVersion:
    return ssl.TLSVersion[name.replace(".", "_")]
