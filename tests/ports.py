"""Ports of 127.0.0.1 that no other process gets before they are used."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import contextmanager


def free_port() -> int:
    """A port to listen on, with ``SO_REUSEADDR``, within a minute.

    A connection to it has just been closed by its server, so that the kernel keeps the port from whoever asks for any.
    """
    with socket.create_server(("127.0.0.1", 0)) as listener:
        address = listener.getsockname()
        with socket.create_connection(address):
            listener.accept()[0].close()
    return int(address[1])


@contextmanager
def unused_port() -> Iterator[int]:
    """A port on which nobody listens meanwhile."""
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        yield int(bound.getsockname()[1])


def is_taken(port: int) -> bool:
    """Whether somebody listens on it."""
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0
