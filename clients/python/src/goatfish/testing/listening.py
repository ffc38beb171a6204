"""The fake service on a port of the loopback interface, for programs that run in processes of their own."""

from __future__ import annotations

import socket
import threading
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

from goatfish.testing.failures import TIMEOUT, Lost

if TYPE_CHECKING:
    from goatfish.testing.service import FakeService

_WAIT = 60.0
"""Seconds that a client waits whose answer never comes."""


class Listener:
    """Listens; stopped and started again, on the same port."""

    def __init__(self, service: FakeService) -> None:
        self._service = service
        self._server: _Server | None = None
        self._port = 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._port}"

    def start(self) -> None:
        """Accepts connections from now on."""
        self._server = _Server(self._port, self._service)
        self._port = self._server.server_address[1]
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()

    def stop(self) -> None:
        """Ends all connections, and accepts no more."""
        server, self._server = self._server, None
        if server is not None:
            server.stopping.set()
            server.shutdown()
            server.server_close()
            server.end_connections()


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    request_queue_size = 256

    def __init__(self, port: int, service: FakeService) -> None:
        self.service, self.stopping = service, threading.Event()
        self._open: set[socket.socket] = set()
        super().__init__(("127.0.0.1", port), _Handler)

    def process_request(self, request: Any, client_address: Any) -> None:
        self._open.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        self._open.discard(request)
        super().shutdown_request(request)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that leaves is no error of anybody's."""

    def end_connections(self) -> None:
        for each in [*self._open]:
            with suppress(OSError):  # it has ended by itself
                each.shutdown(socket.SHUT_RDWR)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = 1 << 16
    server: _Server

    def handle_one_request(self) -> None:
        self.raw_requestline = self.rfile.readline(65537)
        if not self.raw_requestline:
            self.close_connection = True
        elif self.parse_request():
            self._answer()

    def _answer(self) -> None:
        try:
            answer = self.server.service.handle(self.command, self.path, self.headers.items(), self._body())
        except Lost as lost:
            if lost.how == TIMEOUT:
                self.server.stopping.wait(_WAIT)
            self.close_connection = True
            return
        self.send_response(answer.status)
        for name, value in answer.headers.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(answer.body)
        self.wfile.flush()

    def _body(self) -> bytes:
        if self.headers.get("Transfer-Encoding", "").lower() != "chunked":
            return self.rfile.read(int(self.headers.get("Content-Length", 0)))
        body = b""
        while size := int(self.rfile.readline().partition(b";")[0], 16):
            body += self.rfile.read(size)
            self.rfile.readline()
        while self.rfile.readline().strip():
            pass  # trailers
        return body

    def version_string(self) -> str:
        return "goatfish-fake"

    def log_message(self, *args: Any) -> None:
        """Tests look at ``FakeService.requests``."""
