"""The fake service answers as the real one does."""

from __future__ import annotations

import pytest
from clients.python.tests.service.pair import Pair, differences
from clients.python.tests.service.table import TABLE


@pytest.mark.parametrize("about", TABLE)
def test_both_services_answer_alike(pair: Pair, about: str) -> None:
    different = [
        f"{step}\n    {difference}"
        for step, fake, real in pair.compare(TABLE[about])
        for difference in differences(fake, real)
    ]
    assert not different, "\n".join(different)
