"""The HTTP library: httpx2, or its predecessor on Pythons that httpx2 does not support.

Importing it takes longer than everything else here, so it is imported only by what is about to send.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import httpx2 as httpx
else:
    try:
        import httpx2 as httpx
    except ImportError:
        import httpx

__all__ = ["httpx"]
