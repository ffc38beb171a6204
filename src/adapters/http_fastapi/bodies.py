"""Bodies on their way in: each is counted before anybody stores it, and all together have a bound."""

from collections.abc import Hashable

from starlette.types import Message, Receive, Scope

from adapters.http_fastapi.bounds import BODY_MAX
from adapters.http_fastapi.exchange import Exchange
from adapters.http_fastapi.problems import Refused
from domain.access.clients import network
from domain.access.use_cases import Caller

_PART = 3
_STEP = 4 << 10
"""Bytes that are taken at once, for a body may come by single ones."""


class Bodies:
    """The bytes of all bodies that requests under way have sent: ``most`` of them in this process.

    One sender may hold a third of what it leaves to all others, so a quarter of ``most``, the next a quarter of the
    rest, and so on. However slowly twenty of them send, a tenth of a mebibyte in 32 is left for small bodies of others.
    """

    def __init__(self, most: int) -> None:
        self._left = most
        self._held: dict[Hashable, int] = {}

    def hold(self, sender: Hashable, size: int) -> None:
        """Takes so many bytes more, as they arrive: what is merely announced holds nothing. Raises ``Refused``."""
        held = self._held.get(sender, 0) + size
        if held * _PART > self._left - size:
            detail = "Too many large bodies are on their way in. Try again after Retry-After seconds."
            raise Refused("unavailable", detail, headers={"Retry-After": "1"})
        self._held[sender] = held
        self._left -= size

    def give_back(self, sender: Hashable, size: int) -> None:
        """Gives back what was held."""
        self._left += size
        held = self._held[sender] - size
        if held:
            self._held[sender] = held
        else:
            del self._held[sender]


class Incoming:
    """The body of one request. ``receive`` is the server's, and raises ``Refused`` for what is too much."""

    __slots__ = ("_bodies", "_exchange", "_held", "_receive", "_scope", "_sender", "_size")

    def __init__(self, receive: Receive, scope: Scope, exchange: Exchange, bodies: Bodies) -> None:
        self._receive, self._scope, self._exchange, self._bodies = receive, scope, exchange, bodies
        self._size = self._held = 0
        self._sender: Hashable = None

    async def receive(self) -> Message:
        message = await self._receive()
        body = message.get("body")
        if body:
            self._size += len(body)
            if self._size > self._held:
                self._hold()
        return message

    def end(self) -> None:
        """The request is over, however it ended."""
        if self._held:
            self._bodies.give_back(self._sender, self._held)
            self._held = 0

    def _hold(self) -> None:
        if self._size > BODY_MAX:
            raise Refused("body_too_large")
        if not self._held:
            self._sender = self._who()
        more = -(-(self._size - self._held) // _STEP) * _STEP
        self._bodies.hold(self._sender, more)
        self._held += more

    def _who(self) -> Hashable:
        """The owner, where a key has opened; otherwise the address, as failures are counted."""
        caller: Caller | None = getattr(self._exchange, "caller", None)
        if caller is not None:
            return caller.owner.id
        address, _ = self._scope.get("client") or ("", 0)
        return network(address) or address
