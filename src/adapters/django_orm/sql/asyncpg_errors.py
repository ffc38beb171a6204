"""What asyncpg's errors mean to the service."""

from __future__ import annotations

import os

import asyncpg

from adapters.django_orm.sql.failures import VIOLATED, AnswerLost, unavailable
from adapters.django_orm.sql.statement import ConstraintViolated
from domain.errors import Unavailable

UNAVAILABLE = (
    OSError,  # TimeoutError is one
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,  # the server has closed a connection, but asyncpg has not noticed yet
)
FAILURES = (*UNAVAILABLE, asyncpg.PostgresError)


def reason_of(error: Exception) -> str:
    """The reason of a failure, in one line."""
    if isinstance(error, TimeoutError):
        return "no response in time, it is unreachable or overloaded"
    if isinstance(error, asyncpg.exceptions.TargetServerAttributeNotMatched):
        return "no host is what its target_session_attrs asks for"
    if isinstance(error, ConnectionError) and error.errno:
        return os.strerror(error.errno).lower()
    text = error.strerror if isinstance(error, OSError) else getattr(error, "message", None)  # without rows' values
    return " ".join((text or str(error)).split()) or "unknown reason"


def meaning_of(error: Exception) -> Exception | None:
    """What the error of a statement that was sent means to the service; None where it is a bug."""
    if isinstance(error, asyncpg.PostgresError):
        if error.sqlstate in VIOLATED:
            return ConstraintViolated(error.constraint_name)
        return unavailable(error.sqlstate, error.server_source_function, error.context, reason_of(error))
    if not isinstance(error, UNAVAILABLE):
        return None
    is_sent = not isinstance(error, asyncpg.InterfaceError)  # which says that the connection was closed before
    return (AnswerLost if is_sent else Unavailable)(f"The database cannot be used: {reason_of(error)}")
