"""Reads PostgreSQL URLs: hosts by position, and the options that both drivers follow; refuses the others by name."""

import os
import pwd
import re
from collections.abc import Mapping
from random import sample
from typing import Final
from urllib.parse import SplitResult, unquote_to_bytes

from config.postgres import PLACES, POOLED_SESSION, SESSION, SOCKETS, SSL_MODES, VERIFYING, WRITABLE, Server

PORT: Final = 5432
TLS_VERSIONS: Final = ("TLSv1.2", "TLSv1.3")

_CHOICES: Final[Mapping[str, tuple[str, ...]]] = {
    "sslmode": SSL_MODES,
    "channel_binding": ("disable", "prefer", "require"),
    "target_session_attrs": ("any", "read-write", "primary"),
    "gssencmode": ("disable", "prefer"),
    "keepalives": ("0", "1"),
    "ssl_min_protocol_version": TLS_VERSIONS,
    "ssl_max_protocol_version": TLS_VERSIONS,
    "client_encoding": ("UTF8", "utf8", "UTF-8", "utf-8", "auto"),
    "load_balance_hosts": ("disable",),
    "sslnegotiation": ("postgres",),
    "sslsni": ("1",),
    "sslcompression": ("0",),
}
_OF_STANDBYS: Final[Mapping[str, tuple[str, ...]]] = {
    **_CHOICES,
    "target_session_attrs": ("standby", "prefer-standby"),
    "load_balance_hosts": ("disable", "random"),
}
_SECONDS: Final = frozenset({"connect_timeout", "keepalives_idle", "keepalives_interval"})
_NUMBERS: Final = _SECONDS | {"keepalives_count", "tcp_user_timeout"}
_KEEPALIVE_MAX: Final = {"keepalives_idle": 32767, "keepalives_interval": 32767, "keepalives_count": 127}
_TEXTS: Final = frozenset({"application_name", "options", "sslrootcert", "sslcert", "sslkey", "sslpassword", "sslcrl"})
_KNOWN: Final = _CHOICES.keys() | _NUMBERS | _TEXTS | PLACES | {"passfile"}
_PINNED: Final = {each.lower() for each in (*SESSION, *POOLED_SESSION, *WRITABLE)} | {
    *("application_name", "client_encoding", "role", "session_authorization"),
    *("transaction_isolation", "transaction_read_only", "transaction_deferrable", "transaction_timeout"),
}
_REASONS: Final = {
    **dict.fromkeys(("user", "password"), "they belong in front of the host"),
    **dict.fromkeys(("dbname", "database"), "the database is the path"),
    "hostaddr": "name the address in place of the host",
    **dict.fromkeys(("service", "servicefile"), "what it names depends on a file elsewhere: write it into the URL"),
    **dict.fromkeys(("require_auth", "requirepeer", "sslcertmode"), "asyncpg cannot do it"),
    **dict.fromkeys(("gsslib", "krbsrvname", "gssdelegation"), "Kerberos is not supported"),
}
_WHY_NOT: Final = {
    "target_session_attrs": "Goatfish writes, which no standby allows",
    "gssencmode": "asyncpg cannot encrypt by GSSAPI",
    "load_balance_hosts": "hosts are tried in their order, the last good one first",
    "sslnegotiation": "Goatfish asks the server before TLS begins",
    "sslsni": "asyncpg always sends the host's name",
    "sslcompression": "OpenSSL no longer compresses",
}
_URL: Final = re.compile(r"([^:/?#]+)://([^/?#]*)([^?#]*)(?:\?([^#]*))?(?:#(.*))?", re.DOTALL)
_SET: Final = re.compile(r"(?:-c\s*|--)([\w.-]+)")


def split_url(url: str) -> SplitResult:
    """The parts of a URL, which may name several hosts. Raises ``ValueError``."""
    found = _URL.fullmatch(url)
    if found is None:
        raise ValueError("must begin with postgresql://, postgres:// or sqlite:///")
    scheme, netloc, path, query, fragment = found.groups(default="")
    return SplitResult(scheme.lower(), netloc, path, query, fragment)


def read_url(url: str, environment: Mapping[str, str], *, standbys: bool = False) -> Server:
    """The server that a URL names, with what is missing from the environment.

    ``standbys`` says that it names standbys: then no connection leads to a primary, which has a URL of its own, and the
    hosts are in a random order if the URL asks for it. Raises ``ValueError`` with a message that does not repeat the
    URL.
    """
    parts = split_url(url)
    _check_characters(url, parts, environment)
    login, _, places = parts.netloc.rpartition("@")
    user, _, password = login.partition(":")
    options = _read_options(parts.query, _OF_STANDBYS if standbys else _CHOICES)
    if standbys:
        options["target_session_attrs"] = "standby"
    if places and "host" in options:
        raise ValueError("must name its hosts either after the @ or in ?host=")
    for name in ("sslmode", "sslrootcert"):
        if name not in options and environment.get(f"PG{name.upper()}"):
            options[name] = environment[f"PG{name.upper()}"]
    if any(place.count(":") > 1 and "[" not in place for place in places.split(",")):
        raise ValueError("must have IPv6 addresses in brackets: [::1]:5432")
    port = options.get("port", "")
    if places.startswith(":") and "," not in places:  # a port alone
        places, port = "", places[1:]
    hosts = _read_hosts(_unquote_hosts(places) or options.get("host", ""), port, environment)
    if options.get("load_balance_hosts") == "random":
        hosts = tuple(sample(hosts, len(hosts)))
    server = Server(
        hosts=hosts,
        user=_decoded(user) or environment.get("PGUSER", "") or _system_user(),
        password=_decoded(password) or environment.get("PGPASSWORD", ""),
        database=_decoded(parts.path[1:]),
        options=options,
    )
    _check_together(server)
    return server


def _unquote_hosts(places: str) -> str:
    """The decoded list of hosts; a comma within a host is no separator, and refused."""
    decoded = _decoded(places)
    if decoded.count(",") != places.count(","):
        raise ValueError("must have one host between two commas")
    return decoded


def _decoded(text: str) -> str:
    """The text without percent-encoding, a + being a + as libpq has it."""
    if re.search("%(?![0-9A-Fa-f]{2})", text):
        raise ValueError("must have % written as %25")
    try:
        decoded = unquote_to_bytes(text).decode()
    except UnicodeError:
        raise ValueError("must be UTF-8 in its percent-encoding") from None
    if "\0" in decoded:
        raise ValueError("must be without %00, which no server can receive")
    return decoded


def _check_characters(url: str, parts: SplitResult, environment: Mapping[str, str]) -> None:
    if parts.fragment or "#" in url:
        raise ValueError("must have # written as %23")
    if "@" in parts.path or ("@" in parts.query and not parts.path):
        raise ValueError("must have a / or ? in its password written as %2F or %3F, and an @ in its path as %40")
    for name in ("PGUSER", "PGPASSWORD"):
        if not _is_utf8(environment.get(name, "")):
            raise ValueError(f"leaves something to {name}, which is not UTF-8")


def _is_utf8(text: str) -> bool:
    """Whether Python has put nothing in place of bytes that it could not decode."""
    return not any("\ud800" <= character <= "\udfff" for character in text)


def _system_user() -> str:
    """The user of this process, as libpq has it: not the one that LOGNAME or USER names."""
    try:
        return pwd.getpwuid(os.geteuid()).pw_name
    except KeyError:
        return ""


def _read_options(query: str, choices: Mapping[str, tuple[str, ...]]) -> dict[str, str]:
    options: dict[str, str] = {}
    pairs = (each.partition("=") for each in query.split("&") if each)
    for name, value in ((_decoded(name), _decoded(value)) for name, _, value in pairs):
        if (name, value) == ("ssl", "true"):  # as JDBC has it, and libpq too
            name, value = "sslmode", "require"  # noqa: PLW2901 -- the same option
        if name in options:
            raise ValueError(f"has the option {name} twice")
        if name not in _KNOWN:
            raise ValueError(f"has the option {name!r}, which is not supported: {_reason(name)}")
        if value:
            options[name] = value
    for name, value in options.items():
        _check(name, value, choices)
    if not int(options.get("connect_timeout", "1")):  # libpq would wait for ever
        del options["connect_timeout"]
    return options


def _reason(name: str) -> str:
    if name.lower() in _PINNED:
        return "Goatfish sets it itself"
    return _REASONS.get(name, f"known are {', '.join(sorted(_KNOWN))}")


def _check(name: str, value: str, choices: Mapping[str, tuple[str, ...]]) -> None:
    if name in choices and value not in choices[name]:
        why = f" ({_WHY_NOT[name]})" if name in _WHY_NOT and choices is _CHOICES else ""
        raise ValueError(f"is not understood: its {name} is not one of {', '.join(choices[name])}{why}")
    if name in _NUMBERS:
        if not re.fullmatch("[0-9]{1,9}", value):
            raise ValueError(f"has the option {name}, which must be a whole number of {_unit(name)}")
        if (most := _KEEPALIVE_MAX.get(name)) and int(value) > most:
            raise ValueError(f"has the option {name}, which systems limit to {most} {_unit(name)}")
    if name == "options":
        for each in _SET.findall(value):
            if each.lower().replace("-", "_") in _PINNED:
                raise ValueError(f"has options that set {each}, which Goatfish sets itself")
        if re.search(r"(?<!\\)(?:\\\\)*\\\Z", value):  # libpq would escape with it what follows
            raise ValueError("has options that end in the middle of an escape")


def _unit(name: str) -> str:
    if name in _SECONDS:
        return "seconds"
    return "milliseconds" if name == "tcp_user_timeout" else "packets"


def _check_together(server: Server) -> None:
    options, mode = server.options, server.ssl_mode
    if mode not in SSL_MODES:  # from the environment
        raise ValueError(f"has no sslmode, and PGSSLMODE is not one of {', '.join(SSL_MODES)}")
    roots = options.get("sslrootcert", "system" if mode in VERIFYING else "")
    if roots == "system" and mode != "verify-full":  # anybody has a certificate of a public authority
        raise ValueError(f"has sslmode={mode}, which needs sslrootcert=FILE; only verify-full can trust the system's")
    if ("sslcert" in options) != ("sslkey" in options):
        raise ValueError("has one of sslcert and sslkey, which need each other")
    if options.get("ssl_min_protocol_version", "") > options.get("ssl_max_protocol_version", "TLSv1.3"):
        raise ValueError("has an ssl_min_protocol_version above its ssl_max_protocol_version")
    if options.get("channel_binding") == "require":
        if mode in {"disable", "allow", "prefer"}:
            raise ValueError("has channel_binding=require, which needs sslmode=require, verify-ca or verify-full")
        if any(host.startswith("/") for host, _ in server.hosts):
            raise ValueError("has channel_binding=require, which needs TLS, and a Unix socket has none")
        if "passfile" in options and not server.password:
            raise ValueError("has channel_binding=require, which needs the password in the URL or in PGPASSWORD")


def _read_hosts(hosts: str, ports: str, environment: Mapping[str, str]) -> tuple[tuple[str, int], ...]:
    """Hosts and ports by their positions, as libpq has it: a port belongs to the host before it."""
    places = [_host_and_port(each) for each in (hosts or environment.get("PGHOST", "") or ",".join(SOCKETS)).split(",")]
    of_environment = environment.get("PGPORT", "")
    others = (ports or ("" if hosts and "," in of_environment else of_environment)).split(",")
    if len(others) not in {1, len(places)}:
        raise ValueError(f"has {len(others)} ports for {len(places)} hosts")
    others *= len(places) if len(others) == 1 else 1
    return tuple((host, _port(port or other)) for (host, port), other in zip(places, others, strict=True))


def _host_and_port(place: str) -> tuple[str, str]:
    bracketed = re.fullmatch(r"\[([0-9A-Fa-f:.]+(?:%[^\[\]\s]+)?)\](?::(.*))?", place)
    if bracketed:
        return bracketed[1], bracketed[2] or ""
    if "[" in place or "]" in place or any(map(str.isspace, place)):
        raise ValueError("is not a valid URL")
    if place.startswith("@"):
        raise ValueError("names an abstract socket, which asyncpg cannot use")
    if place.count(":") > 1:  # an address without brackets, as ?host= may have it
        return place, ""
    host, _, port = place.partition(":")
    if not host:
        raise ValueError("must name a host between two commas")
    return host, port


def _port(text: str) -> int:
    if text and not (text.isascii() and text.isdigit() and 0 < int(text) < 1 << 16):
        raise ValueError("is not a valid URL: a port is a number from 1 to 65535")
    return int(text or PORT)
