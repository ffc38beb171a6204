"""The thread of a client that brings its journals to the service while the program works."""

from __future__ import annotations

import atexit
import os
import sys
import threading
import time
import weakref
from contextlib import suppress
from typing import TYPE_CHECKING, Callable, Optional

from goatfish.recording.courier import Courier
from goatfish.recording.journal import NotAJournal
from goatfish.recording.notices import debug, warn
from goatfish.recording.outgoing import Outgoing
from goatfish.recording.pace import Pace

if TYPE_CHECKING:
    from goatfish.recording.service import Service

TICK = 1.0
"""Seconds between two looks at the journal of a run that goes on, and so between two changes of it."""
IDLE = 3.0
EXIT_SECONDS, CLOSE_SECONDS = 5.0, 10.0
NEVER = float("inf")


class Sender:
    """Sends journals by a daemon thread, which ends when there is nothing to do, and begins anew after a fork.

    Without a service the thread only shows other machines that the process lives.
    """

    def __init__(self, make_service: Optional[Callable[[], Service]]) -> None:
        self._make_service = make_service
        self._begin()
        _senders.add(self)

    def _begin(self) -> None:
        self._changed = threading.Condition(threading.RLock())
        self._items: list[Outgoing] = []
        self._thread: Optional[threading.Thread] = None
        self._courier = Courier(self._make_service) if self._make_service is not None else None
        self._pace = Pace()
        self._warned = False
        self.is_closed = False

    # ── called by the program ──

    def add(self, item: Outgoing, *, within: float = 0.0) -> None:
        """Send a journal, beginning after so many seconds."""
        with self._changed:
            item.due_at = time.monotonic() + within
            self._items.append(item)
            if self.is_closed:
                self._warn("The client is closed")
            self._wake()

    def hurry(self, item: Outgoing) -> None:
        """Look at a journal at once: its run has ended."""
        with self._changed:
            item.has_ended = True
            if item.is_over or self.is_closed:
                self._let_go(item)
                return
            if self._courier is None and not item.has_jobs:
                self.remove(item)
                return
            item.due_at = now = time.monotonic()
            self._pace.hurry(now)
            self._wake()

    def start_job(self, item: Outgoing, job: Callable[[], None]) -> None:
        """Do something in the background that adds to a journal, before that counts as complete."""
        with self._changed:
            item.waiting_jobs.append(job)
            self._wake()

    def wait(self, done: Callable[[], bool], seconds: float) -> bool:
        """Wait until it is done; False once that takes too long, or the service is found to be away."""
        deadline = time.monotonic() + seconds
        with self._changed:
            while not done():
                left = deadline - time.monotonic()
                if left <= 0 or self._pace.is_stalled:
                    self._warn("The service has not answered in time")
                    return False
                if self._pace.is_away or self.is_closed:
                    return False
                self._changed.wait(left)
        return True

    def finish(self, seconds: float) -> bool:
        """Send the runs that have ended, in so many seconds; returns whether that was all."""
        with self._changed:
            ended = [item for item in self._items if item.has_ended]
            for item in ended:
                self.hurry(item)
        return self.wait(lambda: all(item.is_over for item in ended), seconds)

    def close(self, seconds: float = CLOSE_SECONDS) -> bool:
        """Send what can be sent in so many seconds, and nothing more from then on; returns whether that was all."""
        everything = self.finish(seconds)
        with self._changed:
            self.is_closed = True
            left, self._items = self._items, []
            for item in left:
                if item.has_ended:
                    self._let_go(item)
            self._changed.notify_all()
            thread = self._thread
        if thread is not None and thread is not threading.current_thread():
            thread.join(seconds if everything else 0.0)  # it may be within a request
        if self._courier is not None:
            self._courier.close()
        return everything

    def at_exit(self) -> None:
        """Send what the service takes in the last moments of the program."""
        if not self._items or self._courier is None:
            return
        kept = self._kept()
        if not self.close(EXIT_SECONDS):
            self._warn("The program ends before all of its runs are sent", kept)

    def _wake(self) -> None:
        if sys.is_finalizing():  # whoever waited for a thread that begins now would wait for ever
            self._pace.give_up()
        elif self._thread is None and not self.is_closed:
            self._thread = threading.Thread(target=self._run, name="goatfish", daemon=True)
            try:
                self._thread.start()
            except RuntimeError:  # too late in the program's life, or too many threads
                self._thread = None
                self._pace.give_up()
        self._changed.notify_all()

    # ── the thread ──

    def _run(self) -> None:
        try:
            self._send_until_idle()
        except Exception as error:  # the program must not notice; the next run begins another thread
            debug("The thread that sends runs has failed.", error=error)
        finally:
            with self._changed:
                if self._thread is threading.current_thread():
                    self._thread = None
                self._changed.notify_all()

    def _send_until_idle(self) -> None:
        idle_since = time.monotonic()
        while True:
            with self._changed:
                now = time.monotonic()
                if self._items:
                    idle_since = now
                if self.is_closed or (not self._items and now - idle_since >= IDLE):
                    self._thread = None  # within the lock, so that nobody relies on it any more
                    return
                for item in self._items:
                    item.start_jobs(self._job_is_done)
                due, pause = self._due(now)
                if not due:
                    self._changed.wait(pause)
                    continue
            if self._courier is not None and all(self._attempt(item, self._courier) for item in due):
                self._courier.learn_owner()

    def _due(self, now: float) -> tuple[list[Outgoing], float]:
        """The journals to look at now, or the seconds until there will be some."""
        for item in self._items:
            item.beat(now)
        if not self._items:
            return [], IDLE
        beat = min(item.beat_at for item in self._items)
        if self._courier is None:
            return [], beat - now
        next_due = max(self._pace.next_try, min(item.due_at for item in self._items))
        if next_due > now:
            return [], min(next_due, beat) - now
        return [item for item in self._items if item.due_at <= now], 0.0

    def _job_is_done(self, item: Outgoing) -> None:
        with self._changed:
            item.running_jobs -= 1
            if item.has_ended:
                item.due_at = 0.0
                if self._courier is None and not item.has_jobs:
                    self.remove(item)
            self._changed.notify_all()

    def _attempt(self, item: Outgoing, courier: Courier) -> bool:
        """Send what a journal has; False where the service did not take it."""
        from goatfish.recording.parents import NotYet  # noqa: PLC0415 -- loaded where it is used

        failure: Optional[Exception] = None
        with self._changed:
            item.due_at = NEVER  # whoever hurries from now on may have come too late for this attempt
        self._pace.begin()
        try:
            courier.take(item)
        except NotYet:
            with self._changed:
                self._pace.end()
                item.due_at = time.monotonic() + TICK
            return True
        except NotAJournal as error:
            warn("%s: its journal cannot be read: %s", item.label, error)
            item.is_over = True
        except Exception as error:
            failure = error
        with self._changed:
            self._pace.end()
            courier.tell(item)
            if failure is None:
                self._succeeded(item)
            else:
                item.due_at = min(item.due_at, time.monotonic())
                self._failed(item, failure)
            self._changed.notify_all()
        return failure is None

    def _succeeded(self, item: Outgoing) -> None:
        self._pace.succeeded()
        self._warned = False
        item.due_at = min(item.due_at, time.monotonic() + TICK)
        if item.story.all_sent and not item.has_jobs:
            item.journal.delete()
            item.is_over = True
        elif item.story.problem is not None:
            item.is_over = True
            if item.has_ended:
                item.journal.release()
        if item.is_over and item in self._items:
            self._items.remove(item)

    def _failed(self, item: Outgoing, error: Exception) -> None:
        from goatfish.errors import RequestInFlight  # noqa: PLC0415 -- loaded by now

        if isinstance(error, RequestInFlight):  # another process makes the same simulation at this moment
            self._pace.again_soon()
            return
        self._pace.failed(error)
        debug("%s was not sent.", item.label, error=error)
        if self._pace.is_away:
            self._warn(str(error) or type(error).__name__)
        if item in self._items:
            # The others' turn comes first, in case it is this one alone that fails.
            self._items.remove(item)
            self._items.append(item)

    def _warn(self, what: str, kept: str = "") -> None:
        if not self._warned:
            self._warned = True
            warn("%s. %s", what.rstrip("."), kept or self._kept())

    def _kept(self) -> str:
        paths = [item.journal.path for item in self._items if item.journal.path is not None]
        if not paths:
            return "Runs are kept in memory, and lost unless they are sent before the program ends."
        return f"Runs are kept in {paths[0].parent} and sent later, at the latest by `gf sync`."

    @staticmethod
    def _let_go(item: Outgoing) -> None:
        item.journal.release()
        item.is_over = True

    def remove(self, item: Outgoing) -> None:
        """Send a journal no more: let others do it."""
        with self._changed:
            if item in self._items:
                self._items.remove(item)
            self._let_go(item)
            self._changed.notify_all()


_senders: weakref.WeakSet[Sender] = weakref.WeakSet()


def _after_fork() -> None:
    # The parent's journals are the parent's to send, by a thread that this process does not have.
    for sender in list(_senders):
        sender._begin()


def _at_exit() -> None:
    for sender in list(_senders):
        with suppress(Exception, KeyboardInterrupt):  # the program ends as if nothing were recorded
            sender.at_exit()


atexit.register(_at_exit)
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)
