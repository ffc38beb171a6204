"""What an API key may do."""

from collections.abc import Collection
from enum import StrEnum

from domain.errors import Denied


class Scope(StrEnum):
    """What a key may do."""

    SIMULATIONS_READ = "simulations:read"
    SIMULATIONS_WRITE = "simulations:write"
    KEYS_MANAGE = "keys:manage"


def require_scopes(held: frozenset[Scope], wanted: Collection[Scope]) -> None:
    """Raises ``Denied`` where a required scope is missing."""
    if not held.issuperset(wanted):
        missing = sorted(set(wanted) - held)
        raise Denied("missing_scope", f"The key lacks the scope {', '.join(missing)}.")
