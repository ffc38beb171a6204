"""The summary and the export of runs over each database."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from adapters.django_orm.repositories import run_reports
from adapters.django_orm.repositories.run_reports import OwnedRunReports
from domain.runs.run import Run
from tests.contracts.http_runs_export import RunsExportContract, RunsExportPagesContract, RunsSummaryContract
from tests.contracts.http_service import CONTEXT, Service, serving
from tests.contracts.runs import lab_of
from tests.factories import RunFactory
from tests.integration.conftest import VENDOR, MakeStorage


@pytest.fixture
def service(committing: Service) -> Service:
    return committing


class TestSummary(RunsSummaryContract):
    pass


class TestSummaryInParts(RunsSummaryContract):
    @pytest.fixture
    def service(self, make_storage: MakeStorage, monkeypatch: pytest.MonkeyPatch) -> Iterator[Service]:
        for name, value in {"PAGE": 2, "RUNS_AT_ONCE": 2}.items():
            monkeypatch.setattr(f"adapters.django_orm.repositories.run_reports.{name}", value)
        with serving(make_storage()) as service:
            yield service


class TestExport(RunsExportContract):
    pass


class TestExportOfPages(RunsExportPagesContract):
    @pytest.fixture
    def service(self, make_storage: MakeStorage, monkeypatch: pytest.MonkeyPatch) -> Iterator[Service]:
        for name, value in {
            "repositories.run_reports.PAGE": 3,
            "repositories.run_reports.RUNS_AT_ONCE": 2,
            "repositories.run_reports.PAGE_SIZE": 1500,
            "sql.statement.PAGE_SIZE": 1500,
        }.items():
            monkeypatch.setattr(f"adapters.django_orm.{name}", value)
        with serving(make_storage()) as service:
            yield service


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
