"""Links that sign in to the workbench once, kept in the memory of this process."""

import hashlib
import secrets
import time
from collections.abc import Callable

LIFETIME = 3600.0
"""Seconds in which a link can be used."""


class SignInLinks:
    """Codes, by their digest, and the API keys that they stand for."""

    def __init__(self, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._monotonic = monotonic
        self._keys: dict[bytes, tuple[float, str]] = {}

    def issue(self, key: str) -> str:
        """A new code for this key, valid once and for ``LIFETIME``."""
        code = secrets.token_urlsafe(24)
        self._keys[_digest(code)] = (self._monotonic() + LIFETIME, key)
        return code

    def redeem(self, code: str) -> str | None:
        """The key of this code; None where it was used, has expired or never was."""
        expires_at, key = self._keys.pop(_digest(code), (0.0, None))
        return key if self._monotonic() < expires_at else None


LINKS = SignInLinks()
"""Of ``goatfish up``, which serves in the process that prints the link."""


def _digest(code: str) -> bytes:
    return hashlib.sha256(code.encode()).digest()
