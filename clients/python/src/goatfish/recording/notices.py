"""What the recording says in the log: that never raises, whatever handlers the program has given its log."""

from __future__ import annotations

import logging
from contextlib import suppress
from typing import Any, Optional

log = logging.getLogger("goatfish")


def warn(text: str, *arguments: Any) -> None:
    """Warn of something that the user may want to mend."""
    with suppress(Exception):
        log.warning(text, *arguments)


def why(error: OSError) -> str:
    """What the system says of an error, without the path."""
    return error.strerror or type(error).__name__


def debug(text: str, *arguments: Any, error: Optional[BaseException] = None) -> None:
    """Say what helps to find out why something went wrong."""
    with suppress(Exception):
        log.debug(text, *arguments, exc_info=error)
