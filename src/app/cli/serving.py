"""Opens the listening socket and runs uvicorn on it."""

import errno
import logging
import os
import signal
import socket
import sys
from contextlib import suppress
from functools import partial
from pathlib import Path

import uvicorn
from uvicorn.config import STARTUP_FAILURE
from uvicorn.supervisors import ChangeReload, Multiprocess

import config
from app.application import build_for_workers
from app.cli.database import load_to_serve, require_storage, say_which_database
from app.cli.terminal import FAILED, MISCONFIGURED, fail, print_message
from app.http_server.limits import Limits
from app.http_server.server import HttpServer
from config.settings import PREFIX, Settings, load, unknown_variables

UNSENT_MAX = 64 << 10  # bytes of unsent responses that the kernel buffers per connection; its default is megabytes
LISTENER_COPIES = 8  # connections accepted in one pass of the event loop: more would delay open connections
BACKLOG = 2048  # connections that wait to be accepted
_log = logging.getLogger("goatfish.server")
SHUTDOWN_TIMEOUT = 10  # seconds for running requests to finish before they are cancelled
SOURCE = [str(Path(__file__).parents[2]), str(Path(config.__file__).parent)]


def serve(
    host: str,
    port: int,
    *,
    workers: int | None,
    reload: bool,
    proxies: str,
    access_log: bool | None,
    log_format: str | None,
) -> None:
    if log_format is not None:
        os.environ[f"{PREFIX}LOG_FORMAT"] = log_format  # for the workers too
        load.cache_clear()
    settings = load_to_serve()
    is_json = settings.log_format == "json"
    workers = workers or settings.workers
    if reload and workers > 1:
        fail("--reload works with one worker only.", MISCONFIGURED)
    say_which_database()
    require_storage()
    warn, inform = (_log.warning, _log.info) if is_json else (print_message, print_message)
    for name in unknown_variables():
        warn(f"{name} is not a known setting and is ignored. Run: goatfish doctor")
    try:
        listener = listen(host, port)
    except OSError as error:
        fail(listen_error(host, port, error))
    inform(f"Goatfish listens on {url(listener)}" + (f" ({workers} workers are starting)" if workers > 1 else ""))
    run(
        listener,
        settings.log_level,
        workers=workers,
        reload=reload,
        proxies=proxies,
        access_log=is_json if access_log is None else access_log,
    )


def listen(host: str, port: int) -> socket.socket:
    """A listening socket. Raises ``OSError``."""
    family, _, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
    listener = socket.create_server((str(address[0]), port), family=family, backlog=BACKLOG)
    if hasattr(socket, "TCP_NOTSENT_LOWAT"):  # accepted connections inherit it
        listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NOTSENT_LOWAT, UNSENT_MAX)
    return listener


def listen_error(host: str, port: int, error: OSError) -> str:
    """Why the address cannot be listened on."""
    if error.errno == errno.EADDRINUSE:
        return f"Port {port} of {host} is in use. Choose another with --port; 0 takes any free one."
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
    return HttpServer(limits, other_files=settings.pool_size)


def run(
    listener: socket.socket,
    log_level: str,
    *,
    workers: int = 1,
    reload: bool = False,
    proxies: str = "",
    access_log: bool = False,
) -> None:
    """Serves until a signal stops it; running requests may finish first."""
    settings = uvicorn.Config(
        # uvicorn reloads an application only by its import path; with --reload there is one worker.
        "app.asgi:app" if reload else partial(build_for_workers, workers),
        factory=not reload,
        http=_http_server(load()),  # type: ignore[arg-type]  # -- uvicorn calls it as it would a protocol class
        workers=workers,
        reload=reload,
        reload_dirs=SOURCE if reload else None,
        log_config=None,  # Django's logging configuration covers uvicorn's loggers
        log_level=log_level.lower(),
        access_log=access_log,
        proxy_headers=bool(proxies),
        forwarded_allow_ips=proxies or None,
        server_header=False,
        ws="none",
        lifespan="on",
        timeout_graceful_shutdown=SHUTDOWN_TIMEOUT,
    )
    sockets = [
        listener,
        *(listener.dup() for _ in range(LISTENER_COPIES - 1)),
    ]  # uvloop accepts one connection per listener in each pass
    # uvicorn raises the signal again after its shutdown; the default handler would kill the process.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit())
    with suppress(KeyboardInterrupt):
        if reload:
            ChangeReload(settings, target=uvicorn.Server(settings).run, sockets=sockets).run()
        elif workers > 1:
            supervisor = Multiprocess(settings, sockets=sockets)
            supervisor.run()
            if any(process.exitcode == STARTUP_FAILURE for process in supervisor.processes):
                fail("The workers did not start.", FAILED)
        else:
            uvicorn.Server(settings).run(sockets=sockets)
