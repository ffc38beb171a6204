"""A process of ``goatfish serve``: its application, and its end when the process that started it is gone."""

import logging
import multiprocessing
import os
import signal
import time
from collections.abc import Callable
from multiprocessing.reduction import DupFd
from threading import Thread
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from starlette.types import ASGIApp

GRACE = 1.0
"""Seconds for running requests to finish, once the parent is gone: orphans must not hold the port."""
_log = logging.getLogger("goatfish.server")


class Worker:
    """Makes the application. A worker unpickles it before what takes long to import, and ends with its parent.

    The parent holds one end of a pipe, and its workers read the other: they see its end however the parent dies.
    """

    def __init__(self, pipe: Any = None) -> None:
        """``pipe`` is the reading end, where this is unpickled in a worker."""
        self._pipe: tuple[int, int] | None = None
        if pipe is not None:
            descriptor = pipe.detach()
            _end_after(lambda: os.read(descriptor, 1))

    def __reduce__(self) -> tuple[type["Worker"], tuple[Any]]:
        if self._pipe is None:
            self._pipe = os.pipe()
        return Worker, (DupFd(self._pipe[0]),)

    def __call__(self) -> "ASGIApp":
        from app.application import build
        from config.loading import load

        app, _ = build(load())
        return app


def build_for_reload() -> "ASGIApp":
    """The application, by the import path that uvicorn needs for ``--reload``."""
    if parent := multiprocessing.parent_process():
        _end_after(parent.join)
    return Worker()()


def _end_after(wait_for_parent: Callable[[], object]) -> None:
    """Ends this process soon after the function returns, which is called in a thread."""

    def end() -> None:
        wait_for_parent()
        _log.error("The parent process is gone, so this worker ends.")
        os.kill(os.getpid(), signal.SIGINT)
        time.sleep(GRACE)
        os._exit(1)

    Thread(target=end, daemon=True).start()
