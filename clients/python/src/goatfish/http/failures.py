"""What the HTTP library raises, as this library's errors."""

from __future__ import annotations

from goatfish.errors import ConfigurationError, ConnectionFailed, GoatfishError, TimedOut
from goatfish.http.library import httpx

FAILURES = (httpx.RequestError, httpx.InvalidURL)
_NOT_SENT = (
    httpx.ConnectError,
    httpx.ConnectTimeout,
    httpx.PoolTimeout,
    httpx.ProxyError,
    httpx.UnsupportedProtocol,
    httpx.LocalProtocolError,
)


def failure_of(error: Exception, url: str) -> GoatfishError:
    """The error to raise for this one; ``url`` is the service's."""
    if isinstance(error, httpx.InvalidURL):
        return ConfigurationError(f"{url} is no URL that can be called: {error}.")
    sent = not isinstance(error, _NOT_SENT)
    if isinstance(error, httpx.TimeoutException):
        return TimedOut(f"{url} did not answer in time", sent)
    said = str(error) or type(error).__name__
    return ConnectionFailed(
        f"The connection to {url} broke: {said}" if sent else f"{url} was not reached: {said}", sent
    )
