"""A write whose answer was lost is told as it was, whatever the next try meets."""

from __future__ import annotations

from typing import Any

import pytest
from clients.python.tests.scripted import RUN, Script, Step

import goatfish
from goatfish.http.library import httpx

READ = httpx.ReadError("reset")
NO: Step = (412, {}, {"code": "precondition_failed", "status": 412, "detail": "stale"})
GONE: Step = (404, {}, {"code": "run_not_found", "status": 404, "detail": "none"})
FORBIDDEN: Step = (403, {}, {"code": "missing_scope", "status": 403})
BEFORE = {**RUN, "name": "before", "updated_at": "2026-01-05T08:00:00.000001Z"}
MINE = {**RUN, "name": "mine", "updated_at": "2026-01-05T08:00:00.000002Z"}
LATER = {**RUN, "name": "theirs", "updated_at": "2026-01-05T08:00:00.000003Z"}


@pytest.fixture(autouse=True)
def no_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("goatfish.sync_api.sender.sleep", lambda _: None)


def history(script: Script, *changes: tuple[bool, str, Any]) -> Step:
    """The revisions: whether by the request under test, what was done, and the run afterwards."""

    def answer(request: httpx.Request) -> Step:
        assert request.url.path.endswith("/revisions")
        mine = script.requests[1].headers["x-request-id"]
        items = [
            {"kind": "run", "id": RUN["id"], "version": 9, "action": action, "after": after, "before": None}
            | {"at": "2026-01-05T08:00:00Z", "actor": "key:1", "request_id": mine if own else "another"}
            for own, action, after in changes
        ]
        return 200, {}, {"items": items, "next_cursor": None}

    return answer


def read(script: Script) -> tuple[goatfish.Client, goatfish.Run]:
    script.steps.append((200, {"etag": '"1"'}, BEFORE))
    client = script.client()
    return client, client.runs.get(RUN["id"])


def test_a_conditional_change_that_was_made_after_all_is_no_failure() -> None:
    script = Script()
    client, run = read(script)
    script.steps += [READ, NO, history(script, (True, "updated", MINE)), (200, {"etag": '"2"'}, MINE)]
    changed = client.runs.update(run, if_unchanged=True, name="mine")
    assert (changed.name, changed.etag) == ("mine", '"2"')
    assert script.headers("if-match")[:3] == [None, '"1"', '"1"']


def test_what_others_changed_since_is_not_taken_for_read() -> None:
    script = Script()
    client, run = read(script)
    lines = [(False, "updated", LATER), (True, "updated", MINE)]
    script.steps += [503, NO, history(script, *lines), (200, {"etag": '"3"'}, LATER)]
    changed = client.runs.update(run, if_unchanged=True, name="mine")
    assert (changed.name, changed.etag) == ("mine", None)
    script.steps += [(200, {"etag": '"3"'}, LATER)]
    with pytest.raises(goatfish.PreconditionFailed):
        client.runs.update(changed, if_unchanged=True, name="again")


def test_a_change_that_another_forestalled_is_a_failure() -> None:
    script = Script()
    client, run = read(script)
    script.steps += [READ, NO, history(script, (False, "updated", LATER))]
    with pytest.raises(goatfish.PreconditionFailed):
        client.runs.update(run, if_unchanged=True, name="mine")


def test_a_refusal_on_the_first_try_is_not_looked_into() -> None:
    script = Script()
    client, run = read(script)
    script.steps += [NO]
    with pytest.raises(goatfish.PreconditionFailed):
        client.runs.update(run, if_unchanged=True, name="mine")
    assert len(script.requests) == 2


@pytest.mark.parametrize("after", [NO, GONE], ids=["changed", "gone"])
def test_where_it_cannot_be_seen_the_fate_is_said_to_be_unknown(after: Step) -> None:
    script = Script()
    client, run = read(script)
    script.steps += [READ, after, FORBIDDEN]
    write: Any = client.runs.restore if after is NO else client.runs.delete
    arguments = (run, 1) if after is NO else (run,)
    with pytest.raises(goatfish.ConnectionFailed, match="not known") as caught:
        write(*arguments, if_unchanged=True)
    assert caught.value.maybe_done


@pytest.mark.parametrize("if_unchanged", [True, False])
def test_a_deletion_that_was_made_after_all_is_no_failure(if_unchanged: bool) -> None:
    script = Script()
    client, run = read(script)
    script.steps += [504, GONE, history(script, (True, "deleted", None))]
    client.runs.delete(run, if_unchanged=if_unchanged)
    assert script.steps == []


def test_a_deletion_by_another_is_told() -> None:
    script = Script()
    client, run = read(script)
    script.steps += [READ, GONE, history(script, (False, "deleted", None))]
    with pytest.raises(goatfish.RunNotFound):
        client.runs.delete(run)


def test_what_was_not_there_is_told_without_a_look() -> None:
    script = Script()
    client, run = read(script)
    script.steps += [GONE]
    with pytest.raises(goatfish.RunNotFound):
        client.runs.delete(run)
    assert len(script.requests) == 2


def test_a_key_whose_secret_was_lost_is_replaced() -> None:
    lost = {"id": "1", "name": "k", "prefix": "gf_1", "key": None}
    made = {"id": "2", "name": "k", "prefix": "gf_2", "key": "gf_2_secret"}
    script = Script(READ, (201, {"idempotency-replayed": "true"}, lost), (201, {}, made), 204)
    key = script.client().keys.create("k", ["runs:read"])
    assert key.key == "gf_2_secret"
    assert script.requests[-1].method == "DELETE"
    assert script.requests[-1].url.path == "/api/v1/keys/1"
    keys = script.headers("idempotency-key")
    assert keys[0] == keys[1] != keys[2]


def test_a_key_that_was_asked_for_twice_comes_without_its_secret() -> None:
    lost = {"id": "1", "name": "k", "prefix": "gf_1", "key": None}
    script = Script((201, {"idempotency-replayed": "true"}, lost))
    assert script.client().keys.create("k", ["runs:read"], idempotency_key="once").key is None
    assert len(script.requests) == 1
