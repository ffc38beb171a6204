"""The summary and the export of runs over each database."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, ClassVar
from uuid import UUID

import pytest

from adapters.django_orm.repositories import run_reports
from adapters.django_orm.repositories.run_reports import OwnedRunReports
from domain.runs.run import Run
from tests.contracts.http_runs_export import RunsExportContract, RunsExportPagesContract, RunsSummaryContract
from tests.contracts.http_service import CONTEXT, Service, serving
from tests.contracts.runs import lab_of
from tests.factories import RunFactory
from tests.integration.conftest import VENDOR, MakeStorage, committing_service, service_by_django

if TYPE_CHECKING:
    from pytest_django import DjangoDbBlocker


@pytest.fixture
def service(committing: Service) -> Service:
    return committing


class TestSummary(RunsSummaryContract):
    pass


WAYS = [committing_service, *([service_by_django] if VENDOR == "postgresql" else [])]


@pytest.fixture(scope="class", params=WAYS, ids=lambda way: way.__name__)
def in_parts(
    request: pytest.FixtureRequest, django_db_setup: None, django_db_blocker: DjangoDbBlocker
) -> Iterator[Service]:
    """One application for the tests of a class, on storage that reads as little at once as its SIZES say."""
    with pytest.MonkeyPatch.context() as patch:
        for name, size in request.cls.SIZES.items():
            patch.setattr(f"adapters.django_orm.{name}", size)
        with request.param(django_db_blocker) as service:
            yield service


class TestSummaryInParts(RunsSummaryContract):
    SIZES: ClassVar = {"repositories.run_reports.PAGE": 2, "repositories.run_reports.RUNS_AT_ONCE": 2}

    @pytest.fixture
    def service(self, in_parts: Service) -> Service:
        return in_parts


class TestExport(RunsExportContract):
    pass


class TestExportOfPages(RunsExportPagesContract):
    SIZES: ClassVar = {
        "repositories.run_reports.PAGE": 3,
        "repositories.run_reports.RUNS_AT_ONCE": 2,
        "repositories.run_reports.PAGE_SIZE": 1500,
        "sql.statement.PAGE_SIZE": 1500,
    }

    @pytest.fixture
    def service(self, in_parts: Service) -> Service:
        return in_parts


if VENDOR == "postgresql":  # elsewhere the members are found in the pages themselves

    def test_no_statement_of_a_summary_reads_more_runs_than_it_has_time_for(
        on_pool: MakeStorage, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(run_reports, "RUNS_AT_ONCE", 3)
        fetch, counted = OwnedRunReports._fetch, list[int]()

        async def counting(self: OwnedRunReports, statement: Any, values: Any) -> Any:
            rows = await fetch(self, statement, values)
            counted.append(sum(row[2] for row in rows if row[0] == "status"))
            return rows

        monkeypatch.setattr(OwnedRunReports, "_fetch", counting)
        with serving(on_pool()) as service:
            lab = lab_of(service.tenant())
            for number in range(1, 9):
                lab.make(results={"a": number})
                summary = lab.tenant.send("GET", f"{lab.simulation_path}/summary").json()
                assert summary["runs"] == number
                assert summary["results"]["a"] == {
                    "count": number,
                    "min": 1,
                    "max": number,
                    "mean": (number + 1) / 2,
                    "unit": None,
                }
                assert len(counted) == 1 or number > 3
                assert max(counted) <= 4  # one more tells that there are too many
                counted.clear()

    def test_columns_stay_if_runs_are_added_between_two_statements(
        on_pool: MakeStorage, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(run_reports, "RUNS_AT_ONCE", 3)
        fetch, later = OwnedRunReports._fetch, datetime.now(UTC) + timedelta(minutes=1)
        with serving(on_pool()) as service:
            lab = lab_of(service.tenant())
            runs = service.container.storage().repository(Run).of(lab.tenant.owner)
            new = [
                RunFactory.build(
                    owner_id=lab.tenant.owner,
                    simulation_id=UUID(lab.simulation["id"]),
                    parent_id=None,
                    created_at=later,
                )
                for _ in range(3)
            ]

            async def interrupted(self: OwnedRunReports, statement: Any, values: Any) -> Any:
                rows = await fetch(self, statement, values)
                while new:
                    await runs.add(new.pop(), CONTEXT)
                return rows

            monkeypatch.setattr(OwnedRunReports, "_fetch", interrupted)
            for name in ("first", "second"):
                lab.make(parameters={name: 1})
            header = lab.tenant.send("GET", f"{lab.simulation_path}/runs.csv").text.partition("\r\n")[0]
            assert not new
            assert {"parameters.first", "parameters.second"} <= {*header.split(",")}
