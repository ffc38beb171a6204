"""A body with many items is decoded as any other, and others get their turn meanwhile."""

import asyncio
import json
import random
from collections.abc import Callable
from itertools import count
from typing import Any

import pytest
from starlette.exceptions import HTTPException

from adapters.http_fastapi.kit.batch_json import decode_in_turns
from adapters.http_fastapi.kit.json_decoding import decode
from domain.turns import SLICE, Turns

BODIES = (
    *(
        "{}",
        '{"items": []}',
        ' { "items" : [ 1 , {"a": [true, null]} , "x" ] , "b" : -1.5e3 } ',
        "[1, [2]]",
        '"x"',
        "0",
    ),
    *('{"items": [{"a\\u00e9": "\\ud83d\\ude00"}, 1e400]}', '{"a": {"b": [{}]}, "items": [[], {}]}', "null\n"),
    json.dumps({"items": [{"a": "x" * 20_000}, {"b": ["y" * 20_000, {"c": '\\"' * 20_000}]}]}),
    '{"items": [{"a": {}, "b": {"c": {"d": 1, "e": "x,y"}, "f": {"d": -0.0}}, "g": [{"h": "[{"}, {"i": 12e-3}]}]}',
    '{"items": [{"a": {"b": {}, "c": {}}, "d": 1}, {"a": [[1, 2], [{"e": 18446744073709551616, "f": -0}]]}]}',
    *(
        f'{{"items": [{{"a": {number}, "b": {{"c": {number}}}}}]}}'
        for number in (2**63, 2**64, 2**64 + 1, -(2**64), 10**29, "5e-324", "1e-400", "-0", "-0.0", "1E2", "true")
    ),
    *(f'{{"items": [{{"a": "{text}"}}]}}' for text in (r"\ud800", r"\udc00", r"\ud83d\udc10", "\ufeff", "\x7f")),
    *(f'{{"items": [{{"a": {{"b": {{"c": {"9" * digits}}}}}}}]}}' for digits in (400, 401, 5000)),
    json.dumps({"items": [{"n": number, "text": "é🐐" * number} for number in range(50)]}, ensure_ascii=False),
)
REPEATED = '{"items": [{"a": {"n": 1, "m": 2, "n": 3}, "b": {}}, {"a": {"b": {"n": 1, "n": 2}, "c": {}}}]}'
"""Of several faults, a batch is refused for that of its first item, and any other body for what is no JSON."""


def name_of(text: str) -> str:
    return f"{ascii(text)[:60]} {len(text)}"


def decoded(text: str) -> Any:
    try:
        return asyncio.run(decode_in_turns(text))
    except HTTPException as problem:
        return problem.detail


def decoded_at_once(text: str) -> Any:
    try:
        return decode(text)
    except json.JSONDecodeError as error:
        return f"The body is not JSON: {error.msg} at character {error.pos}."
    except HTTPException as problem:
        return problem.detail


@pytest.mark.parametrize("text", [*BODIES, REPEATED], ids=name_of)
def test_bodies_are_decoded_as_at_once(text: str) -> None:
    assert repr(decoded(text)) == repr(decoded_at_once(text))  # 0 is equal to -0.0, and 1 to True


@pytest.mark.parametrize("text", BODIES, ids=name_of)
def test_damaged_bodies_are_refused_as_at_once(text: str) -> None:
    chance = random.Random(text)
    changes: tuple[Callable[[int], str], ...] = (
        lambda place: text[:place],
        lambda place: text[:place] + text[place + 1 :],
        lambda place: text[:place] + chance.choice('{}[],:"\\ \n1a') + text[place:],
        lambda place: text[:place] + chance.choice('{}[],:"\\ \n1a') + text[place + 1 :],
    )
    for _ in range(60):
        damaged = chance.choice(changes)(chance.randrange(len(text)))
        assert repr(decoded(damaged)) == repr(decoded_at_once(damaged)), damaged[:200]


async def test_long_work_gives_others_their_turn(monkeypatch: pytest.MonkeyPatch) -> None:
    looks = count()

    def clock() -> float:
        return next(looks) * SLICE / 100

    monkeypatch.setattr("domain.turns.monotonic", clock)
    longest, last = 0.0, clock()

    async def others() -> None:
        nonlocal longest, last
        while True:
            now = clock()
            longest, last = max(longest, now - last), now
            await asyncio.sleep(0)

    async def work() -> None:
        with Turns() as slices:
            for _ in range(1000):
                await slices.pause()

    asking = asyncio.create_task(others())
    await asyncio.gather(*(work() for _ in range(30)))
    asking.cancel()
    # The first slices of works that begin at once are SLICE, SLICE / 2, SLICE / 3 and so on.
    assert SLICE / 2 < longest < 5 * SLICE
