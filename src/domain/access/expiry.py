"""The latest expiry of a key that is created or rolled with another key; None is never."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import NamedTuple

from domain.errors import Unfit, Violation

LAST_MOMENT = datetime.max.replace(tzinfo=UTC)


class ExpiryLimit(NamedTuple):
    """The latest expiry that a rule allows, with the code and sentence for a later one."""

    end: datetime | None
    code: str
    rule: str


def maker_limit(end: datetime | None) -> ExpiryLimit:
    """The limit set by the key in use."""
    return ExpiryLimit(end, "outlives_maker", "A key expires no later than the key that creates it")


def predecessor_limit(end: datetime | None) -> ExpiryLimit:
    """The limit set by the lifetime of the key that is replaced."""
    rule = "A rolled key lives no longer than the original lifetime of the key that it replaces"
    return ExpiryLimit(end, "outlives_predecessor", rule)


def limited_expiry(wanted: datetime | None, bounds: Sequence[ExpiryLimit]) -> datetime | None:
    """The requested expiry, or the latest allowed one where none is requested. Raises ``Unfit`` where it is later."""
    if wanted is None:
        return min((bound.end for bound in bounds if bound.end is not None), default=None)
    for end, code, rule in bounds:
        if end is not None and wanted > end:
            raise Unfit([Violation("expires_at", code, f"{rule}: {end:%Y-%m-%dT%H:%M:%S.%fZ}.")])
    return wanted
