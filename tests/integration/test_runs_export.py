"""The summary and the export of runs over each database."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.contracts.http_runs_export import RunsExportContract, RunsExportPagesContract, RunsSummaryContract
from tests.contracts.http_service import Service, serving
from tests.integration.conftest import MakeStorage


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
        for name, value in {"PAGE": 3, "PAGE_SIZE": 1500, "MEMBERS_AT_ONCE": 2}.items():
            monkeypatch.setattr(f"adapters.django_orm.repositories.run_reports.{name}", value)
        with serving(make_storage()) as service:
            yield service
