"""What sessions inherit behind a pooler, which lets its clients choose only a few settings."""

from __future__ import annotations

from config.postgres import POOLED_SESSION, SESSION, WRITABLE

_HARMLESS = {
    "TimeZone",  # the service sends it to the pooler, and Django sets it
    "default_transaction_isolation",  # failed serializations are tried again
    "statement_timeout",
    "idle_in_transaction_session_timeout",
    "idle_session_timeout",
    "IntervalStyle",
    "extra_float_digits",
}
_DIFFERING = """
    SELECT concat_ws(', ',
        (SELECT string_agg(name, ', ') FROM unnest({names}::text[], {values}::text[]) AS ours (name, value)
            WHERE current_setting(name) <> value),
        CASE WHEN current_schema() IS DISTINCT FROM 'public' THEN 'search_path' END)
"""


def differing_settings(names: str, values: str, *, writable: bool) -> tuple[str, list[list[str]]]:
    """A statement that lists the settings that cannot be used, given two placeholders, and its arguments.

    ``writable`` says that sessions have to be, so that none may be read-only by default.
    """
    ours = {**POOLED_SESSION, **SESSION, **(WRITABLE if writable else {})}
    matters = {name: value for name, value in ours.items() if name not in _HARMLESS | {"search_path"}}
    return _DIFFERING.format(names=names, values=values), [[*matters], [*matters.values()]]


def refusal(differing: str) -> str:
    """Why the settings cannot be used."""
    return (
        "The pooler in front of PostgreSQL does not let sessions choose their settings, and these of the role or the"
        f" database cannot be used: {differing}. Reset them, or connect directly."
    )
