"""The service with a proxy between it and its database."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from tests.running_service import live

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.embedded_postgres import Server
    from tests.reliability.tcp_proxy import TcpProxy
    from tests.running_service import Live


@contextmanager
def served_through(server: Server, proxy: TcpProxy, **variables: str) -> Iterator[Live]:
    """Runs it on an empty database, with these settings."""
    there, here = f":{server.port}/", f":{proxy.port}/"
    with live(server.url.replace(there, here), server.operator_url.replace(there, here), **variables) as running:
        yield running
