"""Workers end when the pipe to their parent does, without looking for the parent again and again."""

from __future__ import annotations

import multiprocessing
import os
import signal
import time
from typing import Any

from app.worker import Worker


def _run(worker: Worker, started: Any) -> None:
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    started.send(type(worker).__name__)
    time.sleep(60)


def test_worker_ends_when_the_end_of_the_pipe_that_its_parent_holds_is_closed() -> None:
    worker = Worker()
    heard, started = multiprocessing.Pipe()
    process = multiprocessing.get_context("spawn").Process(target=_run, args=(worker, started))
    process.start()
    assert heard.recv() == "Worker"
    assert process.is_alive()
    assert worker._pipe is not None
    reading, writing = worker._pipe
    os.close(writing)  # as the system does, however a process ends
    process.join(60)
    os.close(reading)
    assert process.exitcode == -signal.SIGINT
