"""Run a command as if it had been started alone: its streams, signals and exit status pass through."""

from __future__ import annotations

import fcntl
import os
import signal
import termios
import threading
import time
import tty
from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from select import select

FORWARDED = (
    signal.SIGINT,
    signal.SIGTERM,
    signal.SIGHUP,
    signal.SIGQUIT,
    signal.SIGUSR1,
    signal.SIGUSR2,
)
INTERRUPTS = frozenset({signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT})
TAIL_BYTES = 64 * 1024
DRAIN = 0.1
"""Seconds to wait for what a command has written to its standard error just before its end."""


@dataclass(frozen=True)
class HeldSignals:
    """The signals that are held back, and the mask that a command is started with."""

    taken: list[signal.Signals]
    before: set[signal.Signals | int]


@dataclass(frozen=True)
class Ended:
    """How a command ended: by itself with an exit code, or by a signal; and which signals asked it to end before."""

    exit_code: int | None
    killed_by: signal.Signals | None
    interrupts: tuple[signal.Signals, ...]
    errors: bytes = field(repr=False)
    """The last bytes that it wrote to its standard error, at most 64 kB."""

    @property
    def status(self) -> int:
        """What a shell would say: the exit code, or 128 + the signal's number."""
        return self.exit_code if self.killed_by is None else 128 + self.killed_by  # type: ignore[return-value]


@contextmanager
def held_signals() -> Iterator[HeldSignals]:
    """Hold back the signals that a command shall get. Threads begun inside never take one."""
    taken = [each for each in FORWARDED if signal.getsignal(each) != signal.SIG_IGN]  # nohup's ignored ones stay so
    signal.signal(signal.SIGCHLD, lambda *_: None)  # an ignored signal would not wake sigwait everywhere
    before = signal.pthread_sigmask(signal.SIG_BLOCK, [*taken, signal.SIGCHLD])
    try:
        yield HeldSignals(taken, before)
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def run_command(argv: Sequence[str], held: HeldSignals) -> Ended:
    """Run this command to its end.

    A signal that somebody sent to this process alone goes on to the command; one of the terminal's reaches both
    anyway. Raises OSError where the command cannot be started.
    """
    errors = ErrorOutput()
    try:
        child = os.posix_spawnp(
            argv[0],
            list(argv),
            os.environ,
            file_actions=[(os.POSIX_SPAWN_DUP2, errors.writer, 2)],
            setsigmask=held.before,
            setsigdef=[signal.SIGPIPE, signal.SIGXFSZ],  # Python ignores these, and a command would inherit it
        )
    except OSError:
        errors.close()
        raise
    errors.begin()
    status, interrupts = _wait(child, held.taken)
    tail = errors.end()
    if os.WIFSIGNALED(status):
        return Ended(None, signal.Signals(os.WTERMSIG(status)), tuple(interrupts), tail)
    return Ended(os.WEXITSTATUS(status), None, tuple(interrupts), tail)


def die_of(number: signal.Signals) -> None:
    """End this process by the signal that ended the command: a shell's loop stops only where it sees that."""
    signal.signal(number, signal.SIG_DFL)
    os.kill(os.getpid(), number)


def _wait(child: int, taken: list[signal.Signals]) -> tuple[int, list[signal.Signals]]:
    interrupts: list[signal.Signals] = []
    while True:
        number, by_the_kernel = _next_signal([*taken, signal.SIGCHLD])
        if number == signal.SIGCHLD:
            ended, status = os.waitpid(child, os.WNOHANG)
            if ended:
                return status, interrupts
            continue
        if number in INTERRUPTS:
            interrupts.append(number)
        if not by_the_kernel:
            os.kill(child, number)  # it has not been waited for, so that its id is still its own


def _next_signal(numbers: list[signal.Signals]) -> tuple[signal.Signals, bool]:
    """The next of these signals, and whether the terminal sent it, which means to the whole process group."""
    if hasattr(signal, "sigwaitinfo"):
        found = signal.sigwaitinfo(numbers)
        return signal.Signals(found.si_signo), found.si_code > 0
    number = signal.Signals(signal.sigwait(numbers))
    return number, number in (signal.SIGINT, signal.SIGQUIT) and _in_foreground()


def _in_foreground() -> bool:
    try:
        return os.tcgetpgrp(0) == os.getpgrp()
    except OSError:
        return False


class ErrorOutput:
    """A command's standard error: passed on as it comes, its end kept."""

    def __init__(self) -> None:
        # A program that sees a terminal shows colours and progress: it shall see one where there is one.
        self.terminal = os.isatty(2)
        self.reader, self.writer = os.openpty() if self.terminal else os.pipe()
        if self.terminal:
            tty.setraw(self.writer)  # bytes pass as they are
            self._resize()
        os.set_inheritable(self.reader, False)
        self._tail: deque[bytes] = deque()
        self._size = 0
        self._command_has_ended = threading.Event()
        self._thread = threading.Thread(target=self._pass_on, name="goatfish-stderr", daemon=True)

    def begin(self) -> None:
        os.close(self.writer)
        self._thread.start()

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
            ready, _, _ = select([self.reader], [], [], DRAIN)
            if ready:
                data = self._read()
                if not data:
                    break
                self._keep(data)
                _write_all(2, data)
            elif self._command_has_ended.is_set():
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

    def _resize(self) -> None:
        size = fcntl.ioctl(2, termios.TIOCGWINSZ, bytes(8))
        fcntl.ioctl(self.writer, termios.TIOCSWINSZ, size)


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
    try:
        while data:
            data = data[os.write(stream, data) :]
    except BlockingIOError:
        time.sleep(0.01)
        _write_all(stream, data)
    except OSError:
        return  # nobody reads: the command goes on, as its own output is still kept
