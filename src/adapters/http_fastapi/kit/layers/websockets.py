"""How a WebSocket is refused or ended: with an answer of HTTP where the server can send one, else by closing it."""

from fastapi import status
from starlette.responses import Response
from starlette.types import Message, Receive, Scope, Send
from starlette.websockets import WebSocketClose

from adapters.http_fastapi.kit.context import RequestContext
from adapters.http_fastapi.kit.layers.response_headers import complete

_DENIAL = "websocket.http.response"
"""The extension of ASGI for such an answer; without it a server answers 403 to a handshake."""


async def refuse(response: Response, context: RequestContext, scope: Scope, receive: Receive, send: Send) -> None:
    """Sends the response in place of the handshake's, or closes what has been accepted."""
    if _DENIAL in scope.get("extensions", {}) and not context.started:
        await response(scope, receive, send)
    else:
        await WebSocketClose(status.WS_1011_INTERNAL_ERROR)(scope, receive, send)


def noting_start(context: RequestContext, send: Send, path: str) -> Send:
    """Sends on, notes that the handshake is answered, and puts the headers of every answer there."""

    async def send_on(message: Message) -> None:
        if message["type"] in {"websocket.accept", "websocket.http.response.start"}:
            context.started = True
            headers = complete(message.get("headers", ()), path=path, scheme="http")
            message["headers"] = [*headers, *context.response_headers, (b"x-request-id", context.request_id.encode())]
        await send(message)

    return send_on
