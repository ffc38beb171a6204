"""Where the service shows an object to people, rather than to programs."""

from __future__ import annotations


def page_of(url: str, kind: str = "", id: str = "") -> str:
    """The page of the workbench at ``url``; of its beginning without an object. ``kind``: "runs" or "simulations"."""
    return f"{url}/#/{kind}/{id}" if kind else f"{url}/"
