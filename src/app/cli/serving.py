"""Opens the listening socket and runs uvicorn on it."""

import errno
import logging
import socket
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from time import monotonic, sleep

import uvicorn
from uvicorn.supervisors import ChangeReload

import config
from app.cli.database import require_storage, say_which_database
from app.cli.metrics_port import shared_metrics
from app.cli.terminal import FAILED, MISCONFIGURED, fail, print_message
from app.http_server.draining_server import REQUESTS_TIME, DrainingServer
from app.http_server.limits import Limits
from app.http_server.server import HttpServer
from app.supervisor import Supervisor
from app.worker import Worker
from config.addresses import trusted_proxies
from config.ignored_settings import ignored_settings
from config.loading import load
from config.settings import Settings

UNSENT_MAX = 64 << 10  # bytes of unsent responses that the kernel buffers per connection; its default is megabytes
LISTENER_COPIES = 8  # connections accepted in one pass of the event loop: more would delay open connections
BACKLOG = 2048  # connections that wait to be accepted
ORPHANS_TIME = 2.0  # seconds within which workers end once their parent was killed
_log = logging.getLogger("goatfish.server")
SOURCE = [str(Path(__file__).parents[2]), str(Path(config.__file__).parent)]


def serve(host: str, port: int, *, reload: bool, proxy: str, access_log: bool | None) -> None:
    """Serves as the settings say until a signal stops it."""
    settings = load()
    is_json, workers = settings.log_format == "json", settings.workers
    if reload and workers > 1:
        fail("--reload works with one worker only.", MISCONFIGURED)
    try:
        proxies = trusted_proxies(proxy)
    except ValueError as error:
        fail(f"--proxy {error}", MISCONFIGURED)
    say_which_database()
    require_storage()
    warn, inform = (_log.warning, _log.info) if is_json else (print_message, print_message)
    for line in ignored_settings():
        warn(line)
    try:
        listener = listen_once_free(host, port)
    except OSError as error:
        fail(listen_error(host, port, error))
    inform(f"Goatfish listens on {url(listener)}" + (f" ({workers} workers are starting)" if workers > 1 else ""))
    if settings.https_only and settings.has_operator and not proxies:
        warn("No proxy is named with --proxy: the admin takes every request for HTTP, and redirects to HTTPS.")
    run(
        listener,
        settings.log_level,
        reload=reload,
        proxies=proxies,
        access_log=access_log,
    )


def listen(host: str, port: int) -> socket.socket:
    """A listening socket; on ``::``, for IPv4 too where the system can. Raises ``OSError``."""
    family, _, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
    both = address[0] == "::" and socket.has_dualstack_ipv6()
    # The whole address: an IPv6 one may be valid in one network only, which follows it.
    listener = socket.create_server(address, family=family, backlog=BACKLOG, dualstack_ipv6=both)
    if hasattr(socket, "TCP_NOTSENT_LOWAT"):  # accepted connections inherit it
        listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NOTSENT_LOWAT, UNSENT_MAX)
    return listener


def listen_once_free(host: str, port: int) -> socket.socket:
    """The same, where the port may be held by workers whose parent was killed, and who end soon. Raises ``OSError``."""
    deadline = monotonic() + ORPHANS_TIME
    while True:
        try:
            return listen(host, port)
        except OSError as error:
            if error.errno != errno.EADDRINUSE or monotonic() >= deadline:
                raise
        sleep(ORPHANS_TIME / 20)


def listen_error(host: str, port: int, error: OSError) -> str:
    """Why the address cannot be listened on."""
    if error.errno == errno.EADDRINUSE:
        return f"Port {port} of {host} is in use. Choose another with --port; 0 takes any free one."
    if ":" in host and error.errno in {errno.EAFNOSUPPORT, errno.EADDRNOTAVAIL}:
        return f"This machine has no IPv6 address {host}. For every IPv4 address, use --host 0.0.0.0."
    return f"Goatfish cannot listen on port {port} of {host}: {error.strerror}"


def url(listener: socket.socket) -> str:
    """The URL of a listening socket, with its actual port."""
    host, port = listener.getsockname()[:2]
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def _http_server(settings: Settings) -> HttpServer:
    limits = Limits(
        head_timeout=settings.head_timeout,
        body_timeout=settings.body_timeout,
        write_timeout=settings.write_timeout,
        keep_alive=settings.keep_alive,
        connections_max=settings.connections_max,
    )
    return HttpServer(limits, other_files=settings.pool_size, counts=settings.metrics)


@shared_metrics()
def run(
    listener: socket.socket,
    log_level: str,
    *,
    reload: bool = False,
    proxies: Sequence[str] = (),
    access_log: bool | None = None,
) -> None:
    """Serves until a signal stops it; running requests may finish first. None: a log in JSON has the access log."""
    workers, is_json = load().workers, load().log_format == "json"
    settings = uvicorn.Config(
        # uvicorn reloads an application only by its import path
        "app.worker:build_for_reload" if reload else Worker(),
        factory=True,
        http=_http_server(load()),  # type: ignore[arg-type]  # -- uvicorn calls it as it would a protocol class
        workers=workers,
        reload=reload,
        reload_dirs=SOURCE if reload else None,
        log_config=None,  # Django's logging configuration covers uvicorn's loggers
        log_level=log_level.lower(),
        access_log=is_json if access_log is None else access_log,
        proxy_headers=bool(proxies),
        forwarded_allow_ips=[*proxies],
        server_header=False,
        ws="none",
        lifespan="on",
        timeout_graceful_shutdown=REQUESTS_TIME,
    )
    sockets = [
        listener,
        *(listener.dup() for _ in range(LISTENER_COPIES - 1)),
    ]  # uvloop accepts one connection per listener in each pass
    drain_time = load().drain_time
    with suppress(KeyboardInterrupt):
        if reload:
            ChangeReload(settings, target=uvicorn.Server(settings).run, sockets=sockets).run()
        elif workers > 1:
            if not Supervisor(settings, sockets, drain_time).run():
                fail("The workers did not start.", FAILED)
        else:
            DrainingServer(settings, drain_time).run(sockets)
