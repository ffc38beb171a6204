"""The HTTP library: httpx2, or its predecessor on Pythons that httpx2 does not support.

Importing it takes longer than everything else here, so it is imported only by what is about to send.
"""

from __future__ import annotations

import ssl
from typing import TYPE_CHECKING, Union

if TYPE_CHECKING:
    import httpx2 as httpx
else:
    try:
        import httpx2 as httpx
    except ImportError:
        import httpx

__all__ = ["httpx", "trust"]


def trust(url: str) -> Union[ssl.SSLContext, bool]:
    """Whom a connection to this URL trusts, as ``verify``: over HTTPS the authorities of the system or environment.

    Over plain HTTP it trusts nobody, as it is never asked: to load them takes longer than all else of a first request.
    """
    return not url.startswith("http:") or ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
