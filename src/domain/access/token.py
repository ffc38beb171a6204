"""The text of an API key: how it is made, checked, and kept out of logs and answers."""

import hashlib
import hmac
import re
import string
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Self
from urllib.parse import quote, unquote

_ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"


_PUBLIC_BYTES, _SECRET_BYTES = 10, 32


PUBLIC_LENGTH, _SECRET_LENGTH, _CHECKSUM_LENGTH = 14, 43, 6


_TEXT = re.compile(rf"gf_([0-9A-Za-z]{{{PUBLIC_LENGTH}}})_([0-9A-Za-z]{{{_SECRET_LENGTH}}})([0-9A-Za-z]{{6}})")


_LOOKS_LIKE_ONE = re.compile(r"(gf_[0-9A-Z]+_)[0-9A-Z]+", re.IGNORECASE)
"""A key, or most of one, even if mistyped."""


_WORD = re.compile(r"\S{6,}")
"""A word long enough to be a key: the shortest text that looks like one has six characters."""


def _base62(number: int, length: int) -> str:
    digits = ""
    for _ in range(length):
        number, digit = divmod(number, 62)
        digits = _ALPHABET[digit] + digits
    return digits


def _checksum(text: str) -> str:
    return _base62(zlib.crc32(text.encode()), _CHECKSUM_LENGTH)


@dataclass(frozen=True, slots=True)
class ApiKeyToken:
    """The key as its user has it, ``gf_<public id>_<secret><checksum>``: 256 random bits, shown once.

    The checksum lets a mistyped or made-up key be refused without a query, and lets scanners tell a leaked key
    from noise.
    """

    public_id: str
    _secret: str

    @classmethod
    def new(cls, random_bytes: Callable[[int], bytes]) -> Self:
        public, secret = random_bytes(_PUBLIC_BYTES), random_bytes(_SECRET_BYTES)
        return cls(
            _base62(int.from_bytes(public), PUBLIC_LENGTH),
            _base62(int.from_bytes(secret), _SECRET_LENGTH),
        )

    @classmethod
    def parse(cls, text: str) -> Self | None:
        """The parts of a key; None where the text is not a key or its checksum is wrong."""
        match = _TEXT.fullmatch(text)
        if match is None or _checksum(text[:-_CHECKSUM_LENGTH]) != match[3]:
            return None
        return cls(match[1], match[2])

    def reveal(self) -> str:
        """The whole text, secret included."""
        body = f"gf_{self.public_id}_{self._secret}"
        return body + _checksum(body)

    def digest(self) -> str:
        """The SHA-256 of the secret in hexadecimal; 256 random bits need neither salt nor a slow hash."""
        return hashlib.sha256(self._secret.encode()).hexdigest()

    def has(self, digest: str) -> bool:
        """Whether this is the digest of the secret; compared in constant time."""
        return hmac.compare_digest(digest, self.digest())

    def __repr__(self) -> str:
        return f"ApiKeyToken({self.public_id!r})"


def redact(text: str) -> str:
    """The text with *** in place of the secret of every API key in it, percent-encoded (once or twice) or not."""
    return _WORD.sub(_hidden_in_word, text) if "%" in text else _LOOKS_LIKE_ONE.sub(r"\1***", text)


def _hidden_in_word(word: re.Match[str]) -> str:
    decoded = unquote(unquote(word[0]))
    shown = _LOOKS_LIKE_ONE.sub(r"\1***", decoded)
    return word[0] if shown == decoded else quote(shown, safe=string.punctuation, errors="replace")
