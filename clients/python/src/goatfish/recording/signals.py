"""End the runs of this program as cancelled where a signal ends it: SIGTERM, as of batch systems, or SIGHUP.

The program dies of the signal all the same, after five seconds for sending at most. A signal that the program handles
or ignores is left to it. Python handles signals in the main thread, between calls of C, as it does Ctrl-C.
"""

from __future__ import annotations

import os
import signal
import threading
from contextlib import suppress
from typing import Protocol

FATAL = tuple(getattr(signal, name) for name in ("SIGTERM", "SIGHUP") if hasattr(signal, name))
FIRST_PROCESS = 1
"""The process of a container, which no signal ends that it does not handle."""


class Interruptible(Protocol):
    """A run that goes on."""

    def _interrupt(self, reason: str) -> None:
        """End the run as cancelled."""

    def _send_before_exit(self) -> None:
        """Send how it ended, for as long as the end of a program may take."""


_open: set[Interruptible] = set()


def watch(run: Interruptible) -> None:
    """End this run, too, where a signal ends the program."""
    _open.add(run)
    if threading.current_thread() is threading.main_thread() and os.getpid() != FIRST_PROCESS:
        _replace(signal.SIG_DFL, _end_all)


def forget(run: Interruptible) -> None:
    """The run has ended."""
    _open.discard(run)
    if not _open and threading.current_thread() is threading.main_thread():
        _replace(_end_all, signal.SIG_DFL)


def die_of(number: int) -> None:
    """End this process by a signal, as if nothing had handled it: whoever waits for the process sees that."""
    signal.signal(number, signal.SIG_DFL)
    os.kill(os.getpid(), number)


def _replace(old: object, new: object) -> None:
    for number in FATAL:
        if signal.getsignal(number) == old:
            with suppress(ValueError):  # in an interpreter beside the main one
                signal.signal(number, new)  # type: ignore[arg-type]  # -- one of the two above


def _end_all(number: int, _frame: object) -> None:
    if signal.getsignal(number) != _end_all:
        return  # called by a handler that took its place, and has nothing to call where the signal is not handled
    signal.signal(number, signal.SIG_DFL)  # a second one waits for nothing
    runs = list(_open)
    for run in runs:
        run._interrupt(f"interrupted by {signal.Signals(number).name}")
    for run in runs:
        run._send_before_exit()
    die_of(number)


def _after_fork() -> None:
    _open.clear()
    _replace(_end_all, signal.SIG_DFL)


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)
