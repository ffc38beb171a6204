"""Migrations, operators' accounts and facts about the database. Import it only once Django is set up."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from django.contrib.auth import get_user_model
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.core.management import call_command, execute_from_command_line
from django.db import DatabaseError, IntegrityError, connection, connections
from django.db.migrations.executor import MigrationExecutor
from django.db.migrations.recorder import MigrationRecorder

from adapters.django_orm import schema
from adapters.django_orm.backups import postgres, sqlite
from adapters.django_orm.migration_lock import Patience, one_at_a_time
from adapters.django_orm.row_security.grants import grant
from adapters.django_orm.sql.django_errors import database_unavailable, reason_of
from adapters.django_orm.sql.limits import CONNECTIONS_MAX
from adapters.django_orm.sqlite.base import create_file
from domain.errors import (
    Conflict,
    Invalid,
    Unavailable,
    Violation,
)

RESTORE_WAIT = 60  # seconds for others who migrate


@dataclass(frozen=True, slots=True, kw_only=True)
class DatabaseInfo:
    """The version of a database and its relevant settings.

    ``connections_max`` excludes those reserved for superusers and for some roles, and is None on SQLite.
    """

    version: str
    journal_mode: str | None = None
    connections_max: int | None = None


@contextmanager
def translate_database_errors() -> Iterator[None]:
    """Raises ``Unavailable`` for any ``DatabaseError``."""
    try:
        yield
    except DatabaseError as error:
        unavailable = database_unavailable(error) or Unavailable(f"The database cannot be used: {reason_of(error)}")
        raise unavailable from error


def unapplied_migrations() -> list[str]:
    """The names of pending migrations, in order. Raises ``Unavailable``."""
    with translate_database_errors():
        executor = MigrationExecutor(connection)
        plan = executor.migration_plan(executor.loader.graph.leaf_nodes())
    return [f"{migration.app_label}.{migration.name}" for migration, _ in plan]


def schema_fault() -> str | None:
    """Why the tables are not those of this version, and what helps; None if they are. Raises ``Unavailable``."""
    with translate_database_errors():
        if fault := schema.migration_fault(_applied()):
            return fault
        with connection.cursor() as cursor:
            missing = schema.missing_columns(cursor)
    return schema.table_fault(", ".join(missing)) if missing else None


def later_version() -> str | None:
    """A sentence where a version that has more migrations than this one has migrated. Raises ``Unavailable``.

    What it has made is left alone: this version can be used beside it, and can take its place again.
    """
    with translate_database_errors():
        unknown = schema.unknown_migrations(_applied())
    return f"A later version of Goatfish has migrated the database: {', '.join(unknown)}." if unknown else None


def _applied() -> list[tuple[str, str]]:
    return [*MigrationRecorder(connection).applied_migrations()]


def migrate(api_role: str | None = None, *, wait: float = 60, report: Callable[[str], object] = str) -> list[str]:
    """Applies pending migrations and returns their names; then grants the API's role its privileges, if there is one.

    Changes nothing where a later version has migrated, which may have granted what this one does not know; reports it.
    Waits up to so many seconds for another process that migrates and for sessions that lock tables, and reports which.
    Raises ``Unavailable``, also where the tables are not those of this version afterwards, and ``OSError`` where
    SQLite's file cannot be made.
    """
    if connection.vendor == "sqlite":
        create_file(connection.settings_dict["NAME"])
    with translate_database_errors(), one_at_a_time(Patience(wait, report)) as persist:
        names: list[str] = []
        persist(lambda: names.extend(_migratable()))
        if names:
            persist(lambda: call_command("migrate", interactive=False, verbosity=0))
        persist(_require_schema)
        later = later_version()
        if api_role is not None and not later:
            persist(lambda: grant(api_role))
    if later:
        report(f"{later} This version changes nothing.")
    return names


def _migratable() -> list[str]:
    """The names of pending migrations. Raises ``Unavailable`` where another version's are in their place."""
    applied = _applied()
    if schema.unknown_migrations(applied) and (fault := schema.migration_fault(applied)):
        raise Unavailable(fault)
    return unapplied_migrations()


def _require_schema() -> None:
    if fault := schema_fault():
        raise Unavailable(fault)


def unknown_data() -> str | None:
    """Why an owner may have data that this version does not know; None if it knows all. Raises ``Unavailable``."""
    later = later_version()
    return later and f"{later} It may keep data of owners that this version does not know: use that version."


def require_known_data() -> None:
    """Raises ``Unavailable`` where an owner may have data that this version does not know."""
    if why := unknown_data():
        raise Unavailable(why)


def restore(source: Path, api_role: str | None, *, report: Callable[[str], object]) -> list[str]:
    """Restores a backup into an empty database, where nobody migrates meanwhile; returns what is not as it was.

    Raises ``Unavailable``, and ``OSError`` where SQLite's file cannot be made.
    """
    if connection.vendor == "sqlite":
        sqlite.check(source)
        create_file(connection.settings_dict["NAME"])
    with translate_database_errors(), one_at_a_time(Patience(RESTORE_WAIT, report)):
        if connection.vendor == "postgresql":
            return postgres.restore(source, api_role)
        sqlite.restore(source)
        return []


def run_command(arguments: Sequence[str]) -> None:
    """Runs one of Django's own commands, which may exit the process. Raises ``Unavailable``."""
    with translate_database_errors():
        execute_from_command_line(["goatfish django", *arguments])


def disconnect() -> None:
    """Closes the connections of this thread."""
    connections.close_all()


def create_operator(username: str, password: str, *, email: str = "") -> None:
    """Creates an operator with all permissions. Raises ``Invalid``, and ``Conflict`` where the name is taken."""
    operators = get_user_model()
    operator = operators(username=username, email=email, is_staff=True, is_superuser=True)
    operator.set_password(password)
    with translate_database_errors():
        try:
            operator.full_clean(validate_unique=False)
            validate_password(password, operator)
            operator.save(force_insert=True)
        except ValidationError as error:
            raise Invalid([Violation("operator", "refused", message) for message in error.messages]) from error
        except IntegrityError as error:
            raise Conflict("operator_exists", f"An operator named {username!r} exists.") from error


def operator_exists(username: str) -> bool:
    """Whether there is an operator of this name. Raises ``Unavailable``."""
    with translate_database_errors():
        return get_user_model().objects.filter(username=username).exists()


def database_info() -> DatabaseInfo:
    """Version and settings of the operators' database. Raises ``Unavailable``."""
    with translate_database_errors(), connection.cursor() as cursor:
        if connection.vendor == "sqlite":
            cursor.execute("SELECT sqlite_version(), (SELECT journal_mode FROM pragma_journal_mode)")
            version, journal_mode = cursor.fetchone()
            return DatabaseInfo(version=version, journal_mode=journal_mode)
        cursor.execute(f"SELECT current_setting('server_version'), {CONNECTIONS_MAX}")
        version, connections_max = cursor.fetchone()
        return DatabaseInfo(version=version, connections_max=connections_max)
