"""The errors of the domain, by kind; each adapter maps the kinds to its own terms in one place."""

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Violation:
    """One invalid value: its field, a stable code and a sentence for people; ``path`` leads to it within the field."""

    field: str
    code: str
    detail: str
    path: tuple[str | int, ...] = ()


class DomainError(Exception):
    """A request is refused: ``code`` is stable and meant for programs, ``detail`` is a sentence for people."""

    def __init__(self, code: str, detail: str) -> None:
        super().__init__(code, detail)
        self.code = code
        self.detail = detail


class Invalid(DomainError):
    """Values are invalid; ``violations`` names each."""

    def __init__(self, violations: Sequence[Violation]) -> None:
        super().__init__("validation_failed", " ".join(dict.fromkeys(violation.detail for violation in violations)))
        self.violations = tuple(violations)


class Unfit(Invalid):
    """Values are invalid in view of what is stored, or of the API key in use.

    Reported last: values that are invalid in themselves, and everything else wrong with the request, come first.
    """


class NotFound(DomainError):
    """The owner has no such object; whether another owner has it is never revealed."""

    def __init__(self, kind: str, detail: str | None = None) -> None:
        super().__init__(f"{kind}_not_found", detail or f"You have no {kind} with this id.")


class Conflict(DomainError):
    """The change conflicts with what is stored."""


class Gone(DomainError):
    """The data was kept for a time and has been purged."""


class Stale(DomainError):
    """The object has changed since the caller last saw it."""


class Denied(DomainError):
    """The caller is authenticated and not allowed to do this."""


class Limited(DomainError):
    """The caller exceeds its rate limit; ``retry_after`` is in seconds."""

    def __init__(self, detail: str, *, retry_after: int) -> None:
        super().__init__("rate_limited", detail)
        self.retry_after = retry_after


class Unavailable(Exception):
    """The storage cannot be reached or is overloaded; a retry is expected to succeed."""


class OutcomeUnknown(Unavailable):
    """A write was begun, and whether it was carried out is not known; any other ``Unavailable`` was not."""


class PoolTimeout(Unavailable):
    """No connection to the storage was free in time."""


class ListTimeout(Unavailable):
    """A filtered list took longer than its time limit; the message says how to narrow it."""


class TenantMismatch(Exception):
    """A write would reach another owner or another object: a bug of ours, never the caller's mistake."""
