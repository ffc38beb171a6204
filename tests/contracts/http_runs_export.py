"""The summary and the CSV export of a simulation's runs, over every storage."""

import asyncio
import csv
import io
from collections.abc import Awaitable, Callable
from typing import Any, TypeAlias
from uuid import UUID, uuid4

import pytest
from starlette.types import Message, Receive, Scope, Send

from adapters.http_fastapi.kit import csv as csv_kit
from adapters.http_fastapi.resources.run_reports import EXPORTS_AT_ONCE
from domain.errors import Unavailable
from domain.runs.summary import RunsSummarizer, mean_of
from domain.runs.table import RunTable
from domain.runs.use_cases import RunUseCases
from tests.contracts.http_service import KEYS, Service, Tenant, expect_problem, violations
from tests.contracts.http_simulations import SIMULATIONS, WING

Json: TypeAlias = dict[str, Any]
RUNS = "/api/v1/runs"
PLAIN = (
    *("id", "simulation_id", "name", "status", "status_reason", "started_at", "finished_at", "solver"),
    *("solver_version", "external_id", "parent_id", "created_by", "created_at", "updated_at"),
)
HUGE = 1.7976931348623157e308


class Campaign:
    """A simulation of a tenant, whose runs are summed up and exported."""

    def __init__(self, tenant: Tenant) -> None:
        self.tenant = tenant
        self.id: str = tenant.send("POST", SIMULATIONS, json=WING).json()["id"]
        self.path = f"{SIMULATIONS}/{self.id}"

    def run(self, **members: Any) -> Json:
        answer = self.tenant.send("POST", RUNS, json={"simulation_id": self.id, **members})
        assert answer.status_code == 201, answer.text
        made: Json = answer.json()
        return made

    def summary(self) -> Json:
        answer = self.tenant.send("GET", f"{self.path}/summary")
        assert answer.status_code == 200, answer.text
        summary: Json = answer.json()
        return summary

    def export(self, **query: Any) -> list[list[str]]:
        """All lines of the file, the header first."""
        answer = self.tenant.send("GET", f"{self.path}/runs.csv", params=query)
        assert answer.status_code == 200, answer.text
        text = answer.content.decode()
        lines = [*csv.reader(io.StringIO(text, newline=""), strict=True)]
        assert {len(line) for line in lines} == {len(lines[0])}
        return lines

    def columns(self, **query: Any) -> list[str]:
        return self.export(**query)[0][len(PLAIN) :]

    def rows(self, **query: Any) -> list[dict[str, str]]:
        """The lines by their columns, without empty cells."""
        header, *lines = self.export(**query)
        return [{name: cell for name, cell in zip(header, line, strict=True) if cell} for line in lines]


class RunsSummaryContract:
    """``GET /api/v1/simulations/{id}/summary``."""

    def test_simulation_without_runs_has_an_empty_summary(self, service: Service) -> None:
        assert Campaign(service.tenant()).summary() == {"runs": 0, "by_status": {}, "results": {}}

    def test_summary_counts_runs_by_status_and_sums_up_numbers(self, service: Service) -> None:
        campaign = Campaign(service.tenant())
        campaign.run(status="succeeded", results={"cl": 1.5, "steps": 100, "drag": {"value": 3, "unit": "N"}})
        campaign.run(status="succeeded", results={"cl": 2, "steps": 201, "drag": {"value": 4.5, "unit": "N"}})
        campaign.run(status="failed", results={"cl": -0.25, "drag": {"value": 6, "unit": "N"}})
        campaign.run()
        Campaign(campaign.tenant).run(status="cancelled", results={"cl": 99})
        summary = campaign.summary()
        assert summary == {
            "runs": 4,
            "by_status": {"queued": 1, "succeeded": 2, "failed": 1},
            "results": {
                "cl": {"count": 3, "min": -0.25, "max": 2, "mean": 3.25 / 3, "unit": None},
                "drag": {"count": 3, "min": 3, "max": 6, "mean": 4.5, "unit": "N"},
                "steps": {"count": 2, "min": 100, "max": 201, "mean": 150.5, "unit": None},
            },
        }
        assert [*summary["by_status"]] == ["queued", "succeeded", "failed"]
        assert [*summary["results"]] == ["cl", "drag", "steps"]
        assert [type(summary["results"]["cl"][name]) for name in ("min", "max", "mean")] == [float, int, float]

    def test_only_numbers_count(self, service: Service) -> None:
        campaign = Campaign(service.tenant())
        campaign.run(results={"a": {"value": 1, "unit": "m"}, "b": True, "c": "12", "d": False, "e": "x"})
        campaign.run(results={"a": {"value": "2", "unit": "s"}, "b": 1})
        assert campaign.summary()["results"] == {
            "a": {"count": 1, "min": 1, "max": 1, "mean": 1.0, "unit": "m"},
            "b": {"count": 1, "min": 1, "max": 1, "mean": 1.0, "unit": None},
        }

    @pytest.mark.parametrize(
        ("units", "unit"), [("mm", "m"), ("ms", None), ([None, None], None), (["m", None], None), ([None, "m"], None)]
    )
    def test_unit_is_null_where_they_differ(self, service: Service, units: list[str | None], unit: str | None) -> None:
        campaign = Campaign(service.tenant())
        for each in units:
            campaign.run(results={"a": {"value": 1, "unit": each}})
        assert campaign.summary()["results"]["a"]["unit"] == unit

    @pytest.mark.parametrize(
        ("values", "mean"),
        [
            ([HUGE, HUGE, 1e308], None),
            ([HUGE, -HUGE], 0.0),
            ([1e22, 1e-300], 5e21),
            ([5e-324, 5e-324], 5e-324),
            ([2**53, -(2**53)], 0.0),
            ([0.1, 0.2, 0.3], 0.2),
            ([-0.0, 0], 0.0),
        ],
    )
    def test_numbers_of_any_size_are_summed_up(self, service: Service, values: list[float], mean: float | None) -> None:
        campaign = Campaign(service.tenant())
        for value in values:
            campaign.run(results={"a": value})
        found = campaign.summary()["results"]["a"]
        assert (found["count"], found["min"], found["max"]) == (len(values), min(values), max(values))
        assert found["min"] <= found["mean"] <= found["max"]
        assert mean is None or found["mean"] == mean

    def test_summary_follows_changes_and_deletions(self, service: Service) -> None:
        campaign = Campaign(service.tenant())
        one, other = campaign.run(results={"a": 1}), campaign.run(results={"a": 3})
        campaign.tenant.send("PATCH", f"{RUNS}/{one['id']}", json={"status": "failed", "results": {"a": 2}})
        campaign.tenant.send("DELETE", f"{RUNS}/{other['id']}")
        assert campaign.summary() == {
            "runs": 1,
            "by_status": {"failed": 1},
            "results": {"a": {"count": 1, "min": 2, "max": 2, "mean": 2.0, "unit": None}},
        }


class RunsExportContract:
    """``GET /api/v1/simulations/{id}/runs.csv``."""

    def test_simulation_without_runs_has_a_header_alone(self, service: Service) -> None:
        campaign = Campaign(service.tenant())
        answer = campaign.tenant.send("GET", f"{campaign.path}/runs.csv")
        assert answer.content == ",".join(PLAIN).encode() + b"\r\n"

    def test_headers_are_those_of_a_file_and_of_every_answer(self, service: Service) -> None:
        campaign = Campaign(service.tenant())
        campaign.run()
        for method in ("GET", "HEAD"):
            answer = campaign.tenant.send(method, f"{campaign.path}/runs.csv", headers={"X-Request-ID": "mine"})
            assert answer.status_code == 200
            assert answer.headers["content-type"] == "text/csv; charset=utf-8"
            assert answer.headers["content-disposition"] == f'attachment; filename="runs-{campaign.id}.csv"'
            assert answer.headers["cache-control"] == "private, no-cache"
            assert answer.headers["vary"] == "X-API-Key, Authorization"
            assert answer.headers["x-request-id"] == "mine"
            assert answer.headers["x-content-type-options"] == "nosniff"
            assert "ratelimit" in answer.headers
            assert bool(answer.content) == (method == "GET")

    def test_line_has_what_the_representation_has(self, service: Service) -> None:
        campaign = Campaign(service.tenant())
        parent = campaign.run()
        made = campaign.run(
            name='mesh 3, "fine"',
            status="failed",
            status_reason="diverged\nat step 3",
            started_at="2026-01-05T08:00:00Z",
            finished_at="2026-01-05T08:00:00.120000Z",
            solver="OpenFOAM",
            solver_version="v2606",
            external_id="slurm-81724",
            parent_id=parent["id"],
            labels={"mesh": "fein, größer 🐐", "a/b": ""},
            parameters={"alpha": {"value": 12, "unit": "deg"}, "model": "k-omega SST", "steady": False},
            results={"cl": 1.21, "huge": 1e300, "tiny": 5e-324, "converged": True, "whole": 12.0},
            artifacts=[{"name": "log", "uri": "s3://bucket/log"}],
        )
        header, line, _ = campaign.export()
        assert header == [
            *PLAIN,
            *("labels.a/b", "labels.mesh", "parameters.alpha [deg]", "parameters.model", "parameters.steady"),
            *("results.cl", "results.converged", "results.huge", "results.tiny", "results.whole"),
        ]
        assert line[: len(PLAIN)] == [made[name] for name in PLAIN]
        assert line[len(PLAIN) :] == [
            *("", "fein, größer 🐐", "12", "k-omega SST", "false"),
            *("1.21", "true", "1e300", "5e-324", "12.0"),
        ]

    def test_bytes_are_those_of_rfc_4180(self, service: Service) -> None:
        campaign = Campaign(service.tenant())
        made = campaign.run(name='a "b", c', labels={"k": "é"})
        body = campaign.tenant.send("GET", f"{campaign.path}/runs.csv").content
        assert body.startswith(b"id,simulation_id,name,")
        assert body.count(b"\r\n") == body.count(b"\n") == 2
        assert body.endswith(f"{made['created_at']},{made['updated_at']},é\r\n".encode())
        assert f'{campaign.id},"a ""b"", c",queued,'.encode() in body

    def test_runs_come_newest_first_and_only_those_of_the_simulation(self, service: Service) -> None:
        campaign = Campaign(service.tenant())
        made = [campaign.run(name=f"{number}")["id"] for number in range(5)]
        Campaign(campaign.tenant).run(labels={"other": "x"})
        Campaign(service.tenant()).run(labels={"foreign": "x"})
        assert [row["id"] for row in campaign.rows()] == made[::-1]
        assert campaign.columns() == []

    def test_unit_stands_in_the_header_or_in_a_column_where_they_differ(self, service: Service) -> None:
        campaign = Campaign(service.tenant())
        campaign.run(
            parameters={"a": {"value": 1, "unit": "m"}, "b": {"value": 2, "unit": "m"}, "c": 3, "d": 4},
            results={"x.y-z": {"value": 5, "unit": "m/s², [1]"}},
        )
        campaign.run(
            parameters={
                "a": {"value": "x", "unit": "m"},
                "b": {"value": 7, "unit": "s"},
                "c": {"value": 8, "unit": "K"},
            },
        )
        assert campaign.columns() == [
            *("parameters.a [m]", "parameters.b", "parameters.b.unit", "parameters.c", "parameters.c.unit"),
            *("parameters.d", "results.x.y-z [m/s², [1]]"),
        ]
        assert [line[len(PLAIN) :] for line in campaign.export()[1:]] == [
            ["x", "7", "s", "8", "K", "", ""],
            ["1", "2", "m", "3", "", "4", "5"],
        ]

    def test_columns_and_units_are_those_of_the_runs_that_fulfil_the_filters(self, service: Service) -> None:
        campaign = Campaign(service.tenant())
        campaign.run(status="running", labels={"a": "1"}, parameters={"p": {"value": 1, "unit": "m"}})
        campaign.run(status="failed", labels={"b": "2"}, parameters={"p": {"value": 2, "unit": "s"}, "q": 1})
        assert campaign.columns(status="running") == ["labels.a", "parameters.p [m]"]
        assert campaign.columns(status="failed") == ["labels.b", "parameters.p [s]", "parameters.q"]
        assert campaign.columns(status="cancelled") == []

    @pytest.mark.parametrize(
        ("query", "expected"),
        [
            ({"status": "queued,failed"}, "ca"),
            ({"name": "RUN B"}, "b"),
            ({"solver": "Nastran"}, "cb"),
            ({"external_id": "b"}, "b"),
            ({"label": ["mesh", "kind:x"]}, "b"),
            ({"where": ["parameters.alpha>=2", "results.ok=true"]}, "c"),
            ({"started_from": "2026-01-02T00:00:00Z"}, "c"),
            ({"finished_to": "2026-01-01T10:00:00Z"}, "b"),
            ({"where": "parameters.none=1"}, ""),
        ],
        ids=str,
    )
    def test_filters_are_those_of_the_list(self, service: Service, query: Json, expected: str) -> None:
        campaign = Campaign(service.tenant())
        campaign.run(name="run a", parameters={"alpha": 1})
        campaign.run(
            name="run b",
            status="succeeded",
            solver="Nastran",
            external_id="b",
            started_at="2026-01-01T08:00:00Z",
            finished_at="2026-01-01T10:00:00Z",
            labels={"mesh": "m", "kind": "x"},
            parameters={"alpha": 2},
            results={"ok": False},
        )
        campaign.run(
            name="run c",
            status="failed",
            solver="Nastran",
            started_at="2026-01-02T08:00:00Z",
            labels={"mesh": "m"},
            parameters={"alpha": 3},
            results={"ok": True},
        )
        assert [row["name"][-1] for row in campaign.rows(**query)] == [*expected]

    def test_children_of_a_run_are_found(self, service: Service) -> None:
        campaign = Campaign(service.tenant())
        parent = campaign.run()["id"]
        child = campaign.run(parent_id=parent)["id"]
        assert [row["id"] for row in campaign.rows(parent_id=parent)] == [child]

    @pytest.mark.parametrize(
        ("query", "expected"),
        [
            ("simulation_id=01a217f5-6efb-7394-9cff-635f63e94c07", {"simulation_id": "unknown"}),
            ("cursor=x", {"cursor": "unknown"}),
            ("limit=1", {"limit": "unknown"}),
            ("sort=name", {"sort": "unknown"}),
            ("status=done", {"status": "unknown_value"}),
            ("status=failed&status=queued", {"status": "repeated"}),
            ("where=alpha", {"where": "where"}),
            ("name=", {"name": "empty"}),
        ],
    )
    def test_other_parameters_are_refused_before_the_simulation_is_looked_for(
        self, service: Service, query: str, expected: Json
    ) -> None:
        tenant = service.tenant()
        assert violations(tenant.send("GET", f"{SIMULATIONS}/{uuid4()}/runs.csv?{query}")) == expected

    def test_texts_that_a_spreadsheet_would_run_are_harmless(self, service: Service) -> None:
        campaign = Campaign(service.tenant())
        campaign.run(
            name="=1+1",
            status_reason="@SUM(A1)",
            solver="+cmd|' /C calc'!A0",
            external_id="-2+3",
            labels={"a": "=HYPERLINK(A1)", "b": "-5"},
            parameters={"a": {"value": "\t=1", "unit": "=m"}, "b": -1.5, "c": "-1.5"},
            results={"a": -2, "b": "=1\n+1", "c": "a;=2;b"},
        )
        campaign.run(parameters={"a": 1})
        (_, row) = campaign.rows()
        assert {name: row[name] for name in ("name", "status_reason", "solver", "external_id")} == {
            "name": "'=1+1",
            "status_reason": "'@SUM(A1)",
            "solver": "'+cmd|' /C calc'!A0",
            "external_id": "'-2+3",
        }
        assert [each for each in row.items() if each[0] not in PLAIN] == [
            ("labels.a", "'=HYPERLINK(A1)"),
            ("labels.b", "-5"),
            ("parameters.a", "'\t'=1"),
            ("parameters.a.unit", "'=m"),
            ("parameters.b", "-1.5"),
            ("parameters.c", "-1.5"),
            ("results.a", "-2"),
            ("results.b", "'=1\n'+1"),
            ("results.c", "a;'=2;b"),
        ]

    def test_too_many_columns_are_refused(self, service: Service, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("domain.runs.use_cases.MEMBERS_MAX", 3)
        campaign = Campaign(service.tenant())
        campaign.run(labels={"a": "x"}, parameters={"b": 1}, results={"c": 1, "d": 1, "e": 1, "f": 1})
        expect_problem(campaign.tenant.send("GET", f"{campaign.path}/runs.csv"), 409, "too_many_members")
        expect_problem(campaign.tenant.send("GET", f"{campaign.path}/summary"), 409, "too_many_members")
        campaign.run(name="few")
        assert len(campaign.rows(name="few")) == 1

    def test_too_many_runs_are_not_summed_up(self, service: Service, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("domain.runs.use_cases.RUNS_MAX", 2)
        campaign = Campaign(service.tenant())
        for _ in range(3):
            assert campaign.summary()["runs"] <= 2
            campaign.run()
        answer = campaign.tenant.send("GET", f"{campaign.path}/summary")
        assert "retry-after" not in answer.headers  # which would not help
        expect_problem(answer, 409, "too_many_runs")
        assert len(campaign.rows()) == 3

    @pytest.mark.parametrize("rest", ["/summary", "/runs.csv"])
    def test_refusals_come_in_their_order(self, service: Service, rest: str) -> None:
        tenant = service.tenant()
        campaign = Campaign(tenant)
        campaign.run()
        other, writer = service.tenant("runs:read"), service.tenant("simulations:read", "runs:write")
        for id in (campaign.id, str(uuid4()), "no-id"):
            answer = service.http.get(f"{SIMULATIONS}/{id}{rest}?x=1")
            expect_problem(answer, 401, "unauthenticated")
            expect_problem(writer.send("GET", f"{SIMULATIONS}/{id}{rest}?x=1"), 403, "missing_scope")
            assert violations(other.send("GET", f"{SIMULATIONS}/{id}{rest}?x=1")) == {"x": "unknown"}
            for method in ("GET", "HEAD"):
                answer = other.send(method, f"{SIMULATIONS}/{id}{rest}")
                assert answer.status_code == 404
            expect_problem(other.send("GET", f"{SIMULATIONS}/{id}{rest}"), 404, "simulation_not_found")
            expect_problem(other.send("POST", f"{SIMULATIONS}/{id}{rest}"), 405, "method_not_allowed")
            expect_problem(other.send("GET", f"{SIMULATIONS}/{id}{rest}/"), 404, "not_found")
        key = tenant.send("POST", KEYS, json={"name": "reads runs", "scopes": ["runs:read"]}).json()["key"]
        for method in ("GET", "HEAD"):
            answer = service.http.request(method, f"{campaign.path}{rest}", headers={"X-API-Key": key})
            assert (answer.status_code, bool(answer.content)) == (200, method == "GET")


class RunsExportPagesContract:
    """Exports of several pages. In ``service`` a page has 3 runs."""

    def test_every_run_is_on_one_of_the_pages(self, service: Service) -> None:
        campaign = Campaign(service.tenant())
        made = [
            campaign.run(name=f"{number}", labels={f"l{number}": "x"}, parameters={"p": number})["id"]
            for number in range(10)
        ]
        for count in (10, 9, 6, 3, 1):
            while len(made) > count:
                campaign.tenant.send("DELETE", f"{RUNS}/{made.pop()}")
            rows = campaign.rows()
            assert [row["id"] for row in rows] == made[::-1]
            assert [row["parameters.p"] for row in rows] == [f"{number}" for number in range(count)][::-1]
            assert campaign.columns() == [*(f"labels.l{number}" for number in range(count)), "parameters.p"]

    def test_units_of_all_pages_are_compared(self, service: Service) -> None:
        campaign = Campaign(service.tenant())
        for unit in ("m", "m", "m", "m", "m", "s"):
            campaign.run(results={"differ": {"value": 1, "unit": unit}, "agree": {"value": 1, "unit": "m"}})
        assert campaign.columns() == ["results.agree [m]", "results.differ", "results.differ.unit"]
        assert campaign.columns(where="results.differ=1") == campaign.columns()

    def test_large_runs_make_smaller_pages(self, service: Service) -> None:
        campaign = Campaign(service.tenant())
        text = "x" * 1000
        made = [campaign.run(parameters={f"p{each}": text for each in range(number % 3)})["id"] for number in range(8)]
        assert [row["id"] for row in campaign.rows()] == made[::-1]

    def test_client_that_leaves_ends_the_export(self, service: Service) -> None:
        campaign = Campaign(service.tenant())
        for _ in range(10):
            campaign.run()
        for _ in range(12):  # more than there are connections
            parts, error = _exported(service, campaign, leaves_after=2)
            assert error is None
            assert 2 <= len(parts) <= 4
            assert all(part["more_body"] for part in parts)
        assert len(campaign.rows()) == 10

    @pytest.mark.parametrize("rest", ["runs.csv", "summary"])
    def test_others_have_their_turns_between_runs(
        self, service: Service, monkeypatch: pytest.MonkeyPatch, rest: str
    ) -> None:
        """The time that one piece of the work takes does not grow with the runs, or with their members."""
        campaign = Campaign(service.tenant())
        for number in range(20):
            campaign.run(results={f"{letter}{number % 10}": number for letter in "abcd"})
        held: list[int] = []  # pieces of work while others had no turn
        add, write = RunsSummarizer.add, csv_kit.line

        def counted(work: Any) -> Any:
            def count(*arguments: Any) -> Any:
                held[-1] += 1
                return work(*arguments)

            return count

        async def others() -> None:
            while True:
                held.append(0)
                await asyncio.sleep(0)

        async def answered() -> int:
            waiting = asyncio.create_task(others())
            await asyncio.sleep(0)
            parts, error = await _answered(service, campaign, rest)
            waiting.cancel()
            assert error is None
            return sum(len(part["body"]) for part in parts)

        monkeypatch.setattr("domain.turns.SLICE", 0)
        monkeypatch.setattr(RunsSummarizer, "add", counted(add))
        monkeypatch.setattr(csv_kit, "line", counted(write))
        monkeypatch.setattr("domain.runs.summary.mean_of", counted(mean_of))
        assert service.call(answered) > 100
        assert sum(held) >= 20
        assert max(held) <= 2

    def test_owner_has_few_exports_at_once(self, service: Service, monkeypatch: pytest.MonkeyPatch) -> None:
        one, other = Campaign(service.tenant()), Campaign(service.tenant())
        for campaign in (one, other):
            for _ in range(5):
                campaign.run()
        opened: list[UUID] = []
        most = {one.id: 0, other.id: 0}
        export = RunUseCases.export

        async def counted(self: RunUseCases, owner: Any, id: UUID, conditions: Any) -> Any:
            opened.append(id)
            members, pages = await export(self, owner, id, conditions)

            async def closing() -> Any:
                async for page in pages:
                    most[str(id)] = max(most[str(id)], opened.count(id))
                    await asyncio.sleep(0.001)
                    yield page
                opened.remove(id)

            return members, closing()

        monkeypatch.setattr(RunUseCases, "export", counted)

        async def all_answered() -> list[tuple[list[Message], BaseException | None]]:
            campaigns = [one] * 12 + [other] * 2
            return await asyncio.gather(*(_answered(service, each, "runs.csv") for each in campaigns))

        answers = service.call(all_answered)
        assert all(error is None and parts[-1]["more_body"] is False for parts, error in answers)
        assert most[one.id] <= EXPORTS_AT_ONCE
        assert most[other.id] == 2

    def test_failure_in_the_middle_cuts_the_answer(self, service: Service, monkeypatch: pytest.MonkeyPatch) -> None:
        campaign = Campaign(service.tenant())
        for _ in range(10):
            campaign.run()
        intact, seen = RunTable.cells, []

        def fails(table: RunTable, row: Any) -> Any:
            seen.append(row)
            if len(seen) > 4:
                raise Unavailable("The connection is lost.")
            return intact(table, row)

        monkeypatch.setattr(RunTable, "cells", fails)
        parts, error = _exported(service, campaign)
        assert isinstance(error, Unavailable)
        assert parts
        assert all(part["more_body"] for part in parts)

    def test_failure_before_the_first_page_is_a_503(self, service: Service, monkeypatch: pytest.MonkeyPatch) -> None:
        campaign = Campaign(service.tenant())
        campaign.run()

        def fails(*_: Any) -> Any:
            raise Unavailable("The connection is lost.")

        monkeypatch.setattr(RunTable, "cells", fails)
        expect_problem(campaign.tenant.send("GET", f"{campaign.path}/runs.csv"), 503, "unavailable")


def _exported(
    service: Service, campaign: Campaign, leaves_after: int | None = None
) -> tuple[list[Message], BaseException | None]:
    """The parts of the body that the application sends, to a client that leaves after so many; and what it raises."""
    return service.call(lambda: _answered(service, campaign, "runs.csv", leaves_after))


async def _answered(
    service: Service, campaign: Campaign, rest: str, leaves_after: int | None = None
) -> tuple[list[Message], BaseException | None]:
    """The same of any report, on the application's event loop."""
    parts: list[Message] = []
    left, asked = asyncio.Event(), False

    async def receive() -> Message:
        nonlocal asked
        if not asked:
            asked = True
            return {"type": "http.request", "body": b"", "more_body": False}
        await left.wait()
        return {"type": "http.disconnect"}

    async def send(message: Message) -> None:
        if message["type"] == "http.response.body":
            parts.append(message)
        if len(parts) == leaves_after:
            left.set()

    try:
        async with asyncio.timeout(60):
            await _application(service)(_scope(f"{campaign.path}/{rest}", campaign.tenant.key), receive, send)
    except Unavailable as error:
        return parts, error
    return parts, None


def _application(service: Service) -> Callable[[Scope, Receive, Send], Awaitable[None]]:
    return service.api


def _scope(path: str, key: str) -> Scope:
    return {
        "type": "http",
        "asgi": {"version": "3.0", "spec_version": "2.3"},
        "http_version": "1.1",
        "method": "GET",
        "scheme": "http",
        "path": path,
        "raw_path": path.encode(),
        "query_string": b"",
        "root_path": "",
        "headers": [(b"host", b"localhost"), (b"x-api-key", key.encode())],
        "client": ("127.0.0.1", 1),
        "server": ("localhost", 80),
        "state": {},
    }
