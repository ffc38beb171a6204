"""The parent of several worker processes: it starts them, replaces those that end, and stops all of them."""

import logging
import multiprocessing
import os
import signal
import socket
from contextlib import suppress
from multiprocessing import connection, resource_tracker
from multiprocessing.context import SpawnProcess
from time import monotonic

import uvicorn
from uvicorn.config import STARTUP_FAILURE

from app.http_server.draining_server import STOP_TIME, DrainingServer
from app.http_server.listeners import turn_away_new
from app.http_server.stop_signals import STOP_SIGNALS, StopSignals

MARGIN = 2.0
"""Seconds after which a worker is killed that has not ended by itself in the time that it has."""
_log = logging.getLogger("goatfish.server")
_spawn = multiprocessing.get_context("spawn")


class Supervisor:
    """Runs ``config.workers`` processes on the same listening sockets."""

    def __init__(self, config: uvicorn.Config, sockets: list[socket.socket], drain_time: float) -> None:
        self._config, self._sockets, self._drain_time = config, sockets, drain_time
        self._workers: list[SpawnProcess] = []
        self._signals = StopSignals(drain_time, self._end_at_once)
        self._woken, self._waker = socket.socketpair()

    def run(self) -> bool:
        """Runs the workers until a signal stops them, and returns whether they could start."""
        for end in (self._woken, self._waker):
            end.setblocking(False)
        signal.set_wakeup_fd(self._waker.fileno())
        self._signals.listen()
        self._workers = [self._start() for _ in range(self._config.workers)]
        have_started = True
        while have_started and self._signals.first is None:
            self._wait(self._workers, None)
            have_started = self._replace_ended()
        self._stop()
        return have_started

    def _start(self) -> SpawnProcess:
        worker = _spawn.Process(target=_serve, args=(self._config, self._sockets, self._drain_time))
        # The worker inherits the mask, and receives the signals that come meanwhile when it can. Multiprocessing's own
        # helper unblocks them when it starts, so it is started before.
        resource_tracker.ensure_running()
        before = signal.pthread_sigmask(signal.SIG_BLOCK, STOP_SIGNALS)
        worker.start()
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
        return worker

    def _replace_ended(self) -> bool:
        """Replaces workers that have ended, and returns whether that makes sense: one that cannot start never will."""
        for number, worker in enumerate(self._workers):
            if worker.is_alive() or self._signals.first is not None:
                continue
            if worker.exitcode == STARTUP_FAILURE:
                return False
            _log.warning("Worker %d has ended with status %s, and is replaced.", worker.pid, worker.exitcode)
            self._workers[number] = self._start()
        return True

    def _stop(self) -> None:
        """Stops the workers as the signal to this process asks; without a signal, at once."""
        first = self._signals.first
        self._signal_all(signal.SIGINT if first is None else first)
        if first is not None:
            self._wait_for_all(self._signals.stop_at)
        turn_away_new(self._sockets[0])
        for each in self._sockets:
            each.close()
        self._wait_for_all(monotonic() + STOP_TIME + MARGIN)
        self._kill_all()

    def _wait_for_all(self, until: float) -> None:
        """Waits until every worker has ended, or until that moment."""
        while (alive := [each for each in self._workers if each.is_alive()]) and (left := until - monotonic()) > 0:
            self._wait(alive, left)

    def _wait(self, workers: list[SpawnProcess], timeout: float | None) -> None:
        """Waits until a signal is received or one of the workers has ended."""
        connection.wait([self._woken, *(worker.sentinel for worker in workers)], timeout)
        with suppress(BlockingIOError):
            self._woken.recv(1 << 10)

    def _signal_all(self, number: int) -> None:
        for worker in self._workers:
            if worker.is_alive() and worker.pid is not None:
                os.kill(worker.pid, number)

    def _kill_all(self) -> None:
        for worker in self._workers:
            worker.kill()
            worker.join()

    def _end_at_once(self, number: int) -> None:
        self._kill_all()
        os._exit(128 + number)


def _serve(config: uvicorn.Config, sockets: list[socket.socket], drain_time: float) -> None:
    """What a worker does."""
    config.configure_logging()
    DrainingServer(config, drain_time).run(sockets)
