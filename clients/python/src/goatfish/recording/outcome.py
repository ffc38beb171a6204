"""How a block of code that was recorded has ended."""

from __future__ import annotations

from typing import NamedTuple, Optional

from goatfish.recording.values import plain_text


class Outcome(NamedTuple):
    """The status of a run that has ended, and why."""

    status: str
    reason: Optional[str] = None


def outcome_of(error: Optional[BaseException]) -> Outcome:
    """How a block has ended that was left with this exception, or without one."""
    if error is None:
        return Outcome("succeeded")
    if isinstance(error, SystemExit):
        return _of_exit(error.code)
    if isinstance(error, KeyboardInterrupt):
        return Outcome("cancelled", "interrupted")
    text = plain_text(error).strip()
    reason = f"{type(error).__name__}: {text}" if text else type(error).__name__
    # Tasks of asyncio, Trio and their like, and generators that are closed.
    stopped = not isinstance(error, Exception) and type(error).__name__ in {
        "CancelledError",
        "Cancelled",
        "GeneratorExit",
    }
    return Outcome("cancelled" if stopped else "failed", reason)


def _of_exit(code: object) -> Outcome:
    if code is None or (isinstance(code, int) and code == 0):
        return Outcome("succeeded")
    return Outcome("failed", f"exit status {int(code)}" if isinstance(code, int) else plain_text(code))
