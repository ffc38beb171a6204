"""Probes of a storage that takes its time to say whether it can be used."""

from __future__ import annotations

import asyncio

import pytest

from adapters.http_fastapi.kit import readiness
from adapters.http_fastapi.kit.readiness import Readiness
from domain.errors import Unavailable


class Looks:
    """A storage that answers each look as the test says, and counts them."""

    def __init__(self) -> None:
        self.answers: asyncio.Queue[str] = asyncio.Queue()
        self.begun = 0

    async def check(self) -> None:
        self.begun += 1
        if fault := await self.answers.get():
            raise Unavailable(fault)

    def answer(self, fault: str = "") -> None:
        self.answers.put_nowait(fault)


async def answer(probed: Readiness) -> str:
    """What a probe is told, empty where the service is ready."""
    try:
        async with asyncio.timeout(30):
            await probed.check()
    except Unavailable as error:
        return str(error)
    return ""


async def test_the_first_probe_waits_and_shares_its_look() -> None:
    looks = Looks()
    probed = Readiness(looks)
    first, second = asyncio.create_task(answer(probed)), asyncio.create_task(answer(probed))
    await asyncio.sleep(2 * readiness.PATIENCE)
    assert not first.done()
    looks.answer("away")
    assert [await first, await second] == ["away", "away"]
    assert looks.begun == 1


async def test_a_look_that_takes_its_time_answers_the_next_probe() -> None:
    looks = Looks()
    probed = Readiness(looks)
    looks.answer()
    assert await answer(probed) == ""
    assert await answer(probed) == ""  # by the look before, as nobody answers this one
    looks.answer("away")
    assert await answer(probed) == "away"
    assert await answer(probed) == "away"
    looks.answer()
    assert await answer(probed) == ""
    assert looks.begun == 3
    await probed.close()


async def test_the_first_probe_does_not_wait_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(readiness, "LOOK_MAX", 0.01)
    looks = Looks()
    probed = Readiness(looks)
    assert "has not answered" in await answer(probed)
    looks.answer()
    assert await answer(probed) == ""
    assert looks.begun == 2


async def test_a_storage_that_does_not_answer_is_soon_out_of_reach(monkeypatch: pytest.MonkeyPatch) -> None:
    looks = Looks()
    probed = Readiness(looks)
    looks.answer()
    assert await answer(probed) == ""
    monkeypatch.setattr(readiness, "LOOK_MAX", 10 * readiness.PATIENCE)
    assert await answer(probed) == ""
    while not (fault := await answer(probed)):
        pass
    assert "has not answered" in fault
    looks.answer()
    assert await answer(probed) == ""  # by a look of its own: one that hangs is given up
    assert looks.begun == 3


async def test_what_was_seen_long_ago_answers_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(readiness, "KNOWN", 0.0)
    looks = Looks()
    probed = Readiness(looks)
    looks.answer()
    assert await answer(probed) == ""
    waiting = asyncio.create_task(answer(probed))
    await asyncio.sleep(2 * readiness.PATIENCE)
    looks.answer("away")
    assert await waiting == "away"


async def test_a_probe_that_leaves_ends_no_look_but_the_stop_does() -> None:
    before = asyncio.all_tasks()
    looks = Looks()
    probed = Readiness(looks)
    leaving = asyncio.create_task(probed.check())
    staying = asyncio.create_task(answer(probed))
    await asyncio.sleep(0)
    leaving.cancel()
    await asyncio.wait([leaving])
    looks.answer()
    assert await staying == ""
    assert await answer(probed) == ""
    await probed.close()
    assert looks.begun == 2
    assert asyncio.all_tasks() == before
