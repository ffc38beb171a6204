"""The standard error of a command: passed on as it comes, its end kept."""

from __future__ import annotations

import fcntl
import os
import termios
import threading
import tty
from collections import deque
from contextlib import suppress
from select import select

TAIL_BYTES = 64 * 1024
DRAIN = 0.1
"""Seconds to wait for what a command has written to its standard error just before its end."""


class ErrorOutput:
    """What a command writes its errors to: a terminal where ours is one, else a pipe."""

    def __init__(self) -> None:
        # A program that sees a terminal shows colours and progress: it shall see one where there is one.
        self.terminal = os.isatty(2)
        self.reader, self.writer = os.openpty() if self.terminal else os.pipe()
        if self.terminal:
            tty.setraw(self.writer)  # bytes pass as they are
            self.resize()
        os.set_inheritable(self.reader, False)
        self._tail: deque[bytes] = deque()
        self._size = 0
        self._command_has_ended = threading.Event()
        self._thread = threading.Thread(target=self._pass_on, name="goatfish-stderr", daemon=True)

    def begin(self) -> None:
        os.close(self.writer)
        self._thread.start()

    def resize(self) -> None:
        """Give the command's terminal the size that ours has."""
        if self.terminal:
            with suppress(OSError):  # it was hung up, or the command has ended
                fcntl.ioctl(self.reader, termios.TIOCSWINSZ, fcntl.ioctl(2, termios.TIOCGWINSZ, bytes(8)))

    def close(self) -> None:
        os.close(self.writer)
        os.close(self.reader)

    def end(self) -> bytes:
        """The last bytes, once the command has ended; what its own children write later is passed on by `cat`."""
        self._command_has_ended.set()
        self._thread.join()
        return b"".join(self._tail)[-TAIL_BYTES:]

    def _pass_on(self) -> None:
        while True:
            had_ended = self._command_has_ended.is_set()  # before waiting: it may write and end just after
            ready, _, _ = select([self.reader], [], [], DRAIN)
            if ready:
                data = self._read()
                if not data:
                    break
                self._keep(data)
                _write_all(2, data)
            elif had_ended:
                _hand_over(self.reader)
                break
        os.close(self.reader)

    def _read(self) -> bytes:
        try:
            return os.read(self.reader, 65536)
        except OSError:  # a terminal says EIO at its end
            return b""

    def _keep(self, data: bytes) -> None:
        self._tail.append(data)
        self._size += len(data)
        while self._size - len(self._tail[0]) > TAIL_BYTES:
            self._size -= len(self._tail.popleft())


def _hand_over(reader: int) -> None:
    """Let another process pass on what is still to come: the command's background processes may write on."""
    import subprocess

    with suppress(OSError):  # there is no `cat`
        subprocess.Popen(  # it goes on by itself
            ["cat"],  # noqa: S607 -- wherever it is
            stdin=reader,
            stdout=2,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )


def _write_all(stream: int, data: bytes) -> None:
    while data:
        try:
            data = data[os.write(stream, data) :]
        except BlockingIOError:  # noqa: PERF203 -- a system call takes longer
            select([], [stream], [], 1)
        except OSError:
            return  # nobody reads: the command goes on, as its own output is still kept
