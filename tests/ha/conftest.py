"""One cluster for all tests, and two services that use it, each in its way."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import pytest

from app.database_roles import provision
from config.databases import DatabaseUrl
from tests.file_system_in_memory import MEMORY
from tests.ha.cluster import DATABASE, WAYS, Cluster, has_prepared_statements, running_cluster, running_pgbouncer
from tests.ha.results import HEADING, TABLE
from tests.running_service import live, served

PROGRAMS = ("etcd", "haproxy", "pgbouncer", "ip", "unshare", "setpriv")
PACKAGES = ("etcd-server", "haproxy", "pgbouncer", "iproute2", "util-linux")
API, OPERATOR = "goatfish_api", "goatfish_operator"


@dataclass(frozen=True)
class Services:
    """The URL of the service for each way to the database, and the key of a tenant."""

    urls: dict[str, str]
    key: str


@pytest.fixture(scope="session")
def home(request: pytest.FixtureRequest) -> Iterator[Path]:
    """A directory in memory, of which only logs are kept, and these only if a test fails."""
    os.environ["PATH"] += ":/usr/sbin"
    if missing := [name for name in PROGRAMS if shutil.which(name) is None]:
        pytest.fail(f"{', '.join(missing)} not found. On Debian: apt install {' '.join(PACKAGES)}", pytrace=False)
    if [name for _, name in socket.if_nameindex()] != ["lo"]:
        pytest.fail("These tests need namespaces of their own. Run: ./run test ha", pytrace=False)
    # It goes with the last process, as does the memory that killed servers have shared.
    subprocess.run(["mount", "-t", "tmpfs", "none", MEMORY], check=True)
    home = Path(tempfile.mkdtemp(dir=MEMORY))
    yield home
    if request.session.testsfailed:
        kept = Path(tempfile.mkdtemp(prefix="goatfish-ha-"))
        for log in home.glob("*.log"):
            shutil.copy(log, kept)
        TABLE.append(f"Logs: {kept}")


@pytest.fixture(scope="session")
def cluster(home: Path) -> Iterator[Cluster]:
    with running_cluster(home) as running:
        yield running


@pytest.fixture(scope="session")
def services(cluster: Cluster, home: Path) -> Iterator[Services]:
    """One service that knows all members, and one that knows PgBouncer, which asks HAProxy."""
    api, operator = (DatabaseUrl(cluster.url(user, DATABASE)) for user in (API, OPERATOR))
    timeouts = {"STATEMENT_TIMEOUT": "3", "LIST_TIMEOUT": "2", "REQUEST_TIMEOUT": "10"}
    provision(DatabaseUrl(cluster.url()), api=api, operator=operator)
    with ExitStack() as stack:
        bouncer = stack.enter_context(running_pgbouncer(home, API, cluster.password))
        first = stack.enter_context(live(api.with_password, operator.with_password, **timeouts))
        pooled = f"postgresql://{API}:{cluster.password}@{bouncer}/{DATABASE}?sslmode=disable"
        env = {"GOATFISH_DATABASE_URL": pooled, "GOATFISH_PREPARED_STATEMENTS": str(has_prepared_statements())}
        second = stack.enter_context(served({**first.env, **env}))
        yield Services(dict(zip(WAYS, (first.url, second), strict=True)), first.key)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    for line in (HEADING, *TABLE) if TABLE else ():
        terminalreporter.write_line(line)
