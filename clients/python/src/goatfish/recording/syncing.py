"""Send the journals that other processes have left, and end the runs whose process has died."""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Callable, Optional, Union

from goatfish.errors import APIError, AuthenticationError, ConnectionFailed, GoatfishError, PermissionDenied
from goatfish.recording import spool as spools
from goatfish.recording.delivery import Delivery
from goatfish.recording.journal import Journal, NotAJournal, now
from goatfish.recording.parents import NotYet
from goatfish.recording.service import Service

if TYPE_CHECKING:
    import os

    from goatfish.sync_api.client import Client

Progress = Callable[[int, int], None]
RETRIES = 4


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
    by the service and are kept; ``skipped`` are of another owner or service, or no journals that can be read.
    ``lost`` are those of ``sent``, ``waiting`` and ``refused`` whose process had died: they ended as failed.
    ``error`` is why nothing more was sent, if the service was away or the key was refused.
    """

    sent: list[SyncEntry] = field(default_factory=list)
    waiting: list[SyncEntry] = field(default_factory=list)
    refused: list[SyncEntry] = field(default_factory=list)
    skipped: list[SyncEntry] = field(default_factory=list)
    lost: list[SyncEntry] = field(default_factory=list)
    error: Optional[GoatfishError] = None


def sync(
    client: Client,
    *,
    spool: Union[str, os.PathLike[str], None] = None,
    progress: Optional[Progress] = None,
) -> SyncReport:
    """Send every journal in the spool that is this owner's, each exactly once, however many do so at a time.

    Runs whose process has died end as failed, "lost". ``progress`` is called with how many journals were dealt with,
    of how many. Nothing is raised for the service's failures: see ``SyncReport.error``.
    """
    report = SyncReport()
    service = Service.of(client, retries=client._sender.max_retries)
    found = [_Entry(path) for path in _journals(spool)]
    found.sort(key=lambda entry: entry.began)
    for place, entry in enumerate(found):
        if progress is not None:
            progress(place, len(found))
        entry.deal(service, report)
    # A run that continues another had to wait for it.
    for entry in found:
        if entry.is_not_yet and report.error is None:
            entry.deal(service, report, again=True)
    for entry in found:
        entry.tell(report)
    if report.sent and report.error is None:
        with suppress(GoatfishError):
            service.owner()  # learned for the day when the key is rolled
    if progress is not None:
        progress(len(found), len(found))
    return report


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


class _Entry:
    """One file of the spool."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.began = ""
        self.is_not_yet = False
        self._kind: Optional[str] = None
        self._detail = ""
        self._lost = False
        self._delivery: Optional[Delivery] = None
        self._look(keep=False)

    def _look(self, *, keep: bool) -> Optional[Delivery]:
        """Read the journal; None where that cannot be."""
        try:
            journal = Journal.open(self.path)
        except FileNotFoundError:
            self._kind = "gone"  # another has sent it meanwhile
            return None
        except (OSError, NotAJournal) as error:
            self._kind, self._detail = "skipped", f"It cannot be read: {getattr(error, 'strerror', None) or error}."
            return None
        delivery = Delivery(journal)
        problem = _unreadable(delivery)
        if problem:
            journal.release()
            self._kind, self._detail = "skipped", f"It is left alone: {problem}."
            return None
        self._kind, self._delivery = None, delivery
        self.began = str((delivery.story.start or {}).get("at", ""))
        if not keep:
            journal.release()
        return delivery

    def deal(self, service: Service, report: SyncReport, *, again: bool = False) -> None:
        """Send it, if it is to be sent by us and now."""
        if self._kind is not None and not again:
            return
        self.is_not_yet = False
        delivery = self._look(keep=True)
        if delivery is None:
            return
        try:
            self._kind, self._detail = self._send(delivery, service, report)
        except Exception as error:  # whatever is wrong with one journal, the others are sent
            self._kind, self._detail = "skipped", f"It is left alone: {type(error).__name__}: {error}."
        finally:
            delivery.journal.release()

    def _send(self, delivery: Delivery, service: Service, report: SyncReport) -> tuple[str, str]:
        start = delivery.story.start or {}
        locked = spools.lock(delivery.journal.descriptor)
        alive = spools.may_be_alive(start, delivery.journal.descriptor, locked)
        if not self.path.exists():
            return "gone", ""
        story = delivery.read()  # what came before the lock was ours
        delivery.journal.ends_torn()
        if story.problem is not None:
            return "refused", f"The service refused it: {_problem(story.problem)}"
        if alive and (locked is False or story.end is None):
            return "waiting", "Its process is still running, or may be."
        if report.error is not None:
            return "waiting", "The service did not take it yet."
        return self._send_now(delivery, service, report)

    def _send_now(self, delivery: Delivery, service: Service, report: SyncReport) -> tuple[str, str]:
        start, post = delivery.story.start or {}, delivery.story.post or {}
        try:
            reason = _not_ours({**start, **post}, service)
            if reason:
                return "skipped", reason
            self._end_if_lost(delivery)
            delivery.step(service)
        except NotYet:
            self.is_not_yet = True
            return "waiting", "The run that it continues is not sent yet."
        except GoatfishError as error:
            if _stops_all(error):
                report.error = error
            return "waiting", str(error)
        return self._came_to(delivery)

    def _came_to(self, delivery: Delivery) -> tuple[str, str]:
        story = delivery.story
        said = "; ".join(delivery.sentences)
        if story.problem is not None:
            return "refused", said or _problem(story.problem)
        if story.all_sent:
            delivery.journal.delete()
            return "sent", said
        return "waiting", said

    def _end_if_lost(self, delivery: Delivery) -> None:
        story = delivery.story
        if story.end is not None:
            return
        start = story.start or {}
        reason = f"lost: process {start.get('pid')} on {start.get('host')} ended without saying how"
        line = {"type": "end", "at": now(), "status": "failed", "reason": reason, "finished_at": story.last_at}
        problem = delivery.journal.append(line)
        delivery.read()
        self._lost = problem is None or story.end is not None

    def tell(self, report: SyncReport) -> None:
        """Add it to the report."""
        if self._kind is None or self._kind == "gone":
            return
        story = self._delivery.story if self._delivery is not None else None
        run = (story.start or {}).get("run", {}) if story is not None else {}
        simulation = (story.start or {}).get("simulation", {}) if story is not None else {}
        title = str(run.get("name") or simulation.get("name") or run.get("external_id") or self.path.name)
        detail = self._detail
        if self._delivery is not None and self._delivery.journal.unreadable:
            detail = f"{detail} Some lines of it could not be read.".strip()
        entry = SyncEntry(self.path, title, story.run_id if story is not None else None, detail)
        getattr(report, self._kind).append(entry)
        if self._lost and self._kind != "skipped":
            report.lost.append(entry)


def _unreadable(delivery: Delivery) -> str:
    try:
        return "" if delivery.read().start is not None else "it has no whole line"
    except NotAJournal as error:
        return str(error)
    except Exception as error:  # lines that no version writes
        return f"{type(error).__name__}: {error}"


def _not_ours(line: Mapping[str, object], service: Service) -> str:
    """Why a journal is not to be sent with this key, or nothing. ``line``: for whom it was written or sent last."""
    url, key = line.get("url"), line.get("key")
    if url is None or key is None:
        return ""  # written before anything was configured
    if url != service.url:
        return f"It is for {url}."
    if key == service.key:
        return ""
    owner = line.get("owner") or service.known_owner(str(key))
    if owner is None:
        return f"It is of the key {key}, whose owner is not known here: sync it with that key."
    return "" if owner == service.owner() else f"It is of another owner, whose key is {key}."


def _stops_all(error: GoatfishError) -> bool:
    """Whether the next journal would meet the same."""
    if isinstance(error, (ConnectionFailed, AuthenticationError, PermissionDenied)):
        return True
    return isinstance(error, APIError) and error.status in {429, 502, 503, 504}


def _problem(problem: Mapping[str, object]) -> str:
    return str(problem.get("detail") or problem.get("title") or problem.get("code") or "it gave no reason")
