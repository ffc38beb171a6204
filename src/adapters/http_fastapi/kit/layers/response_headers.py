"""The headers of every answer, made once: what a browser may do with it, and who may keep it."""

from collections.abc import Iterable
from operator import itemgetter

from starlette.datastructures import MutableHeaders

from adapters.http_fastapi.kit.context import RawHeaders

_NAME = itemgetter(0)
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


def _made(area: dict[str, str]) -> dict[str, tuple[RawHeaders, frozenset[bytes]]]:
    """By the scheme, the headers of an area, and their names."""
    both = {"http": _raw(area), "https": _raw(area | _HTTPS)}
    return {scheme: (raw, frozenset(name for name, _ in raw)) for scheme, raw in both.items()}


_API = _made(_EVERYWHERE | _DATA | _PRIVATE)
_ADMIN = _made(_EVERYWHERE | _PAGES)
_ELSEWHERE = _made(_EVERYWHERE | _DATA)


def complete(given: Iterable[tuple[bytes, bytes]], *, path: str, scheme: str) -> RawHeaders:
    """These headers and what an answer to this path has not given_names by them. What it depends on adds up."""
    in_api = path.startswith("/api/")
    ours, names = (_API if in_api else _ADMIN if path.startswith("/admin") else _ELSEWHERE)[scheme]
    headers = [*given]
    given_names = set(map(bytes.lower, map(_NAME, headers)))
    if given_names.isdisjoint(names):
        headers += ours
        return headers
    if b"vary" in given_names and in_api:
        more = MutableHeaders(raw=headers)
        more["Vary"] = ", ".join([_VARY, *more.getlist("Vary")])
    headers += [pair for pair in ours if pair[0] not in given_names]
    return headers
