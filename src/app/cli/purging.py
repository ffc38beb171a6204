"""What ``goatfish purge`` deletes: idempotency records that have expired, and revisions older than the setting."""

from datetime import UTC, datetime, timedelta

from app.cli.terminal import print_json, print_message
from app.cli.use_case_runner import run_use_case
from app.container import UseCases
from config.settings import load


def purge(*, as_json: bool) -> None:
    days = load().revisions_kept

    async def work(use_cases: UseCases) -> tuple[int, int]:
        idempotency_records = await use_cases.idempotent().purge()
        if days is None:
            return idempotency_records, 0
        return idempotency_records, await use_cases.history().purge(timedelta(days=days), datetime.now(UTC))

    idempotency_records, revisions = run_use_case(work)
    print_message(f"{idempotency_records} expired idempotency records are deleted.")
    if days is None:
        print_message("No revisions are deleted: GOATFISH_REVISIONS_KEPT is not set, so they are kept for ever.")
    else:
        print_message(f"{revisions} revisions older than {days} days are deleted.")
    if as_json:
        print_json({"idempotency_records": idempotency_records, "revisions": None if days is None else revisions})
