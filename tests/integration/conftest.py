"""The database under test, made by the real migrations, and storage on it: lent, in threads, and on the native pool."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, closing, contextmanager, nullcontext
from typing import TYPE_CHECKING, Any, TypeAlias
from urllib.parse import SplitResult, quote, urlencode, urlsplit
from uuid import uuid4

import psycopg
import pytest
from django.db import connection, connections, models
from django.db.backends.base.base import BaseDatabaseWrapper
from django.test.utils import setup_databases, teardown_databases
from psycopg.sql import SQL, Identifier

from adapters.django_orm import bootstrap
from adapters.django_orm.repositories.repository import OwnedTable
from adapters.django_orm.row_security.grants import EXCEPTIONS, grant
from adapters.django_orm.sql.django_executor import DjangoExecutor
from adapters.django_orm.storage import Storage
from config.loading import load
from tests.contracts.cases import Case
from tests.contracts.http_service import Service, serving
from tests.embedded_postgres import Server
from tests.restartable import PATIENCE
from tests.running_service import Live, live

if TYPE_CHECKING:
    from pathlib import Path

    from pytest_django import DjangoDbBlocker, Settings

    from adapters.django_orm.sql.asyncpg_executor import AsyncpgExecutor

MakeStorage: TypeAlias = Callable[..., Storage]

_URL = urlsplit(os.environ.get("GOATFISH_DATABASE_URL", ""))
_OPERATORS = urlsplit(os.environ.get("GOATFISH_OPERATOR_DATABASE_URL", ""))
VENDOR = {"sqlite": "sqlite", "postgres": "postgresql", "postgresql": "postgresql"}.get(_URL.scheme)

# Django has read its settings before this file: whatever it took them from, it must be the database that was asked for.
if VENDOR is None or connections["default"].vendor != VENDOR:
    raise pytest.UsageError(
        f"GOATFISH_DATABASE_URL names {VENDOR or 'no database'}, and Django is set up for"
        f" {connections['default'].vendor}. Run these tests with ./run test sqlite or ./run test postgres."
    )
if VENDOR == "postgresql" and _URL.username == connections["default"].settings_dict["USER"]:
    raise pytest.UsageError("The API's role has to be another than the operators', as in service: ./run test postgres")

# What is of one database alone is not collected for the other; skipping it would look like something left undone. Of
# the admin, what Django does alike on both is tested on one: signing in, the rights of operators and the bounds of
# requests on SQLite, how many connections are open, and what random requests may do, on PostgreSQL.
collect_ignore = {
    "sqlite": [
        "admin/test_fuzz.py",
        "admin/test_limits.py",
        "test_embedded_postgres.py",
        "test_following.py",
        "test_isolation.py",
        "test_backups.py",
        "test_database_away.py",
        "test_migrating.py",
        "test_asyncpg_executor.py",
        "test_replica_reads.py",
        "test_runs_by_django.py",
        "test_pool_restart.py",
        "test_roles.py",
        "test_row_security.py",
        "test_hosts.py",
        "test_inherited_settings.py",
        "test_owner_retries.py",
        "test_later_versions.py",
        "test_server_faults.py",
        "test_service.py",
        "test_tracing_on_postgres.py",
        "test_up_on_postgres.py",
    ],
    "postgresql": [
        "admin/test_access.py",
        "admin/test_bounds.py",
        "admin/test_differences.py",
        "admin/test_rights.py",
        "test_access_log.py",
        "test_beside_up.py",
        "test_canary.py",
        "test_every_command.py",
        "test_clients_that_leave.py",
        "test_command_output.py",
        "test_metrics.py",
        "test_other_machines.py",
        "test_proxies.py",
        "test_readme.py",
        "test_run_script.py",
        "test_sqlite_backups.py",
        "test_sqlite_durability.py",
        "test_django_executor.py",
        "test_processes.py",
        "test_production.py",
        "test_public_url.py",
        "test_tracing.py",
    ],
}[VENDOR]
BESIDE = frozenset(
    {
        "test_access_log.py",
        "test_backups.py",
        "test_beside_up.py",
        "test_canary.py",
        "test_cli_owners.py",
        "test_clients_that_leave.py",
        "test_command_output.py",
        "test_database_away.py",
        "test_embedded_postgres.py",
        "test_every_command.py",
        "test_hosts.py",
        "test_inherited_settings.py",
        "test_metrics.py",
        "test_migrating.py",
        "test_other_machines.py",
        "test_processes.py",
        "test_production.py",
        "test_proxies.py",
        "test_public_url.py",
        "test_readme.py",
        "test_run_script.py",
        "test_owner_retries.py",
        "test_later_versions.py",
        "test_server_faults.py",
        "test_service.py",
        "test_sqlite_backups.py",
        "test_sqlite_durability.py",
        "test_tracing.py",
        "test_up_on_postgres.py",
    }
)
"""Tests that a second process runs beside the others: those that mostly wait, and some with databases of their own."""

IN_MEMORY_ALONE = ("before_storage", "of_the_request")
"""Marks of tests of HTTP: see tests/contracts/http_service.py."""

CONTRACT = frozenset(
    {
        "test_contract_django.py",
        "test_http_django.py",
        "test_owner_files.py",
        "test_rows.py",
        "test_runs_by_django.py",
        "test_runs_export.py",
        "test_specimens.py",
        "test_stateful_django.py",
    }
)
"""What a third process runs on PostgreSQL: the contracts of every storage, about half of what is left, and the files of
owners, as a test of their plans wants tables that contracts have filled."""


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """Whole files that the process's marks leave out are not even imported."""
    beside, contract = collection_path.name in BESIDE, collection_path.name in CONTRACT
    parts = {
        "beside": beside,
        "contract": contract,
        "not beside": not beside,
        "not contract and not beside": not contract and not beside,
    }
    is_test = collection_path.name.startswith("test_")
    return True if is_test and not parts.get(config.getoption("markexpr"), True) else None


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    items[:] = [item for item in items if not any(map(item.get_closest_marker, IN_MEMORY_ALONE))]
    for item in items:
        if item.path.name in BESIDE:
            item.add_marker("beside")
        if item.path.name in CONTRACT:
            item.add_marker("contract")


@pytest.fixture(scope="session")
def django_db_setup(
    django_test_environment: None, django_db_modify_db_settings: None, django_db_blocker: DjangoDbBlocker
) -> Iterator[None]:
    """Makes the test database, also where no test that is selected asks for pytest-django's ``db``."""
    settings = connections["default"].settings_dict
    if VENDOR == "sqlite":
        # In memory there would be one connection and nothing to wait for; in service there are several.
        assert settings["TEST"]["NAME"], "The test database has to be a file."
        assert settings["OPTIONS"]["transaction_mode"] == "IMMEDIATE"
    with django_db_blocker.unblock():
        made = setup_databases(verbosity=0, interactive=False, serialized_aliases=[])
        if _URL.username:
            # The contract of all repositories removes keys too; the service revokes them.
            EXCEPTIONS["api_key"].add("DELETE")
            grant(_URL.username)
    yield
    with django_db_blocker.unblock():
        teardown_databases(made, verbosity=0)


def on_test_database(url: SplitResult) -> str:
    """The URL of one of PostgreSQL's databases, changed to that of the tests."""
    return url._replace(path=f"/{quote(connections['default'].settings_dict['NAME'], safe='')}").geturl()


@pytest.fixture
def pool_url(django_db_setup: None) -> str:
    """The test database as the service reaches it; the application's name tells one test's backends from others."""
    query = "&".join(filter(None, [_URL.query, urlencode({"application_name": f"goatfish-{uuid4()}"})]))
    return on_test_database(_URL._replace(query=query))


@pytest.fixture(scope="session")
def operator_url(django_db_setup: None) -> str:
    """The test database as operators reach it (PostgreSQL)."""
    return on_test_database(_OPERATORS)


@pytest.fixture(scope="module")
def rights_as_in_service(operator_url: str) -> Iterator[None]:
    """The API's role has no more than the service gives it, for as long as tests serve on the test database."""
    with psycopg.connect(operator_url, autocommit=True) as operator:
        role = Identifier(_URL.username or "")
        operator.execute(SQL("REVOKE DELETE ON api_key FROM {}").format(role))
        yield
        operator.execute(SQL("GRANT DELETE ON api_key TO {}").format(role))


class TwoRoles(Storage):
    """What the API's role may do is done by it; the directory of owners and purging are the operators'."""

    def __init__(self, api: AsyncpgExecutor | DjangoExecutor, operators: Storage, *, enforce_rls: bool) -> None:
        super().__init__(api, enforce_rls=enforce_rls)
        self._operators = operators
        holder, is_active, self.owners = self.owners.holder, self.owners.is_active, operators.owners
        self.owners.holder = holder  # type: ignore[method-assign]  # -- a question to the directory that is the API's
        self.owners.is_active = is_active  # type: ignore[method-assign]  # -- as above
        self.idempotency_records.purge = operators.idempotency_records.purge  # type: ignore[method-assign]  # -- what operators do
        self.deliveries.purge = operators.deliveries.purge  # type: ignore[method-assign]  # -- what operators do
        self.revisions.purge = operators.revisions.purge  # type: ignore[method-assign]  # -- what operators do

    async def open(self) -> None:
        await super().open()
        await self._operators.open()

    async def close(self) -> None:
        await super().close()
        await self._operators.close()


def asyncpg_storage(url: str, *, enforce_rls: bool = True, **options: Any) -> Storage:
    """Storage on the native pool as the API has it, with the operators' part on a pool of their own."""
    options = {"size": 8, "acquire_timeout": 5, "statement_timeout": 10, "list_timeout": 2, **options}
    operators = on_test_database(_OPERATORS)
    return TwoRoles(
        bootstrap.asyncpg_storage(url, **options).executor,
        bootstrap.asyncpg_storage(operators, **{**options, "size": 4}),
        enforce_rls=enforce_rls,
    )


@pytest.fixture
def patient_standbys(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is asked in place of a standby may take longer than one may, as a busy machine does."""
    for limit in ("WAIT_MAX", "ANSWER_MAX", "CANCEL_TIMEOUT"):
        monkeypatch.setattr(f"adapters.django_orm.sql.standby.{limit}", PATIENCE)


@pytest.fixture
def lend(db: None) -> Iterator[MakeStorage]:
    """Storage on the test's own connection, in the transaction that is rolled back when the test ends."""
    connection = connections["default"]
    connection.inc_thread_sharing()
    yield lambda: Storage(DjangoExecutor(shared_connection=connection))
    connection.dec_thread_sharing()


@pytest.fixture
def on_threads(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> Iterator[MakeStorage]:
    """Storage on several threads with connections of their own. It commits, so every test needs owners of its own."""
    with django_db_blocker.unblock():
        yield lambda **options: bootstrap.django_storage(**{"size": 4, **options})


@pytest.fixture
def on_pool(pool_url: str) -> MakeStorage:
    """Storage on the native pool, as in production. It commits, so every test needs owners of its own.

    Django's connections stay blocked: what runs here must not need them.
    """

    def make(url: str = pool_url, **options: Any) -> Storage:
        return asyncpg_storage(url, **options)

    return make


COMMITTING = {"sqlite": "on_threads", "postgresql": "on_pool"}[VENDOR]
# On SQLite the same executor serves in both ways; on PostgreSQL the lent connection is Django's and not asyncpg's.
WAYS = {"sqlite": [COMMITTING], "postgresql": ["lend", COMMITTING]}[VENDOR]


@pytest.fixture(params=WAYS)
def make_storage(request: pytest.FixtureRequest) -> MakeStorage:
    """Storage in each way in which it runs on this database."""
    make: MakeStorage = request.getfixturevalue(request.param)
    return make


@pytest.fixture
def quick_passwords(settings: Settings) -> None:
    """Operators' passwords are hashed at once, where it does not matter how."""
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]


@pytest.fixture(scope="session")
def database_url(django_db_setup: None) -> str:
    """The test database as a setting."""
    if VENDOR == "postgresql":
        return on_test_database(_URL)
    return f"sqlite:///{quote(connections['default'].settings_dict['NAME'], safe='/')}"


def columns(model: type[models.Model]) -> set[str]:
    """The names by which a model's own values are set, ``owner_id`` and not ``owner``."""
    return {field.attname for field in model._meta.concrete_fields}


def table_of(case: Case, storage: Storage) -> OwnedTable[Any]:
    """Where a kind of entity is kept."""
    table = case.repository(storage)
    assert isinstance(table, OwnedTable)
    return table


@asynccontextmanager
async def opened(storage: Storage) -> AsyncIterator[Storage]:
    """The storage in use on the running loop; closed whatever happens."""
    await storage.open()
    try:
        yield storage
    finally:
        await storage.close()


def committing_storage(**options: Any) -> Storage:
    """Storage as it is in service, on the test database."""
    if VENDOR == "sqlite":
        return bootstrap.django_storage(**{"size": 4, **options})
    return asyncpg_storage(on_test_database(_URL), **options)


@contextmanager
def committing_service(blocker: DjangoDbBlocker, **settings: Any) -> Iterator[Service]:
    """One application for many tests, on storage as it is in service; each test has tenants of its own."""
    unblocked = blocker.unblock() if VENDOR == "sqlite" else nullcontext()
    with unblocked, serving(committing_storage(), **settings) as service:
        yield service


@contextmanager
def service_by_django(blocker: DjangoDbBlocker) -> Iterator[Service]:
    """The same on a connection of Django's, whatever the database.

    Threads of their own would connect anew for each statement on PostgreSQL: that is tested elsewhere, and takes more
    than half of the time.
    """
    kept = connections.create_connection("default")
    kept.inc_thread_sharing()
    with blocker.unblock(), closing(kept), serving(Storage(DjangoExecutor(shared_connection=kept))) as service:
        yield service


@pytest.fixture(scope="module")
def committing(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> Iterator[Service]:
    with committing_service(django_db_blocker) as service:
        yield service


@pytest.fixture(scope="module")
def committing_by_django(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> Iterator[Service]:
    with service_by_django(django_db_blocker) as service:
        yield service


@pytest.fixture(scope="module")
async def kept_open(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> AsyncIterator[Storage]:
    """One storage for many tests, as it is in service; every test needs owners of its own."""
    with django_db_blocker.unblock() if VENDOR == "sqlite" else nullcontext():
        async with opened(committing_storage()) as storage:
            yield storage


@pytest.fixture(scope="module")
def tests_connection(django_db_setup: None) -> BaseDatabaseWrapper:
    """The connection of the tests themselves; in a coroutine Django would give another one."""
    return connections["default"]


@pytest.fixture(scope="module")
async def on_test_connection(tests_connection: BaseDatabaseWrapper) -> AsyncIterator[Storage]:
    async with opened(Storage(DjangoExecutor(shared_connection=tests_connection))) as storage:
        yield storage


@pytest.fixture
def rolled_back(lend: MakeStorage, on_test_connection: Storage) -> Storage:
    """One storage for many tests, in the transaction of each of them."""
    return on_test_connection


@pytest.fixture(params={"sqlite": ["kept_open"], "postgresql": ["rolled_back", "kept_open"]}[VENDOR])
def storage(request: pytest.FixtureRequest) -> Storage:
    """Open storage in each way in which it runs on this database."""
    storage: Storage = request.getfixturevalue(request.param)
    return storage


@pytest.fixture
async def lent_storage(lend: MakeStorage) -> AsyncIterator[Storage]:
    async with opened(lend()) as storage:
        yield storage


@pytest.fixture
def configured(
    database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, django_db_blocker: DjangoDbBlocker
) -> Iterator[None]:
    """An empty working directory, settings with the test database, and connections that commit."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("GOATFISH_DATABASE_URL", database_url)
    load.cache_clear()
    with django_db_blocker.unblock():
        yield
        connection.close()
    load.cache_clear()


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    """A PostgreSQL server of the module's own."""
    with Server(in_memory=True) as server:
        yield server


@pytest.fixture(scope="module")
def running(server: Server) -> Iterator[Live]:
    """The service on that server."""
    with live(server.url, server.operator_url) as running:
        yield running
