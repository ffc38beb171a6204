"""A service in production's shape, on SQLite or on a PostgreSQL of its own that writes to the disk."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.embedded_postgres import Server
from tests.restartable import Restartable, environment
from tests.running_service import fill_database


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@dataclass(frozen=True)
class Deployment:
    """A service with the key of a tenant, and its PostgreSQL, None on SQLite."""

    service: Restartable
    key: str
    server: Server | None


@pytest.fixture
def deploy(tmp_path: Path) -> Iterator[Callable[..., Deployment]]:
    """Starts a service with these options: on this server, or on the SQLite file at this path."""
    with ExitStack() as stack:

        def deploy(database: Server | Path, *options: str, **variables: str) -> Deployment:
            server = database if isinstance(database, Server) else None
            urls = (server.url, server.operator_url) if server else (f"sqlite:///{database}",) * 2
            env = environment(*urls, **variables)
            key = fill_database(env, urls[0])
            service = Restartable(env, tmp_path / "log.txt", *options)
            stack.callback(service.kill)
            service.start()
            return Deployment(service, key, server)

        yield deploy


@pytest.fixture
def postgres(tmp_path: Path) -> Iterator[Server]:
    """A server whose data are flushed to the disk, as those of temporary ones are not."""
    with Server(tmp_path / "postgres") as server:
        yield server


@pytest.fixture(params=["postgresql", "sqlite"])
def database(request: pytest.FixtureRequest, tmp_path: Path) -> Server | Path:
    """Each kind of database."""
    if request.param == "sqlite":
        return tmp_path / "goatfish.sqlite3"
    server: Server = request.getfixturevalue("postgres")
    return server


@pytest.fixture
def report(capsys: pytest.CaptureFixture[str]) -> Callable[[str], None]:
    """Prints a figure, whatever is captured."""

    def report(figures: str) -> None:
        with capsys.disabled():
            print(f"\n  {figures}", end="")

    return report


@pytest.fixture
def server() -> Iterator[Server]:
    """A server whose data are in memory."""
    with Server(in_memory=True) as server:
        yield server
