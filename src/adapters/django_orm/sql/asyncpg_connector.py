"""Opens asyncpg's connections: host by host, by the options of libpq, in sessions with settings of ours."""

from __future__ import annotations

import asyncio
import socket
import ssl
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeAlias

import asyncpg

from adapters.django_orm.sql.channel_binding import BindingTransport, NotBound
from adapters.django_orm.sql.libpq_options import set_socket_options, tls_context
from adapters.django_orm.sql.pooled_sessions import differing_settings, refusal, refused_options
from config.postgres import LATER, LATER_SESSION, POOLED_SESSION, Server
from domain.errors import Unavailable

if TYPE_CHECKING:
    from collections.abc import Mapping

    Connection: TypeAlias = asyncpg.Connection[Any]

_NEXT_HOST = (
    OSError,  # TimeoutError is one
    asyncpg.CannotConnectNowError,
    asyncpg.ConnectionDoesNotExistError,
    asyncpg.InsufficientResourcesError,
    asyncpg.exceptions.TargetServerAttributeNotMatched,
)
_POOLER = (asyncpg.ProtocolViolationError, asyncpg.FeatureNotSupportedError)
"""How PgBouncer and its like refuse a parameter at the start of a session."""


@dataclass(frozen=True)
class Place:
    """An address of a host, or the directory of a socket."""

    host: str
    port: int
    address: str


class Connector:
    """Connects to the first host that answers and fits, within ``timeout`` seconds, the last good one first.

    A host gets an equal share of the time that is left, and at most its ``connect_timeout``.
    """

    def __init__(
        self, server: Server, *, timeout: float, limits: Mapping[str, str] | None = None, **driver: Any
    ) -> None:
        """``limits`` are settings of sessions that no pooler is in front of; ``driver`` is asyncpg's own."""
        self._server, self._timeout, self._driver = server, timeout, driver
        self._limits = limits or {}
        self._session = {**server.session, **self._limits}
        self._share_max = float(server.options.get("connect_timeout", "0")) or timeout
        self._good: Place | None = None
        self._poolers: set[Place] = set()
        self._tls: ssl.SSLContext | None = None

    async def connect(self) -> Connection:
        """A connection. Raises ``OSError``, ``Unavailable`` and the driver's errors."""
        now = asyncio.get_running_loop().time
        deadline = now() + self._timeout
        good = self._good and (self._good.host, self._good.port)
        hosts = sorted(self._server.hosts, key=lambda host: host != good)
        failure: Exception = OSError("the URL names no host")
        for number, (host, port) in enumerate(hosts):
            try:
                return await self._connect_to_host(host, port, now() + (deadline - now()) / (len(hosts) - number))
            except _NEXT_HOST as error:
                failure = error
        raise failure

    async def _connect_to_host(self, host: str, port: int, deadline: float) -> Connection:
        """Tries its addresses until this moment, each with an equal share of the time."""
        now = asyncio.get_running_loop().time
        async with asyncio.timeout_at(deadline):
            places = await self._places(host, port)
        failure: Exception = OSError(f"{host} has no address")
        for number, place in enumerate(places):
            share = (deadline - now()) / (len(places) - number)
            try:
                async with asyncio.timeout(min(share, self._share_max)):
                    connection = await self._connect_to(place)
            except _NEXT_HOST as error:
                failure = error
            else:
                self._good = place
                return connection
        raise failure

    async def _places(self, host: str, port: int) -> list[Place]:
        """The addresses of a host, the last good one first."""
        if host.startswith("/"):
            return [Place(host, port, host)]
        try:
            found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
        except UnicodeError as error:
            raise OSError(f"{host} cannot be the name of a host") from error
        places = dict.fromkeys(Place(host, port, _with_scope(address)) for *_, address in found)
        return sorted(places, key=lambda place: place != self._good)

    async def _connect_to(self, place: Place) -> Connection:
        connection, pooled = await self._begin(place)
        try:
            if pooled or self._server.asked:
                await self._check_session(connection, {} if pooled else self._limits)
            if pooled:
                self._poolers.add(place)
            elif connection.get_server_version().major >= LATER:
                await connection.execute(LATER_SESSION)
        except BaseException:
            self._poolers.discard(place)
            connection.terminate()
            raise
        return connection

    async def _begin(self, place: Place) -> tuple[Connection, bool]:
        """A connection, and whether it leads to a pooler, which takes only a few settings."""
        if place not in self._poolers:
            with suppress(*_POOLER):
                return await self._by_ssl_mode(place, self._session), False
        try:
            return await self._by_ssl_mode(place, POOLED_SESSION), True
        except _POOLER as error:
            if "options" not in self._server.options:
                raise
            raise Unavailable(refused_options(str(error))) from error

    async def _by_ssl_mode(self, place: Place, session: Mapping[str, str]) -> Connection:
        """Connects with TLS, without it, or in either way, as libpq does."""
        mode = self._server.ssl_mode
        if mode == "disable" or place.host.startswith("/"):
            return await self._open(place, session, None)
        context = self._tls = self._tls or tls_context(self._server)
        first, second = (None, context) if mode == "allow" else (context, None)
        try:
            return await self._open(place, session, first)
        except (ConnectionRefusedError, TimeoutError):
            raise
        except (OSError, asyncpg.InvalidAuthorizationSpecificationError) as error:  # refused because of (no) TLS
            if isinstance(error, ssl.SSLError):
                self._tls = None  # its files may be other ones by now
            if mode not in {"allow", "prefer"} or isinstance(error, asyncpg.InvalidPasswordError):
                raise
        return await self._open(place, session, second)

    async def _open(self, place: Place, session: Mapping[str, str], context: ssl.SSLContext | None) -> Connection:
        server, options = self._server, self._server.options
        loop = _ConnectionLoop(place.address, server)
        settings = {"application_name": options.get("application_name", "goatfish"), **session}
        if "options" in options:
            settings["options"] = options["options"]
        # asyncpg reads the environment, and files in the user's home, for whatever is None here.
        given: dict[str, Any] = {
            "host": place.host,
            "port": place.port,
            "user": server.user,
            "password": server.password or (None if "passfile" in options else ""),
            "passfile": options.get("passfile"),
            "database": server.database,
            "ssl": context or False,
            "direct_tls": False,
            "server_settings": settings,
            "target_session_attrs": options.get("target_session_attrs", "any"),
            "gsslib": "gssapi",
            "loop": loop,
        }
        try:
            connection: Connection = await asyncpg.connect(**given, **self._driver)
        except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
            if loop.failure is not None:
                raise loop.failure from error
            raise
        return connection

    async def _check_session(self, connection: Connection, limits: Mapping[str, str]) -> None:
        """Raises ``Unavailable`` where sessions of a pooler inherit what would change results."""
        asked = {**self._server.asked, **limits}
        chooses = self._server.options.get("target_session_attrs", "any") != "any"
        statement, arguments = differing_settings("$1", "$2", asked, writable=not chooses)
        try:
            differing = await connection.fetchval(statement, *arguments)
        except asyncpg.DataError as error:  # a value that cannot be set
            raise Unavailable(refused_options(str(error))) from error
        if differing:
            raise Unavailable(refusal(differing, asked))


class _ConnectionLoop:
    """The running event loop for one connection: it knows the address, and what to do with its socket and TLS."""

    def __init__(self, address: str, server: Server) -> None:
        self._loop = asyncio.get_running_loop()
        self._address, self._server = address, server
        self.failure: NotBound | None = None

    def __getattr__(self, name: str) -> Any:
        return getattr(self._loop, name)

    def __eq__(self, other: object) -> bool:  # asyncio looks tasks up by their loops
        return other is self or other is self._loop

    def __hash__(self) -> int:
        return hash(self._loop)

    async def create_connection(self, factory: Any, host: str, port: int) -> Any:
        transport, protocol = await self._loop.create_connection(factory, self._address, port)
        set_socket_options(transport.get_extra_info("socket"), self._server.options)
        return transport, protocol

    async def start_tls(self, transport: Any, protocol: Any, context: ssl.SSLContext, *, server_hostname: str) -> Any:
        secure = await self._loop.start_tls(transport, protocol, context, server_hostname=server_hostname)
        if secure is None or self._server.options.get("channel_binding") != "require":
            return secure
        return BindingTransport(secure, self._server.password, self._fail)

    def _fail(self, failure: NotBound) -> None:
        self.failure = failure


def _with_scope(address: tuple[Any, ...]) -> str:
    """An address as text, an IPv6 one with the network that it is valid in."""
    scope = address[3] if len(address) > 3 else 0  # noqa: PLR2004 -- (address, port, flow, scope)
    return f"{address[0]}%{scope}" if scope else str(address[0])
