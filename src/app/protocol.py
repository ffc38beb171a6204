"""uvicorn's HTTP protocol with a bound on what comes before a body, and refusals in the form of all others."""

import secrets
from http import HTTPStatus

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from adapters.http_fastapi.answer_headers import complete
from adapters.http_fastapi.problems import Refused, answer

HEAD_MAX = 64 << 10
"""Bytes of the request line and all headers; the parser's own work on them grows with their square."""


class BoundedProtocol(HttpToolsProtocol):
    """Refuses with 431 a request whose head has no end, and with 400 what is not HTTP."""

    _head = 0
    _in_head = True

    def data_received(self, data: bytes) -> None:
        while data and self._in_head:
            part, data = data[: HEAD_MAX - self._head], data[HEAD_MAX - self._head :]
            if not part:
                self._refuse("headers_too_large")
                return
            self._head += len(part)
            super().data_received(part)
            if self.transport.is_closing():
                return
        if data:
            super().data_received(data)

    def on_message_begin(self) -> None:
        self._in_head = True
        super().on_message_begin()

    def on_headers_complete(self) -> None:
        self._in_head, self._head = False, 0
        super().on_headers_complete()

    def send_400_response(self, msg: str) -> None:  # noqa: ARG002 -- uvicorn's words are not ours
        self._refuse("malformed_request")

    def _refuse(self, code: str) -> None:
        request_id = secrets.token_hex(16)
        response = answer(Refused(code), "", request_id)
        headers = [*response.raw_headers, (b"x-request-id", request_id.encode()), (b"connection", b"close")]
        headers = complete(headers, path="", scheme=self.scheme or "http")
        status = HTTPStatus(response.status_code)
        lines = [f"HTTP/1.1 {status.value} {status.phrase}".encode()]
        lines += [name + b": " + value for name, value in headers]
        self.transport.write(b"\r\n".join([*lines, b"", bytes(response.body)]))
        self.transport.close()
