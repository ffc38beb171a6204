"""The server: one listening socket, opened before anything else is, and uvicorn behind it."""

import errno
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
from app.application import of_workers
from app.cli.database import require_storage
from app.cli.terminal import FAILED, MISCONFIGURED, fail, say
from app.http_server.limits import Limits
from app.http_server.server import HttpServer
from config.settings import Settings, load, unknown_variables

UNSENT_MAX = 64 << 10  # bytes of answers that the kernel takes while a client does not read; it would take megabytes
ACCEPTS = 8  # connections that are accepted before others are seen to: all at once would hold those up
BACKLOG = 2048  # connections that may wait to be accepted
GRACE = 10  # seconds for requests under way to end before they are cut
SOURCE = [str(Path(__file__).parents[2]), str(Path(config.__file__).parent)]


def serve(host: str, port: int, *, workers: int | None, reload: bool, proxies: str, access_log: bool) -> None:
    settings = load()
    workers = workers or settings.workers
    if reload and workers > 1:
        fail("--reload goes with one worker.", MISCONFIGURED)
    for name in unknown_variables():
        say(f"{name} is no setting and has no effect: goatfish doctor says more.")
    require_storage()
    try:
        listener = listen(host, port)
    except OSError as error:
        fail(refusal(host, port, error))
    say(f"Goatfish listens on {url(listener)}" + (f" ({workers} workers are starting)" if workers > 1 else ""))
    run(listener, settings.log_level, workers=workers, reload=reload, proxies=proxies, access_log=access_log)


def listen(host: str, port: int) -> socket.socket:
    """A listening socket: connections wait in it until they are served. Raises ``OSError``."""
    family, _, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
    listener = socket.create_server((str(address[0]), port), family=family, backlog=BACKLOG)
    if hasattr(socket, "TCP_NOTSENT_LOWAT"):  # connections have it from their listener
        listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NOTSENT_LOWAT, UNSENT_MAX)
    return listener


def refusal(host: str, port: int, error: OSError) -> str:
    """Why there is no listening there, in words."""
    if error.errno == errno.EADDRINUSE:
        return f"Port {port} of {host} is taken. Give another with --port; 0 takes any free one."
    return f"Goatfish cannot listen on port {port} of {host}: {error.strerror}"


def url(listener: socket.socket) -> str:
    """Where a socket really listens."""
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
    """Serves until it is told to stop, and then ends what is under way."""
    settings = uvicorn.Config(
        # What reloads has to be given by its name, and has one worker.
        "app.asgi:app" if reload else partial(of_workers, workers),
        factory=not reload,
        http=_http_server(load()),  # type: ignore[arg-type]  # -- called as a protocol's class would be
        workers=workers,
        reload=reload,
        reload_dirs=SOURCE if reload else None,
        log_config=None,  # Django's configuration covers uvicorn's loggers too
        log_level=log_level.lower(),
        access_log=access_log,
        proxy_headers=bool(proxies),
        forwarded_allow_ips=proxies or None,
        server_header=False,
        ws="none",
        lifespan="on",
        timeout_graceful_shutdown=GRACE,
    )
    sockets = [listener, *(listener.dup() for _ in range(ACCEPTS - 1))]  # uvloop takes one connection of each in turn
    # uvicorn raises the signal again once it has stopped; the default would end the process on the spot.
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
