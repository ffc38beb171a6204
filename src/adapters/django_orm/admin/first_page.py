"""The admin's first page: what there is, what has happened lately, and on what the service runs.

Each figure links to its list, which holds exactly what is counted, and is shown to those who may see that list.
"""

from __future__ import annotations

import platform
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

import django
from django.apps import apps
from django.contrib import admin
from django.db import connection
from django.db.migrations.recorder import MigrationRecorder
from django.template.defaultfilters import filesizeformat
from django.urls import reverse

from adapters.django_orm import schema
from adapters.django_orm.admin import figures
from adapters.django_orm.admin.api_keys import ENDS_SOON, SOON, ends_soon
from adapters.django_orm.admin.read_only import list_url
from adapters.django_orm.models import ApiKeyRow, OwnerRow, RunRow, SimulationRow
from domain.runs.status import RunStatus

if TYPE_CHECKING:
    from collections.abc import Iterator

    from django.db.models import Model
    from django.http import HttpRequest, HttpResponse

_BAR, _GAP, _HEIGHT = 16, 4, 100  # units of the picture
_KEYS_SHOWN = 5


@dataclass(frozen=True, slots=True)
class Figure:
    """A number with what it counts, and the list that holds as many; None where there are too many to count."""

    label: str
    number: int | None
    url: str
    one: str = ""
    """The label of a single one, where it is another."""

    @property
    def counted(self) -> str:
        return self.one if self.one and self.number == 1 else self.label

    @property
    def text(self) -> str:
        if self.number is None:
            return "too many to count"
        return f"over {figures.COUNT_MAX:,}" if self.number > figures.COUNT_MAX else f"{self.number:,}"


@dataclass(frozen=True, slots=True)
class Bar:
    """One day in a picture: how many, how many of them failed, and where they are drawn."""

    label: str
    url: str
    x: int
    height: float
    failed: float

    width = _BAR

    @property
    def y(self) -> float:
        return _HEIGHT - self.height

    @property
    def failed_y(self) -> float:
        return _HEIGHT - self.failed


@dataclass(frozen=True, slots=True)
class Chart:
    """What was made on each of the last days; no bars where there were too many to count."""

    total: Figure
    bars: list[Bar]
    first: str
    last: str
    peak: str
    height = _HEIGHT
    width = figures.DAYS * (_BAR + _GAP)


def first_page(request: HttpRequest) -> HttpResponse:
    """Django's index of all lists, below the figures."""
    return admin.site.index(request, {"overview": _overview(request)})


def _overview(request: HttpRequest) -> dict[str, Any]:
    now = datetime.now(UTC)
    since = figures.first_day(now)
    found: dict[str, Any] = {"days": figures.DAYS, "soon": SOON.days, "facts": [*_facts()]}
    numbers: list[Figure] = []
    if _may_view(request, OwnerRow):
        numbers += _owners()
    if _may_view(request, SimulationRow):
        numbers.append(
            Figure(
                "simulations", figures.row_count(SimulationRow.objects.all()), list_url("simulationrow"), "simulation"
            )
        )
        days = figures.by_day(SimulationRow.objects.all(), since)
        found["simulations"] = _chart("simulationrow", since, days and [(day, number, 0) for day, number in days])
    if _may_view(request, RunRow):
        numbers.append(Figure("runs", figures.row_count(RunRow.objects.all()), list_url("runrow"), "run"))
        found |= _runs(since)
        if _may_view(request, OwnerRow):
            found["busiest"] = _busiest(since)
    if _may_view(request, ApiKeyRow):
        keys = ApiKeyRow.objects.filter(ends_soon())
        soon = f"within {SOON.days} days"
        numbers.append(Figure(f"keys end {soon}", figures.row_count(keys), _ending(), f"key ends {soon}"))
        found["ending"] = [*keys.select_related("owner").order_by("expires_at", "id")[:_KEYS_SHOWN]]
    attempts = apps.get_model("axes", "AccessAttempt")
    if _may_view(request, attempts):
        where = reverse("admin:axes_accessattempt_changelist")
        numbers.append(Figure("failed sign-ins, by name and address", figures.row_count(attempts.objects.all()), where))
    return {**found, "numbers": numbers}


def _may_view(request: HttpRequest, model: type[Model]) -> bool:
    return bool(admin.site.get_model_admin(model).has_view_permission(request))


def _owners() -> Iterator[Figure]:
    """All owners, and those that are deactivated."""
    rows = OwnerRow.objects
    yield Figure("owners", figures.row_count(rows.all()), list_url("ownerrow"), "owner")
    deactivated = figures.row_count(rows.filter(deactivated_at__isnull=False))
    yield Figure("of them deactivated", deactivated, list_url("ownerrow", state="deactivated"))


def _ending() -> str:
    return list_url("apikeyrow", state=ENDS_SOON, o="4")


def _runs(since: datetime) -> dict[str, Any]:
    """The picture of runs by day, and how many are in each status."""
    counted = figures.by_day(RunRow.objects.all(), since, "status")
    if counted is None:
        return {"runs": _chart("runrow", since, None)}
    days: dict[Any, list[int]] = {}
    statuses = dict.fromkeys(RunStatus, 0)
    for day, status, number in counted:
        of_day = days.setdefault(day, [0, 0])
        of_day[0] += number
        of_day[1] += number if status is RunStatus.FAILED else 0
        statuses[status] += number
    of_status = [
        Figure(status.value, number, list_url("runrow", status=status.value, created_at__gte=str(since)))
        for status, number in statuses.items()
    ]
    chart = _chart("runrow", since, [(day, number, failed) for day, (number, failed) in days.items()])
    return {"runs": chart, "statuses": of_status}


def _chart(model: str, since: datetime, counted: list[tuple[Any, int, int]] | None) -> Chart:
    """The picture of rows by day: each with how many there are, and how many of these failed."""
    days = [since + timedelta(days=number) for number in range(figures.DAYS)]
    found = {day: (number, failed) for day, number, failed in counted or ()}
    peak = max((number for number, _ in found.values()), default=0)
    bars = []
    for place, day in enumerate(days):
        number, failed = found.get(day.date(), (0, 0))
        if number:
            url = list_url(model, created_at__gte=str(day), created_at__lt=str(day + timedelta(days=1)))
            label = f"{day:%Y-%m-%d}: {number:,}" + (f", {failed:,} failed" if failed else "")
            scale = _HEIGHT / peak
            bars.append(Bar(label, url, place * (_BAR + _GAP), number * scale, failed * scale))
    total = None if counted is None else sum(number for _, number, _ in counted)
    where = list_url(model, created_at__gte=str(since))
    return Chart(Figure("", total, where), bars, f"{days[0]:%Y-%m-%d}", f"{days[-1]:%Y-%m-%d}", f"{peak:,}")


def _busiest(since: datetime) -> list[Figure] | None:
    counted = figures.busiest(RunRow.objects.all(), since)
    if counted is None:
        return None
    return [
        Figure(owner.name, number, list_url("runrow", owner_id__exact=str(owner.pk), created_at__gte=str(since)))
        for owner, number in counted
    ]


def _facts() -> Iterator[tuple[str, str]]:
    """On what the service runs."""
    yield "Goatfish", version("goatfish")
    yield "Django", django.get_version()
    yield "Python", platform.python_version()
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute(
                "SELECT current_setting('server_version'), pg_database_size(current_database()), current_user"
            )
            server, size, role = cursor.fetchone()
            yield "PostgreSQL", server
            yield "Role of the admin", role
        else:
            cursor.execute("SELECT sqlite_version(), page_count * page_size FROM pragma_page_count, pragma_page_size")
            server, size = cursor.fetchone()
            yield "SQLite", server
    yield "Size of the database", filesizeformat(size)
    applied = [*MigrationRecorder(connection).applied_migrations()]
    unknown = schema.unknown_migrations(applied)
    later = f"a later version has applied {', '.join(unknown)}" if unknown else "all applied"
    yield "Migrations", schema.migration_fault(applied) or f"{len(applied)}, {later}"
