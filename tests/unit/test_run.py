"""Rules of a run: its status, its times, its labels, quantities and links."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from uuid_utils.compat import uuid7

from domain.entity import create, update, validated
from domain.errors import Conflict, Invalid
from domain.maps import MapPatch
from domain.quantities import Quantity
from domain.runs.artifact import Artifact
from domain.runs.run import Run
from domain.runs.status import RunStatus, require_forward
from tests.factories import NOW, new_owner_id

QUEUED, RUNNING, SUCCEEDED, FAILED, CANCELLED = RunStatus
LATER = NOW + timedelta(hours=1)
SUCCESSORS = {
    QUEUED: {RUNNING, SUCCEEDED, FAILED, CANCELLED},
    RUNNING: {SUCCEEDED, FAILED, CANCELLED},
    SUCCEEDED: set(),
    FAILED: set(),
    CANCELLED: set(),
}


def run(**values: Any) -> Run:
    return create(Run, id=uuid7(), owner_id=new_owner_id(), now=NOW, **{"simulation_id": uuid7()} | values)


def codes(values: dict[str, Any]) -> list[tuple[str, str, tuple[Any, ...]]]:
    with pytest.raises(Invalid) as refused:
        validated(Run, values)
    return [(each.field, each.code, each.path) for each in refused.value.violations]


@pytest.mark.parametrize("before", RunStatus)
@pytest.mark.parametrize("after", RunStatus)
def test_status_goes_forward_only(before: RunStatus, after: RunStatus) -> None:
    if after is before or after in SUCCESSORS[before]:
        require_forward(before, after)
        return
    with pytest.raises(Conflict) as refused:
        require_forward(before, after)
    assert refused.value.code == ("run_has_started" if before is RUNNING else "run_has_ended")


def test_three_statuses_are_final() -> None:
    assert [each for each in RunStatus if each.is_final] == [SUCCEEDED, FAILED, CANCELLED]


@pytest.mark.parametrize(
    ("before", "values", "times"),
    [
        (None, {}, (None, None)),
        (None, {"status": RUNNING}, (NOW, None)),
        (None, {"status": FAILED}, (None, NOW)),
        (None, {"status": FAILED, "started_at": NOW, "finished_at": LATER}, (NOW, LATER)),
        (QUEUED, {}, (None, None)),
        (QUEUED, {"status": QUEUED}, (None, None)),
        (QUEUED, {"status": RUNNING}, (LATER, None)),
        (QUEUED, {"status": RUNNING, "started_at": NOW}, (NOW, None)),
        (QUEUED, {"status": SUCCEEDED}, (None, LATER)),
        (RUNNING, {"status": RUNNING}, (NOW, None)),
        (RUNNING, {"status": CANCELLED}, (NOW, LATER)),
        (RUNNING, {"status": CANCELLED, "finished_at": NOW}, (NOW, NOW)),
        (SUCCEEDED, {"status": SUCCEEDED, "name": "a"}, (None, NOW)),
        (SUCCEEDED, {"finished_at": LATER}, (None, LATER)),
    ],
)
def test_times_are_filled_in_where_the_status_changes(before: Any, values: Any, times: Any) -> None:
    after = run(**values) if before is None else update(run(status=before), now=LATER, **values)
    assert (after.started_at, after.finished_at) == times


def test_finish_is_filled_in_no_earlier_than_the_start() -> None:
    ahead = NOW + timedelta(days=1)
    assert update(run(status=RUNNING, started_at=ahead), now=LATER, status=FAILED).finished_at == ahead


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ({"status": QUEUED, "started_at": NOW}, [("started_at", "not_started", ())]),
        ({"status": QUEUED, "finished_at": NOW}, [("finished_at", "not_finished", ())]),
        ({"status": RUNNING, "finished_at": NOW}, [("finished_at", "not_finished", ())]),
        ({"started_at": LATER, "finished_at": NOW}, [("finished_at", "before_start", ())]),
        ({"labels": {"a": "x" * 256}}, [("labels", "too_long", ("a",))]),
        ({"parameters": {"a": Quantity(2**53 + 1)}}, [("parameters", "out_of_range", ("a", "value"))]),
        ({"parameters": {"a": Quantity(float("inf"))}}, [("parameters", "out_of_range", ("a", "value"))]),
        ({"parameters": {"a": Quantity(float("nan"))}}, [("parameters", "out_of_range", ("a", "value"))]),
        ({"results": {"a": Quantity(1, "x" * 33)}}, [("results", "too_long", ("a", "unit"))]),
        ({"results": {"1": Quantity(1)}}, [("results", "key", ("1",))]),
        ({"parameters": MapPatch({"1": None})}, [("parameters", "key", ("1",))]),
        ({"artifacts": (Artifact(name="a", uri="b"),)}, [("artifacts", "pattern", (0, "uri"))]),
        ({"artifacts": (Artifact(name="a", uri="a:b"),) * 2}, [("artifacts", "repeated", (1, "name"))]),
    ],
)
def test_values_that_are_refused(values: Any, expected: Any) -> None:
    assert codes(values) == expected


def test_values_are_kept_without_blanks_and_negative_zeros() -> None:
    artifact = Artifact(name=" log ", uri="s3://b/l ", media_type=" text/plain")
    made = run(name=" a ", status_reason="\n b ", parameters={"z": Quantity(-0.0, " m")}, artifacts=(artifact,))
    assert (made.name, made.status_reason) == ("a", "b")
    assert repr(made.parameters["z"]) == repr(Quantity(0.0, " m"))
    assert made.artifacts == (replace(artifact, name="log", uri="s3://b/l", media_type="text/plain"),)


def test_patch_of_a_map_merges_and_removes() -> None:
    before = run(parameters={"a": Quantity(1), "b": Quantity(2)})
    after = update(before, now=LATER, parameters=MapPatch({"a": None, "c": Quantity(3), "d": None}))
    assert after.parameters == {"b": Quantity(2), "c": Quantity(3)}
    assert update(after, now=LATER, parameters=MapPatch({"b": Quantity(2.0), "d": None})) is after


@pytest.mark.parametrize(
    "uri",
    [
        *("a:b", "s3://b/k", "file:///x", "urn:uuid:1", "http://[::1]/?q#f", "x+1.-:%20", "magnet:?xt=urn:btih:a"),
        *(
            "http://u:p@h:8080/a//b;c=1?x=/?#/?",
            "file:/",
            "C:/runs/log",
            "s3://bucket",
            "mailto:a@b",
            "a://h?q",
            "a:b#",
        ),
    ],
)
def test_absolute_uri_is_accepted(uri: str) -> None:
    assert run(artifacts=(Artifact(name="a", uri=uri),)).artifacts[0].uri == uri


@pytest.mark.parametrize(
    "uri",
    [
        *("a", ":b", "1:b", "a:", "a b:c", "a:b c", "a:<b>", 'a:"', "a:\\b", "é:b", "a:é", "a:{}", "a:b#c#d"),
        *("a:%", "a:%z", "a:%zz", "a:b%2", "http://h/%zz", "http://%zz/", "http://h/?%g0", "http://h/#%0g"),
        *(
            "http://[::1",
            "http://::1]",
            "http://[::z]/",
            "http://[C2f37aF.aC70f]/",
            "http://h:x/",
            "http://u@v@h/",
            "a:[b]",
            "a:?[",
            "//h/a",
            "/a",
        ),
        *("http://h/\u2028b", "a|b:c", "a:b|c", "a:^", "a:`"),
    ],
)
def test_other_uri_is_refused(uri: str) -> None:
    assert codes({"artifacts": (Artifact(name="a", uri=uri),)}) == [("artifacts", "pattern", (0, "uri"))]
