"""Cursors: opaque, signed places in a list, good for one owner and one list only."""

import base64
import binascii
import hashlib
import hmac
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from adapters.http_fastapi.kit.problems import ProblemException
from domain.paging import Position, SortValue
from domain.repository import OwnerId

_MAC, _BINDING, _ID = 16, 8, 16
"""Bytes of each; the value of the place comes last, after a letter for its type."""
_WRITTEN: dict[type, tuple[bytes, Callable[[Any], str]]] = {
    str: (b"s", str),
    int: (b"i", str),
    Decimal: (b"n", str),
    date: (b"d", date.isoformat),
    datetime: (b"t", datetime.isoformat),
    float: (b"f", repr),
    type(None): (b"0", lambda _: ""),
}
_READ: dict[bytes, Callable[[str], SortValue | None]] = {
    b"s": str,
    b"i": int,
    b"n": Decimal,
    b"d": date.fromisoformat,
    b"t": datetime.fromisoformat,
    b"f": float,
    b"0": lambda _: None,
}


@dataclass(frozen=True, slots=True)
class Cursor:
    """A genuine cursor: the list it belongs to, as a digest, and the place in it."""

    binding: bytes
    position: Position


class Cursors:
    """Signs with a key derived from the first of ``secrets``, and accepts what any of them signed."""

    def __init__(self, secrets: Sequence[str]) -> None:
        self._keys = [hmac.digest(secret.encode(), b"goatfish.cursor.2", "sha256") for secret in secrets]

    def seal(self, position: Position, owner: OwnerId, listing: str) -> str:
        """The text of a cursor into ``listing``, which names the list with its order and filters."""
        letter, written = _WRITTEN[type(position.value)]
        payload = _binding(owner, listing) + position.id.bytes + letter + written(position.value).encode()
        return _text(_mac(self._keys[0], payload) + payload)

    def open(self, text: str) -> Cursor:
        """The cursor that this text seals. Raises ``ProblemException`` with 400 where it is none of ours."""
        try:
            raw = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
        except (ValueError, binascii.Error):
            raise ProblemException("invalid_cursor") from None
        mac, payload = raw[:_MAC], raw[_MAC:]
        if _text(raw) != text or not any(hmac.compare_digest(mac, _mac(key, payload)) for key in self._keys):
            raise ProblemException("invalid_cursor")
        id, value = payload[_BINDING : _BINDING + _ID], payload[_BINDING + _ID :]
        return Cursor(payload[:_BINDING], Position(_READ[value[:1]](value[1:].decode()), UUID(bytes=id)))

    def position(self, cursor: Cursor | None, owner: OwnerId, listing: str) -> Position | None:
        """Where to go on in ``listing``. Raises ``ProblemException`` with 400 for a cursor of another owner or list."""
        if cursor is None:
            return None
        if cursor.binding != _binding(owner, listing):
            raise ProblemException("invalid_cursor")
        return cursor.position


def _mac(key: bytes, payload: bytes) -> bytes:
    return hashlib.blake2b(payload, key=key, digest_size=_MAC).digest()


def _binding(owner: OwnerId, listing: str) -> bytes:
    return hashlib.blake2b(owner.bytes + listing.encode(), digest_size=_BINDING).digest()


def _text(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()
