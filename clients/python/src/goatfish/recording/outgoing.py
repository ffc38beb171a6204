"""A journal on its way to the service, with the work in the background that still adds to it."""

from __future__ import annotations

import threading
import time
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Callable, Optional

from goatfish.recording.journal import Journal
from goatfish.recording.notices import debug
from goatfish.recording.story import Story

if TYPE_CHECKING:
    from goatfish.recording.delivery import ParentId

HEARTBEAT = 60.0
"""Seconds between two signs of life, which other machines see."""


class Outgoing:
    """One run that is being sent."""

    def __init__(self, journal: Journal, label: str, story: Story, parent_id: Optional[ParentId] = None) -> None:
        self.journal = journal
        self.label = label
        self.story = story
        self.parent_id = parent_id
        self.delivery: Any = None
        self.waiting_jobs: list[Callable[[], None]] = []
        self.running_jobs = 0
        self.due_at = 0.0
        self.beat_at = time.monotonic() + HEARTBEAT
        self.has_ended = False
        self.is_over = False  # everything was sent or refused, or nobody sends it

    @property
    def is_made(self) -> bool:
        """Whether the service has answered, with the run or a refusal."""
        return self.is_over or self.story.run_id is not None or self.story.problem is not None

    @property
    def has_jobs(self) -> bool:
        return bool(self.waiting_jobs) or self.running_jobs > 0

    def start_jobs(self, done: Callable[[Outgoing], None]) -> None:
        """Begin the work that waits, each in a thread of its own; ``done`` is called at the end of each."""
        jobs, self.waiting_jobs = self.waiting_jobs, []
        for job in jobs:
            with suppress(RuntimeError):  # there are too many threads: it is captured no more
                threading.Thread(target=self._work, args=(job, done), name="goatfish-capture", daemon=True).start()
                self.running_jobs += 1

    def _work(self, job: Callable[[], None], done: Callable[[Outgoing], None]) -> None:
        try:
            job()
        except Exception as error:  # the program must not notice
            debug("Something could not be captured.", error=error)
        done(self)

    def beat(self, now: float) -> None:
        """Tell other machines that the process lives, when it is time to."""
        if self.beat_at <= now:
            self.journal.touch()
            self.beat_at = now + HEARTBEAT
