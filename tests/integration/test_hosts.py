"""Several hosts: each gets its share of the time, the last good one comes first, and both drivers find the same."""

from __future__ import annotations

import asyncio
import os
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import asyncpg
import psycopg
import pytest

from adapters.django_orm.bootstrap import asyncpg_storage
from adapters.django_orm.postgresql.base import DatabaseWrapper
from adapters.django_orm.sql.asyncpg_connector import Connector
from adapters.django_orm.storage import Storage
from config.databases import DatabaseUrl, django_database, psycopg_parameters
from config.postgres_urls import read_url
from domain.errors import Unavailable
from domain.repository import OwnerId
from domain.simulations.simulation import Simulation
from tests.embedded_postgres import Server
from tests.factories import CONTEXT, SimulationFactory
from tests.integration.conftest import opened
from tests.integration.waiting import until_available
from tests.ports import unused_port
from tests.restartable import PATIENCE
from tests.warm_start import goatfish

TIMEOUT = 2.0
"""Seconds of which a host that does not answer takes its share."""
READ_ONLY = "ALTER SYSTEM SET default_transaction_read_only = on"


@pytest.fixture(scope="module")
def primary() -> Iterator[Server]:
    with Server(in_memory=True) as server:
        urls = {"GOATFISH_DATABASE_URL": server.url, "GOATFISH_OPERATOR_DATABASE_URL": server.operator_url}
        subprocess.run(goatfish("migrate"), env=os.environ | urls, check=True, timeout=60)
        yield server


@pytest.fixture(scope="module")
def reader(primary: Server) -> Iterator[Server]:
    """A server that writes nothing, with the logins of the other."""
    with Server(in_memory=True) as server:
        with psycopg.connect(server.administrator_url, autocommit=True) as connection:
            for url in (DatabaseUrl(primary.url), DatabaseUrl(primary.operator_url)):
                password = psycopg.sql.Literal(url.password)
                role = psycopg.sql.Identifier(url.user)
                connection.execute(psycopg.sql.SQL("ALTER ROLE {} PASSWORD {}").format(role, password))
            connection.execute(READ_ONLY)
        server.restart()
        yield server


@pytest.fixture
def listener() -> Iterator[socket.socket]:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.setblocking(False)
        yield listener


@pytest.fixture
def silent(listener: socket.socket) -> str:
    """A host that takes connections and never answers."""
    return f"127.0.0.1:{listener.getsockname()[1]}"


@pytest.fixture
def closed() -> Iterator[str]:
    with unused_port() as port:
        yield f"127.0.0.1:{port}"


def place(server: Server) -> str:
    return DatabaseUrl(server.url).parts.netloc.rpartition("@")[2]


def port_in(server: Server) -> int:
    return int(place(server).rpartition(":")[2])


def over(server: Server, *places: str, query: str = "") -> str:
    """The URL of the API's database with these hosts."""
    parts = DatabaseUrl(server.url).parts
    return parts._replace(netloc=f"{parts.netloc.rpartition('@')[0]}@{','.join(places)}", query=query).geturl()


def connector(url: str) -> Connector:
    return Connector(read_url(url, {}), timeout=TIMEOUT, command_timeout=TIMEOUT, statement_cache_size=10)


async def port_of(connection: asyncpg.Connection[Any]) -> int:
    port: int = await connection.fetchval("SELECT inet_server_port()")
    await connection.close()
    return port


async def test_silent_host_takes_its_share_of_the_time_and_the_good_one_comes_first_from_then_on(
    primary: Server, listener: socket.socket, silent: str, closed: str
) -> None:
    found = connector(over(primary, closed, silent, place(primary)))
    assert await port_of(await found.connect()) == port_in(primary)  # within the timeout
    listener.accept()[0].close()
    assert await port_of(await found.connect()) == port_in(primary)
    with pytest.raises(BlockingIOError):  # nobody has asked it again
        listener.accept()


async def test_connect_timeout_is_the_most_that_a_host_gets(primary: Server, silent: str) -> None:
    url = over(primary, silent, place(primary), query="connect_timeout=1")
    found = Connector(read_url(url, {}), timeout=3 * PATIENCE, command_timeout=TIMEOUT, statement_cache_size=10)
    async with asyncio.timeout(PATIENCE):  # less than the share of a host
        assert await port_of(await found.connect()) == port_in(primary)


@pytest.mark.parametrize("name", ["db.invalid", "db..invalid", f"{'a' * 64}.invalid", "[fe80::1%25lo]:1"])
async def test_a_name_without_an_address_is_passed_over(primary: Server, name: str) -> None:
    found = await connector(over(primary, name, place(primary), query="sslmode=disable")).connect()
    assert await port_of(found) == port_in(primary)


async def test_zone_of_an_address_is_kept(primary: Server) -> None:
    with pytest.raises(OSError, match=r"fe80::1%\d|unreachable|^$"):  # without it the argument would be invalid
        await connector(over(primary, "[fe80::1%25lo]:1", query="sslmode=disable")).connect()


async def test_if_no_host_answers_the_last_reason_is_given_in_time(primary: Server, silent: str, closed: str) -> None:
    async with asyncio.timeout(PATIENCE):
        with pytest.raises(OSError, match=r"Connect call failed|refused"):
            await connector(over(primary, silent, closed)).connect()
        with pytest.raises(TimeoutError):
            await connector(over(primary, closed, silent)).connect()


async def test_a_wrong_password_is_not_tried_at_the_next_host(primary: Server) -> None:
    url = over(primary, place(primary), place(primary)).replace("goatfish_api:", "goatfish_api:x")
    with pytest.raises(asyncpg.InvalidPasswordError):
        await connector(url).connect()


@pytest.mark.parametrize("wanted", ["read-write", "primary", "any"])
async def test_both_drivers_find_the_server_that_is_wanted(primary: Server, reader: Server, wanted: str) -> None:
    url = over(primary, place(reader), place(primary), query=f"target_session_attrs={wanted}")
    first_will_do = wanted != "read-write"  # it is in no recovery
    expected = int(place(reader if first_will_do else primary).rpartition(":")[2])
    assert await port_of(await connector(url).connect()) == expected
    with psycopg.connect(autocommit=True, **psycopg_parameters(DatabaseUrl(url))) as connection:
        assert connection.execute("SELECT inet_server_port()").fetchone() == (expected,)


async def test_only_unfit_servers_are_a_reason(reader: Server) -> None:
    url = over(reader, place(reader), place(reader), query="target_session_attrs=read-write")
    async with opened(storage_on(url)) as storage:
        with pytest.raises(Unavailable):
            await storage.check()


def storage_on(url: str, timeout: float = PATIENCE) -> Storage:
    return asyncpg_storage(
        url, size=4, acquire_timeout=timeout, statement_timeout=timeout, list_timeout=timeout, enforce_rls=False
    )


async def test_a_hung_primary_is_left(primary: Server, reader: Server) -> None:
    """All connections to a server that hangs are given up with the first, and the next one goes to another host."""
    url = over(primary, place(reader), place(primary))
    async with opened(storage_on(url, timeout=1.0)) as storage:
        for _ in range(2):  # the first server has no tables, which the second lacks
            with pytest.raises(Unavailable):
                await storage.check()
        with reader.frozen():
            with pytest.raises(Unavailable):
                await storage.check()
            await until_available(storage.check)
            await asyncio.gather(*(storage.identity() for _ in range(4)))


async def test_connections_to_a_demoted_primary_are_left(primary: Server, reader: Server) -> None:
    """The first refused write closes them all, and new ones are asked whether they fit."""
    url = over(primary, place(reader), place(primary), query="target_session_attrs=read-write")
    async with opened(storage_on(url)) as storage:
        simulation = SimulationFactory.build()
        simulations = storage.repository(Simulation).of(simulation.owner_id)
        await asyncio.gather(*(storage.identity() for _ in range(4)))
        await simulations.add(simulation, CONTEXT)
        with demoted(primary):
            with pytest.raises(Unavailable, match="read-only transaction"):
                await write_until_refused(storage, simulation.owner_id)
            with pytest.raises(Unavailable, match="target_session_attrs"):  # a new connection, which does not fit
                await simulations.get(simulation.id)
        await until_available(lambda: simulations.get(simulation.id))


async def write_until_refused(storage: Storage, owner_id: OwnerId) -> None:
    for _ in range(1000):  # the server tells its processes one by one
        await storage.repository(Simulation).of(owner_id).add(SimulationFactory.build(owner_id=owner_id), CONTEXT)


@contextmanager
def demoted(server: Server) -> Iterator[None]:
    """The server refuses writes, as one that follows another does, and keeps its connections."""
    with psycopg.connect(server.administrator_url, autocommit=True) as connection:
        connection.execute(READ_ONLY)
        connection.execute("SELECT pg_reload_conf()")
        try:
            yield
        finally:
            connection.execute("ALTER SYSTEM RESET default_transaction_read_only")
            connection.execute("SELECT pg_reload_conf()")


def test_the_operators_commands_pass_a_silent_host_over(primary: Server, silent: str, tmp_path: Any) -> None:
    parts = DatabaseUrl(primary.operator_url).parts
    places = f"{parts.netloc.rpartition('@')[0]}@{silent},{place(primary)}"
    operator = parts._replace(netloc=places, query="connect_timeout=2").geturl()
    urls = {
        "GOATFISH_DATABASE_URL": over(primary, silent, place(primary)),
        "GOATFISH_OPERATOR_DATABASE_URL": operator,
        "GOATFISH_SECRET_KEY": "a secret key that serves the tests alone",
    }
    done = subprocess.run(
        goatfish("doctor"), env=os.environ | urls, check=False, timeout=60, capture_output=True, text=True
    )
    assert "Operators can connect to" in done.stdout, done
    assert "The service can use" in done.stdout, done


def test_operators_are_led_to_the_last_good_host_first(primary: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(DatabaseWrapper, "_good", None)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        silent.settimeout(0)
        at = f"127.0.0.1:{silent.getsockname()[1]}"
        settings = django_database(DatabaseUrl(over(primary, at, place(primary), query="connect_timeout=1")))
        wrapper = DatabaseWrapper(settings | {"TIME_ZONE": None}, alias="several")
        for _ in range(2):
            wrapper.get_new_connection(wrapper.get_connection_params()).close()
        silent.accept()[0].close()
        with pytest.raises(BlockingIOError):
            silent.accept()


async def test_the_directory_of_a_socket_is_a_host(primary: Server, silent: str, tmp_path: Path) -> None:
    """Where the server itself has no socket, one that leads to it does."""
    host, port = place(primary).split(":")

    relays: set[asyncio.Task[Any] | None] = set()

    async def relay(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        relays.add(asyncio.current_task())
        there = await asyncio.open_connection(host, int(port))
        await asyncio.gather(_copy(reader, there[1]), _copy(there[0], writer))

    async with await asyncio.start_unix_server(relay, tmp_path / ".s.PGSQL.6543"):
        query = f"host={tmp_path},{silent.partition(':')[0]}&port=6543,{silent.partition(':')[2]}"
        url = over(primary, query=query)
        assert await port_of(await connector(url).connect()) == int(port)
        given = psycopg_parameters(DatabaseUrl(url))
        other = await asyncio.to_thread(lambda: psycopg.connect(**given))
        other.close()
        await asyncio.gather(*filter(None, relays))


async def _copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while data := await reader.read(1 << 16):
        writer.write(data)
    writer.close()
    with suppress(OSError):
        await writer.wait_closed()


async def test_socket_options_are_those_of_libpq(primary: Server) -> None:
    query = "keepalives_idle=11&keepalives_interval=7&keepalives_count=5&tcp_user_timeout=9000"
    connection = await connector(over(primary, place(primary), query=query)).connect()
    with psycopg.connect(**psycopg_parameters(DatabaseUrl(over(primary, place(primary), query=query)))) as other:
        by_libpq = socket.socket(fileno=os.dup(other.fileno()))
        ours = connection._transport.get_extra_info("socket")  # type: ignore[attr-defined]  # -- the only way to it
        for level, name in (
            (socket.SOL_SOCKET, socket.SO_KEEPALIVE),
            (socket.IPPROTO_TCP, socket.TCP_KEEPIDLE),
            (socket.IPPROTO_TCP, socket.TCP_KEEPINTVL),
            (socket.IPPROTO_TCP, socket.TCP_KEEPCNT),
            (socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT),
        ):
            assert ours.getsockopt(level, name) == by_libpq.getsockopt(level, name)
        by_libpq.close()
    await connection.close()
