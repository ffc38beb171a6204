"""One journal that another process has left: whether it is ours to send, and what became of it."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any, Optional

from goatfish.errors import (
    APIError,
    AuthenticationError,
    ConfigurationError,
    ConnectionFailed,
    GoatfishError,
    PermissionDenied,
    UnexpectedResponse,
)
from goatfish.recording import spool as spools
from goatfish.recording.delivery import Delivery
from goatfish.recording.journal import Journal, NotAJournal, now
from goatfish.recording.parents import NotYet
from goatfish.recording.service import Service
from goatfish.recording.sync_report import SyncEntry, SyncReport

SHORTEST = 4
"""Characters of a journal's name that may stand for it, where no other begins so."""


class LeftRun:
    """One file of the spool. ``also`` are URLs and keys whose runs are ours too."""

    def __init__(self, path: Path, also: Collection[str] = ()) -> None:
        self.path = path
        self._also = also
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
        self.began = str(self._start.get("at", ""))
        if not keep:
            journal.release()
        return delivery

    @property
    def title(self) -> str:
        """What the run is called."""
        start = self._start
        named = start.get("run", {}).get("name") or start.get("simulation", {}).get("name")
        return str(named or start.get("run", {}).get("external_id") or self.path.name)

    @property
    def _start(self) -> Mapping[str, Any]:
        return (self._delivery.story.start if self._delivery is not None else None) or {}

    def is_called(self, reference: str) -> bool:
        """Whether it is this one that is meant."""
        names = {str(self.path), self.path.name, self.title, self._start.get("run", {}).get("external_id")}
        return reference in names or (len(reference) >= SHORTEST and self.path.name.startswith(reference))

    def discard(self) -> SyncEntry:
        """Delete it. Raises ``BlockingIOError`` where its process may still be running."""
        delivery = self._look(keep=True)
        if delivery is not None:
            locked = spools.lock(delivery.journal.descriptor)
            story = delivery.story
            alive = spools.may_be_alive(self._start, delivery.journal.descriptor, locked)
            if locked is False or (alive and story.end is None and story.problem is None):
                delivery.journal.release()
                raise BlockingIOError(f"{self.title} ({self.path}): its process is still running, or may be")
        entry = SyncEntry(self.path, self.title, delivery.story.run_id if delivery is not None else None)
        self.path.unlink(missing_ok=True)
        if delivery is not None:
            delivery.journal.release()
        return entry

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
            reason = _not_ours({**start, **post}, service, self._also)
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
        detail = self._detail
        if self._delivery is not None and self._delivery.journal.unreadable:
            detail = f"{detail} Some lines of it could not be read.".strip()
        entry = SyncEntry(self.path, self.title, story.run_id if story is not None else None, detail)
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


def _not_ours(line: Mapping[str, object], service: Service, also: Collection[str]) -> str:
    """Why a journal is not to be sent with this key, or nothing. ``line``: for whom it was written or sent last."""
    url, key = line.get("url"), line.get("key")
    if url is None or key is None:
        return ""  # written before anything was configured
    if url != service.url and url not in also:
        return f"It is for {url}; if that is this service, gf sync --also {url} sends it."
    if key == service.key or key in also:
        return ""
    owner = line.get("owner") or service.owner_of(str(key))
    if owner is None:
        return (
            f"It is of the key {key}, whose owner is not known here: "
            "sync it with that key, or with one of the same owner that may manage keys; "
            f"if there is no such key, gf sync --also {key} sends it."
        )
    return "" if owner == service.owner() else f"It is of another owner, whose key is {key}."


def _stops_all(error: GoatfishError) -> bool:
    """Whether the next journal would meet the same."""
    if isinstance(
        error, (ConnectionFailed, ConfigurationError, AuthenticationError, PermissionDenied, UnexpectedResponse)
    ):
        return True
    if isinstance(error, APIError) and error.code is None:  # of something before the service, or at a wrong URL
        return error.status not in {413, 414, 431}
    return isinstance(error, APIError) and error.status in {429, 502, 503, 504}


def _problem(problem: Mapping[str, object]) -> str:
    return str(problem.get("detail") or problem.get("title") or problem.get("code") or "it gave no reason")
