"""What a PostgreSQL URL says, read once for both drivers; what only one of them could do is refused by name."""

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final
from urllib.parse import SplitResult, parse_qsl, unquote

PORT: Final = 5432
SSL_MODES: Final = ("disable", "allow", "prefer", "require", "verify-ca", "verify-full")
VERIFYING: Final = frozenset({"verify-ca", "verify-full"})
TLS_VERSIONS: Final = ("TLSv1.2", "TLSv1.3")
SOCKETS: Final = ("/var/run/postgresql", "/tmp", "localhost")  # noqa: S108  # where servers have their sockets
"""Where a server is looked for if nothing names one."""
NOWHERE: Final = "/nonexistent"
"""Keeps libpq from files in the user's home: a file that does not exist counts as none."""

SESSION: Final[Mapping[str, str]] = {
    "search_path": "public",
    "row_security": "on",
    "lock_timeout": "0",
    "array_nulls": "on",
    "transform_null_equals": "off",
    "quote_all_identifiers": "off",
    "gin_fuzzy_search_limit": "0",
    "exit_on_error": "off",
    "bytea_output": "hex",
    "extra_float_digits": "1",
    "IntervalStyle": "postgres",
    "default_transaction_isolation": "read committed",
    "statement_timeout": "0",
    "idle_in_transaction_session_timeout": "0",
    "idle_session_timeout": "0",
}
"""Settings of every session, whatever the role, the database, the server or the environment say."""
POOLED_SESSION: Final[Mapping[str, str]] = {
    "DateStyle": "ISO, MDY",
    "TimeZone": "UTC",
    "standard_conforming_strings": "on",
}
"""Those that PgBouncer takes from its clients, and sets before each transaction."""
WRITABLE: Final[Mapping[str, str]] = {"default_transaction_read_only": "off"}
"""Unless ``target_session_attrs`` chooses a server by it."""

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
}
_SECONDS: Final = frozenset({"connect_timeout", "keepalives_idle", "keepalives_interval"})
_NUMBERS: Final = _SECONDS | {"keepalives_count", "tcp_user_timeout"}
_TEXTS: Final = frozenset({"application_name", "options", "sslrootcert", "sslcert", "sslkey", "sslpassword", "sslcrl"})
_FILES: Final = ("sslcert", "sslkey", "sslcrl", "passfile")
_PLACES: Final = frozenset({"host", "port"})
_KNOWN: Final = _CHOICES.keys() | _NUMBERS | _TEXTS | _PLACES | {"passfile"}
_REASONS: Final = {
    **dict.fromkeys(("user", "password"), "they belong in front of the host"),
    **dict.fromkeys(("dbname", "database"), "the database is the path"),
    "hostaddr": "name the address in place of the host",
    **dict.fromkeys(("service", "servicefile"), "what it names depends on a file elsewhere: write it into the URL"),
    **dict.fromkeys(("require_auth", "requirepeer", "sslsni", "sslcertmode"), "asyncpg cannot do it"),
    **dict.fromkeys(("gsslib", "krbsrvname", "gssdelegation"), "Kerberos is not supported"),
}
_WHY_NOT: Final = {
    "target_session_attrs": "Goatfish writes, which no standby allows",
    "gssencmode": "asyncpg cannot encrypt by GSSAPI",
    "load_balance_hosts": "hosts are tried in their order, the last good one first",
}
_URL: Final = re.compile(r"([^:/?#]+)://([^/?#]*)([^?#]*)(?:\?([^#]*))?(?:#(.*))?", re.DOTALL)
_SET: Final = re.compile(r"(?:-c\s*|--)([\w.-]+)")
# Read where a URL does not say it: PGHOST, PGPORT, PGUSER, PGPASSWORD, PGSSLMODE and PGSSLROOTCERT. No others:
_IGNORED: Final = (
    *("PGHOSTADDR", "PGDATABASE", "PGPASSFILE", "PGREQUIREAUTH", "PGCHANNELBINDING", "PGSERVICE", "PGSERVICEFILE"),
    *("PGOPTIONS", "PGAPPNAME", "PGREQUIRESSL", "PGSSLCOMPRESSION", "PGSSLCERT", "PGSSLKEY", "PGSSLCERTMODE"),
    *("PGSSLCRL", "PGSSLCRLDIR", "PGSSLSNI", "PGSSLNEGOTIATION", "PGREQUIREPEER", "PGSSLMINPROTOCOLVERSION"),
    *("PGSSLMAXPROTOCOLVERSION", "PGGSSENCMODE", "PGKRBSRVNAME", "PGGSSLIB", "PGGSSDELEGATION", "PGCONNECT_TIMEOUT"),
    *("PGCLIENTENCODING", "PGTARGETSESSIONATTRS", "PGLOADBALANCEHOSTS", "PGMINPROTOCOLVERSION", "PGSSLKEYLOGFILE"),
    *("PGMAXPROTOCOLVERSION", "PGDATESTYLE", "PGTZ", "PGGEQO", "PGSYSCONFDIR", "PGLOCALEDIR"),
)
_CA_FILES: Final = (
    "/etc/ssl/certs/ca-certificates.crt",  # Debian, Alpine, Arch
    "/etc/pki/tls/certs/ca-bundle.crt",  # Fedora
    "/etc/ssl/ca-bundle.pem",  # SUSE
    "/etc/ssl/cert.pem",  # macOS, BSD
)


@dataclass(frozen=True)
class Server:
    """Where to connect, as whom and how. ``hosts`` are names, addresses or directories of sockets, with their ports."""

    hosts: tuple[tuple[str, int], ...]
    user: str
    password: str = field(repr=False)
    database: str
    options: Mapping[str, str] = field(repr=False)

    @property
    def ssl_mode(self) -> str:
        """One of ``SSL_MODES``."""
        return self.options.get("sslmode", "prefer")

    @property
    def root_certificates(self) -> str:
        """The file of certificate authorities to trust, if any. Raises ``OSError`` if the system has no such file."""
        given = self.options.get("sslrootcert", "system" if self.ssl_mode == "verify-full" else "")
        if self.ssl_mode not in VERIFYING | {"require"}:
            return ""
        if given != "system":
            return given
        found = next((file for file in (os.environ.get("SSL_CERT_FILE", ""), *_CA_FILES) if Path(file).is_file()), None)
        if found is None:
            raise FileNotFoundError("the certificate authorities of the system are not found: name sslrootcert=FILE")
        return found

    def check_files(self) -> None:
        """Raises ``OSError`` where a file that the options name cannot be read."""
        given = {name: self.options[name] for name in _FILES if name in self.options}
        for name, file in {**given, "sslrootcert": self.root_certificates}.items():
            if file and not os.access(file, os.R_OK):
                raise FileNotFoundError(f"its {name} cannot be read: {file}")

    @property
    def session(self) -> dict[str, str]:
        """The settings with which every session begins."""
        chooses = self.options.get("target_session_attrs", "any") != "any"
        return {**POOLED_SESSION, **SESSION, **({} if chooses else WRITABLE)}

    def for_libpq(self, connect_timeout: int) -> dict[str, str]:
        """Every parameter of libpq that an environment or a home could also set."""
        given = {name: value for name, value in self.options.items() if name not in _PLACES}
        settings = (f"-c {name}={_escaped(value)}" for name, value in self.session.items())
        return {
            "host": ",".join(host for host, _ in self.hosts),
            "port": ",".join(str(port) for _, port in self.hosts),
            "dbname": self.database,
            **({"user": self.user} if self.user else {}),
            **({"password": self.password} if self.password else {}),
            "connect_timeout": str(connect_timeout),
            "passfile": NOWHERE,
            "sslcert": NOWHERE,
            "sslkey": NOWHERE,
            "sslcrl": NOWHERE,
            "application_name": "goatfish",
            **given,
            "sslmode": self.ssl_mode,
            "sslrootcert": self.root_certificates or NOWHERE,
            "gssencmode": "disable",
            "client_encoding": "UTF8",
            "options": " ".join([*filter(None, [given.get("options")]), *settings]),
        }


def split_url(url: str) -> SplitResult:
    """The parts of a URL, which may name several hosts. Raises ``ValueError``."""
    found = _URL.fullmatch(url)
    if found is None:
        raise ValueError("must begin with postgresql://, postgres:// or sqlite:///")
    scheme, netloc, path, query, fragment = found.groups(default="")
    return SplitResult(scheme.lower(), netloc, path, query, fragment)


def read_url(url: str, environment: Mapping[str, str]) -> Server:
    """The server that a URL names, with what is missing from the environment.

    Raises ``ValueError`` with a message that does not repeat the URL.
    """
    parts = split_url(url)
    if parts.fragment or "#" in url:
        raise ValueError("must have # written as %23")
    login, _, places = parts.netloc.rpartition("@")
    user, _, password = login.partition(":")
    options = _read_options(parts.query)
    if places and "host" in options:
        raise ValueError("must name its hosts either after the @ or in ?host=")
    for name in ("sslmode", "sslrootcert"):
        if name not in options and environment.get(f"PG{name.upper()}"):
            options[name] = environment[f"PG{name.upper()}"]
    port = options.get("port", "")
    if places.startswith(":"):  # a port alone
        places, port = "", places[1:]
    server = Server(
        hosts=_read_hosts(_unquote_hosts(places) or options.get("host", ""), port, environment),
        user=unquote(user) or environment.get("PGUSER", ""),
        password=unquote(password) or environment.get("PGPASSWORD", ""),
        database=unquote(parts.path[1:]),
        options=options,
    )
    _check_together(server)
    return server


def _unquote_hosts(places: str) -> str:
    """The decoded list of hosts; a comma within a host is no separator, and refused."""
    decoded = unquote(places)
    if decoded.count(",") != places.count(","):
        raise ValueError("must have one host between two commas")
    return decoded


def forget_variables() -> None:
    """Removes from this process's environment what libpq would read there, but for what ``read_url`` has read."""
    for name in _IGNORED:
        os.environ.pop(name, None)


def _escaped(value: str) -> str:
    return re.sub(r"([\\\s])", r"\\\1", value)


def _read_options(query: str) -> dict[str, str]:
    options: dict[str, str] = {}
    for name, value in parse_qsl(query, keep_blank_values=True):
        if (name, value) == ("ssl", "true"):  # as JDBC has it, and libpq too
            name, value = "sslmode", "require"  # noqa: PLW2901
        if name in options:
            raise ValueError(f"has the option {name} twice")
        if name not in _KNOWN:
            raise ValueError(f"has the option {name!r}, which is not supported: {_reason(name)}")
        if value:
            options[name] = value
    for name, value in options.items():
        _check(name, value)
    return options


def _reason(name: str) -> str:
    if name.lower() in {each.lower() for each in (*SESSION, *POOLED_SESSION, *WRITABLE)}:
        return "Goatfish sets it itself"
    return _REASONS.get(name, f"known are {', '.join(sorted(_KNOWN))}")


def _check(name: str, value: str) -> None:
    choices = _CHOICES.get(name)
    if choices and value not in choices:
        why = f" ({_WHY_NOT[name]})" if name in _WHY_NOT else ""
        raise ValueError(f"is not understood: its {name} is not one of {', '.join(choices)}{why}")
    if name in _NUMBERS and not re.fullmatch("[0-9]{1,9}", value):
        raise ValueError(f"has the option {name}, which must be a whole number of {_unit(name)}")
    if name == "options":
        pinned = {each.lower() for each in (*SESSION, *POOLED_SESSION, *WRITABLE)}
        for each in _SET.findall(value):
            if each.lower().replace("-", "_") in pinned:
                raise ValueError(f"has options that set {each}, which Goatfish sets itself")


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
    if options.get("channel_binding") == "require":
        if mode in {"disable", "allow", "prefer"}:
            raise ValueError("has channel_binding=require, which needs sslmode=require, verify-ca or verify-full")
        if any(host.startswith("/") for host, _ in server.hosts):
            raise ValueError("has channel_binding=require, which needs TLS, and a Unix socket has none")


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
    bracketed = re.fullmatch(r"\[([0-9A-Fa-f:.]+(?:%\w+)?)\](?::(.*))?", place)
    if bracketed:
        return bracketed[1], bracketed[2] or ""
    if "[" in place or "]" in place or any(map(str.isspace, place)):
        raise ValueError("is not a valid URL")
    if place.count(":") > 1:  # an address without brackets, as ?host= may have it
        return place, ""
    host, _, port = place.partition(":")
    if not host:
        raise ValueError("must name a host between two commas")
    return host, port


def _port(text: str) -> int:
    if text and not (text.isascii() and text.isdigit() and 0 < int(text) < 1 << 16):
        raise ValueError("is not a valid URL")
    return int(text or PORT)
