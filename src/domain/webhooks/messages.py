"""The messages that endpoints are sent: a change as the feed shows it, without its states where it is large."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from domain.revisions import Revision
from domain.webhooks.webhook import KINDS

BODY_MAX = 20_000
"""Bytes of a body: what Standard Webhooks recommends."""
PING = "webhook.ping"


@dataclass(frozen=True, slots=True)
class Message:
    """What is sent, the same at each attempt; ``at`` is the time of the change."""

    id: str
    type: str
    at: datetime
    body: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Messages:
    """Makes messages. ``show`` is a change as the feed shows it, ``encode`` makes JSON, ``address`` begins links."""

    show: Callable[[Revision[Any]], dict[str, Any]]
    encode: Callable[[Mapping[str, Any]], bytes]
    address: str = ""

    def of(self, revision: Revision[Any]) -> Message:
        """The message of a change.

        Where its body would be larger than ``BODY_MAX``, it has a link to the object in place of ``before`` and
        ``after``.
        """
        type_ = f"{revision.kind}.{revision.action}"
        data = self.show(revision)
        body = self._body(type_, revision.created_at, data)
        if len(body) > BODY_MAX:
            kept = {name: value for name, value in data.items() if name not in {"before", "after"}}
            link = f"{self.address}/api/v1/{KINDS[revision.kind]}/{revision.entity_id}"
            body = self._body(type_, revision.created_at, {**kept, "href": link})
        return Message(f"msg_{revision.id.hex}", type_, revision.created_at, body)

    def ping(self, id: UUID, webhook_id: UUID, now: datetime) -> Message:
        """A message about no change."""
        return Message(f"msg_{id.hex}", PING, now, self._body(PING, now, {"webhook_id": webhook_id}))

    def _body(self, type_: str, at: datetime, data: Mapping[str, Any]) -> bytes:
        return self.encode({"type": type_, "timestamp": at, "data": data})
