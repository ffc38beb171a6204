"""Run a command as if it had been started alone: its streams, signals and exit status pass through."""

from __future__ import annotations

import errno
import os
import shutil
import signal
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

from goatfish.commands.error_output import ErrorOutput

_FAULTS = ("ABRT", "BUS", "EMT", "FPE", "ILL", "PIPE", "SEGV", "SYS", "TRAP", "XFSZ")
_OTHERS = ("KILL", "STOP", "TTIN", "TTOU", "CHLD")  # cannot be taken, or are for whoever got them
FORWARDED = sorted(signal.valid_signals() - {getattr(signal, f"SIG{name}", 0) for name in _FAULTS + _OTHERS})
INTERRUPTS = frozenset({signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT})
OF_KEYS = frozenset({signal.SIGINT, signal.SIGQUIT, signal.SIGTSTP})


@dataclass(frozen=True)
class HeldSignals:
    """The signals that are held back, and the mask that a command is started with."""

    taken: Sequence[int]
    before: set[signal.Signals | int]


@dataclass(frozen=True)
class Ended:
    """How a command ended: by itself with an exit code, or by a signal; and which signals asked it to end before."""

    exit_code: int | None
    killed_by: int | None
    interrupts: tuple[signal.Signals, ...]
    errors: bytes = field(repr=False)
    """The last bytes that it wrote to its standard error, at most 64 kB."""

    @property
    def status(self) -> int:
        """What a shell would say: the exit code, or 128 + the signal's number."""
        return self.exit_code if self.killed_by is None else 128 + self.killed_by  # type: ignore[return-value]  # -- one of the two is set


def signal_name(number: int) -> str:
    """SIGTERM, or "signal 40" where it has no name, as real-time signals."""
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"


def reserve_closed_streams() -> None:
    """Let no file of ours take the number of a standard stream that is closed; the command finds it closed, too."""
    while (opened := os.open(os.devnull, os.O_RDWR)) <= 2:  # noqa: PLR2004 -- standard error
        pass
    os.close(opened)


@contextmanager
def held_signals() -> Iterator[HeldSignals]:
    """Hold back the signals that a command shall get. Threads begun inside never take one.

    Afterwards whatever asks this process to end is a KeyboardInterrupt, so that it can still say how the command ended,
    and the others are ignored: they were for the command.
    """
    taken = [each for each in FORWARDED if signal.getsignal(each) != signal.SIG_IGN]  # nohup's ignored ones stay so
    for each in (signal.SIGCHLD, signal.SIGWINCH):
        signal.signal(each, lambda *_: None)  # an ignored signal would not wake sigwait everywhere
    before = signal.pthread_sigmask(signal.SIG_BLOCK, [*taken, signal.SIGCHLD])
    try:
        yield HeldSignals(taken, before)
    finally:
        for each in set(taken) - {signal.SIGTSTP, signal.SIGCONT}:
            signal.signal(each, signal.default_int_handler if each in INTERRUPTS else signal.SIG_IGN)
        while late := INTERRUPTS.intersection(taken) & signal.sigpending():  # they came for a command that has ended
            signal.sigwait(late)
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def run_command(argv: Sequence[str], held: HeldSignals) -> Ended:
    """Run this command to its end.

    A signal that somebody sent to this process alone goes on to the command; one of the terminal's reaches both
    anyway. Raises OSError where the command cannot be started.
    """
    if not argv[0]:
        raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT))
    errors = ErrorOutput()
    try:
        child = _spawn(argv, held, errors.writer)
    except OSError:
        errors.close()
        raise
    errors.begin()
    status, interrupts = _wait(child, held.taken, errors)
    tail = errors.end()
    if os.WIFSIGNALED(status):
        return Ended(None, os.WTERMSIG(status), tuple(interrupts), tail)
    return Ended(os.WEXITSTATUS(status), None, tuple(interrupts), tail)


def _spawn(argv: Sequence[str], held: HeldSignals, standard_error: int) -> int:
    def spawn(argv: Sequence[str]) -> int:
        return os.posix_spawnp(
            argv[0],
            list(argv),
            os.environ,
            file_actions=[(os.POSIX_SPAWN_DUP2, standard_error, 2)],
            setsigmask=held.before,
            setsigdef=[signal.SIGPIPE, signal.SIGXFSZ],  # Python ignores these, and a command would inherit it
        )

    try:
        return spawn(argv)
    except OSError as error:
        if error.errno != errno.ENOEXEC:
            raise
    return spawn(["/bin/sh", shutil.which(argv[0]) or argv[0], *argv[1:]])  # a script without #!, as a shell does


def _wait(child: int, taken: Sequence[int], errors: ErrorOutput) -> tuple[int, list[signal.Signals]]:
    interrupts: list[signal.Signals] = []
    asked_to_stop = is_stopped = False
    while True:
        number, has_got_it = _next_signal([*taken, signal.SIGCHLD])
        if number == signal.SIGCHLD:
            changed, status = os.waitpid(child, os.WNOHANG | os.WUNTRACED | os.WCONTINUED)
            if changed and (os.WIFEXITED(status) or os.WIFSIGNALED(status)):
                return status, interrupts
            if changed:
                is_stopped = os.WIFSTOPPED(status)
        else:
            if number in INTERRUPTS:
                interrupts.append(signal.Signals(number))
            if number == signal.SIGWINCH:
                errors.resize()
            asked_to_stop = number == signal.SIGTSTP or (asked_to_stop and number != signal.SIGCONT)
            if not has_got_it:
                os.kill(child, number)  # it has not been waited for, so that its id is still its own
        if asked_to_stop and is_stopped:  # where the command goes on, whoever waits for it does, too
            asked_to_stop = is_stopped = False
            os.kill(os.getpid(), signal.SIGSTOP)


def _next_signal(numbers: Sequence[int]) -> tuple[int, bool]:
    """The next of these signals, and whether the command has got it as well: keys send it to the whole group.

    Not so the end of a terminal: only the process that leads the session is told.
    """
    if hasattr(signal, "sigwaitinfo"):
        found = signal.sigwaitinfo(numbers)
        return found.si_signo, found.si_signo in OF_KEYS and found.si_code > 0
    number = signal.sigwait(numbers)
    return number, number in OF_KEYS and _in_foreground()


def _in_foreground() -> bool:
    try:
        return os.tcgetpgrp(0) == os.getpgrp()
    except OSError:
        return False
