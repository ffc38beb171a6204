"""A process of ``goatfish serve``: its application, and its end when the process that started it is gone."""

import logging
import multiprocessing
import os
import signal
import time
from threading import Thread
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from fastapi import FastAPI

CHECK_INTERVAL = 0.25
"""Seconds between two looks at who the parent is."""
GRACE = 1.0
"""Seconds for running requests to finish, once the parent is gone: orphans must not hold the port."""
_log = logging.getLogger("goatfish.server")


class Worker:
    """Makes the application. A worker unpickles it before what takes long to import, and watches its parent."""

    def __init__(self, parent: int | None = None) -> None:
        """``parent`` is the process that this one ends with."""
        if parent is not None:
            Thread(target=_end_after, args=(parent,), daemon=True).start()

    def __reduce__(self) -> tuple[type["Worker"], tuple[int]]:
        return Worker, (os.getpid(),)

    def __call__(self) -> "FastAPI":
        from app.application import build
        from config.settings import load

        app, _ = build(load())
        return app


def build_for_reload() -> "FastAPI":
    """The application, by the import path that uvicorn needs for ``--reload``."""
    parent = multiprocessing.parent_process()
    return Worker(parent.pid if parent else None)()


def _end_after(parent: int) -> None:
    while os.getppid() == parent:
        time.sleep(CHECK_INTERVAL)
    _log.error("The parent process is gone, so this worker ends.")
    os.kill(os.getpid(), signal.SIGTERM)
    time.sleep(GRACE)
    os._exit(1)
