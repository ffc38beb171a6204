"""The interface of storage: the ports that every storage adapter provides."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from adapters.http_fastapi.app import Lifecycle

if TYPE_CHECKING:
    from collections.abc import Mapping

    from app.metrics.collector import Pool
    from domain.access.ports import ApiKeyRepository, OwnerDirectory
    from domain.idempotency import IdempotencyRecords
    from domain.repository import E, Repository
    from domain.revisions import Revisions
    from domain.runs.use_cases import RunReports
    from domain.webhooks.ports import Deliveries
    from domain.webhooks.webhook import Webhook


class Storage(Lifecycle, Protocol):
    """Every port that a storage adapter has to fill, and its life on an event loop."""

    def repository(self, entity: type[E]) -> Repository[E]: ...
    @property
    def keys(self) -> ApiKeyRepository: ...
    @property
    def owners(self) -> OwnerDirectory: ...
    @property
    def idempotency_records(self) -> IdempotencyRecords: ...
    @property
    def revisions(self) -> Revisions: ...
    @property
    def run_reports(self) -> RunReports: ...
    @property
    def webhooks(self) -> Repository[Webhook]: ...
    @property
    def deliveries(self) -> Deliveries: ...
    @property
    def pools(self) -> Mapping[str, Pool]: ...
    @property
    def standby_reads(self) -> Mapping[str, int]: ...
