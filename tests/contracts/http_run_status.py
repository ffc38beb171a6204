"""Runs over HTTP: how their status goes, and their times."""

from __future__ import annotations

from itertools import product

import pytest

from tests.contracts.http_service import STAMP, before_storage, expect_problem, of_the_request, violations
from tests.contracts.resources import Json
from tests.contracts.runs import EARLY, EXAMPLE, LATE, Lab, LabFixture

ENDS = ("succeeded", "failed", "cancelled")
STATUSES = ("queued", "running", *ENDS)


def allowed(before: str, after: str) -> str | None:
    """None where a run may come from the one status to the other, else the code of the refusal."""
    if before in {after, "queued"} or (before == "running" and after in ENDS):
        return None
    return "run_has_ended" if before in ENDS else "run_has_started"


class RunStatusContract(LabFixture):
    """The status of a run, and its times."""

    @of_the_request
    @pytest.mark.parametrize(("before", "after"), [*product(STATUSES, STATUSES)])
    def test_status_goes_forward_only(self, lab: Lab, before: str, after: str) -> None:
        run = lab.make(status=before)
        assert run["status"] == before
        refused = allowed(before, after)
        for answer in (lab.patch(run, status=after), lab.put(run, status=after)):
            if refused is None:
                assert (answer.status_code, answer.json()["status"]) == (200, after)
            else:
                expect_problem(answer, 409, refused)
        assert lab.get(run)["status"] == (before if refused else after)

    @before_storage
    @pytest.mark.parametrize("status", ["", "done", "QUEUED", None, 1, [], {}])
    def test_unknown_status_is_refused(self, lab: Lab, status: object) -> None:
        assert set(violations(lab.post(status=status))) == {"#/status"}

    @pytest.mark.parametrize("status", ENDS)
    def test_ended_run_can_still_be_described(self, lab: Lab, status: str) -> None:
        run = lab.make(status=status)
        change = {name: EXAMPLE[name] for name in ("name", "labels", "parameters", "results", "artifacts")}
        change |= {"status_reason": "as planned", "status": status}
        assert lab.changed(run, **change).items() >= change.items()

    @pytest.mark.parametrize("way", ["create", "PATCH", "PUT"])
    def test_times_are_filled_in(self, lab: Lab, way: str) -> None:
        def become(run: Json | None, status: str) -> Json:
            if run is None or way == "create":
                return lab.make(status=status)
            answer = lab.patch(run, status=status) if way == "PATCH" else lab.put(run, status=status)
            assert answer.status_code == 200, answer.text
            found: Json = answer.json()
            return found

        queued = lab.make()
        assert (queued["started_at"], queued["finished_at"]) == (None, None)
        running = become(queued, "running")
        assert running["started_at"] == running["updated_at"]
        assert STAMP.fullmatch(running["started_at"])
        assert running["finished_at"] is None
        for status in ENDS:
            ended = become(None, status)
            assert ended["finished_at"] == ended["created_at"]
        ended = become(running, "succeeded")
        if way != "create":
            assert ended["started_at"] == running["started_at"]
        assert ended["finished_at"] == ended["updated_at"]

    def test_null_that_is_sent_stays(self, lab: Lab) -> None:
        for way in (lab.patch, lab.put):
            run = way(lab.make(), status="running", started_at=None).json()
            assert (run["status"], run["started_at"], run["finished_at"]) == ("running", None, None)
            run = way(run, status="failed", finished_at=None).json()
            assert (run["status"], run["started_at"], run["finished_at"]) == ("failed", None, None)
        made = lab.make(status="failed", started_at=None, finished_at=None)
        assert (made["started_at"], made["finished_at"]) == (None, None)

    def test_run_that_never_ran_has_no_start(self, lab: Lab) -> None:
        ended = lab.changed(lab.make(), status="cancelled")
        assert (ended["started_at"], ended["finished_at"]) == (None, ended["updated_at"])

    def test_sent_times_are_kept(self, lab: Lab) -> None:
        run = lab.changed(lab.make(), status="running", started_at="2026-01-05T09:00:00+01:00")
        assert run["started_at"] == EARLY
        assert lab.changed(run, name="other")["started_at"] == EARLY
        ended = lab.changed(run, status="failed", finished_at=EARLY)
        assert (ended["started_at"], ended["finished_at"]) == (EARLY, EARLY)
        assert lab.changed(ended, finished_at=LATE)["finished_at"] == LATE
        assert (
            lab.make(status="succeeded", started_at=EARLY, finished_at=LATE).items()
            >= {
                "started_at": EARLY,
                "finished_at": LATE,
            }.items()
        )

    def test_filled_finish_is_not_before_a_start_that_is_ahead(self, lab: Lab) -> None:
        run = lab.make(status="running", started_at="2999-01-01T00:00:00Z")
        assert lab.changed(run, status="succeeded")["finished_at"] == "2999-01-01T00:00:00Z"

    @pytest.mark.parametrize(
        ("members", "expected"),
        [
            ({"started_at": EARLY}, {"#/started_at": "not_started"}),
            ({"finished_at": EARLY}, {"#/finished_at": "not_finished"}),
            ({"status": "running", "finished_at": LATE}, {"#/finished_at": "not_finished"}),
            ({"status": "failed", "started_at": LATE, "finished_at": EARLY}, {"#/finished_at": "before_start"}),
            (
                {"started_at": EARLY, "finished_at": LATE},
                {"#/started_at": "not_started", "#/finished_at": "not_finished"},
            ),
            ({"status": "failed", "started_at": "yesterday"}, {"#/started_at": "date_time"}),
            ({"status": "failed", "finished_at": "2026-01-05T08:00:00"}, {"#/finished_at": "date_time"}),
        ],
    )
    def test_times_that_contradict_are_refused(self, lab: Lab, members: Json, expected: Json) -> None:
        run = lab.make()
        for answer in (lab.post(**members), lab.patch(run, **members), lab.put(run, **members)):
            assert violations(answer) == expected
        assert lab.get(run) == run

    def test_times_are_checked_against_the_stored_run(self, lab: Lab) -> None:
        running = lab.make(status="running", started_at=LATE)
        assert violations(lab.patch(running, status="failed", finished_at=EARLY)) == {"#/finished_at": "before_start"}
        assert violations(lab.patch(running, finished_at=LATE)) == {"#/finished_at": "not_finished"}
        ended = lab.make(status="failed", started_at=EARLY, finished_at=LATE)
        assert violations(lab.patch(ended, started_at="2026-01-07T00:00:00Z")) == {"#/finished_at": "before_start"}
