"""How late a key may end that another key makes or rolls; an end is a moment, and None is never."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import NamedTuple

from domain.errors import Unfit, Violation

LAST_MOMENT = datetime.max.replace(tzinfo=UTC)


class ExpiryLimit(NamedTuple):
    """The latest end that a rule allows, and what the rule says to a later one."""

    end: datetime | None
    code: str
    rule: str


def maker_limit(end: datetime | None) -> ExpiryLimit:
    """The key that asks ends then."""
    return ExpiryLimit(end, "outlives_maker", "A key ends no later than the key that makes it")


def predecessor_limit(end: datetime | None) -> ExpiryLimit:
    """As long a life as the key before was made with ends then."""
    return ExpiryLimit(end, "outlives_predecessor", "A rolled key lives no longer than the one before it was made to")


def limited_expiry(wanted: datetime | None, bounds: Sequence[ExpiryLimit]) -> datetime | None:
    """The end that is wanted, or where none is named the latest that there may be. Raises ``Unfit`` for a later one."""
    if wanted is None:
        return min((bound.end for bound in bounds if bound.end is not None), default=None)
    for end, code, rule in bounds:
        if end is not None and wanted > end:
            raise Unfit([Violation("expires_at", code, f"{rule}: {end:%Y-%m-%dT%H:%M:%S.%fZ}.")])
    return wanted
