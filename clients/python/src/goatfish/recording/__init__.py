"""Record runs: the ``with`` block of a client, and sending later what could not be sent at once."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from goatfish.recording.async_recorder import AsyncRecorder
from goatfish.recording.capture import Capture
from goatfish.recording.recorder import Recorder
from goatfish.recording.spool import folders as spool_folders

if TYPE_CHECKING:
    from goatfish.recording.sync_report import SyncEntry, SyncReport
    from goatfish.recording.syncing import discard, learn_owner, sync

__all__ = [
    "AsyncRecorder",
    "Capture",
    "Recorder",
    "SyncEntry",
    "SyncReport",
    "discard",
    "learn_owner",
    "spool_folders",
    "sync",
]


def __getattr__(name: str) -> Any:
    """Import what sends only when it is asked for: recording begins sooner without."""
    if name in {"SyncEntry", "SyncReport", "discard", "learn_owner", "sync"}:
        import importlib  # noqa: PLC0415 -- see above

        return getattr(importlib.import_module("goatfish.recording.syncing"), name)
    raise AttributeError(name)
