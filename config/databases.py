"""Database URLs, and Django's settings for them; imports no Django."""

from collections.abc import Mapping
from dataclasses import dataclass
from os import environ
from pathlib import Path
from typing import Any, Literal
from urllib.parse import SplitResult, quote, unquote

from config.postgres import Server, forget_variables
from config.postgres_urls import read_url, split_url

CONNECT_TIMEOUT = 5  # seconds
SQLITE_BUSY_TIMEOUT = 20  # seconds


@dataclass(frozen=True, repr=False)
class DatabaseUrl:
    """The URL of a PostgreSQL database or an SQLite file. Only `with_password` reveals the password."""

    with_password: str

    def __post_init__(self) -> None:
        """Raise ValueError, without repeating the URL, unless every driver in use accepts it."""
        parts = self.parts
        if parts.scheme not in {"postgresql", "postgres", "sqlite"}:
            raise ValueError("must begin with postgresql://, postgres:// or sqlite:///")
        if self.is_sqlite:
            unusable = parts.netloc or parts.query or parts.fragment or parts.path.endswith("/")
            if unusable or not self.with_password.startswith("sqlite:///"):
                raise ValueError("must name a file: sqlite:///relative/path or sqlite:////absolute/path")
            if parts.path == "/:memory:":
                raise ValueError("must name a file: SQLite in memory cannot be shared by connections")
            if parts.path.startswith("/~"):
                raise ValueError("must name a file without ~, which only shells replace: sqlite:////absolute/path")
            if "%00" in parts.path:
                raise ValueError("must name a file without %00, which no name can contain")
        else:
            self.server({})
            if not parts.path.strip("/"):
                raise ValueError("must name a database: postgresql://user:password@host/name")

    @property
    def parts(self) -> SplitResult:
        """The URL split, still percent-encoded, password included."""
        return split_url(self.with_password)

    def server(self, environment: Mapping[str, str]) -> Server:
        """The PostgreSQL server, with what the URL leaves to the environment. Raises ``ValueError``."""
        return read_url(self.with_password, environment)

    @property
    def is_sqlite(self) -> bool:
        """Whether it is an SQLite file."""
        return self.parts.scheme == "sqlite"

    @property
    def kind(self) -> Literal["sqlite", "postgresql"]:
        """The kind of database."""
        return "sqlite" if self.is_sqlite else "postgresql"

    @property
    def path(self) -> Path:
        """The absolute path of SQLite's file; a relative one is resolved against the working directory."""
        return Path(unquote(self.parts.path[1:])).absolute()

    @property
    def user(self) -> str:
        """The PostgreSQL role; empty where the URL has none and the driver chooses it."""
        return unquote(self.parts.username or "")

    @property
    def password(self) -> str:
        """The role's password; empty where the URL has none."""
        return unquote(self.parts.password or "")

    @property
    def database(self) -> str:
        """The name of the PostgreSQL database."""
        return unquote(self.parts.path[1:])

    def of(self, database: str, user: str | None = None, password: str = "") -> "DatabaseUrl":
        """The URL of another database of the same server, with another role if given."""
        parts = self.parts
        if user is not None:
            address = parts.netloc.rpartition("@")[2]
            parts = parts._replace(netloc=f"{quote(user, safe='')}:{quote(password, safe='')}@{address}")
        return DatabaseUrl(parts._replace(path=f"/{quote(database, safe='')}").geturl())

    def __str__(self) -> str:
        """The URL with *** for the password, and without its query, which may contain secrets."""
        login, at, host = self.parts.netloc.rpartition("@")
        user, colon, _ = login.partition(":")
        return f"{self.parts.scheme}://{user}{':***' if colon else ''}{at}{host}{self.parts.path}"

    def __repr__(self) -> str:
        return f"DatabaseUrl({str(self)!r})"


class StandbyUrl(DatabaseUrl):
    """The URL of one or several PostgreSQL standbys, which are only read."""

    def server(self, environment: Mapping[str, str]) -> Server:
        """The standbys, with what the URL leaves to the environment. Raises ``ValueError``."""
        return read_url(self.with_password, environment, standbys=True)


def django_database(url: DatabaseUrl, synchronous: Literal["full", "normal"] = "full") -> dict[str, Any]:
    """Django's DATABASES entry for this URL. ``synchronous`` says when SQLite answers: see the setting."""
    if url.is_sqlite:
        return {
            "ENGINE": "adapters.django_orm.sqlite",
            "NAME": str(url.path),
            "OPTIONS": {
                # WAL lets readers run beside a writer; IMMEDIATE takes the write lock when a transaction begins,
                # so that it waits there instead of failing at its first write.
                "init_command": f"PRAGMA journal_mode=WAL; PRAGMA synchronous={synchronous.upper()}",
                "transaction_mode": "IMMEDIATE",
                "timeout": SQLITE_BUSY_TIMEOUT,
            },
            # Django's default is a database in memory, without WAL or a second connection.
            "TEST": {"NAME": str(url.path.with_name(f"test_{url.path.name}"))},
        }
    parameters = psycopg_parameters(url)
    return {
        "ENGINE": "adapters.django_orm.postgresql",
        **{name.upper(): parameters.pop(name, "") for name in ("user", "password", "host", "port")},
        "NAME": parameters.pop("dbname"),
        "CONN_MAX_AGE": 0,
        "OPTIONS": parameters,
    }


def psycopg_parameters(url: DatabaseUrl) -> dict[str, Any]:
    """All parameters of a connection by libpq, which finds nothing else in the environment. Raises ``ValueError``."""
    forget_variables()
    return url.server(environ).for_libpq(CONNECT_TIMEOUT)
