"""How far ``goatfish purge`` is behind, asked of the database now and then by a thread of its own.

A scrape shows what was found last: it must not wait for a database that is slow or away.
"""

import logging
from collections.abc import Callable, Mapping
from threading import Event, Thread

INTERVAL = 60.0
"""Seconds between two questions."""
_log = logging.getLogger("goatfish.metrics")


class PurgeLag:
    """Asks ``overdue`` for seconds by what is purged; ``seconds`` is empty where that is not known."""

    def __init__(self, overdue: Callable[[], Mapping[str, float]]) -> None:
        self._overdue = overdue
        self.seconds: Mapping[str, float] = {}
        self._is_stopped = Event()

    def start(self) -> None:
        """Begins to ask."""
        Thread(target=self._ask_again_and_again, name="goatfish-purge-lag", daemon=True).start()

    def stop(self) -> None:
        """Ends it, once a question under way is answered."""
        self._is_stopped.set()

    def _ask_again_and_again(self) -> None:
        while not self._is_stopped.is_set():
            self.ask()
            self._is_stopped.wait(INTERVAL)

    def ask(self) -> None:
        """Asks once."""
        try:
            self.seconds = self._overdue()
        except Exception as error:  # the database is away, or not migrated yet
            self.seconds = {}
            _log.debug("What is to be purged is not known: %s", error)
