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


class TestExport(RunsExportContract):
    pass


class TestExportOfPages(RunsExportPagesContract):
    @pytest.fixture
    def service(self, make_storage: MakeStorage, monkeypatch: pytest.MonkeyPatch) -> Iterator[Service]:
        for name, value in {
            "repositories.run_reports.PAGE": 3,
            "repositories.run_reports.MEMBERS_AT_ONCE": 2,
            "repositories.run_reports.PAGE_SIZE": 1500,
            "sql.statement.PAGE_SIZE": 1500,
        }.items():
            monkeypatch.setattr(f"adapters.django_orm.{name}", value)
        with serving(make_storage()) as service:
            yield service


if VENDOR == "postgresql":  # elsewhere the members are found in the pages themselves

    def test_columns_stay_if_runs_are_added_between_two_statements(
        on_pool: MakeStorage, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(run_reports, "MEMBERS_AT_ONCE", 3)
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
