# Generated from goatfish.async_api.keys by clients/python/generate.py: edit that.
"""API keys of the caller's owner."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any, Union

from goatfish.decoding import object_of
from goatfish.errors import GoatfishError
from goatfish.http.request import new_request, segment
from goatfish.models import Key, Scope
from goatfish.sync_api.pages import Pages
from goatfish.values import MomentLike, id_text, moment_text

if TYPE_CHECKING:
    from goatfish.sync_api.sender import Sender

PATH = "/api/v1/keys"
KeyOrId = Union[Key, str, uuid.UUID]


class Keys:
    """The API keys of the caller's owner."""

    def __init__(self, sender: Sender) -> None:
        self._sender = sender

    def create(
        self,
        name: str,
        scopes: Iterable[Scope],
        *,
        expires_at: MomentLike | None = None,
        idempotency_key: str | None = None,
    ) -> Key:
        """Makes a key, whose secret is the member ``key`` of this answer alone.

        Where ``idempotency_key`` was used before, the key that was made then comes back, without its secret.
        """
        body: dict[str, Any] = {"name": name, "scopes": list(scopes)}
        if expires_at is not None:
            body["expires_at"] = moment_text(expires_at)
        return self._made(PATH, body, idempotency_key)

    def list(self, *, limit: int | None = None) -> Pages[Key]:
        """All keys, newest first, revoked ones as well; without their secrets."""
        return Pages(self._sender, PATH, {"limit": limit}, Key)

    def get(self, id: KeyOrId) -> Key:
        return object_of(Key, self._sender.send(new_request("GET", _path(id))))

    def revoke(self, id: KeyOrId) -> None:
        """Ends a key at once; nothing happens where it is revoked already."""
        self._sender.send(new_request("DELETE", _path(id)))

    def roll(
        self,
        id: KeyOrId,
        *,
        overlap_seconds: int | None = None,
        expires_at: MomentLike | None = None,
        idempotency_key: str | None = None,
    ) -> Key:
        """Makes a key that takes the place of this one, which stays valid for ``overlap_seconds`` (a day)."""
        body: dict[str, Any] = {}
        if overlap_seconds is not None:
            body["overlap_seconds"] = overlap_seconds
        if expires_at is not None:
            body["expires_at"] = moment_text(expires_at)
        return self._made(f"{_path(id)}/roll", body, idempotency_key)

    def _made(self, path: str, body: Mapping[str, Any], idempotency_key: str | None) -> Key:
        key = self._sent(path, body, uuid.uuid4().hex if idempotency_key is None else idempotency_key)
        if key.key is not None or idempotency_key is not None:
            return key
        # The answer with the secret was lost, and no other shows it: that key is of no use, and is replaced.
        made = self._sent(path, body, uuid.uuid4().hex)
        try:
            self.revoke(key)
        except GoatfishError:
            return made  # it is more important that this one is not lost too
        return made

    def _sent(self, path: str, body: Mapping[str, Any], idempotency_key: str) -> Key:
        response = self._sender.send(new_request("POST", path, json=body, idempotency_key=idempotency_key))
        return object_of(Key, response)


def _path(id: Any) -> str:
    return f"{PATH}/{segment(id_text(id, Key))}"
