"""A network between a client and a service, which fails when it is told to."""

from __future__ import annotations

import socket
import threading
from contextlib import suppress
from urllib.parse import urlsplit


class Relay:
    """Listens on a port of its own, and passes everything on to the service at this URL until it is away."""

    def __init__(self, url: str) -> None:
        self._service = urlsplit(url)
        self._lock = threading.Lock()
        self._connections: set[socket.socket] = set()
        self._breaks_at: bytes | None = None
        self._is_answered = False
        self._listener = self._listen(0)
        self.port: int = self._listener.getsockname()[1]
        self.broke = threading.Event()
        """Whether it was cut as `break_at` said."""

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def away(self) -> None:
        """Break all connections, and refuse new ones."""
        with self._lock:
            for each in (self._listener, *self._connections):
                _end(each)
            self._connections.clear()

    def back(self) -> None:
        """Pass everything on again."""
        self._breaks_at = None
        self._listener = self._listen(self.port)

    def break_at(self, text: str, *, answered: bool) -> None:
        """Be away from the request on that contains this text; ``answered``: once the service has carried it out."""
        self._breaks_at, self._is_answered = text.encode(), answered

    def _listen(self, port: int) -> socket.socket:
        listener = socket.create_server(("127.0.0.1", port))
        threading.Thread(target=self._accept, args=[listener], daemon=True).start()
        return listener

    def _accept(self, listener: socket.socket) -> None:
        with suppress(OSError):
            while True:
                client, _ = listener.accept()
                service = socket.create_connection((str(self._service.hostname), self._service.port or 80))
                with self._lock:
                    self._connections |= {client, service}
                is_cut = threading.Event()
                threading.Thread(target=self._requests, args=[client, service, is_cut], daemon=True).start()
                threading.Thread(target=self._answers, args=[service, client, is_cut], daemon=True).start()

    def _requests(self, client: socket.socket, service: socket.socket, is_cut: threading.Event) -> None:
        seen = b""
        with suppress(OSError):
            while data := client.recv(65536):
                seen = (seen + data)[-65536:]
                if self._breaks_at is not None and self._breaks_at in seen:
                    is_cut.set()
                    if not self._is_answered:
                        self._break()
                        return
                service.sendall(data)
        _end(client)
        _end(service)

    def _answers(self, service: socket.socket, client: socket.socket, is_cut: threading.Event) -> None:
        with suppress(OSError):
            while data := service.recv(65536):
                if is_cut.is_set():
                    self._break()
                    return
                client.sendall(data)
        _end(client)
        _end(service)

    def _break(self) -> None:
        self.away()
        self.broke.set()


def _end(each: socket.socket) -> None:
    with suppress(OSError):
        each.shutdown(socket.SHUT_RDWR)
    each.close()
