"""Secrets of webhooks and the signatures made with them, as Standard Webhooks 1.0.0 has them."""

import base64
import hashlib
import hmac
import re
from collections.abc import Callable, Sequence
from typing import NamedTuple, Protocol
from uuid import UUID

PREFIX = "whsec_"
SECRET_BYTES = 32
_LETTER = "[A-Za-z0-9+/]"
SECRET_PATTERN = (
    f"{PREFIX}(({_LETTER}{{4}}){{8,20}}({_LETTER}{{2}}==|{_LETTER}{{3}}=)?|({_LETTER}{{4}}){{21}}({_LETTER}{{2}}==)?)"
)
"""The base64 of 24 to 64 bytes."""


class Opened(NamedTuple):
    """A decrypted secret; ``is_current`` says whether the current secret key had encrypted it."""

    text: str
    is_current: bool


class SecretBox(Protocol):
    """Encrypts the secrets of webhooks, each for one owner and webhook."""

    def seal(self, text: str, owner: UUID, id: UUID) -> str:
        """The encrypted text, which only opens for this owner and webhook."""
        ...

    def open(self, sealed: str, owner: UUID, id: UUID) -> Opened | None:
        """The text; None where none of the keys opens it."""
        ...


def new_secret(random_bytes: Callable[[int], bytes]) -> str:
    """A new random secret."""
    return PREFIX + base64.b64encode(random_bytes(SECRET_BYTES)).decode()


def is_secret(text: str) -> bool:
    """Whether an owner may choose this secret."""
    return re.fullmatch(SECRET_PATTERN, text) is not None


def secret_bytes(text: str) -> bytes:
    """The bytes of a secret."""
    return base64.b64decode(text.removeprefix(PREFIX))


def signature(secrets: Sequence[bytes], id: str, timestamp: int, body: bytes) -> str:
    """The value of ``webhook-signature``: one signature for each secret."""
    signed = f"{id}.{timestamp}.".encode() + body
    digests = (hmac.digest(secret, signed, hashlib.sha256) for secret in secrets)
    return " ".join(f"v1,{base64.b64encode(digest).decode()}" for digest in digests)
