"""Send the journals that other processes have left, and end the runs whose process has died."""

from __future__ import annotations

import time
from collections.abc import Collection, Iterable
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Callable, Optional, Union

from goatfish.errors import GoatfishError
from goatfish.recording import spool as spools
from goatfish.recording.left_runs import LeftRun
from goatfish.recording.service import Service
from goatfish.recording.sync_report import SyncEntry, SyncReport

if TYPE_CHECKING:
    import os

    from goatfish.sync_api.client import Client

Progress = Callable[[int, int], None]


def sync(
    client: Client,
    *,
    spool: Union[str, os.PathLike[str], None] = None,
    also: Collection[str] = (),
    progress: Optional[Progress] = None,
) -> SyncReport:
    """Send every journal in the spool that is this owner's, each exactly once, however many do so at a time.

    ``also`` are URLs and public parts of keys whose journals are this owner's too, although the service does not know
    it: where it was before it moved, or a key that was mistyped. Runs whose process has died end as failed, "lost".
    ``progress`` is called with how many journals were dealt with, of how many. Nothing is raised for the service's
    failures: see ``SyncReport.error``.
    """
    report = SyncReport()
    service = Service.of(client, retries=client._sender.max_retries)
    found = [LeftRun(path, also) for path in _journals(spool)]
    found.sort(key=lambda entry: entry.began)
    for place, entry in enumerate(found):
        if progress is not None:
            progress(place, len(found))
        entry.deal(service, report)
    # A run that continues another had to wait for it, which may have had to wait too.
    before = len(found) + 1
    while report.error is None and (late := [entry for entry in found if entry.is_not_yet]) and len(late) < before:
        before = len(late)
        for entry in late:
            entry.deal(service, report, again=True)
    for entry in found:
        entry.tell(report)
    if report.sent and report.error is None:
        with suppress(GoatfishError):
            service.owner()  # learned for the day when the key is rolled
    if progress is not None:
        progress(len(found), len(found))
    return report


def learn_owner(client: Client) -> None:
    """Learn whose key this is, and which others are of the same owner: what they recorded can be sent with any of them.

    Raises nothing for the service's failures: it is learned another time.
    """
    with suppress(GoatfishError):
        Service.of(client).learn_keys()


def discard(reference: str, *, spool: Union[str, os.PathLike[str], None] = None) -> SyncEntry:
    """Delete a journal, whatever of it was sent: that of this path, of this name or one that begins so, or of the run
    with this external id or title.

    Raises ``LookupError`` where there is none, or more than one, and ``BlockingIOError`` where its process may live.
    """
    found = [LeftRun(path) for path in _journals(spool)]
    meant = [entry for entry in found if entry.is_called(reference)]
    if len(meant) != 1:
        known = "; ".join(f"{entry.path} ({entry.title})" for entry in meant or found)
        raise LookupError(f"{len(meant)} runs that are kept are meant by {reference!r}: {known or 'none is kept'}")
    return meant[0].discard()


def _journals(spool: Union[str, os.PathLike[str], None]) -> list[Path]:
    found: list[Path] = []
    for folder in spools.folders(spool):
        with suppress(OSError):  # there is none, or it is not ours
            spools.require_own(folder)
            names = sorted(folder.iterdir())
            found += [path for path in names if path.name.endswith(spools.SUFFIX)]
            _clear(path for path in names if path.name.startswith(".") and path.name.endswith(spools.UNBORN))
    return found


def _clear(unborn: Iterable[Path]) -> None:
    """Delete what processes have left that were killed while they made a journal."""
    for path in unborn:
        with suppress(OSError):
            if time.time() - path.lstat().st_mtime > spools.ALIVE_FOR:
                path.unlink()
