"""Parses durations on the command line, like 90d, 12h or 30m."""

import re
from datetime import timedelta

from domain.access.api_key import Lifetime

_UNITS = {"d": "days", "h": "hours", "m": "minutes"}


def parse_lifetime(text: str) -> timedelta | Lifetime | None:
    """A duration; None for ``never``; ``Lifetime.AS_BEFORE`` for ``same``. Raises ``ValueError``."""
    named = {"never": None, "same": Lifetime.AS_BEFORE}
    word = text.strip().lower()
    return named[word] if word in named else parse_duration(text)


def parse_duration(text: str) -> timedelta:
    """``90d``, ``12h`` or ``30m``. Raises ``ValueError``."""
    match = re.fullmatch(r"([0-9]{1,6})([dhm])", text.strip().lower(), re.ASCII)
    if match is None:
        raise ValueError("A duration is written like 90d, 12h or 30m.")
    if not int(match[1]):
        raise ValueError("A duration must be more than 0.")
    return timedelta(**{_UNITS[match[2]]: int(match[1])})
