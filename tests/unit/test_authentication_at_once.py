"""Concurrent requests share one lookup of a key, also if the request that started it is cancelled."""

from __future__ import annotations

import asyncio
import dataclasses
import os
from typing import TYPE_CHECKING

import pytest

from domain.access.token import ApiKeyToken
from domain.errors import Unavailable
from tests.unit.test_authentication import Scene, accepted_caller

if TYPE_CHECKING:
    from domain.access.authentication import Caller


class Queue:
    """Blocks every lookup until a test lets it succeed or fail."""

    def __init__(self, scene: Scene) -> None:
        self.scene = scene
        self.waiting: list[asyncio.Future[None]] = []
        scene.directory.before_lookup = self.wait

    async def wait(self) -> None:
        self.waiting.append(asyncio.get_running_loop().create_future())
        await self.waiting[-1]

    async def send(self, times: int = 1, text: str | None = None) -> list[asyncio.Task[Caller | None]]:
        text = text or self.scene.text.reveal()
        requests = [asyncio.create_task(accepted_caller(self.scene.authentication, text)) for _ in range(times)]
        await rest()
        return requests


async def rest() -> None:
    for _ in range(5):
        await asyncio.sleep(0)


@pytest.fixture
async def scene() -> Scene:
    scene = Scene()
    await scene.add(scene.owner, scene.key)
    return scene


@pytest.fixture
def queue(scene: Scene) -> Queue:
    return Queue(scene)


async def test_concurrent_requests_share_one_lookup(scene: Scene, queue: Queue) -> None:
    requests = await queue.send(400)
    queue.waiting[0].set_result(None)
    assert all(await asyncio.gather(*requests))
    assert len(scene.directory.lookups) == 1


async def test_wrong_secret_is_rejected_by_a_shared_lookup(scene: Scene, queue: Queue) -> None:
    forged = dataclasses.replace(ApiKeyToken.new(os.urandom), public_id=scene.text.public_id).reveal()
    (good,), (bad,) = await queue.send(), await queue.send(text=forged)
    queue.waiting[0].set_result(None)
    assert await good is not None
    assert await bad is None
    assert len(scene.directory.lookups) == 1


async def test_lookups_of_different_keys_run_concurrently(scene: Scene, queue: Queue) -> None:
    await queue.send(3)
    others = [await queue.send(2, ApiKeyToken.new(os.urandom).reveal()) for _ in range(3)]
    assert len(scene.directory.lookups) == 4
    for each in queue.waiting[1:]:
        each.set_result(None)
    assert await asyncio.gather(*(task for other in others for task in other)) == [None] * 6
    queue.waiting[0].set_result(None)


@pytest.mark.parametrize("gone", [1, 2, 5])
async def test_cancelled_lookup_is_taken_over_by_the_next_request(scene: Scene, queue: Queue, gone: int) -> None:
    requests = await queue.send(10)
    for task in requests[:gone]:
        task.cancel()
        await rest()
    assert len(scene.directory.lookups) == 1 + gone
    queue.waiting[-1].set_result(None)
    assert all(await asyncio.gather(*requests[gone:]))
    assert all(task.cancelled() for task in requests[:gone])
    assert scene.authentication._lookups == {}


async def test_cancelled_waiter_does_not_disturb_the_lookup(scene: Scene, queue: Queue) -> None:
    requests = await queue.send(3)
    requests[1].cancel()
    await rest()
    queue.waiting[0].set_result(None)
    assert [await requests[0] is not None, await requests[2] is not None] == [True, True]
    assert len(scene.directory.lookups) == 1


async def test_failed_lookup_is_retried_once_for_the_waiters(scene: Scene, queue: Queue) -> None:
    requests = await queue.send(400)
    queue.waiting[0].set_exception(Unavailable("connection lost"))
    await rest()
    assert len(queue.waiting) == 2
    queue.waiting[1].set_result(None)
    with pytest.raises(Unavailable):
        await requests[0]
    assert all(await asyncio.gather(*requests[1:]))


async def test_outage_fails_all_requests_after_two_lookups(scene: Scene, queue: Queue) -> None:
    requests = await queue.send(400)
    for attempt in range(2):
        queue.waiting[attempt].set_exception(Unavailable("database down"))
        await rest()
    answers = await asyncio.gather(*requests, return_exceptions=True)
    assert [str(answer) for answer in answers] == ["database down"] * 400
    assert len(scene.directory.lookups) == 2
    assert scene.authentication._lookups == {}


async def test_unexpected_error_leaves_no_request_waiting(scene: Scene, queue: Queue) -> None:
    requests = await queue.send(3)
    for attempt in range(3):
        queue.waiting[attempt].set_exception(RuntimeError("bug"))
        await rest()
    assert [type(answer) for answer in await asyncio.gather(*requests, return_exceptions=True)] == [RuntimeError] * 3


async def test_cache_lifetime_excludes_the_time_in_the_queue(scene: Scene, queue: Queue) -> None:
    (requests,) = await queue.send()
    scene.seconds += 3
    queue.waiting[0].set_result(None)
    assert await requests is not None
    scene.seconds += 0.4375
    assert await scene.caller() is not None
    assert len(scene.directory.lookups) == 1
    scene.seconds += 0.0625
    (again,) = await queue.send()
    queue.waiting[1].set_result(None)
    assert await again is not None
    assert len(scene.directory.lookups) == 2


async def test_old_lookup_is_not_shared_with_new_requests(scene: Scene) -> None:
    slow: list[asyncio.Future[None]] = []
    directory, find = scene.directory, scene.directory.directory.holder

    async def holder(public_id: str, *noted: object) -> object:
        found = await find(public_id, *noted)  # type: ignore[arg-type]  # -- further arguments are passed through
        slow.append(asyncio.get_running_loop().create_future())
        await slow[-1]
        return found

    directory.directory.holder = holder  # type: ignore[method-assign, assignment]  # -- returns late
    first = asyncio.create_task(scene.caller())
    await rest()
    await scene.revoke()  # after the first lookup has read the key
    scene.seconds += 0.4375
    second = asyncio.create_task(scene.caller())
    await rest()
    scene.seconds += 0.0625
    third = asyncio.create_task(scene.caller())
    await rest()
    assert len(slow) == 2
    for each in slow:
        each.set_result(None)
    assert await first is not None
    assert await second is not None
    assert await third is None
