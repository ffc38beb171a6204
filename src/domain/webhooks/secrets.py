"""Secrets of webhooks and the signatures made with them, as Standard Webhooks 1.0.0 has them."""

import base64
import binascii
import hashlib
import hmac
from collections.abc import Callable, Sequence
from typing import NamedTuple, Protocol
from uuid import UUID

PREFIX = "whsec_"
SECRET_BYTES, LEAST_BYTES, MOST_BYTES = 32, 24, 64
_NO_SECRET = f"A secret is {PREFIX} and the base64 of {LEAST_BYTES} to {MOST_BYTES} bytes."


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


def secret_problem(text: str) -> str | None:
    """What is wrong with a secret that an owner chose; None if nothing is."""
    try:
        fits = text.startswith(PREFIX) and LEAST_BYTES <= len(secret_bytes(text)) <= MOST_BYTES
    except (binascii.Error, ValueError):
        fits = False
    return None if fits else _NO_SECRET


def secret_bytes(text: str) -> bytes:
    """The bytes of a secret. Raises ``binascii.Error`` for a text that is none."""
    return base64.b64decode(text.removeprefix(PREFIX), validate=True)


def signature(secrets: Sequence[bytes], id: str, timestamp: int, body: bytes) -> str:
    """The value of ``webhook-signature``: one signature for each secret."""
    signed = f"{id}.{timestamp}.".encode() + body
    digests = (hmac.digest(secret, signed, hashlib.sha256) for secret in secrets)
    return " ".join(f"v1,{base64.b64encode(digest).decode()}" for digest in digests)
