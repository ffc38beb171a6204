"""What PostgreSQL's errors mean to the service, by SQLSTATE alone: their words depend on the server's language."""

from __future__ import annotations

import asyncio
from random import random
from typing import Final

from domain.errors import Unavailable

LOCK_NOT_AVAILABLE: Final = "55P03"
VIOLATED: Final = frozenset({"23503", "23505"})  # a foreign key, a unique value
_ROLLED_BACK: Final = frozenset({"40001", "40P01"})  # a serialization failure, a deadlock
_NOT_MIGRATED: Final = frozenset({"3F000", "42501", "42703", "42704", "42883", "42P01"})
"""No such schema, right, column, object, function or table."""
_ENDED: Final = frozenset({"25006", "25P03", "25P04"})  # read-only, or a transaction that took too long
_OUT_OF_USE: Final = frozenset({"08", "28", "3D", "40", "53", "55", "57", "58"})
"""Classes of errors of connections, logins, databases, rollbacks, resources, states, operators and systems."""
_OF_A_POLICY: Final = "ExecWithCheckOptions"
"""The function that refuses rows of other owners. It too says that a right is missing, but would be a bug of ours."""
_PAUSES: Final = (0.02, 0.1)
"""Seconds before the second and the third attempt, on average."""


class RolledBack(Unavailable):
    """The server has rolled the whole transaction back, which may succeed if it is repeated."""


def unavailable(sqlstate: str | None, function: str | None, reason: str) -> Unavailable | None:
    """Why the service cannot use its database, if this is what the error means; ``function`` is the server's own."""
    if sqlstate in _ROLLED_BACK:
        return RolledBack(f"Other transactions got in the way: {reason}")
    if sqlstate in _NOT_MIGRATED and function != _OF_A_POLICY:
        return Unavailable(f"The database is not migrated: {reason}. Run: goatfish migrate")
    if sqlstate and (sqlstate in _ENDED or sqlstate[:2] in _OUT_OF_USE):
        return Unavailable(f"The database cannot be used: {reason}")
    return None


async def may_repeat(error: Exception, attempt: int) -> bool:
    """Whether to run the transaction again, after a pause, which failed at this attempt, the first being 0."""
    if not isinstance(error, RolledBack) or attempt >= len(_PAUSES):
        return False
    await asyncio.sleep(_PAUSES[attempt] * (0.5 + random()))  # noqa: S311 -- so that two do not meet again
    return True
