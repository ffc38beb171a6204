"""Starts Python from a process that has imported what needs no settings: each start takes a second less.

The tests run some two hundred commands in processes of their own. Each is forked here before any setting is read or
Django is set up, with the environment, directory and standard streams of its caller. A small process stands in for it
(``stand_in``): it forwards signals to the command, ends as the command ends, and if it is killed, so is the command, a
moment later. Not passed on are SIGSTOP, the process group, resource limits and the umask. A command whose environment
configures Python itself is started as usual. A test run starts such a process when it first needs it, or uses the one
that ``./run`` has started for several runs.
"""

from __future__ import annotations  # the client is tested on older versions of Python, too

import os
import signal
import socket
import sys
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from threading import Lock

STAND_IN = str(Path(__file__).with_name("stand_in.py"))
SHARED = "TEST_WARM_START"
"""The variable that names the directory with the sockets of processes that several test runs share."""
_servers: dict[str, str] = {}
"""The addresses of the process that has imported the service, and of that which has imported the client."""
_status: list[int] = []
"""The exit status of the command that runs in this process, once it is known."""
_starting = Lock()


def goatfish(*arguments: str) -> list[str]:
    """The command that runs ``goatfish`` with these arguments, for ``subprocess``."""
    return python("-m", "app.cli", *arguments)


def python(*arguments: str) -> list[str]:
    """The command that runs ``python -m MODULE …`` or ``python -c CODE …``, for ``subprocess``."""
    return _warm("goatfish", arguments)


def gf(*arguments: str) -> list[str]:
    """The command that runs the client's ``gf`` with these arguments, for ``subprocess``."""
    return _warm("gf", ["-c", "import sys; from goatfish.commands import main; sys.exit(main())", *arguments])


def _warm(kind: str, arguments: Iterable[str]) -> list[str]:
    with _starting:
        if kind not in _servers:
            shared = os.environ.get(SHARED)
            _servers[kind] = str(Path(shared, kind)) if shared else _until_exit(kind)
    return [sys.executable, "-I", "-S", STAND_IN, _servers[kind], *arguments]


def _until_exit(kind: str) -> str:
    """Starts a process for this one alone; returns its address."""
    import atexit
    import tempfile

    stack = ExitStack()
    atexit.register(stack.close)
    directory = stack.enter_context(tempfile.TemporaryDirectory(prefix="goatfish-"))
    return stack.enter_context(_server(kind, directory, sys.executable))


@contextmanager
def shared_servers(python: str) -> Iterator[None]:
    """Starts both processes with this Python, for the test runs that are started meanwhile, if there are none yet."""
    import tempfile

    with ExitStack() as stack:
        if SHARED not in os.environ:
            directory = stack.enter_context(tempfile.TemporaryDirectory(prefix="goatfish-"))
            for kind in MODULES:
                stack.enter_context(_server(kind, directory, python))
            os.environ[SHARED] = directory
            stack.callback(os.environ.pop, SHARED)
        yield


@contextmanager
def _server(kind: str, directory: str, python: str) -> Iterator[str]:
    """Starts the process that forks commands of this kind; yields the address of its socket in the directory."""
    import subprocess

    address = str(Path(directory, kind))
    with subprocess.Popen(
        [python, __file__, kind, address],
        stdin=subprocess.PIPE,  # it ends when this process does
        stdout=subprocess.PIPE,
        start_new_session=True,  # Ctrl-C is for this process, which then ends the server
    ) as server:
        try:
            assert server.stdout is not None
            assert server.stdout.readline() == b"listens\n"
            yield address
        finally:
            server.kill()


def serve(address: str, modules: Iterable[str]) -> tuple[list[str], str] | None:
    """Forks a command for each connection until stdin ends. Returns in a command's process: its arguments and place."""
    import atexit
    import gc
    import importlib
    import select

    atexit.register(_end_at_once)  # the first to be registered is the last to run
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(address)
        listener.listen()
        sys.stdout.write("listens\n")
        sys.stdout.flush()
        for name in modules:
            importlib.import_module(name)
        gc.freeze()
        signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # nobody waits for the watchers
        while sys.stdin not in select.select([listener, sys.stdin], [], [])[0]:
            connection, _ = listener.accept()
            if os.fork() == 0:
                listener.close()
                return _watch(connection)
            connection.close()
    return None


def _watch(connection: socket.socket) -> tuple[list[str], str]:
    """Forks the command, and forwards signals to it until it ends. Returns in the command alone."""
    import ast

    watches = True
    try:
        for descriptor in (0, 1, 2):
            os.close(descriptor)  # the server's, which nobody must hold open
            os.open(os.devnull, os.O_RDWR)
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        size, descriptors, _, _ = socket.recv_fds(connection, 4, 3, socket.MSG_WAITALL)
        message = connection.recv(int.from_bytes(size, "big"), socket.MSG_WAITALL)
        arguments, environment, directory, streams = ast.literal_eval(message.decode())
        alive, at_end = os.pipe()
        pid = os.fork()
        if pid:
            os.close(at_end)
            for descriptor in descriptors:
                os.close(descriptor)
            _forward(connection, alive, pid)
        else:
            watches = False
            os.close(alive)
            connection.close()
            for number, descriptor in enumerate(descriptors):
                if number in streams:
                    os.dup2(descriptor, number)
                else:  # as Python itself starts with a stream that is closed
                    os.close(number)
                    setattr(sys, ("stdin", "stdout", "stderr")[number], None)
                os.close(descriptor)
            os.environ.clear()
            os.environ.update(environment)
            os.chdir(directory)
            return arguments, directory
    finally:
        if watches:
            os._exit(0)
    raise AssertionError  # not reached


def _forward(connection: socket.socket, alive: int, pid: int) -> None:
    """Forwards signals until the command ends, and then its status; kills it where the stand-in is gone."""
    import select

    while alive not in select.select([connection.fileno(), alive], [], [])[0]:
        received = connection.recv(1)
        os.kill(pid, received[0] if received else signal.SIGKILL)
        if not received:
            break
    status = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    with suppress(OSError):
        connection.sendall(status.to_bytes(4, "big", signed=True))


def _end_at_once() -> None:
    """Ends a command without freeing its memory, which would copy what it shares with the server."""
    if _status:
        for stream in filter(None, (sys.stdout, sys.stderr)):
            stream.flush()
        os._exit(_status[0])


PACKAGES = (
    "anyio._backends._asyncio",
    "asyncpg",
    "dependency_injector.containers",
    "dependency_injector.providers",
    "django.contrib.admin",
    "django.contrib.auth.hashers",
    "django.core.management",
    "django.core.management.base",
    "django.core.management.commands.makemigrations",
    "django.core.management.commands.migrate",
    "django.db.backends.postgresql.base",
    "django.db.backends.sqlite3.base",
    "django.db.migrations.executor",
    "django.db.models",
    "django.forms",
    "django.template.loader",
    "django.views.debug",
    "fastapi",
    "httptools",
    "msgspec",
    "psycopg",
    "pydantic.v1",  # FastAPI imports it once it has an application
    "pydantic_settings",
    "rich.console",  # typer.rich_utils, which reads the environment, is left to commands; the rest is what it imports
    "rich.markdown",
    "rich.panel",
    "rich.table",
    "rich.traceback",
    "starlette.testclient",
    "typer",
    "typer._adapters",
    "typer.testing",
    "uvicorn",
    "uvicorn.lifespan.on",
    "uvicorn.loops.uvloop",
    "uvicorn.protocols.http.httptools_impl",
    "uvicorn.supervisors",
)
GOATFISH = (
    "app.application",
    "app.cli.commands",
    "app.cli.doctor",
    "app.cli.document",
    "app.cli.keys",
    "app.cli.owners",
    "app.cli.fake_data.seeding",
    "app.cli.serving",
    "app.cli.up",
)
"""With ``PACKAGES``, Goatfish and what it uses, but for what needs Django's settings."""
CLIENT_SOURCE = Path(__file__).parents[1] / "clients" / "python" / "src"
CLIENT = (
    *(f"goatfish.commands.{path.stem}" for path in (CLIENT_SOURCE / "goatfish" / "commands").glob("[a-z]*.py")),
    "goatfish.http.deadlines",
    "goatfish.http.failures",
    "goatfish.recording.delivery",
    "goatfish.recording.syncing",
    "goatfish.sync_api.client",
    "anyio.to_thread",
    "httpcore2",
)
"""``gf`` and what it uses."""
MODULES = {"goatfish": (*PACKAGES, *GOATFISH), "gf": CLIENT}
"""What each process imports."""


if __name__ == "__main__":
    kind, address = sys.argv[1:]
    if kind == "gf":
        sys.path.insert(1, str(CLIENT_SOURCE))
    if command := serve(address, MODULES[kind]):
        import runpy

        (option, program, *arguments), sys.path[0] = command
        sys.argv = [option if option == "-c" else "goatfish", *arguments]
        try:
            if option == "-m":
                runpy.run_module(program, run_name="__main__", alter_sys=True)
            else:
                exec(compile(program, "<string>", "exec"), {"__name__": "__main__"})
        except SystemExit as ended:
            _status.append(ended.code if isinstance(ended.code, int) else int(ended.code is not None))
            raise
        _status.append(0)
