"""Encrypts the secrets of webhooks by keys that are derived from the secret key of the settings."""

import base64
import binascii
from collections.abc import Callable, Sequence
from uuid import UUID

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from domain.webhooks.secrets import Opened

_PURPOSE = b"goatfish: secrets of webhooks"
_KEY_BYTES, _NONCE_BYTES = 32, 12


class AesSecretBox:
    """AES-256-GCM, with the owner's and the webhook's id as associated data: a secret opens in its own row alone.

    The first of the ``secret_keys`` encrypts, the others are tried as well. Each gives a key by HKDF (RFC 5869).
    """

    def __init__(self, secret_keys: Sequence[str], random_bytes: Callable[[int], bytes]) -> None:
        self._keys = [AESGCM(_derived(each)) for each in secret_keys]
        self._random_bytes = random_bytes

    def seal(self, text: str, owner: UUID, id: UUID) -> str:
        nonce = self._random_bytes(_NONCE_BYTES)
        return base64.b64encode(nonce + self._keys[0].encrypt(nonce, text.encode(), owner.bytes + id.bytes)).decode()

    def open(self, sealed: str, owner: UUID, id: UUID) -> Opened | None:
        try:
            content = base64.b64decode(sealed, validate=True)
        except (binascii.Error, ValueError):
            return None
        for place, key in enumerate(self._keys):
            try:
                text = key.decrypt(content[:_NONCE_BYTES], content[_NONCE_BYTES:], owner.bytes + id.bytes)
            except (InvalidTag, ValueError):
                continue
            return Opened(text.decode(), is_current=place == 0)
        return None


def _derived(secret_key: str) -> bytes:
    return HKDF(algorithm=SHA256(), length=_KEY_BYTES, salt=None, info=_PURPOSE).derive(secret_key.encode())
