"""The clock, the id generator and the source of random bytes that use cases are given."""

import os
import random
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
    """Those of the operating system; tests pass their own."""

    now: Callable[[], datetime] = _utc_now
    monotonic: Callable[[], float] = time.monotonic
    """Seconds since an arbitrary moment."""
    new_id: Callable[[], UUID] = uuid7
    random: Callable[[], float] = random.random
    """A number from 0 to 1 that may be guessed."""
    random_bytes: Callable[[int], bytes] = os.urandom
