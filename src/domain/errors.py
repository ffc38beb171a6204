"""Every refusal the domain can give, by kind; each adapter maps the kinds to its own terms in one place."""

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Violation:
    """One thing wrong with what was sent: the field, a stable code and a sentence for people."""

    field: str
    code: str
    detail: str


class DomainError(Exception):
    """A refusal: ``code`` is stable and meant for programs, ``detail`` is a sentence for people."""

    def __init__(self, code: str, detail: str) -> None:
        super().__init__(code, detail)
        self.code = code
        self.detail = detail


class Invalid(DomainError):
    """A rule is broken by the values given; ``faults`` names each of them."""

    def __init__(self, violations: Sequence[Violation]) -> None:
        super().__init__("validation_failed", "; ".join(violation.detail for violation in violations))
        self.violations = tuple(violations)


class Unfit(Invalid):
    """A rule is broken by the values given beside what is stored, or beside the key that asks.

    What is wrong with the values in themselves is said before it, and so is what else is wrong with the request.
    """


class NotFound(DomainError):
    """The owner has no such object; whether another owner has it is never told."""

    def __init__(self, kind: str, detail: str | None = None) -> None:
        super().__init__(f"{kind}_not_found", detail or f"You have no {kind} with this id.")


class Conflict(DomainError):
    """The change does not fit what is stored."""


class Gone(DomainError):
    """What is asked for was kept for a time, and is kept no longer."""


class Stale(DomainError):
    """The object has changed since the caller last saw it."""


class Denied(DomainError):
    """The caller is known and may not do this."""


class Limited(DomainError):
    """The caller asks for too much in too short a time; ``retry_after`` is in seconds."""

    def __init__(self, detail: str, *, retry_after: int) -> None:
        super().__init__("rate_limited", detail)
        self.retry_after = retry_after


class Unavailable(Exception):
    """The store cannot be reached or is overloaded: no refusal, but a fault that is expected to pass."""


class ListTimeout(Unavailable):
    """A list with conditions took longer than its time budget; its message tells the caller what to narrow."""


class TenantMismatch(Exception):
    """A write that would land with another owner or on another object: a mistake of ours, never of the caller."""
