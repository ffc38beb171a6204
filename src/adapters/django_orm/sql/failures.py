"""What PostgreSQL's errors mean to the service, by SQLSTATE alone: messages depend on the server's language."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from random import random
from typing import Final, TypeVar

from domain.errors import OutcomeUnknown, Unavailable

T = TypeVar("T")

VIOLATED: Final = frozenset({"23503", "23505"})  # a foreign key, a unique value
_ROLLED_BACK: Final = frozenset({"40001", "40P01"})  # a serialization failure, a deadlock
_LOCK_NOT_AVAILABLE: Final = "55P03"
_NO_RIGHT: Final = "42501"
_MISSING: Final = frozenset({"3F000", "42703", "42704", "42883", "42P01"})
"""No such schema, column, object, function or table."""
_ENDED: Final = frozenset({"25006", "25P03", "25P04"})  # read-only, or a transaction that took too long
_OUT_OF_USE: Final = frozenset({"08", "28", "3D", "40", "53", "55", "57", "58"})
"""Classes of errors of connections, logins, databases, rollbacks, resources, states, operators and systems."""
_OF_A_POLICY: Final = "ExecWithCheckOptions"
"""The function that refuses rows of other owners. It too says that a right is missing, but would be a bug of ours."""
_LOST: Final = frozenset({"57P01", "57P02", "57P05"})
"""Ends of a session, besides those of class 08: the last statement may have been committed before."""
_FULL: Final = frozenset({"08P01", "53300", "57P03"})
"""Refusals of a new session by a server that is full or starts, and by PgBouncer, which gives 08P01 for most."""
_PAUSES: Final = (0.02, 0.1)
"""Seconds before the second and the third attempt, on average."""


class NotMigrated(Unavailable):
    """Something is missing that the migrations make; ``reason`` says what."""

    def __init__(self, reason: str) -> None:
        super().__init__(f"The database is not migrated: {reason}. Run: goatfish doctor")
        self.reason = reason


class OutOfReach(Unavailable):
    """The server cannot be reached, does not answer, or takes no more sessions, which may all pass by itself."""


class ServerFull(OutOfReach):
    """The server takes no more sessions at present."""


class AnswerLost(OutOfReach):
    """A statement was sent, but its answer did not come: a write may have been carried out."""


class LockTimeout(Unavailable):
    """A lock was not free in time, so nothing was carried out; ``context`` is the server's, which names the table."""

    def __init__(self, reason: str, context: str) -> None:
        super().__init__(reason)
        self.context = context


class RolledBack(Unavailable):
    """The server has rolled the whole transaction back, which may succeed if it is repeated."""


def unavailable(sqlstate: str | None, function: str | None, context: str | None, reason: str) -> Unavailable | None:
    """Why the service cannot use its database, if this is what the error means.

    ``function`` and ``context`` are the server's: in which of its functions, and with which table.
    """
    if sqlstate in _ROLLED_BACK:
        return RolledBack(f"Other transactions got in the way: {reason}")
    if sqlstate == _LOCK_NOT_AVAILABLE:
        return LockTimeout(f"The database cannot be used: {reason}", context or "")
    if sqlstate in _MISSING:
        return NotMigrated(reason)
    if sqlstate == _NO_RIGHT and function != _OF_A_POLICY:
        return Unavailable(f"The database is not migrated: {reason}. Run: goatfish migrate")
    if sqlstate and (sqlstate in _ENDED or sqlstate[:2] in _OUT_OF_USE):
        lost = sqlstate in _LOST or sqlstate.startswith("08")
        return (AnswerLost if lost else Unavailable)(f"The database cannot be used: {reason}")
    return None


def refused_session(sqlstate: str | None, reason: str) -> Unavailable:
    """Why a session could not begin: no statement has been sent, so other codes say the same."""
    return (ServerFull if sqlstate in _FULL else Unavailable)(f"The database cannot be used: {reason}")


def outcome_unknown(error: Unavailable) -> OutcomeUnknown:
    """The same of a write whose answer is lost."""
    return OutcomeUnknown(f"{error}. Whether the change was made is not known.")


async def may_repeat(error: Exception, attempt: int) -> bool:
    """Whether to run the transaction again, after a pause, which failed at this attempt, the first being 0."""
    if not isinstance(error, RolledBack) or attempt >= len(_PAUSES):
        return False
    await asyncio.sleep(_pause(attempt))
    return True


def repeated(work: Callable[[], T]) -> T:
    """What the work returns, which runs up to three times where it is rolled back. Raises ``RolledBack``."""
    for attempt in range(len(_PAUSES)):
        try:
            return work()
        except RolledBack:
            time.sleep(_pause(attempt))
    return work()


def _pause(attempt: int) -> float:
    return _PAUSES[attempt] * (0.5 + random())  # noqa: S311 -- so that two do not meet again
