"""What errors of Django's connections mean to the service, on SQLite and PostgreSQL."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.db import InterfaceError, OperationalError

from adapters.django_orm.sql.failures import VIOLATED, AnswerLost, NotMigrated, unavailable
from adapters.django_orm.sql.statement import ConstraintViolated
from domain.errors import Unavailable

if TYPE_CHECKING:
    from django.db import Error

_SQLITE_MISSING = ("no such table: ", "no such column: ")  # which have no code of their own, and no other language
_SQLITE_TAKEN = {"SQLITE_CONSTRAINT_UNIQUE", "SQLITE_CONSTRAINT_PRIMARYKEY"}


def meaning_of(error: Error) -> Exception | None:
    """What the error means to the service; None where it is a bug."""
    cause: Any = error.__cause__
    if getattr(cause, "sqlite_errorname", None) in _SQLITE_TAKEN:
        return ConstraintViolated(None)
    sqlstate = getattr(cause, "sqlstate", None)
    if sqlstate in VIOLATED:
        return ConstraintViolated(cause.diag.constraint_name)
    return database_unavailable(error)


def database_unavailable(error: Error) -> Unavailable | None:
    """Why the database cannot be used, if this is what the error means."""
    cause: Any = error.__cause__
    if sqlstate := getattr(cause, "sqlstate", None):
        return unavailable(sqlstate, cause.diag.source_function, cause.diag.context, reason_of(error))
    if str(error).startswith(_SQLITE_MISSING):
        return NotMigrated(reason_of(error))
    if isinstance(error, OperationalError | InterfaceError):
        # Without a code PostgreSQL's driver, unlike SQLite's, has lost the connection.
        lost = cause is not None and not hasattr(cause, "sqlite_errorname")
        return (AnswerLost if lost else Unavailable)(f"The database cannot be used: {reason_of(error)}")
    return None


def reason_of(error: Error) -> str:
    """The reason in one line, without the statement and its values, which psycopg adds."""
    diagnosis = getattr(error.__cause__, "diag", None)
    text = getattr(diagnosis, "message_primary", None) or str(error)
    return " ".join(text.split()) or type(error).__name__
