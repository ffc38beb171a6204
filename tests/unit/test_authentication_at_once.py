"""Concurrent requests share one lookup of a key, also if the request that started it is cancelled."""

from __future__ import annotations

import asyncio
import dataclasses
import os
from typing import TYPE_CHECKING

import pytest

from domain.access.token import ApiKeyToken
from domain.errors import Unavailable
from tests.unit.test_authentication import Scene, opened

if TYPE_CHECKING:
    from domain.access.authentication import Caller


class Queue:
    """Blocks every lookup until a test lets it succeed or fail."""

    def __init__(self, scene: Scene) -> None:
        self.scene = scene
        self.waiting: list[asyncio.Future[None]] = []
        scene.directory.before_looking = self.wait

    async def wait(self) -> None:
        self.waiting.append(asyncio.get_running_loop().create_future())
        await self.waiting[-1]

    async def ask(self, times: int = 1, text: str | None = None) -> list[asyncio.Task[Caller | None]]:
        text = text or self.scene.text.reveal()
        asked = [asyncio.create_task(opened(self.scene.authentication, text)) for _ in range(times)]
        await rest()
        return asked


async def rest() -> None:
    for _ in range(5):
        await asyncio.sleep(0)


@pytest.fixture
async def scene() -> Scene:
    scene = Scene()
    await scene.enter(scene.owner, scene.key)
    return scene


@pytest.fixture
def queue(scene: Scene) -> Queue:
    return Queue(scene)


async def test_all_who_wait_share_one_look(scene: Scene, queue: Queue) -> None:
    asked = await queue.ask(400)
    queue.waiting[0].set_result(None)
    assert all(await asyncio.gather(*asked))
    assert len(scene.directory.asked) == 1


async def test_who_waits_for_the_same_public_id_with_another_secret_is_refused(scene: Scene, queue: Queue) -> None:
    forged = dataclasses.replace(ApiKeyToken.new(os.urandom), public_id=scene.text.public_id).reveal()
    (good,), (bad,) = await queue.ask(), await queue.ask(text=forged)
    queue.waiting[0].set_result(None)
    assert await good is not None
    assert await bad is None
    assert len(scene.directory.asked) == 1


async def test_other_keys_are_looked_up_beside_it(scene: Scene, queue: Queue) -> None:
    await queue.ask(3)
    others = [await queue.ask(2, ApiKeyToken.new(os.urandom).reveal()) for _ in range(3)]
    assert len(scene.directory.asked) == 4
    for each in queue.waiting[1:]:
        each.set_result(None)
    assert await asyncio.gather(*(task for other in others for task in other)) == [None] * 6
    queue.waiting[0].set_result(None)


@pytest.mark.parametrize("gone", [1, 2, 5])
async def test_whoever_began_may_go_and_the_next_asks_for_the_others(scene: Scene, queue: Queue, gone: int) -> None:
    asked = await queue.ask(10)
    for task in asked[:gone]:
        task.cancel()
        await rest()
    assert len(scene.directory.asked) == 1 + gone
    queue.waiting[-1].set_result(None)
    assert all(await asyncio.gather(*asked[gone:]))
    assert all(task.cancelled() for task in asked[:gone])
    assert scene.authentication._lookups == {}


async def test_one_who_only_waits_may_go_too(scene: Scene, queue: Queue) -> None:
    asked = await queue.ask(3)
    asked[1].cancel()
    await rest()
    queue.waiting[0].set_result(None)
    assert [await asked[0] is not None, await asked[2] is not None] == [True, True]
    assert len(scene.directory.asked) == 1


async def test_a_failure_is_that_of_whoever_asked_and_the_others_ask_once_more(scene: Scene, queue: Queue) -> None:
    asked = await queue.ask(400)
    queue.waiting[0].set_exception(Unavailable("cut off"))
    await rest()
    assert len(queue.waiting) == 2
    queue.waiting[1].set_result(None)
    with pytest.raises(Unavailable):
        await asked[0]
    assert all(await asyncio.gather(*asked[1:]))


async def test_an_outage_is_told_to_all_after_two_looks(scene: Scene, queue: Queue) -> None:
    asked = await queue.ask(400)
    for look in range(2):
        queue.waiting[look].set_exception(Unavailable("away"))
        await rest()
    answers = await asyncio.gather(*asked, return_exceptions=True)
    assert [str(answer) for answer in answers] == ["away"] * 400
    assert len(scene.directory.asked) == 2
    assert scene.authentication._lookups == {}


async def test_a_fault_of_ours_hangs_nobody(scene: Scene, queue: Queue) -> None:
    asked = await queue.ask(3)
    for look in range(3):
        queue.waiting[look].set_exception(RuntimeError("a fault"))
        await rest()
    assert [type(answer) for answer in await asyncio.gather(*asked, return_exceptions=True)] == [RuntimeError] * 3


async def test_an_answer_is_as_old_as_the_moment_it_was_asked_for_not_as_its_queue(scene: Scene, queue: Queue) -> None:
    (asked,) = await queue.ask()
    scene.seconds += 3
    queue.waiting[0].set_result(None)
    assert await asked is not None
    scene.seconds += 0.4375
    assert await scene.caller() is not None
    assert len(scene.directory.asked) == 1
    scene.seconds += 0.0625
    (again,) = await queue.ask()
    queue.waiting[1].set_result(None)
    assert await again is not None
    assert len(scene.directory.asked) == 2


async def test_nobody_waits_for_an_answer_that_was_asked_for_too_long_ago(scene: Scene) -> None:
    slow: list[asyncio.Future[None]] = []
    directory, find = scene.directory, scene.directory.directory.holder

    async def holder(public_id: str, *noted: object) -> object:
        found = await find(public_id, *noted)  # type: ignore[arg-type]  # -- the note, passed on as it is
        slow.append(asyncio.get_running_loop().create_future())
        await slow[-1]
        return found

    directory.directory.holder = holder  # type: ignore[method-assign, assignment]  # -- answers late
    first = asyncio.create_task(scene.caller())
    await rest()
    await scene.revoke()  # which the first has not seen
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
