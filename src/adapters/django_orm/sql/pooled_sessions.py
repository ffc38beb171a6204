"""Checks the settings of sessions behind a pooler, which takes only a few from its clients, or drops them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from config.postgres import POOLED_SESSION, SESSION, WRITABLE

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

_HARMLESS = {
    "TimeZone",  # the service sends it to the pooler, and Django sets it
    "default_transaction_isolation",  # failed serializations are tried again
    "statement_timeout",
    "idle_in_transaction_session_timeout",
    "idle_session_timeout",
    "IntervalStyle",
    "extra_float_digits",
}
# Values are compared as the server writes them, which it tells of one that is set until the statement ends.
_DIFFERING = """
    SELECT array(
        SELECT name FROM unnest({names}::text[], {values}::text[]) AS expected (name, value)
            WHERE CASE WHEN current_setting(name, true) IS NULL THEN value <> ''
                ELSE current_setting(name) <> set_config(name, value, true) END
        UNION ALL SELECT 'search_path' WHERE current_schema() IS DISTINCT FROM 'public'
    )
"""


def differing_settings(
    names: str, values: str, asked: Mapping[str, str], *, writable: bool
) -> tuple[str, list[list[str]]]:
    """A statement that lists the settings that cannot be used, given two placeholders, and its arguments.

    ``asked`` are settings that the URL makes. ``writable`` says that sessions have to be, so that none may be read-only
    by default.
    """
    ours = {**POOLED_SESSION, **SESSION, **(WRITABLE if writable else {})}
    matters = {name: value for name, value in ours.items() if name not in _HARMLESS | {"search_path"}} | {**asked}
    return _DIFFERING.format(names=names, values=values), [[*matters], [*matters.values()]]


def refusal(differing: Iterable[str], asked: Mapping[str, str]) -> str:
    """Why the settings cannot be used."""
    why = "The pooler in front of PostgreSQL does not let sessions choose their settings, and "
    if dropped := [name for name in differing if name in asked]:
        return f"{why}the URL's options set {', '.join(dropped)}. Set them for the role instead, or connect directly."
    those = f"these of the role or the database cannot be used: {', '.join(differing)}"
    return f"{why}{those}. Reset them, or connect directly."


def refused_options(reason: str) -> str:
    """Why options of the URL cannot be used that the pooler has refused."""
    return (
        f"The pooler in front of PostgreSQL refuses the URL's options ({reason}). Set them for the role instead, or"
        " connect directly."
    )
