"""The feed is followed without missing a change, across restarts and outages."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterator
from pathlib import Path
from threading import Event, Timer
from typing import Any

import pytest
from clients.python.tests.conftest import Service
from clients.python.tests.scripted import RUN, Script, Step

import goatfish
from goatfish.http.library import httpx


@pytest.fixture
def other(service: Service) -> Iterator[goatfish.Client]:
    """A client of the second owner, to whose feed these tests alone write."""
    with service.client(service.other_key) as client:
        yield client


def test_the_feed_has_every_change(other: goatfish.Client, unique: str) -> None:
    cursor = other.changes.latest()
    simulation = other.simulations.ensure(unique)
    run = other.runs.create(simulation, name="one")
    other.runs.update(run, name="two")
    other.runs.delete(run)
    page = other.changes.list(cursor)
    assert [(each.kind, each.action) for each in page.items] == [
        ("simulation", "created"),
        *(("run", action) for action in ("created", "updated", "deleted")),
    ]
    assert page.items[0].after == simulation
    assert (page.items[2].before, page.items[2].after.name, page.items[3].after) == (run, "two", None)
    assert not page.has_more
    assert other.changes.list(page.next_cursor).items == []
    assert page.response is not None
    assert [each.to_dict() for each in page.items] == page.response.json()["items"]
    for index, change in enumerate(page.items):
        assert other.changes.list(change.cursor).items == page.items[index + 1 :]
    assert [len(other.changes.list(cursor, limit=3).items), other.changes.list(cursor, limit=3).has_more] == [3, True]


def test_following_goes_on_where_it_was_left(other: goatfish.Client, unique: str, tmp_path: Path) -> None:
    file = tmp_path / "cursor"
    begin = other.changes.latest()
    simulation = other.simulations.ensure(unique)
    runs = other.runs.create_many([{}] * 4, simulation=simulation)
    wanted = [simulation.id, *(run.id for run in runs)]
    seen: list[str] = []
    for _ in range(3):  # each time the handling of the second change fails
        for number, change in enumerate(other.changes.follow(begin, cursor_file=file)):
            if number == 1:
                break
            seen.append(change.id)
    rest = other.changes.follow(cursor_file=file)
    seen += [next(rest).id for _ in wanted[3:]]
    assert seen == wanted
    assert list(other.changes.follow(cursor_file=file, stop=lambda: True)) == []
    assert [change.id for change in other.changes.list(file.read_text().strip()).items] == wanted[-1:]
    assert [each.name for each in tmp_path.iterdir()] == ["cursor"]


def test_without_a_cursor_only_what_is_to_come_is_followed(other: goatfish.Client, unique: str, tmp_path: Path) -> None:
    file = tmp_path / "cursor"
    file.touch()
    stop = Event()
    stop.set()
    assert list(other.changes.follow(cursor_file=file, stop=stop)) == []
    simulation = other.simulations.ensure(unique)
    change = next(iter(other.changes.follow(cursor_file=file)))
    assert change.id == simulation.id


def test_a_stop_ends_the_wait(other: goatfish.Client) -> None:
    stop = Event()
    Timer(0.2, stop.set).start()
    assert list(other.changes.follow(interval=60, stop=stop)) == []


async def test_a_stop_ends_the_wait_of_asyncio(service: Service) -> None:
    stop = asyncio.Event()
    asyncio.get_running_loop().call_later(0.2, stop.set)
    async with service.async_client(service.other_key) as client:
        assert [change async for change in client.changes.follow(interval=60, stop=stop)] == []
        thread = Event()
        thread.set()
        assert [change async for change in client.changes.follow(stop=thread)] == []


def test_a_cursor_that_is_none_is_refused(other: goatfish.Client, tmp_path: Path) -> None:
    with pytest.raises(goatfish.InvalidCursor):
        other.changes.list("nonsense")
    file = tmp_path / "cursor"
    file.write_bytes(b"\xff")
    with pytest.raises(ValueError, match="no cursor"):
        next(iter(other.changes.follow(cursor_file=file)))


CHANGE = {"kind": "run", "id": RUN["id"], "version": 1, "action": "created", "at": "2026-01-05T08:00:00Z"}
CHANGE |= {"actor": "key:1", "request_id": "r", "before": None, "after": RUN}


def page(*items: Any, cursor: str = "c1", more: bool = False) -> Step:
    return 200, {}, {"items": list(items), "next_cursor": cursor, "has_more": more}


@pytest.fixture
def pauses(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    pauses: list[float] = []

    def stopped_within(stop: Any, seconds: float) -> bool:
        pauses.append(seconds)
        return False

    monkeypatch.setattr("goatfish.sync_api.changes.stopped_within", stopped_within)
    return pauses


def test_an_outage_is_waited_out_and_told_once(caplog: pytest.LogCaptureFixture, pauses: list[float]) -> None:
    away = httpx.ConnectError("refused")
    script = Script(page(), away, 503, (429, {"retry-after": "100"}), page(), away, page(CHANGE))
    with caplog.at_level(logging.WARNING, "goatfish"):
        follower = script.client(max_retries=0).changes.follow("c0", interval=5)
        assert next(follower).id == RUN["id"]
    assert pauses == [5, 2, 4, 100, 5, 2]
    assert len(caplog.records) == 2


@pytest.mark.parametrize("status", [408, 429, 500, 502, 504, 599])
def test_what_passes_does_not_end_it(status: int, pauses: list[float]) -> None:
    follower = Script(page(), status, page(CHANGE)).client(max_retries=0).changes.follow("c0", interval=5)
    assert next(follower).id == RUN["id"]
    assert pauses == [5, 2]


@pytest.mark.parametrize("status", [401, 403, 410, 400])
def test_what_does_not_pass_ends_it(status: int, pauses: list[float]) -> None:
    script = Script(page(), status)
    with pytest.raises(goatfish.APIError):
        next(script.client().changes.follow("c0"))


def test_changes_of_an_unknown_kind_are_plain_json() -> None:
    new = {**CHANGE, "kind": "mesh", "after": {"id": "1", "cells": 5}, "because": "newer"}
    (change,) = Script(page(new)).client().changes.list().items
    assert (change.kind, change.after, change.extra) == ("mesh", {"id": "1", "cells": 5}, {"because": "newer"})


def test_a_place_that_is_no_longer_on_its_page_gives_the_whole_page() -> None:
    (change, _) = Script(page(CHANGE, {**CHANGE, "version": 2})).client().changes.list("c0").items
    script = Script(page({**CHANGE, "id": "another"}))
    assert [each.id for each in script.client().changes.list(change.cursor).items] == ["another"]
    assert script.requests[0].url.query == b"after=c0"
