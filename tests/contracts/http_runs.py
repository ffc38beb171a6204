"""Runs over HTTP: what they hold."""

from __future__ import annotations

from typing import Any

import pytest

from tests.contracts.http_described_simulations import DescribedSimulationsContract
from tests.contracts.http_run_references import RunReferencesContract
from tests.contracts.http_run_status import RunStatusContract
from tests.contracts.http_service import Service, before_storage, expect_problem, violations
from tests.contracts.resources import Json
from tests.contracts.runs import DEFAULTS, EARLY, EXAMPLE, LATE, NO_RUN, RUNS, Lab, LabFixture, lab_of, path_of

LINES = {"name": 300, "solver": 100, "solver_version": 100, "external_id": 255}
"""The members that hold one line, and how many characters."""


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

    @before_storage
    @pytest.mark.parametrize("member", ["id", "owner", "owner_id", "created_by", "created_at", "updated_at", "version"])
    def test_members_of_the_service_are_refused(self, lab: Lab, member: str) -> None:
        assert violations(lab.post(**{member: "x"})) == {f"#/{member}": "unknown"}
        assert violations(lab.patch(lab.make(), **{member: "x"})) == {f"#/{member}": "unknown"}

    @before_storage
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

    @before_storage
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
            ("media_type", "x" * 256, "too_long"),
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
        expect_problem(lab.put(second, external_id="slurm-1"), 409, "external_id_taken")
        assert lab_of(service.tenant()).make(external_id="slurm-1")["external_id"] == "slurm-1"
        for other in ("SLURM-1", "\u00e9", "e\u0301"):
            assert lab.make(external_id=other)["external_id"] == other
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

    def test_patched_quantity_is_replaced_with_its_unit(self, lab: Lab) -> None:
        made = lab.make(results={"drag": {"value": 3, "unit": "N"}, "lift": {"value": 4, "unit": "N"}})
        for sent in (3, {"value": 3}, {"value": 3, "unit": None}):
            lab.changed(made, results={"drag": {"value": 3, "unit": "N"}})
            changed = lab.changed(made, results={"drag": sent})
            assert changed["results"] == {"drag": {"value": 3, "unit": None}, "lift": {"value": 4, "unit": "N"}}
        assert violations(lab.patch(made, results={"lift": {"unit": "kN"}})) == {"#/results/lift/value": "missing"}

    @pytest.mark.parametrize(
        ("one", "other"), [(1, True), (0, False), (0.0, False), (True, 1.0), (1, "1"), ("", False)]
    )
    def test_numbers_booleans_and_texts_are_changed_into_each_other(self, lab: Lab, one: Any, other: Any) -> None:
        def holds(run: Json, value: Any) -> bool:
            found = lab.get(run)["parameters"]["a"]["value"]
            return bool(found == value and isinstance(found, bool) is isinstance(value, bool))

        made = lab.make(parameters={"a": one})
        lab.changed(made, parameters={"a": other})
        assert holds(made, other)
        assert lab.put(made, parameters={"a": one}).status_code == 200
        assert holds(made, one)
        for version, value in ((2, other), (3, one)):
            assert lab.restore(path_of(made), version).status_code == 200
            assert holds(made, value)

    def test_concurrent_changes_of_members_of_a_map_are_all_kept(self, service: Service, lab: Lab) -> None:
        made, headers = lab.make(), {"X-API-Key": lab.tenant.key}
        bodies: list[Json] = [{"parameters": {f"p{n}": n}, "labels": {f"l{n}": "x"}} for n in range(10)]
        requests: list[Any] = [
            lambda http, body=body: http.patch(path_of(made), json=body, headers=headers) for body in bodies
        ]
        assert {answer.status_code for answer in service.together(requests)} == {200}
        kept = lab.get(made)
        assert (len(kept["parameters"]), len(kept["labels"])) == (10, 10)

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
        other = lab.make(**EXAMPLE)
        assert lab.put(other, status="running", started_at=None).json()["started_at"] is None

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


class RunsContract(RunMembersContract, RunStatusContract, RunReferencesContract, DescribedSimulationsContract):
    """All that is said of runs, but for their lists and the values of quantities."""
