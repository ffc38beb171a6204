"""What became of the journals that other processes have left."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Optional

from goatfish.errors import GoatfishError


@dataclass(frozen=True)
class SyncEntry:
    """What became of one journal. ``detail`` is a sentence, where there is something to say."""

    path: Path
    title: str
    run_id: Optional[str] = None
    detail: str = ""


@dataclass
class SyncReport:
    """What became of all journals.

    ``sent`` are complete and their files deleted; ``waiting`` go on, or could not be sent yet; ``refused`` were refused
    by the service and are kept until they are discarded; ``skipped`` are of another owner or service, or no journals
    that can be read.
    ``lost`` are those of ``sent``, ``waiting`` and ``refused`` whose process had died: they ended as failed.
    ``error`` is why nothing more was sent, if the service was away or the key was refused.
    """

    sent: list[SyncEntry] = field(default_factory=list)
    waiting: list[SyncEntry] = field(default_factory=list)
    refused: list[SyncEntry] = field(default_factory=list)
    skipped: list[SyncEntry] = field(default_factory=list)
    lost: list[SyncEntry] = field(default_factory=list)
    error: Optional[GoatfishError] = None
