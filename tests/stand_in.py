"""What runs in place of a command that ``warm_start`` forks: it passes everything on, and ends as the command ends.

It is started, and compiled, for every command, so it is short, and imports the modules below ``socket`` and ``signal``:
those two alone take as long as Python itself. They are of Python 3.11 and later alike.
"""

import _signal  # type: ignore[import-not-found]  # -- mypy knows ``signal`` alone
import _socket
import os
import sys

FORWARDED = (_signal.SIGTERM, _signal.SIGINT, _signal.SIGHUP, _signal.SIGQUIT, _signal.SIGUSR1, _signal.SIGUSR2)
LOST = 70
"""The exit status of a stand-in that has lost its command (EX_SOFTWARE in sysexits.h)."""


def is_open(descriptor: int) -> bool:
    try:
        os.fstat(descriptor)
    except OSError:
        return False
    return True


def stand_in(address: str, arguments: list[str]) -> int:
    """Has the command run, and ends as it ends."""
    if any(name.startswith("PYTHON") for name in os.environ):
        os.execv(sys.executable, [sys.executable, *arguments])
    streams = [number for number in (0, 1, 2) if is_open(number)]
    while os.open(os.devnull, os.O_RDWR) < 3:  # nothing else takes the number of a stream that is closed
        pass
    errors = os.dup(2)
    connection = _socket.socket(_socket.AF_UNIX)
    connection.connect(address)
    message = repr((arguments, dict(os.environ), os.getcwd(), streams)).encode()  # noqa: PTH109 -- pathlib is slow
    rights = b"".join(number.to_bytes(4, sys.byteorder) for number in (0, 1, 2))
    connection.sendmsg([len(message).to_bytes(4, "big")], [(_socket.SOL_SOCKET, _socket.SCM_RIGHTS, rights)])
    connection.sendall(message)

    def forward(number: int, _: object) -> None:
        try:  # noqa: SIM105 -- contextlib takes a third of Python's own start to import
            connection.send(bytes([number]))
        except OSError:  # the command has ended
            pass

    for number in FORWARDED:
        _signal.signal(number, forward)
    for descriptor in (0, 1, 2):
        os.close(descriptor)  # a reader of the output sees its end when the command closes it
    received = connection.recv(4, _socket.MSG_WAITALL)
    connection.close()
    if len(received) < 4:
        os.write(errors, b"The process that runs this command was lost.\n")
        return LOST
    status = int.from_bytes(received, "big", signed=True)
    if status < 0:
        if -status != _signal.SIGKILL:
            _signal.signal(-status, _signal.SIG_DFL)
        os.kill(os.getpid(), -status)
    return status


if __name__ == "__main__":
    sys.exit(stand_in(sys.argv[1], sys.argv[2:]))
