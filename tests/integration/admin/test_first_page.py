"""The admin's first page: its figures are those of the lists that they lead to, and nothing in them is markup."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta, tzinfo
from html import unescape
from typing import Any, Self

import pytest
from django.apps import apps
from django.contrib.auth.models import Permission
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from uuid_utils.compat import uuid7

from adapters.django_orm.admin import figures, first_page
from adapters.django_orm.models import Operator, OwnerRow, RunRow
from domain.runs.status import RunStatus
from tests.integration.conftest import VENDOR
from tests.integration.factories import KeyRowFactory, OwnerRowFactory, SimulationRowFactory

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("quick_passwords")]
HOSTILE = ('<script>alert("x")</script>', "\u202egnitset\u202d \u05d0\u05d1", "\U0001f468\u200d\U0001f680" * 33)
ESCAPED = "&lt;script&gt;alert(&quot;x&quot;)&lt;/script&gt;"
NOON = datetime.now(UTC).replace(hour=12, minute=0, second=0, microsecond=0)
_LINKS = re.compile(r'<a href="([^"]+)"(?: aria-label="([^"]+)")?>(.*?)</a>', re.DOTALL)
_TOTAL = re.compile(r"([\d,]+)(?: in all)?$")


def ago(days: int, **more: float) -> datetime:
    """The beginning of the day that was so many days ago, and something more."""
    return NOON.replace(hour=0) - timedelta(days=days) + timedelta(**more)


class AtNoon(datetime):
    """What the page takes for the clock, so that no day ends between a test and its page."""

    @classmethod
    def now(cls, tz: tzinfo | None = None) -> Self:
        return cls.fromtimestamp(NOON.timestamp(), tz)


@pytest.fixture(autouse=True)
def at_noon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(first_page, "datetime", AtNoon)


def run_of(simulation: Any, status: RunStatus, at: datetime) -> RunRow:
    row: RunRow = RunRow.objects.create(
        id=uuid7(),
        owner_id=simulation.owner_id,
        simulation_id=simulation.pk,
        status=status,
        created_at=at,
        updated_at=at,
        created_by="operator",
        version=1,
    )
    return row


def overview(client: Client) -> str:
    page = client.get("/admin/")
    assert page.status_code == 200
    found = re.search(r'<div id="overview">.*(?=<div id="content-main">)', page.content.decode(), re.DOTALL)
    assert found
    return found[0]


def text_of(markup: str) -> str:
    return " ".join(unescape(re.sub("<[^>]+>", " ", markup)).split())


def linked(page: str) -> dict[str, tuple[str, int]]:
    """The number of each figure, and the list that it leads to, by what it counts; of a bar, by its day."""
    found = {}
    for url, label, inner in _LINKS.findall(page):
        if label:
            day, number = label.split(", ")[0].split(": ")
            found[f"{'runs' if 'runrow' in url else 'simulations'} of {day}"] = unescape(url), int(number)
        elif total := _TOTAL.match(text_of(inner)):
            found[unescape(url)] = unescape(url), int(total[1].replace(",", ""))
        elif "<strong>" in inner:
            number, name = text_of(inner).split(" ", 1)
            found[name] = unescape(url), int(number)
    return found


@pytest.fixture
def filled() -> OwnerRow:
    """Three owners; simulations and runs within the last 30 days and before; keys that end soon, and others."""
    busy, other = OwnerRowFactory.create(name="Busy"), OwnerRowFactory.create(name="Other")
    OwnerRowFactory.create(name="Gone", deactivated_at=ago(1))
    simulations = [SimulationRowFactory.create(owner_id=busy.pk, created_at=ago(days)) for days in (0, 5, 5, 29, 30)]
    of_other = SimulationRowFactory.create(owner_id=other.pk, created_at=ago(300))
    first = simulations[0]
    for status, at in (
        (RunStatus.SUCCEEDED, ago(0)),
        (RunStatus.FAILED, ago(0)),
        (RunStatus.FAILED, ago(1, hours=23.999)),
        (RunStatus.QUEUED, ago(29)),
        (RunStatus.FAILED, ago(30, hours=23.999)),
        (RunStatus.SUCCEEDED, ago(400)),
    ):
        run_of(first, status, at)
    run_of(of_other, RunStatus.CANCELLED, ago(1))
    now = datetime.now(UTC)
    for expires_at, revoked_at in (
        (now + timedelta(days=2), None),
        (now + timedelta(days=29), None),
        (now + timedelta(days=31), None),
        (now - timedelta(days=1), None),
        (now + timedelta(days=1), now),
        (None, None),
    ):
        KeyRowFactory.create(owner=busy, expires_at=expires_at, revoked_at=revoked_at)
    made: OwnerRow = busy
    return made


def test_figures_are_those_counted_by_hand(admin_client: Client, filled: OwnerRow) -> None:
    attempts = apps.get_model("axes", "AccessAttempt")
    attempts.objects.create(username="boss", ip_address="192.0.2.1", failures_since_start=3)
    page = overview(admin_client)
    found = linked(page)
    numbers = {name: number for name, (_, number) in found.items() if not name.startswith("/")}
    assert numbers == {
        "owners": 3,
        "of them deactivated": 1,
        "simulations": 6,
        "runs": 7,
        "keys end within 30 days": 2,
        "failed sign-ins, by name and address": 1,
        f"runs of {ago(0):%Y-%m-%d}": 2,
        f"runs of {ago(1):%Y-%m-%d}": 2,
        f"runs of {ago(29):%Y-%m-%d}": 1,
        f"simulations of {ago(0):%Y-%m-%d}": 1,
        f"simulations of {ago(5):%Y-%m-%d}": 2,
        f"simulations of {ago(29):%Y-%m-%d}": 1,
    }
    text = text_of(page)
    assert "5 in all , at most 2 a day; failed ones in red" in text
    assert "4 in all , at most 2 a day" in text
    assert "Queued 1 Running 0 Succeeded 1 Failed 2 Cancelled 1" in text
    assert "Owners with the most runs in 30 days Busy 4 Other 1" in text
    assert f"{ago(0):%Y-%m-%d}: 2, 1 failed" in page


def test_each_figure_leads_to_a_list_of_exactly_what_it_counts(admin_client: Client, filled: OwnerRow) -> None:
    found = linked(overview(admin_client))
    assert len(found) > 15
    for name, (url, number) in found.items():
        page = admin_client.get(url)
        assert page.status_code == 200, name
        assert page.context["cl"].result_count == number, name


def test_what_the_service_runs_on_is_said(admin_client: Client) -> None:
    text = text_of(overview(admin_client))
    with connection.cursor() as cursor:
        if VENDOR == "postgresql":
            cursor.execute("SELECT current_setting('server_version'), current_user")
            server, role = cursor.fetchone()
            assert f"PostgreSQL {server} Role of the admin {role} " in text
        else:
            cursor.execute("SELECT sqlite_version()")
            assert f"SQLite {cursor.fetchone()[0]} " in text
    assert re.search(r"Size of the database [\d.]+ [KMG]B Migrations \d+, all applied", text)
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM django_migrations WHERE app = 'goatfish' AND name LIKE '0004%'")
    assert "1 migrations are not applied. Run: goatfish migrate" in text_of(overview(admin_client))
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO django_migrations (app, name, applied) VALUES"
            " ('goatfish', '0004_runs', CURRENT_TIMESTAMP), ('goatfish', '9999_later', CURRENT_TIMESTAMP)"
        )
    assert "a later version has applied 9999_later" in text_of(overview(admin_client))


@pytest.mark.parametrize(
    ("rights", "seen"),
    [
        ((), set()),
        (("view_ownerrow",), {"ownerrow"}),
        (("view_runrow",), {"runrow"}),
        (("view_apikeyrow", "view_accessattempt"), {"apikeyrow", "accessattempt"}),
    ],
)
def test_only_figures_of_lists_that_may_be_seen_are_shown(
    filled: OwnerRow, rights: tuple[str, ...], seen: set[str]
) -> None:
    clerk = Operator.objects.create_user("clerk", is_staff=True)
    clerk.user_permissions.set(Permission.objects.filter(codename__in=rights))
    client = Client()
    client.force_login(clerk)
    page = overview(client)
    lists = {url.split("/")[3] for url, *_ in _LINKS.findall(page) if url != "/admin/status/"}  # which all may see
    assert lists == seen
    assert ("Busy" in page) is ("view_apikeyrow" in rights)  # names of owners come with their keys
    assert "Goatfish" in page


def test_names_are_shown_as_text(admin_client: Client) -> None:
    for name in HOSTILE:
        owner = OwnerRowFactory.create(name=name)
        run_of(SimulationRowFactory.create(owner_id=owner.pk), RunStatus.QUEUED, ago(0))
        KeyRowFactory.create(owner=owner, name=name, expires_at=datetime.now(UTC) + timedelta(days=1))
    page = overview(admin_client)
    assert page.count(ESCAPED) == 3  # of the owner twice, and of the key
    assert "<script" not in page
    for name in HOSTILE[1:]:
        assert page.count(name) == 3


def test_one_of_a_kind_is_said_so(admin_client: Client) -> None:
    owner = OwnerRowFactory.create()
    run_of(SimulationRowFactory.create(owner_id=owner.pk), RunStatus.QUEUED, ago(0))
    KeyRowFactory.create(owner=owner, expires_at=datetime.now(UTC) + timedelta(days=3))
    text = text_of(overview(admin_client))
    assert text.startswith("1 owner 0 of them deactivated 1 simulation 1 run 1 key ends within 30 days")


def test_without_anything_the_page_says_so(admin_client: Client) -> None:
    text = text_of(overview(admin_client))
    assert text.startswith("0 owners 0 of them deactivated 0 simulations 0 runs 0 keys end within 30 days")
    assert text.count("0 in all") == 2
    assert "<rect" not in overview(admin_client)


def test_the_page_takes_a_fixed_number_of_statements(admin_client: Client, filled: OwnerRow) -> None:
    counts = []
    for _ in range(2):
        with CaptureQueriesContext(connection) as queries:
            overview(admin_client)
        counts.append(len([each for each in queries if each["sql"].startswith(("SELECT", "(SELECT"))]))
        for _ in range(15):
            owner = OwnerRowFactory.create()
            KeyRowFactory.create(owner=owner, expires_at=datetime.now(UTC) + timedelta(days=1))
            run_of(SimulationRowFactory.create(owner_id=owner.pk), RunStatus.FAILED, ago(3))
    assert counts[0] == counts[1] <= 18


def test_more_than_can_be_counted_is_said(
    admin_client: Client, filled: OwnerRow, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(figures, "COUNT_MAX", 4)
    text = text_of(overview(admin_client))
    assert "3 owners" in text
    assert "over 4 simulations over 4 runs" in text


def test_a_statement_that_takes_too_long_is_ended(
    admin_client: Client, filled: OwnerRow, monkeypatch: pytest.MonkeyPatch
) -> None:
    slow = {
        "postgresql": "SELECT pg_sleep(60)",
        "sqlite": "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 1e10) SELECT max(i) FROM n",
    }

    def take_long() -> None:
        with connection.cursor() as cursor:
            cursor.execute(slow[str(VENDOR)])

    with monkeypatch.context() as patch:
        patch.setattr(figures, "TIME_LIMIT", 0.05)
        assert figures.within_limit(take_long) is None
    assert figures.within_limit(lambda: 3) == 3
    for name in ("row_count", "by_day", "busiest"):
        monkeypatch.setattr(figures, name, lambda *_: None)
    text = text_of(overview(admin_client))
    assert "too many to count runs" in text
    assert text.count("There are too many to count.") == 2


def test_what_is_counted_lately_is_found_by_the_owners_index(filled: OwnerRow) -> None:
    since = ago(29)
    with CaptureQueriesContext(connection) as queries:
        figures.by_day(RunRow.objects.all(), since, "status")
        figures.busiest(RunRow.objects.all(), since)
    statements = [each["sql"] for each in queries if 'FROM "run"' in each["sql"]]
    assert len(statements) == 2
    for sql in statements:
        with connection.cursor() as cursor:
            if VENDOR == "postgresql":
                cursor.execute("SET LOCAL enable_seqscan = off")  # which is best where there are few rows
                cursor.execute(f"EXPLAIN {sql}")
                plan = "\n".join(line for (line,) in cursor.fetchall())
                assert "Seq Scan on run" not in plan
                assert re.search(r"Index Cond: .*created_at >=", plan), plan
            else:
                cursor.execute(f"EXPLAIN QUERY PLAN {sql}")
                assert any("(owner_id=? AND created_at>?)" in step for *_, step in cursor.fetchall())
