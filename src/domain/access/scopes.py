"""What an API key may do."""

from collections.abc import Collection
from enum import StrEnum

from domain.errors import Denied


class Scope(StrEnum):
    """What a key may do."""

    SIMULATIONS_READ = "simulations:read"
    SIMULATIONS_WRITE = "simulations:write"
    RUNS_READ = "runs:read"
    RUNS_WRITE = "runs:write"
    KEYS_MANAGE = "keys:manage"
    WEBHOOKS_MANAGE = "webhooks:manage"


def scopes_to(plural: str) -> tuple[Scope, Scope]:
    """The scopes to read and to write the entities of this plural name. Raises ``TypeError`` where there are none."""
    try:
        return Scope(f"{plural}:read"), Scope(f"{plural}:write")
    except ValueError:
        name = plural.upper()
        raise TypeError(
            f"No key can be allowed to read or write {plural}: add {name}_READ = '{plural}:read' and {name}_WRITE = "
            f"'{plural}:write' to Scope in domain/access/scopes.py."
        ) from None


def require_scopes(held: frozenset[Scope], wanted: Collection[Scope]) -> None:
    """Raises ``Denied`` where a required scope is missing."""
    if not held.issuperset(wanted):
        missing = sorted(set(wanted) - held)
        raise Denied("missing_scope", f"The key lacks the scope {', '.join(missing)}.")
