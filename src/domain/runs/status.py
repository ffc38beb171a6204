"""The status of a run, and its allowed transitions."""

from collections.abc import Mapping
from enum import StrEnum

from domain.errors import Conflict


class RunStatus(StrEnum):
    """How far a run has come."""

    QUEUED = "queued"
    RUNNING = "running"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    CANCELLED = "cancelled"

    @property
    def is_final(self) -> bool:
        """Whether the run has ended."""
        return not FOLLOWS[self]


_ENDS = frozenset({RunStatus.SUCCEEDED, RunStatus.FAILED, RunStatus.CANCELLED})
FOLLOWS: Mapping[RunStatus, frozenset[RunStatus]] = {
    RunStatus.QUEUED: frozenset({RunStatus.RUNNING}) | _ENDS,
    RunStatus.RUNNING: _ENDS,
    RunStatus.SUCCEEDED: frozenset(),
    RunStatus.FAILED: frozenset(),
    RunStatus.CANCELLED: frozenset(),
}
"""What may follow on each status."""


def require_forward(before: RunStatus, after: RunStatus) -> None:
    """Raises ``Conflict`` where a run may not come from the one status to the other."""
    if after is before or after in FOLLOWS[before]:
        return
    if before.is_final:
        raise Conflict("run_has_ended", f"The run has ended: it is {before}, and cannot become {after}.")
    raise Conflict("run_has_started", f"The run has started: it is {before}, and cannot become {after} again.")
