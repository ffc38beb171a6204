"""Runs over HTTP: their members, their status, and what they refer to."""

from __future__ import annotations

from itertools import product
from typing import Any

import pytest

from tests.contracts.http_service import STAMP, Service, expect_problem, violations
from tests.contracts.http_simulations import SIMULATIONS, WING
from tests.contracts.resources import Json
from tests.contracts.runs import DEFAULTS, NO_RUN, RUNS, Lab, LabFixture, lab_of, path_of

ENDS = ("succeeded", "failed", "cancelled")
STATUSES = ("queued", "running", *ENDS)
EARLY, LATE = "2026-01-05T08:00:00Z", "2026-01-06T08:00:00Z"
NOBODY = "0199f3c2-0000-7000-8000-000000000000"
EXAMPLE: Json = {
    "name": "mesh 3, 12 degrees",
    "status": "running",
    "status_reason": None,
    "started_at": EARLY,
    "finished_at": None,
    "solver": "OpenFOAM",
    "solver_version": "v2606",
    "external_id": "slurm-81724",
    "parent_id": None,
    "labels": {"mesh": "fine"},
    "parameters": {"alpha": {"value": 12, "unit": "deg"}, "model": {"value": "k-omega SST", "unit": None}},
    "results": {"cl": {"value": 1.21, "unit": None}, "converged": {"value": True, "unit": None}},
    "artifacts": [
        {
            "name": "log",
            "uri": "s3://b/81724/log",
            "media_type": "text/plain",
            "bytes": 18211,
            "sha256": "0aF" * 21 + "0",
        }
    ],
}
LINES = {"name": 300, "solver": 100, "solver_version": 100, "external_id": 255}
"""The members that hold one line, and how many characters."""


def allowed(before: str, after: str) -> str | None:
    """None where a run may come from the one status to the other, else the code of the refusal."""
    if before in {after, "queued"} or (before == "running" and after in ENDS):
        return None
    return "run_has_ended" if before in ENDS else "run_has_started"


class RunMembersContract(LabFixture):
    """What a run holds."""

    def test_documented_example_is_kept(self, lab: Lab) -> None:
        answer = lab.post(**EXAMPLE)
        made = answer.json()
        assert answer.status_code == 201
        assert answer.headers["location"] == path_of(made)
        assert made.items() >= (EXAMPLE | {"simulation_id": lab.simulation["id"]}).items()
        assert set(made) == {*EXAMPLE, "id", "simulation_id", "created_by", "created_at", "updated_at"}
        assert made["created_by"] == f"key:{lab.tenant.key_id}"
        assert lab.get(made) == made
        assert lab.query().json()["items"] == [made]

    def test_only_the_simulation_is_required(self, lab: Lab) -> None:
        assert lab.make().items() >= DEFAULTS.items()
        assert violations(lab.tenant.send("POST", RUNS, json={})) == {"#/simulation_id": "missing"}

    @pytest.mark.parametrize("member", ["id", "owner", "owner_id", "created_by", "created_at", "updated_at", "version"])
    def test_members_of_the_service_are_refused(self, lab: Lab, member: str) -> None:
        assert violations(lab.post(**{member: "x"})) == {f"#/{member}": "unknown"}
        assert violations(lab.patch(lab.make(), **{member: "x"})) == {f"#/{member}": "unknown"}

    @pytest.mark.parametrize("member", [name for name, value in DEFAULTS.items() if value is not None])
    def test_null_is_refused_where_there_is_another_default(self, lab: Lab, member: str) -> None:
        assert set(violations(lab.post(**{member: None}))) == {f"#/{member}"}
        assert set(violations(lab.patch(lab.make(), **{member: None}))) == {f"#/{member}"}

    @pytest.mark.parametrize("member", LINES)
    def test_line_is_trimmed_bounded_and_never_empty(self, lab: Lab, member: str) -> None:
        most = "🐐" * LINES[member]
        assert lab.make(**{member: f" \u00a0{most} "})[member] == most
        for wrong, code in {
            "": "too_short",
            " ": "too_short",
            "x" * (LINES[member] + 1): "too_long",
            "a\nb": "control_characters",
            "a\u0000b": "control_characters",
            "a\ud800": "control_characters",
            "\u200b": "invisible",
        }.items():
            assert violations(lab.post(**{member: wrong})) == {f"#/{member}": code}
        assert violations(lab.post(**{member: 7})) == {f"#/{member}": "wrong_type"}

    def test_reason_may_have_lines(self, lab: Lab) -> None:
        assert lab.make(status_reason=" one\r\n\ttwo\n")["status_reason"] == "one\r\n\ttwo"
        assert len(lab.make(status_reason="," * 2000)["status_reason"]) == 2000
        for wrong, code in {"x" * 2001: "too_long", "\n": "too_short", "a\u0000": "control_characters"}.items():
            assert violations(lab.post(status_reason=wrong)) == {"#/status_reason": code}

    def test_labels_are_bounded(self, lab: Lab) -> None:
        keys = ["a", "A-1", "a.b/c_d", "0" * 63]
        labels = dict.fromkeys(keys, "") | {"text": "🐐" * 255} | {f"k{n}": "v" for n in range(27)}
        assert lab.make(labels=labels)["labels"] == labels
        assert violations(lab.post(labels=labels | {"more": ""})) == {"#/labels": "too_many"}
        for key in ("", "-a", "a-", "a b", "ä", "a" * 64, "a\n", "a:b", "_a"):
            assert list(violations(lab.post(labels={key: "x"})).values()) == ["key"], key
        assert violations(lab.post(labels={"a/": "x"})) == {"#/labels/a~1": "key"}
        for value, code in {"x" * 256: "too_long", "a\nb": "control_characters"}.items():
            assert violations(lab.post(labels={"a": value})) == {"#/labels/a": code}
        none: list[Any] = [1, None, [], {}, True]
        for wrong in none:
            assert violations(lab.post(labels={"a": wrong})) == {"#/labels/a": "wrong_type"}
        for wrong in ([], "a", 1):
            assert violations(lab.post(labels=wrong)) == {"#/labels": "wrong_type"}

    def test_artifacts_are_links_with_unique_names(self, lab: Lab) -> None:
        full = [
            {"name": f"log {n}", "uri": "http://h/" + "a" * 2039, "media_type": None, "bytes": n, "sha256": None}
            for n in range(50)
        ]
        assert lab.make(artifacts=full)["artifacts"] == full
        assert violations(lab.post(artifacts=[*full, full[0] | {"name": "one more"}])) == {"#/artifacts": "too_many"}
        assert violations(lab.post(artifacts=[full[0], full[1], full[0]])) == {"#/artifacts/2/name": "repeated"}
        (shown,) = lab.make(artifacts=[{"name": " a ", "uri": "urn:x"}])["artifacts"]
        assert shown == {"name": "a", "uri": "urn:x", "media_type": None, "bytes": None, "sha256": None}

    @pytest.mark.parametrize(
        ("member", "value", "code"),
        [
            ("name", "", "too_short"),
            ("name", "x" * 256, "too_long"),
            ("name", None, "wrong_type"),
            ("uri", "/relative/path", "pattern"),
            ("uri", "no colon", "pattern"),
            ("uri", "//host/path", "pattern"),
            ("uri", "1a:b", "pattern"),
            ("uri", "s3:", "pattern"),
            ("uri", "s3://a b", "pattern"),
            ("uri", "s3://" + "a" * 2044, "too_long"),
            ("bytes", -1, "out_of_range"),
            ("bytes", 2**53 + 1, "out_of_range"),
            ("bytes", 1.5, "out_of_range"),
            ("bytes", True, "out_of_range"),
            ("bytes", "1", "out_of_range"),
            ("sha256", "0" * 63, "pattern"),
            ("sha256", "g" * 64, "pattern"),
            ("sha256", "0" * 65, "too_long"),
            ("media_type", "", "too_short"),
            ("size", 1, "unknown"),
        ],
    )
    def test_wrong_member_of_an_artifact_is_named(self, lab: Lab, member: str, value: Any, code: str) -> None:
        good = {"name": "log", "uri": "s3://bucket/log"}
        sent = [good, good | {"name": "other"} | {member: value}]
        assert violations(lab.post(artifacts=sent)) == {f"#/artifacts/1/{member}": code}

    def test_artifact_needs_a_name_and_a_uri(self, lab: Lab) -> None:
        assert violations(lab.post(artifacts=[{}])) == {
            "#/artifacts/0/name": "missing",
            "#/artifacts/0/uri": "missing",
        }
        assert lab.make(artifacts=[{"name": "a", "uri": "a:b", "bytes": 2**53}])["artifacts"][0]["bytes"] == 2**53

    def test_external_id_is_unique_within_the_owner(self, service: Service, lab: Lab) -> None:
        first, second = lab.make(external_id="slurm-1"), lab.make()
        expect_problem(lab.post(external_id=" slurm-1 "), 409, "external_id_taken")
        expect_problem(lab.patch(second, external_id="slurm-1"), 409, "external_id_taken")
        assert lab_of(service.tenant()).make(external_id="slurm-1")["external_id"] == "slurm-1"
        assert lab.make(external_id="SLURM-1")["external_id"] == "SLURM-1"
        assert lab.delete(first).status_code == 204
        assert lab.changed(second, external_id="slurm-1")["external_id"] == "slurm-1"
        expect_problem(lab.restore(path_of(first), 1), 409, "external_id_taken")

    def test_patch_merges_maps_and_replaces_artifacts(self, lab: Lab) -> None:
        made = lab.make(**EXAMPLE)
        changed = lab.changed(
            made,
            labels={"mesh": None, "case": "A"},
            parameters={"beta": 1.5, "model": None, "nothing": None},
            results={"cl": {"value": 1.3, "unit": "1"}},
            artifacts=[{"name": "new", "uri": "a:b"}],
        )
        assert changed["labels"] == {"case": "A"}
        assert changed["parameters"] == {
            "alpha": {"value": 12, "unit": "deg"},
            "beta": {"value": 1.5, "unit": None},
        }
        assert changed["results"] == {"cl": {"value": 1.3, "unit": "1"}, "converged": EXAMPLE["results"]["converged"]}
        assert [each["name"] for each in changed["artifacts"]] == ["new"]

    @pytest.mark.parametrize("method", ["PATCH", "POST"])
    @pytest.mark.parametrize("type_", ["application/json", "application/merge-patch+json"])
    def test_either_way_and_media_type_merges(self, lab: Lab, method: str, type_: str) -> None:
        run = lab.make(labels={"a": "1", "b": "2"})
        content = '{"labels": {"a": null, "c": "3"}}'
        answer = lab.tenant.send(method, path_of(run), content=content, headers={"Content-Type": type_})
        assert answer.json()["labels"] == {"b": "2", "c": "3"}

    def test_patch_that_merges_nothing_keeps_the_version(self, lab: Lab) -> None:
        made = lab.make(**EXAMPLE)
        before = lab.tenant.send("GET", path_of(made)).headers["etag"]
        same = {"labels": {"none": None}, "parameters": {"alpha": {"value": 12.0, "unit": "deg"}}, "results": {}}
        after = lab.patch(made, **same)
        assert (after.json(), after.headers["etag"]) == (made, before)

    def test_merged_map_is_held_to_its_bounds(self, lab: Lab) -> None:
        made = lab.make(parameters={f"p{n}": n for n in range(100)}, labels={f"l{n}": "" for n in range(32)})
        assert violations(lab.patch(made, parameters={"q": 1})) == {"#/parameters": "too_many"}
        assert violations(lab.patch(made, labels={"q": ""})) == {"#/labels": "too_many"}
        assert len(lab.changed(made, parameters={"q": 1, "p0": None})["parameters"]) == 100

    def test_null_empties_what_may_be_null(self, lab: Lab) -> None:
        made = lab.make(**EXAMPLE)
        emptied = [name for name, value in DEFAULTS.items() if value is None and name != "parent_id"]
        assert lab.changed(made, **dict.fromkeys(emptied)).items() >= dict.fromkeys(emptied).items()

    def test_put_gives_defaults_but_keeps_times_and_parent(self, lab: Lab) -> None:
        parent = lab.make()
        made = lab.make(**EXAMPLE | {"status": "failed", "finished_at": LATE, "parent_id": parent["id"]})
        kept = {"status": "failed", "started_at": EARLY, "finished_at": LATE, "parent_id": parent["id"]}
        replaced = lab.put(made, status="failed")
        assert replaced.status_code == 200, replaced.text
        assert replaced.json().items() >= (DEFAULTS | kept).items()
        assert replaced.json()["created_by"] == made["created_by"]
        expect_problem(lab.put(made), 409, "run_has_ended")
        assert violations(lab.tenant.send("PUT", path_of(made), json={})) == {"#/simulation_id": "missing"}

    def test_what_is_shown_can_be_put_back(self, lab: Lab) -> None:
        made = lab.make(**EXAMPLE)
        of_service = {"id", "created_by", "created_at", "updated_at"}
        answer = lab.put(made, **{name: value for name, value in made.items() if name not in of_service})
        assert (answer.status_code, answer.json()) == (200, made)

    def test_scopes_of_runs_are_their_own(self, service: Service) -> None:
        tenant = service.tenant("runs:read", "simulations:write")
        body = {"simulation_id": tenant.make()["id"]}
        assert tenant.send("GET", RUNS).status_code == 200
        expect_problem(tenant.send("POST", RUNS, json=body), 403, "missing_scope")
        for method in ("PUT", "PATCH", "POST", "DELETE"):
            expect_problem(tenant.send(method, NO_RUN, json=body), 403, "missing_scope")
        writer = service.tenant("runs:write", "simulations:write")
        made = writer.send("POST", RUNS, json={"simulation_id": writer.make()["id"]})
        assert made.status_code == 201
        for path in (RUNS, path_of(made.json()), f"{path_of(made.json())}/revisions"):
            expect_problem(writer.send("GET", path), 403, "missing_scope")


class RunStatusContract(LabFixture):
    """The status of a run, and its times."""

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


class RunReferencesContract(LabFixture):
    """The simulation and the parent of a run."""

    def test_unknown_or_foreign_simulation_is_refused(self, service: Service, lab: Lab) -> None:
        other = lab_of(service.tenant())
        run = lab.make()
        for id in (NOBODY, other.simulation["id"], "x", "", run["id"]):
            for answer in (
                lab.post(simulation_id=id),
                lab.patch(run, simulation_id=id),
                lab.put(run, simulation_id=id),
            ):
                assert violations(answer) == {"#/simulation_id": "unknown_simulation"}
        others: list[Any] = [None, 7, [], {}]
        for wrong in others:
            assert violations(lab.post(simulation_id=wrong)) == {"#/simulation_id": "wrong_type"}

    def test_run_moves_to_another_simulation(self, lab: Lab) -> None:
        run, other = lab.make(), lab.tenant.make()
        assert lab.changed(run, simulation_id=other["id"])["simulation_id"] == other["id"]
        assert lab.tenant.send("DELETE", lab.simulation_path).status_code == 204
        expect_problem(lab.tenant.send("DELETE", f"{SIMULATIONS}/{other['id']}"), 409, "simulation_has_runs")

    def test_simulation_with_runs_is_not_deleted(self, lab: Lab) -> None:
        run = lab.make()
        expect_problem(lab.tenant.send("DELETE", lab.simulation_path), 409, "simulation_has_runs")
        assert lab.tenant.send("GET", lab.simulation_path).json() == lab.simulation
        assert lab.delete(run).status_code == 204
        assert lab.tenant.send("DELETE", lab.simulation_path).status_code == 204
        assert lab.restore(lab.simulation_path, 1).status_code == 200
        expect_problem(lab.tenant.send("GET", path_of(run)), 404, "run_not_found")

    def test_parent_is_a_run_of_the_owner(self, service: Service, lab: Lab) -> None:
        parent, foreign = lab.make(), lab_of(service.tenant()).make()
        assert lab.make(parent_id=parent["id"])["parent_id"] == parent["id"]
        for id in (NOBODY, foreign["id"], "x", lab.simulation["id"]):
            assert violations(lab.post(parent_id=id)) == {"#/parent_id": "unknown_run"}

    def test_parent_never_changes(self, lab: Lab) -> None:
        parent, other = lab.make(), lab.make()
        child = lab.make(parent_id=parent["id"])
        for run, id in ((child, other["id"]), (child, None), (other, parent["id"]), (other, other["id"])):
            assert violations(lab.patch(run, parent_id=id)) == {"#/parent_id": "immutable"}
            assert violations(lab.put(run, parent_id=id)) == {"#/parent_id": "immutable"}
        assert lab.put(child, parent_id=parent["id"]).json()["parent_id"] == parent["id"]
        assert lab.put(child).json()["parent_id"] == parent["id"]

    def test_run_with_children_is_not_deleted(self, lab: Lab) -> None:
        parent = lab.make()
        child = lab.make(parent_id=parent["id"])
        expect_problem(lab.delete(parent), 409, "run_has_children")
        assert lab.delete(child).status_code == 204
        assert lab.delete(parent).status_code == 204
        expect_problem(lab.restore(path_of(child), 1), 409, "parent_missing")
        assert lab.restore(path_of(parent), 1).status_code == 200
        assert lab.restore(path_of(child), 1).json()["parent_id"] == parent["id"]

    def test_run_is_not_restored_without_its_simulation(self, lab: Lab) -> None:
        run, other = lab.make(), lab.tenant.make()
        moved = lab.changed(run, simulation_id=other["id"])
        assert lab.tenant.send("DELETE", lab.simulation_path).status_code == 204
        expect_problem(lab.restore(path_of(run), 1), 409, "simulation_missing")
        assert lab.get(run) == moved
        assert lab.delete(run).status_code == 204
        expect_problem(lab.restore(path_of(run), 1), 409, "simulation_missing")
        assert lab.restore(path_of(run), 2).json()["simulation_id"] == other["id"]

    def test_restored_run_is_what_it_was(self, service: Service, lab: Lab) -> None:
        made = lab.make(**EXAMPLE)
        lab.changed(made, name="other", parameters={"alpha": None}, artifacts=[])
        again = lab.restore(path_of(made), 1)
        assert again.status_code == 200
        assert again.json() == made | {"updated_at": again.json()["updated_at"]}
        assert lab.delete(made).status_code == 204
        again = lab.restore(path_of(made), 1)
        assert again.json() == made | {"updated_at": again.json()["updated_at"]}

    def test_restore_is_no_way_back_of_the_status(self, lab: Lab) -> None:
        run = lab.changed(lab.changed(lab.make(), status="running"), status="succeeded")
        for version in (1, 2):
            expect_problem(lab.restore(path_of(run), version), 409, "run_has_ended")
        assert lab.delete(run).status_code == 204
        for version in (1, 2):
            expect_problem(lab.restore(path_of(run), version), 409, "run_has_ended")
        assert lab.restore(path_of(run), 3).json()["status"] == "succeeded"

    def test_writes_of_runs_are_in_the_feed_with_their_values(self, lab: Lab) -> None:
        made = lab.make(**EXAMPLE)
        changed = lab.changed(made, results={"cd": 0.1})
        lab.delete(made)
        found = lab.tenant.send("GET", f"{path_of(made)}/revisions").json()["items"]
        assert [(each["action"], each["before"], each["after"]) for each in found] == [
            ("deleted", changed, None),
            ("updated", made, changed),
            ("created", None, made),
        ]
        feed = lab.tenant.send("GET", "/api/v1/changes").json()["items"]
        assert [each for each in feed if each["kind"] == "run"] == found[::-1]

    def test_feed_shows_runs_to_those_who_may_read_them(self, service: Service) -> None:
        lab = lab_of(service.tenant())
        lab.make()
        key = {"name": "n", "scopes": ["simulations:read"]}
        text = lab.tenant.send("POST", "/api/v1/keys", json=key).json()["key"]
        feed = service.http.get("/api/v1/changes", headers={"X-API-Key": text}).json()["items"]
        assert {each["kind"] for each in feed} == {"simulation"}

    def test_run_is_made_once_with_an_idempotency_key(self, lab: Lab) -> None:
        headers = {"Idempotency-Key": "once"}
        body = {"simulation_id": lab.simulation["id"], "external_id": "e", "parameters": {"a": 12}, "status": "running"}
        first = lab.tenant.send("POST", RUNS, json=body, headers=headers)
        again = lab.tenant.send("POST", RUNS, json=body | {"parameters": {"a": 12.0}}, headers=headers)
        assert (again.status_code, again.json()) == (201, first.json())
        assert again.headers["idempotency-replayed"] == "true"
        other = lab.tenant.send("POST", RUNS, json=body | {"parameters": {"a": 13}}, headers=headers)
        assert violations_code(other) == "idempotency_key_reused"


class DescribedSimulationsContract(LabFixture):
    """Descriptions and labels of simulations."""

    def test_description_and_labels_may_be_left_out(self, lab: Lab) -> None:
        made = lab.tenant.send("POST", SIMULATIONS, json=WING).json()
        assert (made["description"], made["labels"]) == (None, {})
        full = lab.tenant.make(description="one\n\ttwo ", labels={"project": "wing", "empty": ""})
        assert (full["description"], full["labels"]) == ("one\n\ttwo ", {"project": "wing", "empty": ""})
        put = lab.tenant.send("PUT", f"{SIMULATIONS}/{full['id']}", json=WING).json()
        assert (put["description"], put["labels"]) == (None, {})

    def test_description_is_bounded(self, lab: Lab) -> None:
        assert len(lab.tenant.make(description="🐐" * 4000)["description"]) == 4000
        for text, code in {
            "x" * 4001: "too_long",
            "a\u0000b": "control_characters",
            "\x1b": "control_characters",
        }.items():
            answer = lab.tenant.send("POST", SIMULATIONS, json=WING | {"description": text})
            assert violations(answer) == {"#/description": code}

    @pytest.mark.parametrize("type_", ["application/json", "application/merge-patch+json"])
    def test_patch_merges_labels(self, lab: Lab, type_: str) -> None:
        made = lab.tenant.make(labels={"a": "1", "b": "2"})
        content = '{"labels": {"a": null, "c": "3"}, "description": "d"}'
        answer = lab.tenant.send(
            "PATCH", f"{SIMULATIONS}/{made['id']}", content=content, headers={"Content-Type": type_}
        )
        assert (answer.json()["labels"], answer.json()["description"]) == ({"b": "2", "c": "3"}, "d")
        removed = lab.tenant.send("PATCH", f"{SIMULATIONS}/{made['id']}", json={"description": None}).json()
        assert removed["description"] is None

    def test_simulations_are_found_by_labels(self, lab: Lab) -> None:
        for name, labels in {"a": {"p": "x"}, "b": {"p": "y"}, "c": {"p": "x", "q": ""}, "d": {}}.items():
            lab.tenant.make(name=name, labels=labels)

        def names(*query: tuple[str, str]) -> list[str]:
            answer = lab.tenant.send("GET", SIMULATIONS, params=[*query, ("sort", "name")])
            return [item["name"] for item in answer.json()["items"]]

        assert names(("label", "p")) == ["a", "b", "c"]
        assert names(("label", "p:x")) == ["a", "c"]
        assert names(("label", "p:x"), ("label", "q")) == ["c"]
        assert names(("label", "q:")) == ["c"]
        assert names(("label", "p:")) == []


def violations_code(answer: Any) -> str:
    """The code of a 422."""
    assert answer.status_code == 422, answer.text
    return str(answer.json()["code"])


class RunsContract(RunMembersContract, RunStatusContract, RunReferencesContract, DescribedSimulationsContract):
    """All that is said of runs, but for their lists and the values of quantities."""
