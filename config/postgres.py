"""Connection parameters of a PostgreSQL server for both drivers, and the settings of every session."""

import os
import re
import stat
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

SSL_MODES: Final = ("disable", "allow", "prefer", "require", "verify-ca", "verify-full")
VERIFYING: Final = frozenset({"verify-ca", "verify-full"})
SOCKETS: Final = ("/var/run/postgresql", "/tmp", "localhost")  # noqa: S108 -- where servers have their sockets
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
    # Those that policies compare rows with: a statement that names no owner sees none.
    "goatfish.owner": "",
    "goatfish.key": "",
    "goatfish.deliverer": "",
}
"""Settings of every session, whatever the role, the database, the server or the environment say."""
POOLED_SESSION: Final[Mapping[str, str]] = {
    "DateStyle": "ISO, MDY",
    "TimeZone": "UTC",
    "standard_conforming_strings": "on",
}
"""Those that PgBouncer takes from its clients, and sets before each transaction."""
LATER_SESSION: Final = "SET transaction_timeout = 0"
"""A statement for servers since ``LATER``, once connected: earlier ones refuse a setting that they do not know."""
LATER: Final = 17
GRACE: Final = 1.0
"""Seconds for the server to end a statement by itself at its limit: then it is known that it was not carried out."""
WRITABLE: Final[Mapping[str, str]] = {"default_transaction_read_only": "off"}
"""Unless ``target_session_attrs`` chooses a server by it."""

_FILES: Final = ("sslcert", "sslkey", "sslcrl", "passfile")
_SECRET_FILES: Final = ("sslkey", "passfile")
PLACES: Final = frozenset({"host", "port"})
IGNORED: Final = (
    *("PGHOSTADDR", "PGDATABASE", "PGPASSFILE", "PGREQUIREAUTH", "PGCHANNELBINDING", "PGSERVICE", "PGSERVICEFILE"),
    *("PGOPTIONS", "PGAPPNAME", "PGREQUIRESSL", "PGSSLCOMPRESSION", "PGSSLCERT", "PGSSLKEY", "PGSSLCERTMODE"),
    *("PGSSLCRL", "PGSSLCRLDIR", "PGSSLSNI", "PGSSLNEGOTIATION", "PGREQUIREPEER", "PGSSLMINPROTOCOLVERSION"),
    *("PGSSLMAXPROTOCOLVERSION", "PGGSSENCMODE", "PGKRBSRVNAME", "PGGSSLIB", "PGGSSDELEGATION", "PGCONNECT_TIMEOUT"),
    *("PGCLIENTENCODING", "PGTARGETSESSIONATTRS", "PGLOADBALANCEHOSTS", "PGMINPROTOCOLVERSION", "PGSSLKEYLOGFILE"),
    *("PGMAXPROTOCOLVERSION", "PGDATESTYLE", "PGTZ", "PGGEQO", "PGSYSCONFDIR", "PGLOCALEDIR"),
)
"""Variables of libpq that are not read: all but PGHOST, PGPORT, PGUSER, PGPASSWORD, PGSSLMODE and PGSSLROOTCERT."""
_CA_FILES: Final = (
    "/etc/ssl/certs/ca-certificates.crt",  # Debian, Alpine, Arch
    "/etc/pki/tls/certs/ca-bundle.crt",  # Fedora
    "/etc/ssl/ca-bundle.pem",  # SUSE
    "/etc/ssl/cert.pem",  # macOS, BSD
)
_WORD: Final = re.compile(r"(?:\\.|[^\s\\])+", re.DOTALL)
_SETTING: Final = re.compile(r"(?:(?<!\S)-c ?|(?<!\S)--)([\w.-]+)=(\S*)")


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
        """Raises ``OSError`` where a file that the options name cannot be read, or drivers refuse to read it."""
        given = {name: self.options[name] for name in _FILES if name in self.options}
        for name, file in {**given, "sslrootcert": self.root_certificates}.items():
            if file and (not os.access(file, os.R_OK) or Path(file).is_dir()):
                raise FileNotFoundError(f"its {name} cannot be read: {file}")
            if name in _SECRET_FILES and _open_to_others(name, file):
                raise PermissionError(f"its {name} is open to other users. Run: chmod 600 {file}")

    @property
    def session(self) -> dict[str, str]:
        """The settings with which every session begins."""
        return session_settings(chooses=self.options.get("target_session_attrs", "any") != "any")

    @property
    def asked(self) -> dict[str, str]:
        """The settings that the URL's ``options`` name."""
        return settings_in(self.options.get("options", ""))

    def for_libpq(self, connect_timeout: int) -> dict[str, str]:
        """Every parameter of libpq that an environment or a home could also set."""
        given = {name: value for name, value in self.options.items() if name not in PLACES}
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
            "options": " ".join(filter(None, [given.get("options"), as_options(self.session)])),
        }


def _open_to_others(name: str, file: str) -> bool:
    """Whether others have a right to a file with secrets, and libpq refuses it therefore.

    A key of root's may be read by its group. asyncpg has the same rule for passwords, and none for keys.
    """
    found = Path(file).stat()
    readable = stat.S_IRGRP if name == "sslkey" and found.st_uid == 0 else 0
    return bool(found.st_mode & (stat.S_IRWXG | stat.S_IRWXO) & ~readable)


def forget_variables() -> None:
    """Removes from this process's environment what libpq would read there, but for what ``read_url`` has read."""
    for name in IGNORED:
        os.environ.pop(name, None)


def session_limits(seconds: float, *, lock: float) -> dict[str, str]:
    """Settings by which the server ends statements and idle transactions after so long, and waits ``lock`` for one."""
    limit = _milliseconds(seconds)
    return {
        "statement_timeout": limit,
        "lock_timeout": _milliseconds(lock),
        "idle_in_transaction_session_timeout": limit,
    }


def session_settings(*, chooses: bool) -> dict[str, str]:
    """The settings of a session; ``chooses`` says that the server is chosen by what its sessions are by default."""
    return {**POOLED_SESSION, **SESSION, **({} if chooses else WRITABLE)}


def as_options(settings: Mapping[str, str]) -> str:
    """The text by which libpq's ``options`` make settings."""
    return " ".join(f"-c {name}={_escaped(value)}" for name, value in settings.items())


def settings_in(options: str) -> dict[str, str]:
    """The settings that such a text makes, by their names."""
    words = " ".join(re.sub(r"\s", "\0", re.sub(r"\\(.)", r"\1", word)) for word in _WORD.findall(options))
    return {name.replace("-", "_"): value.replace("\0", " ") for name, value in _SETTING.findall(words)}


def _milliseconds(seconds: float) -> str:
    return str(max(int(seconds * 1000), 1))  # 0 would be no limit


def _escaped(value: str) -> str:
    return re.sub(r"([\\\s])", r"\\\1", value)
