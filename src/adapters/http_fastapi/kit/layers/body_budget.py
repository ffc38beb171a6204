"""Bodies on their way in: each is counted before anybody stores it, and all together have a bound."""

from collections.abc import Hashable

from starlette.types import Message, Receive, Scope

from adapters.http_fastapi.kit.context import RequestContext
from adapters.http_fastapi.kit.problems import ProblemException
from domain.access.client_network import network

_PART = 3
_STEP = 4 << 10
"""Bytes that are taken at once, for a body may come by single ones."""


class BodyBudget:
    """The bytes of all bodies that requests under way have sent: ``most`` of them in this process.

    One sender may hold a third of what it leaves to all others, so a quarter of ``most``, the next a quarter of the
    rest, and so on. However slowly twenty of them send, a tenth of a mebibyte in 32 is left for small bodies of others.
    """

    def __init__(self, most: int) -> None:
        self.most = self.left = most
        self._held: dict[Hashable, int] = {}

    def reserve(self, sender: Hashable, size: int) -> None:
        """Takes so many bytes more, as they arrive: what is merely announced holds nothing.

        Raises ``ProblemException``.
        """
        held = self._held.get(sender, 0) + size
        if held * _PART > self.left - size:
            detail = "Too many large bodies are on their way in. Try again after Retry-After seconds."
            raise ProblemException("unavailable", detail, headers={"Retry-After": "1"}, reason="body_budget")
        self._held[sender] = held
        self.left -= size

    def release(self, sender: Hashable, size: int) -> None:
        """Gives back what was held."""
        self.left += size
        held = self._held[sender] - size
        if held:
            self._held[sender] = held
        else:
            del self._held[sender]


async def counted_receive(receive: Receive, scope: Scope, context: RequestContext, bodies: BodyBudget) -> Message:
    """What the server received next; raises ``ProblemException`` for what is too much."""
    message = await receive()
    body = message.get("body")
    if body:
        context.size += len(body)
        if context.size > context.held:
            _reserve(scope, context, bodies)
    return message


def release(context: RequestContext, bodies: BodyBudget) -> None:
    """The request is over, however it ended."""
    bodies.release(context.sender, context.held)
    context.held = 0


def _reserve(scope: Scope, context: RequestContext, bodies: BodyBudget) -> None:
    if context.size > context.body_max:
        raise ProblemException("body_too_large")
    if not context.held:
        context.sender = _sender(scope, context)
    more = -(-(context.size - context.held) // _STEP) * _STEP
    bodies.reserve(context.sender, more)
    context.held += more


def _sender(scope: Scope, context: RequestContext) -> Hashable:
    """The owner, where a key has opened before the body is read; otherwise the address, as failures are counted."""
    if context.caller is not None:
        return context.caller.owner.id
    address, _ = scope.get("client") or ("", 0)
    return network(address) or address
