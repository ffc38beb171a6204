"""Long work on the event loop lets others run in between."""

import asyncio
from collections.abc import Sequence

import pytest

from adapters.http_fastapi.kit.responses import encoded_items
from domain import turns
from domain.turns import FEW, PART, in_parts


async def turns_of_others() -> int:
    """How often others had a turn while a page of 100 objects was made."""
    others = 0

    async def count() -> None:
        nonlocal others
        while True:
            others += 1
            await asyncio.sleep(0)

    counting = asyncio.create_task(count())
    made = await encoded_items(lambda part: [{"number": number} for number in part], range(100))
    counting.cancel()
    assert bytes(made) == b"[%s]" % b",".join(b'{"number":%d}' % number for number in range(100))
    return others


def test_others_have_a_turn_between_the_parts_of_a_large_page(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(turns, "SLICE", 0)
    assert asyncio.run(turns_of_others()) >= 100 // PART


@pytest.mark.parametrize("count", [0, 1, FEW, FEW + 1, 2 * FEW, 100])
def test_items_are_worked_on_in_their_order_and_few_at_once(count: int) -> None:
    parts: list[int] = []

    def doubled(part: Sequence[int]) -> list[int]:
        parts.append(len(part))
        return [2 * each for each in part]

    assert asyncio.run(in_parts(doubled, range(count))) == [2 * each for each in range(count)]
    assert parts == [count] if count <= FEW else max(parts) <= PART


def test_a_page_without_items_is_an_empty_list() -> None:
    assert bytes(asyncio.run(encoded_items(list, []))) == b"[]"
