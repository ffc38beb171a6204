"""The metrics of all workers for Prometheus, on a port of their own, served by the process that starts the workers."""

import errno
import logging
import os
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager
from functools import partial
from ipaddress import ip_address
from pathlib import Path
from tempfile import TemporaryDirectory
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

from prometheus_client import CollectorRegistry, make_wsgi_app, start_http_server

from app.cli.terminal import fail
from app.metrics.workers import DIRECTORY, AllWorkers
from config.loading import load
from config.settings import Settings

_log = logging.getLogger("goatfish.metrics")


@contextmanager
def shared_metrics() -> Iterator[None]:
    """Lets the workers that are started meanwhile share their metrics, and serves them where the settings say so."""
    settings = load()
    if not settings.metrics:
        yield
        return
    with ExitStack() as stack:
        directory = stack.enter_context(TemporaryDirectory(prefix="goatfish-metrics-"))
        os.environ[DIRECTORY] = directory
        stack.callback(os.environ.pop, DIRECTORY)
        if settings.metrics_port is not None:
            _serve(settings, settings.metrics_port, Path(directory))
        yield


def _serve(settings: Settings, port: int, directory: Path) -> None:
    registry = CollectorRegistry()
    registry.register(AllWorkers(directory))
    host = settings.metrics_host
    try:
        server, _ = start_http_server(port, host, registry)
    except OSError as error:
        why = "it is in use" if error.errno == errno.EADDRINUSE else error.strerror
        fail(f"Metrics cannot be served on port {port} of {host}: {why}. See GOATFISH_METRICS_PORT.")
    server.set_app(partial(_at_its_path, make_wsgi_app(registry)))
    shown = f"[{host}]" if ":" in host else host
    _log.info("Metrics are at http://%s:%d/metrics", shown, server.server_port)
    if not _is_loopback(host):
        _log.info("Whoever reaches that port can read them: a firewall or a network policy has to keep others out.")


def _at_its_path(app: WSGIApplication, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
    """The library's application, which would answer every path with the metrics, at ``/metrics`` alone."""
    if environ["PATH_INFO"] == "/metrics":
        return app(environ, start_response)
    start_response("404 Not Found", [])
    return []


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
