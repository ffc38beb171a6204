"""What every write records beside its row."""

from dataclasses import dataclass

from adapters.django_orm.outcomes import OutcomeTable
from adapters.django_orm.revisions import RevisionTable


@dataclass(frozen=True, slots=True)
class Records:
    """The outcome, where the request holds a promise of idempotency, and the revision."""

    outcomes: OutcomeTable
    revisions: RevisionTable
