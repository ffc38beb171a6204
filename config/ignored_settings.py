"""Finds names in the environment and in .env that look like settings but are none."""

import os
import re
from collections import Counter

from config.env_file import names_and_faults, unreadable
from config.setting_errors import ConfigurationError
from config.settings import PREFIX, Settings
from config.spelling import nearest

_OF_A_SERVICE = re.compile(rf"{PREFIX}(SERVICE_(HOST|PORT\w*)|PORT(_[0-9]+_(TCP|UDP|SCTP)\w*)?)")
"""What Kubernetes sets in every container beside a service that is called goatfish."""

_OF_THE_CLIENT = {f"{PREFIX}{name}" for name in ("KEY", "SPOOL", "TRACEBACK", "URL")}
"""What the Python client and ``gf`` read, in the same shell perhaps: in .env, which they do not read, a mistake."""


def unknown_variables() -> list[str]:
    """Names in the environment or .env that are not settings, but look as if they were meant to be.

    They are GOATFISH_*, or a setting with another prefix that is nearly this one. Raises ConfigurationError.
    """
    known, (in_file, _) = _names(), _env_file()
    ours = {
        name for name in os.environ if not (_OF_A_SERVICE.fullmatch(name) and f"{PREFIX}SERVICE_HOST" in os.environ)
    } - _OF_THE_CLIENT
    names = {name.upper() for name in (*ours, *in_file)} - known
    return sorted(name for name in names if name.startswith(PREFIX) or nearest(name, PREFIX, known))


def ignored_settings() -> list[str]:
    """A line for each unknown variable, with the setting that it may mean, and for each line of .env that sets nothing.

    Raises ConfigurationError.
    """
    lines = []
    for name in unknown_variables():
        meant = nearest(name, PREFIX, _names())
        field = Settings.model_fields[meant.removeprefix(PREFIX).lower()] if meant else None
        meaning = (field.description or "").partition("\n\n")[0] if field else ""
        lines.append(f"{name} is not a known setting." + (f" Did you mean {meant}? {meaning}" if meant else ""))
    return [*lines, *_several_spellings(), *_env_file()[1]]


def _several_spellings() -> list[str]:
    """A line for each setting whose value depends on which of two spellings is the last in the environment."""
    spellings = Counter(name.upper() for name in os.environ)
    return [f"{name} is set in several spellings: leave one." for name in sorted(_names()) if spellings[name] > 1]


def _names() -> set[str]:
    return {PREFIX + name.upper() for name in Settings.model_fields}


def _env_file() -> tuple[set[str], list[str]]:
    try:
        return names_and_faults()
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigurationError([unreadable(error)]) from None
