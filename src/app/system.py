"""What the use cases take from the machine: the time, new ids and random bytes."""

import os
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import UUID

from uuid_utils.compat import uuid7


def _utc_now() -> datetime:
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class System:
    """The machine's own, unless a test gives others."""

    now: Callable[[], datetime] = _utc_now
    monotonic: Callable[[], float] = time.monotonic
    """Seconds since any moment."""
    new_id: Callable[[], UUID] = uuid7
    random_bytes: Callable[[int], bytes] = os.urandom
