"""Starts Python from a process that has imported the third-party packages: each start is half a second faster.

The tests run some two hundred commands in processes of their own. Each is forked here before anything of Goatfish is
imported, with the environment, directory and standard streams of its caller; signals and its exit status pass through
a small process that stands in for it (``stand_in``).
"""

import os
import signal
import socket
import sys
from contextlib import suppress

FORKED: list[str] = []
"""The command, once the process that forks it runs."""
MESSAGE_MAX = 1 << 20  # bytes; an environment and arguments fit
FORWARDED = (signal.SIGTERM, signal.SIGINT)


def goatfish(*arguments: str) -> list[str]:
    """The command that runs ``goatfish`` with these arguments, for ``subprocess``."""
    return python("-m", "app.cli", *arguments)


def python(*arguments: str) -> list[str]:
    """The command that runs ``python -m MODULE …`` or ``python -c CODE …``, for ``subprocess``."""
    import atexit
    import subprocess
    import tempfile

    if not FORKED:
        address = f"{tempfile.mkdtemp(prefix='goatfish-')}/socket"
        pipe = subprocess.PIPE
        server = subprocess.Popen([sys.executable, __file__, "--serve", address], stdin=pipe, stdout=pipe)
        assert server.stdout is not None
        assert server.stdout.readline() == b"ready\n"
        atexit.register(server.communicate)  # closes its stdin, and waits for it
        FORKED.extend([sys.executable, "-I", "-S", __file__, address])
    return [*FORKED, *arguments]


def stand_in(address: str, arguments: list[str]) -> int:
    """Has the command run and ends as it ends. Imports little: this is started for every command."""
    with socket.socket(socket.AF_UNIX) as connection:
        connection.connect(address)
        message = repr((arguments, dict(os.environ), os.getcwd())).encode()  # noqa: PTH109 -- pathlib takes time to import
        socket.send_fds(connection, [len(message).to_bytes(4, "big")], [0, 1, 2])
        connection.sendall(message)
        for number in FORWARDED:
            signal.signal(number, lambda received, _: connection.send(bytes([received])))
        for descriptor in (0, 1, 2):
            os.close(descriptor)  # whoever reads the output sees its end when the command closes it
        status = int.from_bytes(connection.recv(4), "big", signed=True)
    if status < 0:
        with suppress(OSError):
            signal.signal(-status, signal.SIG_DFL)
        os.kill(os.getpid(), -status)
    return status


def serve(address: str) -> tuple[list[str], str] | None:
    """Forks a command for each connection until stdin ends. Returns in a command's process, with its arguments."""
    import gc
    import select
    from pathlib import Path

    _import_packages()
    gc.freeze()
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(address)
        listener.listen()
        signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # nobody waits for those who wait
        sys.stdout.write("ready\n")
        sys.stdout.flush()
        while sys.stdin not in select.select([listener, sys.stdin], [], [])[0]:
            connection, _ = listener.accept()
            if os.fork() == 0:
                listener.close()
                return _watch(connection)
            connection.close()
    Path(address).unlink()
    Path(address).parent.rmdir()
    return None


def _watch(connection: socket.socket) -> tuple[list[str], str]:
    """Forks the command, and forwards signals to it until it ends; returns in the command alone."""
    import ast

    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    size, descriptors, _, _ = socket.recv_fds(connection, 4, 3)
    message = bytearray()
    while len(message) < int.from_bytes(size, "big"):
        message += connection.recv(MESSAGE_MAX)
    arguments, environment, directory = ast.literal_eval(message.decode())
    alive, at_end = os.pipe()
    pid = os.fork()
    if pid == 0:
        os.close(alive)
        connection.close()
        for number, descriptor in enumerate(descriptors):
            os.dup2(descriptor, number)
            os.close(descriptor)
        os.environ.clear()
        os.environ.update(environment)
        os.chdir(directory)
        return arguments, directory
    os.close(at_end)
    for descriptor in (0, 1, 2, *descriptors):
        os.close(descriptor)
    os._exit(_forward(connection, alive, pid))


def _forward(connection: socket.socket, alive: int, pid: int) -> int:
    import select

    while alive not in select.select([connection.fileno(), alive], [], [])[0]:
        received = connection.recv(1)
        os.kill(pid, received[0] if received else signal.SIGKILL)
        if not received:
            break
    status = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    with suppress(OSError):
        connection.sendall(status.to_bytes(4, "big", signed=True))
    return 0


def _import_packages() -> None:
    """What Goatfish imports of others, but for what needs Django's settings."""
    import importlib

    for name in PACKAGES:
        importlib.import_module(name)


PACKAGES = (
    "asyncpg",
    "dependency_injector.containers",
    "dependency_injector.providers",
    "django.contrib.auth.hashers",
    "django.core.management",
    "django.core.management.base",
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
    "pydantic_settings",
    "rich.console",
    "rich.table",
    "starlette.testclient",
    "typer",
    "typer.testing",
    "uvicorn",
    "uvicorn.protocols.http.httptools_impl",
    "uvicorn.supervisors",
)


if __name__ == "__main__":
    if sys.argv[1] != "--serve":
        sys.exit(stand_in(sys.argv[1], sys.argv[2:]))
    if command := serve(sys.argv[2]):
        import runpy

        (option, program, *sys.argv[1:]), sys.path[0] = command
        if option == "-m":
            runpy.run_module(program, run_name="__main__", alter_sys=True)
        else:
            exec(compile(program, "<string>", "exec"))
