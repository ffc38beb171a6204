"""The summary and the export of runs on in-memory storage."""

from collections.abc import Iterator

import pytest

from adapters.in_memory.storage import Storage
from tests.contracts.http_runs_export import RunsExportContract, RunsExportPagesContract, RunsSummaryContract
from tests.contracts.http_service import Service, serving


@pytest.fixture(scope="module")
def service() -> Iterator[Service]:
    with serving(Storage()) as service:
        yield service


class TestSummary(RunsSummaryContract):
    pass


class TestExport(RunsExportContract):
    pass


class TestExportOfPages(RunsExportPagesContract):
    @pytest.fixture
    def service(self, service: Service, monkeypatch: pytest.MonkeyPatch) -> Service:
        monkeypatch.setattr("adapters.in_memory.run_reports.PAGE", 3)
        return service
