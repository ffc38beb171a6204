"""The one sender of each client, over whose connections its runs are sent."""

from __future__ import annotations

import os
import threading
from typing import TYPE_CHECKING, Union

from goatfish.recording.sender import Sender

if TYPE_CHECKING:
    from goatfish.async_api.client import AsyncClient
    from goatfish.sync_api.client import Client

_alone: list[Sender] = []
_making = threading.Lock()


def sender_of(client: Union[Client, AsyncClient, None]) -> Sender:
    """The sender over the connections of a client; without a client the one that sends nothing."""
    with _making:
        if client is None:
            if not _alone:
                _alone.append(Sender(None))
            return _alone[0]
        connections = client._sender.connections
        if connections.recording is None:
            from goatfish.recording.service import Service  # noqa: PLC0415 -- with a client only

            service = Service.of(client)
            connections.recording = Sender(lambda: service)
            connections.recording.is_closed = connections._closed
        return connections.recording


def _after_fork() -> None:
    global _making  # noqa: PLW0603 -- another thread of the parent may have held it
    _making = threading.Lock()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)
