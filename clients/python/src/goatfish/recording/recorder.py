"""Record a run while a block of code, or a whole program, does the work.

Nothing here raises: what goes wrong is a warning of the logger ``goatfish``, and the work goes on.
"""

from __future__ import annotations

import functools
import os
import threading
import time
import uuid
import weakref
from collections.abc import Mapping
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import TYPE_CHECKING, Any, Optional, Union

from goatfish.recording import signals, spool, values
from goatfish.recording.beginning import Wanted, first_line, moment, tenant
from goatfish.recording.capture import Capture, Captured, capture, capture_slowly
from goatfish.recording.client_senders import sender_of
from goatfish.recording.journal import Journal, now
from goatfish.recording.notes import Notes
from goatfish.recording.notices import why
from goatfish.recording.outcome import Outcome, outcome_of
from goatfish.recording.outgoing import Outgoing
from goatfish.recording.quiet import quiet
from goatfish.recording.sender import EXIT_SECONDS
from goatfish.recording.story import Story, external_ids
from goatfish.workbench import page_of

if TYPE_CHECKING:
    from types import TracebackType

    from goatfish.async_api.client import AsyncClient
    from goatfish.models import Run, Simulation
    from goatfish.recording.service import Service
    from goatfish.sync_api.client import Client

ENTER_SECONDS, LEAVE_SECONDS = 5.0, 10.0
_SHORT_RUN = 0.2
_OF_THIS_PROCESS = ("_client", "_item", "_sender", "_parent")


class Recorder(Notes):
    """A run that is being recorded: by ``with``, or between ``start()`` and ``end()``.

    ``client`` may be None: the run is kept in its journal until ``gf sync``. ``wait``: beginning waits until the run
    is made, for at most 5 s, and ending until that is sent, for at most 10 s; otherwise nothing ever waits.
    """

    def __init__(
        self,
        client: Union[Client, AsyncClient, None],
        simulation: Union[str, Simulation, uuid.UUID],
        *,
        name: Optional[str] = None,
        parameters: Optional[Mapping[str, Any]] = None,
        labels: Optional[Mapping[str, Any]] = None,
        solver: Optional[str] = None,
        solver_version: Optional[str] = None,
        external_id: Optional[str] = None,
        parent: Union[Recorder, Run, str, uuid.UUID, None] = None,
        capture: Union[bool, Capture] = True,
        wait: bool = True,
        started_at: Union[datetime, str, None] = None,
    ) -> None:
        super().__init__(Wanted(simulation, name, solver, solver_version, external_id, started_at, parameters, labels))
        self._client = client
        self._parent = parent
        self._capture = Capture.of(capture)
        self._wait = wait
        self._begun = time.monotonic()
        self._outcome: Optional[Outcome] = None
        _recorders.add(self)

    # ── the run as the service knows it ──

    @property
    def id(self) -> Optional[str]:
        """The service's id of the run once it has answered, else None."""
        return self._item.story.run_id if self._item is not None else None

    @property
    def url(self) -> Optional[str]:
        """Where programs find the run in the service, once it has answered, else None."""
        if self.id is None or self._client is None:
            return None
        return f"{self._client.url}/api/v1/runs/{self.id}"

    @property
    def page(self) -> Optional[str]:
        """Where people find the run: its page in the workbench, once the service has answered, else None."""
        if self.id is None or self._client is None:
            return None
        return page_of(self._client.url, "runs", self.id)

    @property
    def path(self) -> Optional[Path]:
        """The journal of the run; None where it is in memory alone. It is deleted when all is sent."""
        return self._journal.path if self._journal is not None else None

    @property
    def is_sent(self) -> bool:
        """Whether the service has all of it, and how it ended."""
        return self._item is not None and self._item.story.all_sent

    @property
    def is_refused(self) -> bool:
        """Whether the service will not have it as it is; it is kept."""
        return self._item is not None and self._item.story.problem is not None

    def __repr__(self) -> str:
        return f"<{type(self).__name__} of {self._title!a}, {self.id or 'not sent yet'}>"

    # ── in another process ──

    def __getstate__(self) -> dict[str, Any]:
        """For a worker of a pool: it records into the same run by its journal, and does not end it."""
        kept = {name: value for name, value in self.__dict__.items() if name not in {"_lock", *_OF_THIS_PROCESS}}
        return {**kept, "_wanted": Wanted(self._title), "_journal": self.path, "_pid": 0}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update({**dict.fromkeys(_OF_THIS_PROCESS), **state, "_lock": threading.RLock()})
        self._journal = None if state["_journal"] is None else Journal.elsewhere(state["_journal"])
        _recorders.add(self)

    # ── begun ──

    def start(self, *, wait: bool | None = None) -> Recorder:
        """Begin the run; the service is told in the background, which ``wait`` waits for, by default as for its end."""
        try:
            self._begin()
            if self._wait if wait is None else wait:
                self._wait_until_made()
        except BaseException as error:
            # Ctrl-C: no block is entered, so that nobody else would end the run.
            self._end_by(outcome_of(error))
            raise
        return self

    @quiet
    def _begin(self) -> None:
        if self._journal is not None:
            self._say("it was started before, and is started once")
            return
        self._pid = os.getpid()
        self._begun = time.monotonic()
        try:
            captured = capture(self._capture)
        except Exception as error:
            self._say(f"nothing was captured: {error}")
            captured = Captured()
        start = first_line(self._wanted, captured, self._members, self._say)
        start |= tenant(self._client)
        if self._parent is not None:
            start["parent"] = self._wanted_parent()
        self._journal = self._new_journal(start)
        story = Story()
        self._item = Outgoing(self._journal, f"Run {self._title!a}", story, self._parent_id)
        if self._capture.git or self._capture.user:
            self._item.waiting_jobs.append(self._capture_slowly)
        self._sender = sender_of(self._client)
        self._sender.add(self._item, within=0.0 if self._wait else _SHORT_RUN)
        signals.watch(self)

    def _wanted_parent(self) -> dict[str, Any]:
        parent = self._parent
        if isinstance(parent, Recorder):
            if parent.id is not None:
                return {"id": parent.id}
            return parent._reference()
        return {"id": values.plain_text(getattr(parent, "id", parent))}

    def _reference(self) -> dict[str, Any]:
        """How a run that continues this one refers to it as long as it has no id."""
        start = self._start
        run = start.get("run", {})
        path = self.path
        return {
            "external_ids": external_ids(start),
            "started_at": run.get("started_at"),
            "journal": path.name if path is not None else None,
        }

    _start: Mapping[str, Any] = {}

    def _new_journal(self, start: dict[str, Any]) -> Journal:
        self._start = start
        try:
            return spool.first_that(functools.partial(Journal.create, start))
        except OSError as error:
            self._say(f"no journal can be written ({why(error)}): it is kept in memory, and lost with this process")
            return Journal.create(start, None)

    def _parent_id(self, parent: Mapping[str, Any], service: Service) -> Optional[str]:
        from goatfish.recording.parents import parent_id  # noqa: PLC0415 -- with the HTTP part only

        known = self._parent if isinstance(self._parent, Recorder) else None
        # In a forked process its copy of the parent's recorder learns nothing more.
        is_here = known is not None and known._pid == os.getpid()
        return parent_id(parent, service, self.path, known._item if known is not None and is_here else None)

    def _wait_until_made(self) -> None:
        item, sender = self._item, self._sender
        if item is not None and sender is not None and self._client is not None and os.getpid() == self._pid:
            sender.wait(lambda: item.is_made, ENTER_SECONDS)

    def _capture_slowly(self) -> None:
        labels = capture_slowly(self._capture)
        with self._lock:
            fitting = self._members["labels"].captured(labels)
            if fitting:
                self._append({"type": "change", "at": now(), "patch": {"labels": fitting}})

    # ── ended ──

    def moment(self) -> str:
        """This moment; where the clock was set back since the start, the start and as long as it took."""
        began, at = str(self._start["run"]["started_at"]) if self._start else "", now()
        if at >= began:
            return at
        start = datetime.strptime(began, "%Y-%m-%dT%H:%M:%S.%fZ").replace(tzinfo=timezone.utc)
        return values.moment(start + timedelta(seconds=time.monotonic() - self._begun))

    @quiet
    def fail(self, reason: Optional[str] = None) -> None:
        """Let the run end as failed."""
        self._outcome = Outcome("failed", reason)

    @quiet
    def cancel(self, reason: Optional[str] = None) -> None:
        """Let the run end as cancelled."""
        self._outcome = Outcome("cancelled", reason)

    def end(
        self,
        status: str = "succeeded",
        reason: Optional[str] = None,
        finished_at: Union[datetime, str, None] = None,
    ) -> None:
        """End the run as ``succeeded``, ``failed`` or ``cancelled``; the first end counts."""
        self._end_by(Outcome(status, reason), finished_at)
        if self._wait:
            self._wait_until_sent()

    @quiet
    def _end_by(self, outcome: Outcome, finished_at: Union[datetime, str, None] = None) -> None:
        if self._ended or self._journal is None or os.getpid() != self._pid:
            return  # a run ends once, and in the process that began it
        status = outcome.status if outcome.status in {"succeeded", "failed", "cancelled"} else "failed"
        finished = moment(finished_at, self._say) or self.moment()
        reason = values.reason(outcome.reason, self._say)
        self._append({"type": "end", "at": now(), "status": status, "reason": reason, "finished_at": finished})
        self._ended = True
        signals.forget(self)
        if self._item is not None and self._sender is not None:
            self._sender.hurry(self._item)

    def _wait_until_sent(self) -> None:
        item, sender = self._item, self._sender
        if item is not None and sender is not None and os.getpid() == self._pid:
            sender.wait(lambda: item.is_over, LEAVE_SECONDS)

    def leave(self) -> None:
        """Send no more of it, unless it would be lost: ``gf sync`` does."""
        if self._item is not None and self._sender is not None and not self._item.journal.in_memory:
            self._sender.remove(self._item)

    def _interrupt(self, reason: str) -> None:
        self._end_by(Outcome("cancelled", reason))

    @quiet
    def _send_before_exit(self) -> None:
        if self._sender is not None:
            self._sender.finish(EXIT_SECONDS)

    # ── with ──

    def __enter__(self) -> Recorder:
        return self.start()

    def __exit__(
        self, kind: Optional[type[BaseException]], error: Optional[BaseException], trace: Optional[TracebackType]
    ) -> None:
        self._end_by(self._how(error))
        if self._wait:
            self._wait_until_sent()

    def _how(self, error: Optional[BaseException]) -> Outcome:
        return self._outcome or outcome_of(error)

    def _after_fork(self) -> None:
        self._lock = threading.RLock()


_recorders: weakref.WeakSet[Recorder] = weakref.WeakSet()


def _after_fork() -> None:
    for recorder in list(_recorders):
        recorder._after_fork()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)
