"""Values as texts for people: quantities, moments, durations and ids."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime, timezone
from typing import Any

NOTHING = "-"
SHORT_ID = len("0199f3c2-7a10")
"""Characters of an id that tell its millisecond; more where those do not tell two apart."""
DIGITS = 6
"""Significant digits of a number in a table at a terminal."""
TO_THE_SECOND = "%Y-%m-%d %H:%M:%S"
MINUTE, HOUR, DAY = 60, 3600, 86400
UNCLEAR_TEXT = re.compile(r'-|true|false|[-+.\d].*|".*|\s.*|.*\s|', re.DOTALL)
"""Texts that would look like something else without quotes."""


def value_text(value: Any, *, exact: bool = True) -> str:
    """A number, boolean or text of a parameter or result; texts that look like a number are in quotes."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return repr(value) if exact else rounded(value)
    if isinstance(value, str):
        return f'"{value}"' if UNCLEAR_TEXT.fullmatch(value) else value
    return NOTHING if value is None else str(value)


def rounded(number: float) -> str:
    """The number with six significant digits, or fewer where that says the same."""
    return f"{number:.{DIGITS}g}"


def quantity_text(quantity: Any, *, exact: bool = True, unit: bool = True) -> str:
    """A parameter or result with its unit; a dash where there is none."""
    if not isinstance(quantity, dict):
        return NOTHING
    shown = value_text(quantity.get("value"), exact=exact)
    return f"{shown} {quantity['unit']}" if unit and quantity.get("unit") else shown


def moment(iso: str | None) -> datetime | None:
    """The moment that this text of the service names."""
    if not iso:
        return None
    # Before Python 3.11 a fraction has to have 3 or 6 digits, and there is no Z.
    padded = re.sub(r"\.(\d+)", lambda found: "." + found.group(1)[:6].ljust(6, "0"), iso)
    return datetime.fromisoformat(padded.replace("Z", "+00:00"))


def moment_text(iso: str | None, *, exact: bool = False, form: str = "%Y-%m-%d %H:%M") -> str:
    """A moment: as the service writes it, or in local time, to the minute unless the form says otherwise."""
    at = moment(iso)
    if iso is None or at is None:
        return NOTHING
    if exact:
        return iso
    try:
        return at.astimezone().strftime(form)
    except (OverflowError, OSError, ValueError):  # at the ends of the calendar
        return iso


def duration_text(started: str | None, finished: str | None) -> str:
    """How long it took, or has taken so far."""
    began, ended = moment(started), moment(finished) or datetime.now(timezone.utc)
    if began is None:
        return NOTHING
    seconds = max(0.0, (ended - began).total_seconds())
    if seconds < MINUTE:
        return f"{seconds:.1f}s" if seconds < 10 else f"{seconds:.0f}s"  # noqa: PLR2004 -- two digits are enough
    if seconds < HOUR:
        return f"{seconds // MINUTE:.0f}m{seconds % MINUTE // 1:02.0f}s"
    if seconds < DAY:
        return f"{seconds // HOUR:.0f}h{seconds % HOUR // MINUTE:02.0f}m"
    return f"{seconds // DAY:.0f}d{seconds % DAY // HOUR:02.0f}h"


def short_ids(ids: Sequence[str]) -> list[str]:
    """The beginnings of these ids, all equally long, that still tell them apart."""
    longest = max(map(len, ids), default=0)
    different = len(set(ids))
    length = next((n for n in range(SHORT_ID, longest) if len({each[:n] for each in ids}) == different), longest)
    return [each[:length] for each in ids]
