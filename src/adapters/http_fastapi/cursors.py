"""Cursors: opaque, signed places in a list, good for one owner and one list only."""

import base64
import binascii
import hashlib
import hmac
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import lru_cache
from uuid import UUID

import msgspec
from starlette.requests import Request

from adapters.http_fastapi.problems import Refused
from domain.paging import Position, SortValue
from domain.tenancy import OwnerId

_MAC_BYTES = 16
_BINDING_BYTES = 8
_READ: dict[str, Callable[[str], SortValue]] = {
    "str": str,
    "int": int,
    "date": date.fromisoformat,
    "datetime": datetime.fromisoformat,
}


@dataclass(frozen=True, slots=True)
class Cursor:
    """A genuine cursor: the list it belongs to, as a digest, and the place in it."""

    binding: str
    position: Position


class Cursors:
    """Signs with a key derived from the first of ``secrets``, and accepts what any of them signed."""

    def __init__(self, secrets: Sequence[str]) -> None:
        self._keys = [hmac.digest(secret.encode(), b"goatfish.cursor.2", "sha256") for secret in secrets]

    def seal(self, position: Position, owner: OwnerId, listing: str) -> str:
        """The text of a cursor into ``listing``, which names the list with its order and filters."""
        value = position.value.isoformat() if isinstance(position.value, date) else str(position.value)
        content = [_binding(owner, listing), type(position.value).__name__, value, position.id.hex]
        payload = msgspec.json.encode(content)
        return base64.urlsafe_b64encode(self._mac(self._keys[0], payload) + payload).decode().rstrip("=")

    def sent(self, request: Request) -> Cursor | None:
        """A dependency: the request's ``cursor``. See ``named``."""
        return self.named("cursor", request)

    def named(self, name: str, request: Request) -> Cursor | None:
        """The request's cursor of this name, if it has one. Raises ``Refused`` with 400 where it is none of ours."""
        texts = request.query_params.getlist(name)
        if len(texts) > 1:
            raise Refused("invalid_cursor")
        return self.open(texts[0]) if texts else None

    def open(self, text: str) -> Cursor:
        """The cursor that this text seals. Raises ``Refused`` with 400 where it is none of ours."""
        try:
            raw = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
            genuine = base64.urlsafe_b64encode(raw).decode().rstrip("=") == text
        except (ValueError, binascii.Error):
            raise Refused("invalid_cursor") from None
        mac, payload = raw[:_MAC_BYTES], raw[_MAC_BYTES:]
        if not genuine or not any(hmac.compare_digest(mac, self._mac(key, payload)) for key in self._keys):
            raise Refused("invalid_cursor")
        binding, kind, value, id = msgspec.json.decode(payload)
        return Cursor(binding, Position(_READ[kind](value), UUID(id)))

    def position(self, cursor: Cursor | None, owner: OwnerId, listing: str) -> Position | None:
        """Where to go on in ``listing``. Raises ``Refused`` with 400 for a cursor of another owner or list."""
        if cursor is None:
            return None
        if cursor.binding != _binding(owner, listing):
            raise Refused("invalid_cursor")
        return cursor.position

    @staticmethod
    def _mac(key: bytes, payload: bytes) -> bytes:
        return hashlib.blake2b(payload, key=key, digest_size=_MAC_BYTES).digest()


@lru_cache(1000)
def _binding(owner: OwnerId, listing: str) -> str:
    return hashlib.blake2b(owner.bytes + listing.encode(), digest_size=_BINDING_BYTES).hexdigest()
