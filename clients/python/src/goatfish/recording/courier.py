"""One attempt to bring a journal to the service, over connections that are opened for the first."""

from __future__ import annotations

from typing import TYPE_CHECKING, Callable, Optional

from goatfish.recording.notices import debug, warn
from goatfish.recording.outgoing import Outgoing

if TYPE_CHECKING:
    from goatfish.recording.service import Service


class Courier:
    """Takes journals to one service; used by one thread at a time."""

    def __init__(self, make_service: Callable[[], Service]) -> None:
        self._make_service = make_service
        self._service: Optional[Service] = None
        self._knows_owner = False

    def take(self, item: Outgoing) -> None:
        """Send what a journal has. Raises what the service raises, ``NotYet``, and ``NotAJournal``."""
        from goatfish.recording.delivery import Delivery  # noqa: PLC0415 -- the HTTP part is loaded here

        if self._service is None:
            self._service = self._make_service()
        if item.delivery is None:
            item.delivery = Delivery(item.journal, item.parent_id, item.story)
        item.delivery.step(self._service)

    def tell(self, item: Outgoing) -> None:
        """Warn of what was not sent as it was wanted."""
        sentences = item.delivery.sentences if item.delivery is not None else []
        if sentences:
            warn("%s: %s", item.label, "; ".join(sentences))
            sentences.clear()

    def learn_owner(self) -> None:
        """Learn whose key it is, so that the journals of this key can be sent with another of the owner's."""
        if self._service is None or self._knows_owner:
            return
        self._knows_owner = True
        try:
            self._service.owner()
        except Exception as error:  # it is asked again by the next process
            debug("The owner of the key was not learned.", error=error)

    def close(self) -> None:
        """Close the connections, where they are not the client's own."""
        if self._service is not None:
            self._service.close()
