"""Turns the exceptions of the HTTP library into this library's."""

from __future__ import annotations

import os
from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass

from goatfish.errors import ConfigurationError, ConnectionFailed, GoatfishError, TimedOut
from goatfish.http.library import httpx

FAILURES = (httpx.RequestError, httpx.InvalidURL)
NOT_SET_UP = (ImportError, OSError, ValueError, httpx.InvalidURL)
"""What it raises for a proxy or certificates that the environment names, and that are none."""
_CERTIFICATES = ("SSL_CERT_FILE", "SSL_CERT_DIR")
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
    if sent:
        return ConnectionFailed(f"The connection to {url} broke: {said}", sent)
    return ConnectionFailed(f"{url} was not reached{_through_proxy(url)}: {said}", sent)


def setup_failure(error: Exception) -> ConfigurationError:
    """The error to raise where there can be no connections; of certificates it says who named them."""
    named = [f"{each}={os.environ[each]}" for each in _CERTIFICATES if os.environ.get(each)]
    given = f" with {', '.join(named)}" if named and isinstance(error, OSError) else ""
    return ConfigurationError(f"The connections cannot be set up{given}: {error}")


def _through_proxy(url: str) -> str:
    """Which proxy stands in the environment for this URL, as nobody may have thought of it; without its password."""
    service = urlsplit(url)
    proxies = getproxies()
    proxy = proxies.get(service.scheme) or proxies.get("all")
    if not proxy or proxy_bypass(service.hostname or ""):
        return ""
    return f" through the proxy {proxy.rpartition('@')[2]}"
