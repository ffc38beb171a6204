"""Where a database is, as one URL, and how Django reaches it; loads no Django."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from ipaddress import IPv6Address, ip_address
from pathlib import Path
from typing import Any, Literal
from urllib.parse import SplitResult, parse_qsl, quote, unquote, urlsplit

CONNECT_TIMEOUT = 5  # seconds
SQLITE_BUSY_TIMEOUT = 20  # seconds
SSL_MODES = ("disable", "allow", "prefer", "require", "verify-ca", "verify-full")
VERIFYING = frozenset({"verify-ca", "verify-full"})


@dataclass(frozen=True, repr=False)
class DatabaseUrl:
    """Where a database is: PostgreSQL, or an SQLite file. Only `with_password` ever shows its password."""

    with_password: str

    def __post_init__(self) -> None:
        """Raise ValueError, without the URL in it, unless every driver of ours can take it."""
        try:
            parts = self.parts
            _ = parts.port  # checked by urlsplit only when asked for
        except ValueError:
            raise ValueError("is not a valid URL") from None
        if parts.scheme not in {"postgresql", "postgres", "sqlite"}:
            raise ValueError("must begin with postgresql://, postgres:// or sqlite:///")
        if self.is_sqlite:
            unusable = parts.netloc or parts.query or parts.fragment or parts.path.endswith("/")
            if unusable or not self.with_password.startswith("sqlite:///"):
                raise ValueError("must name a file: sqlite:///relative/path or sqlite:////absolute/path")
            if parts.path == "/:memory:":
                raise ValueError("must name a file: SQLite in memory cannot be shared by connections")
        elif not parts.path.strip("/"):
            raise ValueError("must name a database: postgresql://user:password@host/name")

    @property
    def parts(self) -> SplitResult:
        """The URL split, still percent-encoded, password included."""
        return urlsplit(self.with_password)

    @property
    def is_sqlite(self) -> bool:
        """Whether it is a file of SQLite's."""
        return self.parts.scheme == "sqlite"

    @property
    def kind(self) -> Literal["sqlite", "postgresql"]:
        """Which database it is."""
        return "sqlite" if self.is_sqlite else "postgresql"

    @property
    def path(self) -> Path:
        """SQLite's file, absolute; a relative one is taken from the working directory."""
        return Path(unquote(self.parts.path[1:])).absolute()

    @property
    def user(self) -> str:
        """PostgreSQL's role; empty where the URL leaves it to the driver."""
        return unquote(self.parts.username or "")

    @property
    def password(self) -> str:
        """The role's password; empty where there is none in the URL."""
        return unquote(self.parts.password or "")

    @property
    def database(self) -> str:
        """The name of PostgreSQL's database."""
        return unquote(self.parts.path[1:])

    def of(self, database: str, user: str | None = None, password: str = "") -> "DatabaseUrl":
        """Another database of the same server, as another role where one is given."""
        parts = self.parts
        if user is not None:
            address = parts.netloc.rpartition("@")[2]
            parts = parts._replace(netloc=f"{quote(user, safe='')}:{quote(password, safe='')}@{address}")
        return DatabaseUrl(parts._replace(path=f"/{quote(database, safe='')}").geturl())

    def __str__(self) -> str:
        """The URL without its query, and with *** for the password."""
        login, at, host = self.parts.netloc.rpartition("@")
        user, colon, _ = login.partition(":")
        return f"{self.parts.scheme}://{user}{':***' if colon else ''}{at}{host}{self.parts.path}"

    def __repr__(self) -> str:
        return f"DatabaseUrl({str(self)!r})"


def django_database(url: DatabaseUrl) -> dict[str, Any]:
    """Django's DATABASES entry for this URL; SQLite's directory is made when missing."""
    if url.is_sqlite:
        url.path.parent.mkdir(parents=True, exist_ok=True)
        return {
            "ENGINE": "adapters.django_orm.sqlite",
            "NAME": str(url.path),
            "OPTIONS": {
                # Readers and a writer side by side, and a transaction that writes queues for its turn at once
                # instead of failing half-way.
                "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL",
                "transaction_mode": "IMMEDIATE",
                "timeout": SQLITE_BUSY_TIMEOUT,
            },
            # Django's own default is memory, where neither WAL nor a second connection exists.
            "TEST": {"NAME": str(url.path.with_name(f"test_{url.path.name}"))},
        }
    parts = url.parts
    return {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": url.database,
        "USER": url.user,
        "PASSWORD": url.password,
        "HOST": unquote(parts.hostname or ""),
        "PORT": str(parts.port or ""),
        "CONN_MAX_AGE": 0,
        "OPTIONS": {"connect_timeout": CONNECT_TIMEOUT, **dict(parse_qsl(parts.query))},
    }


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
