"""How a block of code that was recorded has ended."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple, Optional

from goatfish.recording.values import plain_text

_STOPPED = {"CancelledError", "Cancelled", "GeneratorExit"}
"""Of tasks of asyncio, Trio and their like, and of generators that are closed."""


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
    leaves = list(_leaves(error))
    lines = [_said(error), *(_said(each) for each in leaves if each is not error)]
    return Outcome("cancelled" if all(map(_is_stop, leaves)) else "failed", "\n".join(lines))


def _leaves(error: BaseException) -> Iterator[BaseException]:
    """The exceptions in a group, as of ``asyncio.TaskGroup``; of any other it is the one itself."""
    inner: Any = getattr(error, "exceptions", None)
    is_group = any(kind.__name__ == "BaseExceptionGroup" for kind in type(error).__mro__)
    if not is_group or not inner:
        yield error
        return
    for each in inner:
        yield from _leaves(each)


def _is_stop(error: BaseException) -> bool:
    stopped = not isinstance(error, Exception) and type(error).__name__ in _STOPPED
    return stopped or isinstance(error, KeyboardInterrupt)


def _said(error: BaseException) -> str:
    """The kind of an exception, its text, and what was noted on it."""
    text = plain_text(error).strip()
    said = f"{type(error).__name__}: {text}" if text else type(error).__name__
    notes: Any = getattr(error, "__notes__", None)
    return "\n".join([said, *map(plain_text, notes)]) if isinstance(notes, list) else said


def _of_exit(code: object) -> Outcome:
    if code is None or (isinstance(code, int) and code == 0):
        return Outcome("succeeded")
    return Outcome("failed", f"exit status {int(code)}" if isinstance(code, int) else plain_text(code))
