"""What ``goatfish purge`` deletes: expired idempotency records, old deliveries, revisions older than the setting."""

from datetime import UTC, datetime, timedelta

from app.cli.terminal import print_json, print_message
from app.cli.use_case_runner import run_use_case
from app.container import UseCases
from config.loading import load
from domain.webhooks.delivery import DELIVERIES_KEPT


def purge(*, as_json: bool) -> None:
    days = load().revisions_kept

    async def work(use_cases: UseCases) -> tuple[int, int, int]:
        now = datetime.now(UTC)
        idempotency_records = await use_cases.idempotent().purge()
        deliveries = await use_cases.webhooks().purge(now)
        if days is None:
            return idempotency_records, deliveries, 0
        return idempotency_records, deliveries, await use_cases.history().purge(timedelta(days=days), now)

    idempotency_records, deliveries, revisions = run_use_case(work)
    print_message(f"{idempotency_records} expired idempotency records are deleted.")
    print_message(f"{deliveries} deliveries to webhooks older than {DELIVERIES_KEPT.days} days are deleted.")
    if days is None:
        print_message("No revisions are deleted: GOATFISH_REVISIONS_KEPT is not set, so they are kept for ever.")
    else:
        print_message(f"{revisions} revisions older than {days} days are deleted.")
    if as_json:
        kept = {"idempotency_records": idempotency_records, "webhook_deliveries": deliveries}
        print_json({**kept, "revisions": None if days is None else revisions})
