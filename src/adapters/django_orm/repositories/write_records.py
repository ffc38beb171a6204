"""What every write records beside its row."""

from dataclasses import dataclass

from adapters.django_orm.repositories.idempotency import IdempotencyTable
from adapters.django_orm.repositories.revisions import RevisionTable


@dataclass(frozen=True, slots=True)
class WriteRecords:
    """The outcome, where the request holds a promise of idempotency, and the revision."""

    idempotency_records: IdempotencyTable
    revisions: RevisionTable
