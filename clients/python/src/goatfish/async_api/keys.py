"""API keys of the caller's owner."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any, Union

from goatfish.async_api.pages import AsyncPages
from goatfish.decoding import object_of
from goatfish.errors import GoatfishError
from goatfish.http.request import new_request, segment
from goatfish.models import Key, Scope
from goatfish.values import MomentLike, id_text, moment_text

if TYPE_CHECKING:
    from goatfish.async_api.sender import AsyncSender

PATH = "/api/v1/keys"
KeyOrId = Union[Key, str, uuid.UUID]


class AsyncKeys:
    """The API keys of the caller's owner."""

    def __init__(self, sender: AsyncSender) -> None:
        self._sender = sender

    async def create(
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
        return await self._made(PATH, body, idempotency_key)

    def list(self, *, limit: int | None = None) -> AsyncPages[Key]:
        """All keys, newest first, revoked ones as well; without their secrets."""
        return AsyncPages(self._sender, PATH, {"limit": limit}, Key)

    async def get(self, id: KeyOrId) -> Key:
        return object_of(Key, await self._sender.send(new_request("GET", _path(id))))

    async def revoke(self, id: KeyOrId) -> None:
        """Ends a key at once; nothing happens where it is revoked already."""
        await self._sender.send(new_request("DELETE", _path(id)))

    async def roll(
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
        return await self._made(f"{_path(id)}/roll", body, idempotency_key)

    async def _made(self, path: str, body: Mapping[str, Any], idempotency_key: str | None) -> Key:
        key = await self._sent(path, body, uuid.uuid4().hex if idempotency_key is None else idempotency_key)
        if key.key is not None or idempotency_key is not None:
            return key
        # The answer with the secret was lost, and no other shows it: that key is of no use, and is replaced.
        made = await self._sent(path, body, uuid.uuid4().hex)
        try:
            await self.revoke(key)
        except GoatfishError:
            return made  # it is more important that this one is not lost too
        return made

    async def _sent(self, path: str, body: Mapping[str, Any], idempotency_key: str) -> Key:
        response = await self._sender.send(new_request("POST", path, json=body, idempotency_key=idempotency_key))
        return object_of(Key, response)


def _path(id: Any) -> str:
    return f"{PATH}/{segment(id_text(id, Key))}"
