"""The headers of every answer, made once: what a browser may do with it, and who may keep it."""

from typing import TypeAlias

from starlette.datastructures import MutableHeaders

RawHeaders: TypeAlias = list[tuple[bytes, bytes]]

_VARY = "X-API-Key, Authorization"
_EVERYWHERE = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",  # none at all, and the admin's forms would be refused as somebody else's
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}
_DATA = {"Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'"}
_PAGES = {
    "Content-Security-Policy": "default-src 'self'; img-src 'self' data:; object-src 'none'; base-uri 'none';"
    " form-action 'self'; frame-ancestors 'none'"
}
_PRIVATE = {"Cache-Control": "private, no-cache", "Vary": _VARY}
_HTTPS = {"Strict-Transport-Security": "max-age=31536000"}
"""For this host alone, and for a year: what other names of the domain do is not ours to say."""


def _raw(headers: dict[str, str]) -> RawHeaders:
    return [(name.lower().encode(), value.encode()) for name, value in headers.items()]


_AREAS = {"/api/": _EVERYWHERE | _DATA | _PRIVATE, "/admin": _EVERYWHERE | _PAGES, "": _EVERYWHERE | _DATA}
_MADE = {
    scheme: [(start, _raw(headers | more)) for start, headers in _AREAS.items()]
    for scheme, more in (("http", {}), ("https", _HTTPS))
}


def complete(headers: RawHeaders, *, path: str, scheme: str) -> None:
    """Adds what an answer to this path has not said itself. What it depends on adds up."""
    ours = next(made for start, made in _MADE[scheme] if path.startswith(start))
    said = {name.lower() for name, _ in headers}
    if b"vary" in said and path.startswith("/api/"):
        more = MutableHeaders(raw=headers)
        more["Vary"] = ", ".join([_VARY, *more.getlist("Vary")])
    headers += [pair for pair in ours if pair[0] not in said]
