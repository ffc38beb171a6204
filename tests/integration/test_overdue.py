"""How far purging is behind is what ``goatfish purge`` would delete, by its age."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import pytest
from django.db import connection
from uuid_utils.compat import uuid7

from adapters.django_orm.models import ChangeCountRow, IdempotencyRow, RevisionRow
from adapters.django_orm.overdue import overdue
from domain.idempotency import IDEMPOTENCY_TTL

pytestmark = pytest.mark.django_db
NOW = datetime.now(UTC)
KEPT = timedelta(days=30)


@pytest.fixture(autouse=True)
def kept_open(monkeypatch: pytest.MonkeyPatch) -> None:
    """The transaction of the test goes on."""
    monkeypatch.setattr(connection, "close", lambda: None)


def record(age: timedelta) -> None:
    IdempotencyRow.objects.create(
        id=UUID(int=int((NOW - age).timestamp() * 1000) << 80 | 7 << 76 | 2 << 62),
        owner_id=uuid4(),
        created_at=NOW - age,
        operation="create_simulation",
        key="k",
        fingerprint="f",
        entity="{}",
    )


def revision(age: timedelta, number: int, count: ChangeCountRow) -> None:
    RevisionRow.objects.create(
        id=uuid7(),
        owner_id=count.owner_id,
        created_at=NOW - age,
        number=number,
        kind="simulation",
        entity_id=uuid4(),
        version=1,
        actor="test",
        after="{}",
    )


def test_nothing_is_overdue_in_an_empty_database() -> None:
    IdempotencyRow.objects.all().delete()
    assert overdue(NOW, None) == {"idempotency_records": 0}


def test_records_are_overdue_once_they_have_expired() -> None:
    record(timedelta(hours=1))
    assert overdue(NOW, None)["idempotency_records"] == 0
    record(IDEMPOTENCY_TTL + timedelta(hours=2))
    assert overdue(NOW, None)["idempotency_records"] == pytest.approx(7200)


def test_revisions_are_overdue_by_the_setting_and_purged_ones_do_not_count() -> None:
    counts = [ChangeCountRow.objects.create(owner_id=uuid4(), last=2, purged_through=n) for n in (0, 1)]
    for count in counts:
        revision(KEPT + timedelta(hours=3 if count.purged_through else 2), 1, count)
        revision(timedelta(hours=1), 2, count)
    assert overdue(NOW, KEPT)["revisions"] == pytest.approx(7200)
    assert "revisions" not in overdue(NOW, None)
