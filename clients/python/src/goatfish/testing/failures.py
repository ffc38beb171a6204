"""Failures that tests ask for."""

from __future__ import annotations

from dataclasses import dataclass

from goatfish.testing.problems import Refusal, general

DISCONNECT, DISCONNECT_AFTER, TIMEOUT = "disconnect", "disconnect_after", "timeout"


class Lost(Exception):
    """The client gets no answer: ``how`` is ``away``, or one of the failures of ``FakeService.fail_next``."""

    def __init__(self, how: str) -> None:
        super().__init__(how)
        self.how = how


@dataclass
class Failure:
    """What goes wrong with one request, of this method and a path that begins so, if these are given."""

    status: int | str
    method: str | None
    path: str | None
    retry_after: str | None

    def meets(self, method: str, path: str) -> bool:
        """Whether it is for this request."""
        return self.method in {None, method} and (self.path is None or path.startswith(self.path))


def refusal_of(failure: Failure) -> Refusal:
    """The refusal that the failure asks for."""
    meaning = general(int(failure.status))
    refusal = Refusal("unavailable")
    refusal.problem, refusal.detail = meaning, meaning.meaning
    wait = failure.retry_after or ("1" if meaning.status in {429, 503} else None)
    refusal.headers = {} if wait is None else {"Retry-After": wait}
    return refusal
