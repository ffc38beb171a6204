# Generated from goatfish.async_api.webhooks by clients/python/generate.py: edit that.
"""Webhooks: endpoints that are sent the changes of the caller's owner."""

from __future__ import annotations

import base64
import secrets
import uuid
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any, Union

from goatfish.decoding import object_of
from goatfish.http.request import new_request, segment
from goatfish.models import Delivery, Webhook
from goatfish.sync_api.pages import Pages
from goatfish.values import UNSET, Unset, id_text

if TYPE_CHECKING:
    from goatfish.sync_api.sender import Sender

PATH = "/api/v1/webhooks"
WebhookOrId = Union[Webhook, str, uuid.UUID]


class Webhooks:
    """The webhooks of the caller's owner."""

    def __init__(self, sender: Sender) -> None:
        self._sender = sender

    def create(
        self,
        url: str,
        kinds: Iterable[str],
        *,
        description: str | None = None,
        enabled: bool = True,
        secret: str | None = None,
        idempotency_key: str | None = None,
    ) -> Webhook:
        """Makes a webhook, whose secret is the member ``secret`` of this answer alone.

        A lost answer would be repeated without it, so a secret is made here where none is given.
        """
        body: dict[str, Any] = {"url": url, "kinds": list(kinds), "description": description, "enabled": enabled}
        body["secret"] = new_secret() if secret is None else secret
        key = uuid.uuid4().hex if idempotency_key is None else idempotency_key
        made = object_of(Webhook, self._sender.send(new_request("POST", PATH, json=body, idempotency_key=key)))
        if made.secret is None and idempotency_key is None:
            object.__setattr__(made, "secret", body["secret"])
        return made

    def list(self, *, limit: int | None = None) -> Pages[Webhook]:
        """All webhooks, newest first; without their secrets."""
        return Pages(self._sender, PATH, {"limit": limit}, Webhook)

    def get(self, id: WebhookOrId) -> Webhook:
        return object_of(Webhook, self._sender.send(new_request("GET", _path(id))))

    def update(
        self,
        id: WebhookOrId,
        *,
        url: str | Unset = UNSET,
        kinds: Iterable[str] | Unset = UNSET,
        description: str | Unset | None = UNSET,
        enabled: bool | Unset = UNSET,
    ) -> Webhook:
        """Changes what is given. What could not be delivered so far is tried again at once."""
        given = {"url": url, "kinds": kinds, "description": description, "enabled": enabled}
        body = {name: value for name, value in given.items() if value is not UNSET}
        if "kinds" in body:
            body["kinds"] = list(body["kinds"])  # type: ignore[arg-type]  # it is given
        return object_of(Webhook, self._sender.send(new_request("PATCH", _path(id), json=body)))

    def roll(self, id: WebhookOrId, *, secret: str | None = None, overlap_seconds: int | None = None) -> Webhook:
        """Gives a webhook another secret; messages are signed with both for ``overlap_seconds`` (a day)."""
        body: dict[str, Any] = {"secret": new_secret() if secret is None else secret}
        if overlap_seconds is not None:
            body["overlap_seconds"] = overlap_seconds
        return self._posted(f"{_path(id)}/roll", body)

    def delete(self, id: WebhookOrId) -> None:
        """Deletes a webhook; what it has not been sent yet is not sent."""
        self._sender.send(new_request("DELETE", _path(id)))

    def deliveries(self, id: WebhookOrId, *, limit: int | None = None) -> Pages[Delivery]:
        """The attempts to deliver messages to a webhook, newest first."""
        return Pages(self._sender, f"{_path(id)}/deliveries", {"limit": limit}, Delivery)

    def deliver(self, id: WebhookOrId, *, repeat: Delivery | str | uuid.UUID | None = None) -> None:
        """Has the message of an earlier delivery sent once more, or a ping where none is given."""
        body = {} if repeat is None else {"repeat": id_text(repeat, Delivery)}
        self._sender.send(new_request("POST", f"{_path(id)}/deliveries", json=body))

    def _posted(self, path: str, body: Mapping[str, Any]) -> Webhook:
        return object_of(Webhook, self._sender.send(new_request("POST", path, json=body)))


def new_secret() -> str:
    """A new random secret."""
    return "whsec_" + base64.b64encode(secrets.token_bytes(32)).decode()


def _path(id: Any) -> str:
    return f"{PATH}/{segment(id_text(id, Webhook))}"
